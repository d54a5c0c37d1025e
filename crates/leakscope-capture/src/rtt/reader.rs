//! Reading what the target sends, and writing commands.

use std::io;

use super::control_block::{Channel, ControlBlock, Look, distance};
use super::search::Place;
use crate::memory::{Memory, MemoryError, WordLayout};

/// The name of SystemView's channels, in both directions.
pub const NAME: &str = "SysView";

/// Empties the buffers of the channels named [`NAME`], one for each core.
///
/// Nothing is believed for longer than a look: the target may be reset at any time, and may send anything.
#[derive(Clone, Debug)]
pub struct Reader {
    place: Place,
    layout: WordLayout,
    state: State,
    buffer: Vec<u8>,
}

#[derive(Clone, Debug)]
enum State {
    /// Nothing was found yet, or it is gone.
    Searching {
        /// Something had been found.
        is_lost: bool,
    },
    Reading(Found),
}

/// What is read.
#[derive(Clone, Debug)]
struct Found {
    address: u64,
    /// In the order of the cores.
    cores: Vec<Core>,
}

#[derive(Clone, Debug)]
struct Core {
    /// Its number among the channels.
    index: usize,
    /// As it was seen last, with the position up to which we have read.
    channel: Channel,
    /// The position up to which the target knows that we have read.
    told: u32,
}

/// What one look has brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// There is no control block, or it is not filled in yet.
    Absent,
    /// There is something that cannot be a control block, or is being changed; for this reason.
    Implausible(&'static str),
    /// There is a control block, but none of its channels is SystemView's.
    NoChannel {
        /// The names of those to the host.
        channels: Vec<String>,
    },
    /// It was found. Nothing was read yet.
    Found {
        /// The names of all channels to the host, those that cannot be read left empty.
        channels: Vec<String>,
        /// The numbers of those that are read, one for each core.
        read: Vec<usize>,
    },
    /// It was filled in anew, or another program reads it too. What comes now begins a new stream.
    Restarted,
    /// It was read.
    Read {
        /// How many bytes there were, of all cores.
        bytes: u64,
        /// How full the fullest buffer was, in percent of its size.
        fill: u8,
    },
}

/// Why a look ended early.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The memory cannot be had.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The receiver failed; the bytes stay in the target's buffer.
    #[error(transparent)]
    Receiver(io::Error),
}

impl Reader {
    /// Reads the control block that lies at `place`.
    pub fn new(place: Place, layout: WordLayout) -> Self {
        Self {
            place,
            layout,
            state: State::Searching { is_lost: false },
            buffer: Vec::new(),
        }
    }

    /// Looks once: finds the control block, or empties its buffers as far as they were filled at the beginning.
    ///
    /// `take` is given a core's number and the next bytes of its stream. Only once it has returned `Ok`, the
    /// target learns that these bytes were read.
    pub fn look(
        &mut self,
        memory: &mut impl Memory,
        take: &mut dyn FnMut(usize, &[u8]) -> io::Result<()>,
    ) -> Result<Progress, ReadError> {
        let State::Reading(known) = &self.state else {
            return Ok(self.find(memory)?);
        };
        let look = ControlBlock::read(memory, known.address, self.layout)?;
        let block = match look {
            Look::Block(block) => block,
            Look::None => return Ok(self.find_again(memory)?),
            Look::Implausible(reason) => return Ok(Progress::Implausible(reason)),
        };
        let Some(channels) = known.again(&block) else {
            return Ok(self.find_again(memory)?);
        };
        let mut bytes = 0;
        let mut fill = 0;
        for (core, channel) in channels.into_iter().enumerate() {
            let filled = u64::from(channel.filled());
            bytes += filled;
            fill = fill.max(filled * 100 / u64::from(channel.size));
            self.empty(memory, core, channel, take)?;
        }
        Ok(Progress::Read {
            bytes,
            fill: fill as u8,
        })
    }

    /// Writes a command into the buffers to the target; false if there was no room in one of them, or nothing
    /// was found yet.
    pub fn send(&mut self, memory: &mut impl Memory, command: &[u8]) -> Result<bool, MemoryError> {
        let State::Reading(known) = &self.state else {
            return Ok(false);
        };
        let Look::Block(block) = ControlBlock::read(memory, known.address, self.layout)? else {
            return Ok(false);
        };
        let mut has_sent = !known.cores.is_empty();
        for core in &known.cores {
            has_sent &= match block.down.get(core.index) {
                Some(channel) => write(memory, channel, command, self.layout)?,
                None => false,
            };
        }
        Ok(has_sent)
    }

    /// How many streams there are, one a core, as far as that can be seen already; else one. Nothing is read.
    pub fn streams(&self, memory: &mut impl Memory) -> u8 {
        let mut reader = self.clone();
        // What is wrong with the memory will show again.
        let _ = reader.find(memory);
        match &reader.state {
            State::Reading(known) => known.cores.len().clamp(1, 255) as u8,
            State::Searching { .. } => 1,
        }
    }

    /// Whether the control block was found, and is there still.
    pub fn has_found(&self) -> bool {
        matches!(self.state, State::Reading(_))
    }

    /// Looks for the control block; it may lie elsewhere now.
    fn find(&mut self, memory: &mut impl Memory) -> Result<Progress, MemoryError> {
        let is_lost = matches!(self.state, State::Searching { is_lost: true });
        let block = match self.place.look(memory, self.layout, NAME)? {
            Look::Block(block) => block,
            Look::None => return Ok(Progress::Absent),
            Look::Implausible(reason) => return Ok(Progress::Implausible(reason)),
        };
        let mut names = Vec::new();
        for channel in &block.up {
            names.push(channel.read_name(memory)?);
        }
        let read = select(&block, &names);
        let channels = names.into_iter().map(Option::unwrap_or_default).collect();
        if read.is_empty() {
            return Ok(Progress::NoChannel { channels });
        }
        let cores = read.iter().map(|&index| Core {
            index,
            channel: block.up[index],
            told: block.up[index].read,
        });
        self.state = State::Reading(Found {
            address: block.address,
            cores: cores.collect(),
        });
        if is_lost {
            return Ok(Progress::Restarted);
        }
        Ok(Progress::Found { channels, read })
    }

    fn find_again(&mut self, memory: &mut impl Memory) -> Result<Progress, MemoryError> {
        self.state = State::Searching { is_lost: true };
        self.find(memory)
    }

    /// Hands over what waits in the buffer of a core.
    fn empty(
        &mut self,
        memory: &mut impl Memory,
        core: usize,
        mut channel: Channel,
        take: &mut dyn FnMut(usize, &[u8]) -> io::Result<()>,
    ) -> Result<(), ReadError> {
        /// Gives the target room again after this many bytes.
        const PART: u32 = 64 << 10;
        while channel.read != channel.write {
            let end = if channel.write > channel.read {
                channel.write
            } else {
                channel.size
            };
            let length = PART.min(end - channel.read);
            self.buffer.resize(length as usize, 0);
            let place = channel.buffer + u64::from(channel.read);
            memory.read(place, &mut self.buffer)?;
            take(core, &self.buffer).map_err(ReadError::Receiver)?;
            channel.read = (channel.read + length) % channel.size;
            let State::Reading(known) = &mut self.state else {
                break;
            };
            known.cores[core].channel = channel;
            channel.set_read(memory, channel.read, self.layout)?;
            known.cores[core].told = channel.read;
        }
        Ok(())
    }
}

impl Found {
    /// The same channels, as they are now; `None` if they are not the same.
    fn again(&self, block: &ControlBlock) -> Option<Vec<Channel>> {
        let channels = self
            .cores
            .iter()
            .map(|core| core.again(block.up.get(core.index)?));
        channels.collect()
    }
}

impl Core {
    /// The channel as it is now, to be read from where we are; `None` if it is another one.
    fn again(&self, now: &Channel) -> Option<Channel> {
        let seen = &self.channel;
        if (now.name, now.buffer, now.size) != (seen.name, seen.buffer, seen.size) {
            return None;
        }
        // Nobody but us moves the reader's position. We may have failed to say how far we are.
        let ahead = distance(now.read, seen.read, now.size);
        let is_ours = now.read == seen.read || (now.read == self.told && ahead <= now.filled());
        is_ours.then_some(Channel {
            read: seen.read,
            ..*now
        })
    }
}

/// The numbers of SystemView's channels.
///
/// Where no name can be read (only RAM is seen, and names lie in flash), it is channel 1, behind the terminal,
/// and those with the same name.
fn select(block: &ControlBlock, names: &[Option<String>]) -> Vec<usize> {
    let is_used = |index: &usize| block.up[*index].size > 0;
    let all = (0..block.up.len()).filter(is_used);
    if names.iter().flatten().any(|name| !name.is_empty()) {
        return all
            .filter(|&index| names[index].as_deref() == Some(NAME))
            .collect();
    }
    let second = block.up.get(1).map(|channel| channel.name);
    all.filter(|&index| index > 0 && Some(block.up[index].name) == second)
        .collect()
}

/// Writes to the target; false if there is no room.
fn write(
    memory: &mut impl Memory,
    channel: &Channel,
    bytes: &[u8],
    layout: WordLayout,
) -> Result<bool, MemoryError> {
    // One byte stays free, or full would look like empty.
    if channel.size == 0 || bytes.len() as u64 >= u64::from(channel.size - channel.filled()) {
        return Ok(false);
    }
    let mut position = channel.write;
    for byte in bytes {
        memory.write(channel.buffer + u64::from(position), &[*byte])?;
        position = (position + 1) % channel.size;
    }
    channel.set_written(memory, position, layout)?;
    Ok(true)
}
