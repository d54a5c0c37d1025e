//! The control block: what it says, and whether that can be true.
//!
//! It is 16 bytes `SEGGER RTT` and zeros, the numbers of channels up (to the host) and down as 32-bit words,
//! then the channels up and down: pointers to a name and to a buffer, then as words the buffer's size, the
//! position where it is written next, the position where it is read next, and flags (SEGGER, `SEGGER_RTT.h`).

use crate::memory::{Memory, MemoryError, WordLayout};

/// The first bytes of a control block.
pub const ID: [u8; 16] = *b"SEGGER RTT\0\0\0\0\0\0";
/// The identification, and two counts.
const HEAD: usize = 16 + 4 + 4;
/// No recorder has more channels than this; more are taken for damage.
const MOST_CHANNELS: u64 = 64;
/// Nor is a buffer larger.
const LARGEST_BUFFER: u64 = 64 << 20;

/// A control block, as it was at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlBlock {
    /// Where it lies.
    pub address: u64,
    /// The channels to the host.
    pub up: Vec<Channel>,
    /// The channels to the target.
    pub down: Vec<Channel>,
}

/// One channel in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Where this description of it lies.
    pub address: u64,
    /// Where its name lies.
    pub name: u64,
    /// Where its buffer lies.
    pub buffer: u64,
    /// The buffer's size in bytes; 0 if the channel is not used.
    pub size: u32,
    /// The position in the buffer where its writer writes next.
    pub write: u32,
    /// The position in the buffer where its reader reads next.
    pub read: u32,
    /// What happens when it is full.
    pub flags: u32,
}

/// What lies at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// A control block.
    Block(ControlBlock),
    /// None, or one that is not filled in yet.
    None,
    /// One that cannot be true, for this reason.
    Implausible(&'static str),
}

impl ControlBlock {
    /// Looks at `address`.
    pub fn read(
        memory: &mut impl Memory,
        address: u64,
        layout: WordLayout,
    ) -> Result<Look, MemoryError> {
        let mut head = [0; HEAD];
        memory.read(address, &mut head)?;
        if head[..16] != ID {
            return Ok(Look::None);
        }
        let up = layout.number(&head[16..20]);
        let down = layout.number(&head[20..24]);
        if up == 0 && down == 0 {
            return Ok(Look::None);
        }
        if up == 0 || up > MOST_CHANNELS || down > MOST_CHANNELS {
            return Ok(Look::Implausible(
                "it claims more channels than any recorder has",
            ));
        }
        let size = Channel::size(layout);
        let mut bytes = vec![0; (up + down) as usize * size];
        let first = address.wrapping_add(HEAD as u64);
        memory.read(first, &mut bytes)?;
        let mut channels: Vec<Channel> = (0..)
            .zip(bytes.chunks_exact(size))
            .map(|(index, bytes)| {
                Channel::parse(first.wrapping_add(index * size as u64), bytes, layout)
            })
            .collect();
        if let Some(reason) = channels.iter().find_map(Channel::implausible) {
            return Ok(Look::Implausible(reason));
        }
        let down = channels.split_off(up as usize);
        Ok(Look::Block(Self {
            address,
            up: channels,
            down,
        }))
    }
}

impl Channel {
    fn size(layout: WordLayout) -> usize {
        2 * layout.pointer_size() + 4 * 4
    }

    fn parse(address: u64, bytes: &[u8], layout: WordLayout) -> Self {
        let pointer = layout.pointer_size();
        let (pointers, words) = bytes.split_at(2 * pointer);
        let word = |index: usize| layout.number(&words[4 * index..4 * index + 4]) as u32;
        Self {
            address,
            name: layout.number(&pointers[..pointer]),
            buffer: layout.number(&pointers[pointer..]),
            size: word(0),
            write: word(1),
            read: word(2),
            flags: word(3),
        }
    }

    /// Why it cannot be true.
    fn implausible(&self) -> Option<&'static str> {
        if self.size == 0 {
            return None;
        }
        let size = u64::from(self.size);
        if size > LARGEST_BUFFER || self.buffer.checked_add(size).is_none() {
            return Some("a buffer is larger than any memory");
        }
        if self.buffer == 0 {
            return Some("a buffer lies nowhere");
        }
        (self.write >= self.size || self.read >= self.size)
            .then_some("a position lies outside of its buffer")
    }

    /// How many bytes wait in it.
    pub fn filled(&self) -> u32 {
        distance(self.read, self.write, self.size)
    }

    /// Its name; `None` if that lies where it cannot be read.
    pub fn read_name(&self, memory: &mut impl Memory) -> Result<Option<String>, MemoryError> {
        const LONGEST: usize = 32;
        let mut name = Vec::new();
        if self.name == 0 {
            return Ok(Some(String::new()));
        }
        // In small steps: behind a short name the memory may end.
        while name.len() < LONGEST {
            let mut bytes = [0; 8];
            let place = self.name.wrapping_add(name.len() as u64);
            match memory.read(place, &mut bytes) {
                Ok(()) => {}
                Err(MemoryError::Unmapped { .. }) => return Ok(None),
                Err(error) => return Err(error),
            }
            let end = bytes.iter().position(|&byte| byte == 0);
            name.extend(&bytes[..end.unwrap_or(bytes.len())]);
            if end.is_some() {
                break;
            }
        }
        Ok(Some(String::from_utf8_lossy(&name).into_owned()))
    }

    /// The reader has read up to `position`.
    pub(super) fn set_read(
        &self,
        memory: &mut impl Memory,
        position: u32,
        layout: WordLayout,
    ) -> Result<(), MemoryError> {
        // Together with the flags behind it: systems copy eight bytes at once, but four of them one by
        // one, and the target could see half a number.
        let words = [layout.word(position), layout.word(self.flags)];
        let place = Self::words(layout) + 8;
        memory.write(self.address.wrapping_add(place), words.as_flattened())
    }

    /// The writer has written up to `position`.
    pub(super) fn set_written(
        &self,
        memory: &mut impl Memory,
        position: u32,
        layout: WordLayout,
    ) -> Result<(), MemoryError> {
        // Together with the size before it, for the same reason.
        let words = [layout.word(self.size), layout.word(position)];
        let place = Self::words(layout);
        memory.write(self.address.wrapping_add(place), words.as_flattened())
    }

    /// Where the words begin, behind the pointers.
    fn words(layout: WordLayout) -> u64 {
        2 * layout.pointer_size() as u64
    }
}

/// How many bytes lie between two positions of a ring.
pub(super) fn distance(from: u32, to: u32, size: u32) -> u32 {
    if to >= from {
        to - from
    } else {
        size.saturating_sub(from).saturating_add(to)
    }
}
