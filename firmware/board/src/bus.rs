//! What answers to an address: memory, the timer, and the chip's peripherals.

use crate::memory::Memory;
use crate::peripherals::Peripherals;
use crate::timer::Timer;

/// There is nothing at the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is nothing at 0x{address:08x}")]
pub struct AccessFault {
    /// The first byte's address.
    pub address: u32,
}

/// All that has an address.
#[derive(Clone, Debug)]
pub struct Bus {
    memories: Vec<Memory>,
    /// The machine's timer.
    pub timer: Timer,
    /// Everything else of the chip.
    pub peripherals: Peripherals,
}

impl Bus {
    /// A bus with these memories.
    pub fn new(memories: Vec<Memory>, peripherals: Peripherals) -> Self {
        Self {
            memories,
            timer: Timer::default(),
            peripherals,
        }
    }

    /// Reads a number of 1, 2 or 4 bytes, at any alignment.
    #[inline]
    pub fn read(&self, address: u32, bytes: u32) -> Result<u32, AccessFault> {
        for memory in &self.memories {
            if let Some(place) = memory.place(address, bytes) {
                let mut value = [0; 4];
                value[..bytes as usize].copy_from_slice(place);
                return Ok(u32::from_le_bytes(value));
            }
        }
        let of_timer = self.timer.read(address);
        let value = of_timer.or_else(|| self.peripherals.read(address));
        value.ok_or(AccessFault { address })
    }

    /// Writes the lowest 1, 2 or 4 bytes of a number, at any alignment.
    #[inline]
    pub fn write(&mut self, address: u32, bytes: u32, value: u32) -> Result<(), AccessFault> {
        for memory in &mut self.memories {
            if let Some(place) = memory.place_mut(address, bytes) {
                place.copy_from_slice(&value.to_le_bytes()[..bytes as usize]);
                return Ok(());
            }
        }
        let is_known = self.timer.write(address, value) || self.peripherals.write(address, value);
        if is_known {
            Ok(())
        } else {
            Err(AccessFault { address })
        }
    }

    /// Bytes of one memory.
    pub fn bytes(&self, address: u32, length: u32) -> Result<&[u8], AccessFault> {
        let mut memories = self.memories.iter();
        let found = memories.find_map(|memory| memory.place(address, length));
        found.ok_or(AccessFault { address })
    }

    /// Bytes of one memory, to be changed.
    pub fn bytes_mut(&mut self, address: u32, length: u32) -> Result<&mut [u8], AccessFault> {
        let mut memories = self.memories.iter_mut();
        let found = memories.find_map(|memory| memory.place_mut(address, length));
        found.ok_or(AccessFault { address })
    }
}
