//! What comes more than once in the bytes that a search looks at: it is no surprise each time.

use leakscope_systemview::id;

use super::explain::Chain;
use super::price::bits_of;

/// What a chain of packets in these bytes holds.
#[derive(Clone, Debug)]
pub(super) struct News {
    /// The ids, in order.
    ids: Vec<u32>,
    /// The lengths of deltas in bits, in order.
    deltas: Vec<u32>,
    /// Those of silences.
    silences: Vec<u32>,
    /// Of so many that are alike, none vouches for the others.
    unsure: usize,
}

impl News {
    /// Of so many packets that are alike, none vouches for the others; at least 1, for a packet does not vouch for itself.
    pub(super) fn of(chain: &Chain<'_, '_>, unsure: usize) -> Self {
        // As in `Counts::learn`.
        let frames = chain
            .iter()
            .map(|(_, frame)| (frame.id, bits_of(frame.delta)));
        let (silences, others): (Vec<_>, Vec<_>) = frames.partition(|&(id, _)| id == id::NOP);
        let (mut ids, mut deltas): (Vec<_>, Vec<_>) = others.into_iter().unzip();
        let mut silences: Vec<u32> = silences.into_iter().map(|(_, bits)| bits).collect();
        // A buffer that was full says nothing of the next one, and its id is the 1 that stands in many payloads.
        ids.retain(|&id| id != id::OVERFLOW);
        ids.sort_unstable();
        deltas.sort_unstable();
        silences.sort_unstable();
        Self {
            ids,
            deltas,
            silences,
            unsure,
        }
    }

    /// How many vouch for a packet with this id.
    pub(super) fn more_with(&self, id: u32) -> u32 {
        self.more(&self.ids, id)
    }

    /// How many vouch for a delta of this length in bits.
    pub(super) fn more_as_long(&self, bits: u32) -> u32 {
        self.more(&self.deltas, bits)
    }

    /// Whether silences vouch for one of this length in bits.
    pub(super) fn has_silences(&self, bits: u32) -> bool {
        self.more(&self.silences, bits) > 0
    }

    fn more(&self, sorted: &[u32], value: u32) -> u32 {
        let below = sorted.partition_point(|&other| other < value);
        let count = sorted[below..].partition_point(|&other| other == value);
        count.saturating_sub(self.unsure) as u32
    }
}
