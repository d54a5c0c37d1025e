//! A target: RAM with a control block, as SEGGER's header lays it out, and whoever writes into its rings.

use std::ops::Range;

use leakscope_capture::memory::{Memory, MemoryError, WordLayout};

pub(crate) const BASE: u64 = 0x2000_0000;
const SIZE: usize = 0x4000;
/// Where the control block lies.
pub(crate) const BLOCK: u64 = BASE + 0x100;
const NAMES: u64 = BASE + 0x800;
const BUFFERS: u64 = BASE + 0x1000;
/// So many buffers lie before the first one to the target.
const DOWN: u64 = 4;

/// RAM, and the rings in it: one for each core, behind the terminal.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) ram: Vec<u8>,
    pub(crate) layout: WordLayout,
    size: u32,
    cores: usize,
    /// What each core has written since the last reset.
    pub(crate) written: Vec<Vec<u8>>,
}

impl Device {
    /// With rings of `size` bytes, up to 1 KiB.
    pub(crate) fn new(layout: WordLayout, cores: usize, size: u32) -> Self {
        Self {
            ram: vec![0; SIZE],
            layout,
            size,
            cores,
            written: vec![Vec::new(); cores],
        }
    }

    /// Fills the control block in.
    pub(crate) fn initialise(&mut self) {
        let channels = self.cores as u32 + 1;
        for (name, place) in [("Terminal\0", NAMES), ("SysView\0", NAMES + 0x10)] {
            self.place(place, name.len())
                .copy_from_slice(name.as_bytes());
        }
        for down in [false, true] {
            for index in 0..=self.cores {
                let place = self.channel(index, down);
                let number = index as u64 + DOWN * u64::from(down);
                let is_terminal = index == 0;
                self.set_pointer(place, if is_terminal { NAMES } else { NAMES + 0x10 });
                self.set_pointer(
                    place + self.pointer(),
                    if is_terminal {
                        0
                    } else {
                        BUFFERS + 0x400 * number
                    },
                );
                let size = match (is_terminal, down) {
                    (true, _) => 0,
                    (_, true) => 8,
                    (_, false) => self.size,
                };
                for (index, word) in [size, 0, 0, 0].into_iter().enumerate() {
                    self.set_word(place + 2 * self.pointer() + 4 * index as u64, word);
                }
            }
        }
        self.set_word(BLOCK + 16, channels);
        self.set_word(BLOCK + 20, channels);
        self.place(BLOCK, 16)
            .copy_from_slice(b"SEGGER RTT\0\0\0\0\0\0");
        self.written = vec![Vec::new(); self.cores];
    }

    /// Writes all of `bytes`, or nothing if there is no room.
    pub(crate) fn write(&mut self, core: usize, bytes: &[u8]) -> bool {
        let words = self.words(core, false);
        let (mut write, read) = (self.word(words + 4), self.word(words + 8));
        let free = (read + self.size - write - 1) % self.size;
        if bytes.len() > free as usize {
            return false;
        }
        let buffer = BUFFERS + 0x400 * (core as u64 + 1);
        for &byte in bytes {
            self.place(buffer + u64::from(write), 1)[0] = byte;
            write = (write + 1) % self.size;
        }
        self.set_word(words + 4, write);
        self.written[core].extend(bytes);
        true
    }

    /// Takes a byte that the host wrote.
    pub(crate) fn next_command(&mut self, core: usize) -> Option<u8> {
        let words = self.words(core, true);
        let (write, read) = (self.word(words + 4), self.word(words + 8));
        if write == read {
            return None;
        }
        let buffer = BUFFERS + 0x400 * (core as u64 + 1 + DOWN);
        let byte = self.place(buffer + u64::from(read), 1)[0];
        self.set_word(words + 8, (read + 1) % 8);
        Some(byte)
    }

    /// How far the host says that it has read.
    pub(crate) fn read_position(&mut self, core: usize) -> u32 {
        let words = self.words(core, false);
        self.word(words + 8)
    }

    fn pointer(&self) -> u64 {
        self.layout.pointer_size() as u64
    }

    fn channel(&self, index: usize, down: bool) -> u64 {
        let index = index + if down { self.cores + 1 } else { 0 };
        BLOCK + 24 + index as u64 * (2 * self.pointer() + 16)
    }

    /// Where the size, the write and the read position of a core's channel lie.
    pub(crate) fn words(&self, core: usize, down: bool) -> u64 {
        self.channel(core + 1, down) + 2 * self.pointer()
    }

    fn set_pointer(&mut self, place: u64, value: u64) {
        let mut bytes = value.to_le_bytes();
        let size = self.layout.pointer_size();
        if self.layout.is_big_endian {
            bytes[..size].reverse();
        }
        self.place(place, size).copy_from_slice(&bytes[..size]);
    }

    pub(crate) fn set_word(&mut self, place: u64, value: u32) {
        let bytes = self.layout.word(value);
        self.place(place, 4).copy_from_slice(&bytes);
    }

    pub(crate) fn word(&mut self, place: u64) -> u32 {
        let layout = self.layout;
        layout.number(self.place(place, 4)) as u32
    }

    fn place(&mut self, place: u64, length: usize) -> &mut [u8] {
        let start = (place - BASE) as usize;
        &mut self.ram[start..start + length]
    }

    /// Where bytes lie in RAM, if they do.
    pub(crate) fn range(address: u64, length: usize) -> Option<Range<usize>> {
        let start = usize::try_from(address.checked_sub(BASE)?).ok()?;
        let end = start.checked_add(length)?;
        (end <= SIZE).then_some(start..end)
    }
}

fn unmapped(address: u64, length: usize) -> MemoryError {
    MemoryError::Unmapped {
        address,
        length,
        reason: "there is no RAM".to_owned(),
    }
}

impl Memory for Device {
    fn read(&mut self, address: u64, bytes: &mut [u8]) -> Result<(), MemoryError> {
        let length = bytes.len();
        let range = Self::range(address, length).ok_or_else(|| unmapped(address, length))?;
        bytes.copy_from_slice(&self.ram[range]);
        Ok(())
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), MemoryError> {
        let length = bytes.len();
        let range = Self::range(address, length).ok_or_else(|| unmapped(address, length))?;
        self.ram[range].copy_from_slice(bytes);
        Ok(())
    }
}
