//! Abstract commands: the debugger reads and writes the registers of a halted hart.
//!
//! The RISC-V External Debug Support, version 0.13, chapters 3.6 and 3.14.6 to 3.14.8.

use crate::hart::Hart;

/// `data0` and `data1`.
pub const DATA_COUNT: usize = 2;

/// The first general register's number.
const GENERAL: u32 = 0x1000;

/// What went wrong (`cmderr`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    NotSupported = 2,
    Exception = 3,
    HaltResume = 4,
}

/// The registers of abstract commands.
#[derive(Clone, Debug, Default)]
pub struct AbstractCommand {
    data: [u32; DATA_COUNT],
    last: u32,
    /// For which data registers an access repeats the last command.
    auto: u32,
    error: u32,
}

impl AbstractCommand {
    /// `abstractcs`: no program buffer.
    pub fn status(&self) -> u32 {
        self.error << 8 | DATA_COUNT as u32
    }

    /// Writes `abstractcs`: ones clear `cmderr`.
    pub fn set_status(&mut self, value: u32) {
        self.error &= !(value >> 8 & 7);
    }

    /// `abstractauto`.
    pub fn auto(&self) -> u32 {
        self.auto
    }

    /// Writes `abstractauto`.
    pub fn set_auto(&mut self, value: u32) {
        self.auto = value & ((1 << DATA_COUNT) - 1);
    }

    /// A data register.
    pub fn read(&mut self, index: usize, hart: &mut Hart) -> u32 {
        let value = self.data.get(index).copied().unwrap_or(0);
        self.repeat(index, hart);
        value
    }

    /// Writes a data register.
    pub fn write(&mut self, index: usize, value: u32, hart: &mut Hart) {
        if let Some(data) = self.data.get_mut(index) {
            *data = value;
        }
        self.repeat(index, hart);
    }

    fn repeat(&mut self, index: usize, hart: &mut Hart) {
        if self.auto >> index & 1 == 1 {
            self.command(self.last, hart);
        }
    }

    /// Executes a command, unless an error waits to be cleared.
    pub fn command(&mut self, command: u32, hart: &mut Hart) {
        self.last = command;
        if self.error == 0
            && let Err(failure) = self.access_register(command, hart)
        {
            self.error = failure as u32;
        }
    }

    fn access_register(&mut self, command: u32, hart: &mut Hart) -> Result<(), Failure> {
        const POSTEXEC: u32 = 1 << 18;
        const TRANSFER: u32 = 1 << 17;
        const WRITE: u32 = 1 << 16;
        let (kind, size) = (command >> 24, command >> 20 & 7);
        let is_known = kind == 0 && size == 2 && command & POSTEXEC == 0;
        if !is_known {
            return Err(Failure::NotSupported);
        }
        if !hart.debug.is_halted {
            return Err(Failure::HaltResume);
        }
        let number = command & 0xFFFF;
        if command & TRANSFER == 0 {
            return Ok(());
        }
        if command & WRITE == 0 {
            self.data[0] = read(hart, number).ok_or(Failure::Exception)?;
            return Ok(());
        }
        if write(hart, number, self.data[0]) {
            return Ok(());
        }
        Err(Failure::Exception)
    }
}

fn read(hart: &Hart, number: u32) -> Option<u32> {
    match number {
        0..GENERAL => hart.debug_csr(number as u16),
        GENERAL..0x1020 => Some(hart.register((number - GENERAL) as usize)),
        _ => None,
    }
}

fn write(hart: &mut Hart, number: u32, value: u32) -> bool {
    match number {
        0..GENERAL => hart.set_debug_csr(number as u16, value),
        GENERAL..0x1020 => {
            hart.set_register((number - GENERAL) as usize, value);
            true
        }
        _ => false,
    }
}
