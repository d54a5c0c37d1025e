//! Finding the control block.

use std::ops::Range;

use super::control_block::{ControlBlock, ID, Look};
use crate::memory::{Memory, MemoryError, WordLayout};

/// Where the control block is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Here: the address of the symbol `_SEGGER_RTT`.
    At(u64),
    /// Somewhere in here.
    Within(Vec<Range<u64>>),
}

impl Place {
    /// Looks for it once. Of several, the first wins that has a channel of this name; then the first one.
    pub(super) fn look(
        &self,
        memory: &mut impl Memory,
        layout: WordLayout,
        name: &str,
    ) -> Result<Look, MemoryError> {
        let ranges = match self {
            Self::At(address) => return ControlBlock::read(memory, *address, layout),
            Self::Within(ranges) => ranges,
        };
        let mut found = Look::None;
        for range in ranges {
            for address in scan(memory, range)? {
                let look = match ControlBlock::read(memory, address, layout) {
                    Ok(look) => look,
                    // It seemed to reach beyond the memory: it was none.
                    Err(MemoryError::Unmapped { .. }) => continue,
                    Err(error) => return Err(error),
                };
                if let Look::Block(block) = &look
                    && has_channel(memory, block, name)?
                {
                    return Ok(look);
                }
                match (&found, &look) {
                    (Look::Block(_), _) | (_, Look::None) => {}
                    _ => found = look,
                }
            }
        }
        Ok(found)
    }
}

fn has_channel(
    memory: &mut impl Memory,
    block: &ControlBlock,
    name: &str,
) -> Result<bool, MemoryError> {
    for channel in &block.up {
        if channel.read_name(memory)?.as_deref() == Some(name) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Where the identification stands in `range`, as far as that can be read.
fn scan(memory: &mut impl Memory, range: &Range<u64>) -> Result<Vec<u64>, MemoryError> {
    const PART: u64 = 16 << 10;
    /// Where a part cannot be read, a piece of it may.
    const PIECE: u64 = 256;
    let mut scan = Scan::default();
    for part in divide(range, PART) {
        if !scan.read(memory, &part)? {
            for piece in divide(&part, PIECE) {
                scan.read(memory, &piece)?;
            }
        }
    }
    Ok(scan.found)
}

/// The same range, in parts of this size.
fn divide(range: &Range<u64>, size: u64) -> impl Iterator<Item = Range<u64>> + use<> {
    let Range { mut start, end } = *range;
    std::iter::from_fn(move || {
        let part = start..end.min(start.saturating_add(size));
        start = part.end;
        (!part.is_empty()).then_some(part)
    })
}

#[derive(Default)]
struct Scan {
    found: Vec<u64>,
    /// The end of what was read last, in which the identification may begin, and where that lies.
    rest: Vec<u8>,
    end: u64,
}

impl Scan {
    /// Looks through a part; false if it cannot be read.
    fn read(&mut self, memory: &mut impl Memory, part: &Range<u64>) -> Result<bool, MemoryError> {
        /// A memory full of them is no memory of a target.
        const MOST: usize = 1000;
        if self.end != part.start {
            self.rest.clear();
        }
        let kept = self.rest.len();
        let mut bytes = std::mem::take(&mut self.rest);
        bytes.resize(kept + (part.end - part.start) as usize, 0);
        match memory.read(part.start, &mut bytes[kept..]) {
            Ok(()) => {}
            Err(MemoryError::Unmapped { .. }) => {
                bytes.truncate(kept);
                self.rest = bytes;
                return Ok(false);
            }
            Err(error) => return Err(error),
        }
        let start = part.start - kept as u64;
        let windows = bytes.windows(ID.len()).enumerate();
        let hits = windows.filter(|(_, window)| *window == ID);
        let room = MOST.saturating_sub(self.found.len());
        self.found
            .extend(hits.take(room).map(|(at, _)| start + at as u64));
        bytes.drain(..bytes.len().saturating_sub(ID.len() - 1));
        self.rest = bytes;
        self.end = part.end;
        Ok(true)
    }
}
