//! Finding the control block.

use std::ops::Range;

use super::control_block::{ControlBlock, ID, Look};
use crate::memory::{Layout, Memory, MemoryError};

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
        layout: Layout,
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
    const PART: usize = 16 << 10;
    /// A memory full of them is no memory of a target.
    const MOST: usize = 1000;
    let mut found = Vec::new();
    // The end of the part before, in which the identification may begin.
    let mut bytes = Vec::new();
    let mut position = range.start;
    while position < range.end && found.len() < MOST {
        let length = PART.min((range.end - position) as usize);
        let kept = bytes.len();
        bytes.resize(kept + length, 0);
        match memory.read(position, &mut bytes[kept..]) {
            Ok(()) => {
                let start = position - kept as u64;
                let hits = bytes.windows(ID.len()).enumerate();
                let hits = hits.filter(|(_, window)| *window == ID);
                found.extend(hits.map(|(at, _)| start + at as u64));
                bytes.drain(..bytes.len().saturating_sub(ID.len() - 1));
            }
            Err(MemoryError::Unmapped { .. }) => bytes.clear(),
            Err(error) => return Err(error),
        }
        position += length as u64;
    }
    Ok(found)
}
