//! SEGGER's Real Time Transfer, as a debug probe reads it: the control block in the target's memory says where
//! the buffer of channel 1, `SysView`, lies, and how far it was written; the reader says how far it has read.

use libtest_mimic::Failed;

/// The target's memory.
pub(crate) trait Memory {
    fn read(&mut self, address: u64, bytes: &mut [u8]) -> Result<(), Failed>;
    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), Failed>;
}

const ID: &[u8; 16] = b"SEGGER RTT\0\0\0\0\0\0";
/// Identification, and the numbers of up- and of down-channels.
const HEAD: u64 = 16 + 4 + 4;
/// Name, buffer, size, write and read position, flags: 32 bits each.
const CHANNEL: u64 = 24;

/// The up-channel `SysView`.
pub(crate) struct Channel {
    address: u64,
    buffer: u64,
    size: u64,
}

impl Channel {
    /// Finds it; `None` if the target has not made it yet.
    pub(crate) fn find(
        memory: &mut impl Memory,
        control_block: u64,
    ) -> Result<Option<Self>, Failed> {
        let mut id = [0; 16];
        memory.read(control_block, &mut id)?;
        if id != *ID {
            return Ok(None);
        }
        let address = control_block + HEAD + CHANNEL;
        Ok(Some(Self {
            address,
            buffer: word(memory, address + 4)?,
            size: word(memory, address + 8)?,
        }))
    }

    /// Its name, if that lies in the memory that can be read.
    pub(crate) fn name(&self, memory: &mut impl Memory) -> Result<String, Failed> {
        let mut name = [0; 8];
        let address = word(memory, self.address)?;
        memory.read(address, &mut name)?;
        let name = name.split(|&byte| byte == 0).next().unwrap_or_default();
        Ok(String::from_utf8_lossy(name).into_owned())
    }

    /// Takes what was written since the last call out of the buffer.
    pub(crate) fn take(&self, memory: &mut impl Memory, taken: &mut Vec<u8>) -> Result<(), Failed> {
        let write = word(memory, self.address + 12)?;
        let read = word(memory, self.address + 16)?;
        if write >= self.size || read >= self.size {
            return Err(format!("positions {write} and {read} of {} bytes", self.size).into());
        }
        let parts = if read <= write {
            [read..write, 0..0]
        } else {
            [read..self.size, 0..write]
        };
        for part in parts {
            let start = taken.len();
            taken.resize(start + (part.end - part.start) as usize, 0);
            memory.read(self.buffer + part.start, &mut taken[start..])?;
        }
        memory.write(self.address + 16, &(write as u32).to_le_bytes())
    }
}

fn word(memory: &mut impl Memory, address: u64) -> Result<u64, Failed> {
    let mut bytes = [0; 4];
    memory.read(address, &mut bytes)?;
    Ok(u32::from_le_bytes(bytes).into())
}
