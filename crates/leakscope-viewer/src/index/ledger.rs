//! What each free ended: what the event itself does not say, kept in a few bytes each, so that a part of the
//! trace can be read again without all that came before it.

use leakscope_analysis::heap::HeapModel;
use leakscope_analysis::trace::{Event, HeapEvent};

/// What was freed by an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nothing that is known: it was allocated before the trace began, or in a gap.
    Unknown,
    /// What had been freed already.
    DoubleFree,
    /// An address inside a block.
    WrongFree,
    /// This block.
    Block { size: u64, site: u32, born: u64 },
}

/// The fates of all that was freed, in order of the events.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    bytes: Vec<u8>,
}

/// The sums of a model before an event, to see what it changed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before {
    pub(crate) live_bytes: u64,
    double_frees: u64,
    wrong_frees: u64,
}

impl Before {
    #[inline]
    pub(crate) fn of(heap: &HeapModel) -> Self {
        Self {
            live_bytes: heap.live_bytes(),
            double_frees: heap.totals().double_frees,
            wrong_frees: heap.totals().wrong_frees,
        }
    }
}

/// The address that an event frees.
pub(crate) fn freed_address(event: HeapEvent) -> Option<u64> {
    match event {
        HeapEvent::Free { address, .. } => Some(address),
        HeapEvent::Reallocation { old_address, .. } => Some(old_address),
        _ => None,
    }
}

impl Fate {
    /// What an event, which was the last one, has freed at an address.
    pub(crate) fn of(address: u64, event: &Event<'_>, heap: &HeapModel, before: &Before) -> Self {
        if heap.totals().double_frees > before.double_frees {
            return Self::DoubleFree;
        }
        if heap.totals().wrong_frees > before.wrong_frees {
            return Self::WrongFree;
        }
        match heap.freed_block(event.core, address, event.time) {
            Some(known) => Self::Block {
                size: known.block.size,
                site: known.site as u32,
                born: known.block.time,
            },
            None => Self::Unknown,
        }
    }

    pub(crate) fn size(self) -> u64 {
        match self {
            Self::Block { size, .. } => size,
            _ => 0,
        }
    }
}

/// The first number of an entry: what it is, or a size from here on.
const DOUBLE_FREE: u64 = 1;
const WRONG_FREE: u64 = 2;
const SIZES: u64 = 3;

impl Ledger {
    /// Where the next entry will stand.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    #[inline]
    pub(crate) fn push(&mut self, fate: Fate, time: u64) {
        match fate {
            Fate::Unknown => self.bytes.push(0),
            Fate::DoubleFree => self.bytes.push(DOUBLE_FREE as u8),
            Fate::WrongFree => self.bytes.push(WRONG_FREE as u8),
            Fate::Block { size, site, born } => {
                self.number(size.saturating_add(SIZES));
                self.number(site.into());
                self.number(time.saturating_sub(born));
            }
        }
    }

    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    /// The entry at a place, of an event at `time`; the place moves on.
    pub(crate) fn read(&self, at: &mut usize, time: u64) -> Fate {
        match self.read_number(at) {
            DOUBLE_FREE => Fate::DoubleFree,
            WRONG_FREE => Fate::WrongFree,
            size if size >= SIZES => Fate::Block {
                size: size - SIZES,
                site: self.read_number(at) as u32,
                born: time.saturating_sub(self.read_number(at)),
            },
            _ => Fate::Unknown,
        }
    }

    fn read_number(&self, at: &mut usize) -> u64 {
        let (mut number, mut shift) = (0u64, 0);
        while let Some(&byte) = self.bytes.get(*at) {
            *at += 1;
            number |= u64::from(byte & 0x7F).checked_shl(shift).unwrap_or(0);
            shift += 7;
            if byte < 0x80 {
                break;
            }
        }
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(
            blocks in proptest::collection::vec((0u64..1 << 60, any::<u32>(), any::<u64>()), 0..50),
        ) {
            let mut fates = vec![Fate::Unknown, Fate::DoubleFree, Fate::WrongFree];
            fates.extend(blocks.iter().map(|&(size, site, born)| Fate::Block { size, site, born }));
            let mut ledger = Ledger::default();
            for &fate in &fates {
                ledger.push(fate, u64::MAX);
            }
            let mut at = 0;
            for fate in fates {
                prop_assert_eq!(ledger.read(&mut at, u64::MAX), fate);
            }
            prop_assert_eq!(at, ledger.len());
        }
    }
}
