//! Packets that stand in two streams: Espressif's OpenOCD writes what concerns both cores to the files
//! of both ([`id::is_for_both_cores`](leakscope_systemview::id::is_for_both_cores)), and they must be acted on
//! once.
//!
//! Both stand at one moment. Where bytes were lost, time was lost with them, and from there on they do not: how far they
//! are apart tells how far one stream is behind.

use std::collections::VecDeque;
use std::hash::Hasher;

use rustc_hash::FxHasher;

/// A moment has no more such packets, unless they are garbage: a start sequence, with all that is known, has some hundred.
const MOST_WAITING: usize = 1024;

/// The number of packets that came alone and are remembered. A task that becomes ready is such a packet: that is a second or less.
const MOST_ALONE: usize = 256;

/// As many distances are compared at the most.
const MOST_DISTANCES: usize = 256;

/// No stream is further behind, in ticks: as much as one packet's time can tell.
const MOST_BEHIND: u64 = u32::MAX as u64;

/// The packets of the present moment of which a copy may follow in another stream, and those before that had none.
#[derive(Clone, Debug, Default)]
pub(super) struct Copies {
    time: u64,
    waiting: Vec<Copy>,
    alone: VecDeque<(u64, Copy)>,
    distances: VecDeque<Behind>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Copy {
    stream: usize,
    hash: u64,
}

/// A stream whose clock is so many ticks behind another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Behind {
    pub(super) stream: usize,
    pub(super) ticks: u64,
}

impl Copies {
    /// Time goes on to this moment. Whether it turns out that a stream is behind.
    pub(super) fn go_on(&mut self, time: u64) -> Option<Behind> {
        if time == self.time {
            return None;
        }
        let waiting = std::mem::take(&mut self.waiting);
        let behind = waiting.into_iter().find_map(|copy| self.is_alone(copy));
        self.time = time;
        behind
    }

    /// Whether this packet is the copy of one that came from another stream at the same time.
    pub(super) fn is_copy(&mut self, stream: usize, id: u32, payload: &[u8]) -> bool {
        let mut hasher = FxHasher::default();
        hasher.write_u32(id);
        hasher.write(payload);
        let hash = hasher.finish();
        let is_original = |copy: &Copy| copy.stream != stream && copy.hash == hash;
        match self.waiting.iter().position(is_original) {
            Some(original) => {
                self.waiting.swap_remove(original);
                true
            }
            None => {
                if self.waiting.len() < MOST_WAITING {
                    self.waiting.push(Copy { stream, hash });
                }
                false
            }
        }
    }

    /// A packet had no copy at its moment. If two are as far behind their copies, to the tick, their stream is.
    fn is_alone(&mut self, copy: Copy) -> Option<Behind> {
        let others = self
            .alone
            .iter()
            .filter(|(_, other)| other.hash == copy.hash && other.stream != copy.stream);
        let distances = others.map(|&(time, other)| Behind {
            stream: other.stream,
            ticks: self.time.saturating_sub(time),
        });
        let distances: Vec<Behind> = distances
            .filter(|behind| behind.ticks <= MOST_BEHIND)
            .collect();
        let confirmed = distances
            .iter()
            .rev()
            .find(|known| self.distances.contains(known));
        if let Some(&behind) = confirmed {
            self.alone.clear();
            self.distances.clear();
            return Some(behind);
        }
        self.distances.extend(distances);
        let too_many = self.distances.len().saturating_sub(MOST_DISTANCES);
        self.distances.drain(..too_many);
        if self.alone.len() == MOST_ALONE {
            self.alone.pop_front();
        }
        self.alone.push_back((self.time, copy));
        None
    }
}
