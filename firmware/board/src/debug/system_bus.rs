//! System bus access: the debugger reads and writes memory, also while the hart runs.
//!
//! The RISC-V External Debug Support, version 0.13, chapters 3.10 and 3.14.22 to 3.14.27.

use crate::bus::Bus;

/// `sbcs`: version 1, 32 address bits, accesses of 8, 16 and 32 bits.
const FIXED: u32 = 1 << 29 | 32 << 5 | 0b111;
const READ_ON_ADDRESS: u32 = 1 << 20;
const SIZE_SHIFT: u32 = 17;
const SIZE: u32 = 7 << SIZE_SHIFT;
const AUTO_INCREMENT: u32 = 1 << 16;
const READ_ON_DATA: u32 = 1 << 15;
const ERROR_SHIFT: u32 = 12;
const ERROR: u32 = 7 << ERROR_SHIFT;
const WRITABLE: u32 = READ_ON_ADDRESS | SIZE | AUTO_INCREMENT | READ_ON_DATA;

/// `sberror`
#[derive(Clone, Copy)]
enum Failure {
    BadAddress = 2,
    BadSize = 4,
}

/// The registers of system bus access.
#[derive(Clone, Debug)]
pub struct SystemBus {
    written: u32,
    error: u32,
    address: u32,
    data: u32,
}

impl Default for SystemBus {
    fn default() -> Self {
        Self {
            written: 2 << SIZE_SHIFT,
            error: 0,
            address: 0,
            data: 0,
        }
    }
}

impl SystemBus {
    /// `sbcs`
    pub fn status(&self) -> u32 {
        FIXED | self.written | self.error << ERROR_SHIFT
    }

    /// Writes `sbcs`: ones clear the error.
    pub fn set_status(&mut self, value: u32) {
        self.written = value & WRITABLE;
        self.error &= !((value & ERROR) >> ERROR_SHIFT);
    }

    /// `sbaddress0`
    pub fn address(&self) -> u32 {
        self.address
    }

    /// Writes `sbaddress0`, which may read.
    pub fn set_address(&mut self, address: u32, bus: &Bus) {
        self.address = address;
        if self.written & READ_ON_ADDRESS != 0 {
            self.read(bus);
        }
    }

    /// `sbdata0`: what was read last. It may read the next.
    pub fn take_data(&mut self, bus: &Bus) -> u32 {
        let data = self.data;
        if self.written & READ_ON_DATA != 0 {
            self.read(bus);
        }
        data
    }

    /// Writes `sbdata0`, which writes to memory.
    pub fn put_data(&mut self, data: u32, bus: &mut Bus) {
        self.data = data;
        if self.error != 0 {
            return;
        }
        let written = self
            .bytes()
            .and_then(|bytes| match bus.write(self.address, bytes, data) {
                Ok(()) => Ok(bytes),
                Err(_) => Err(Failure::BadAddress),
            });
        self.finish(written);
    }

    fn read(&mut self, bus: &Bus) {
        if self.error != 0 {
            return;
        }
        let read = self
            .bytes()
            .and_then(|bytes| match bus.read(self.address, bytes) {
                Ok(data) => Ok((bytes, data)),
                Err(_) => Err(Failure::BadAddress),
            });
        if let Ok((_, data)) = read {
            self.data = data;
        }
        self.finish(read.map(|(bytes, _)| bytes));
    }

    fn finish(&mut self, result: Result<u32, Failure>) {
        match result {
            Ok(bytes) if self.written & AUTO_INCREMENT != 0 => {
                self.address = self.address.wrapping_add(bytes);
            }
            Ok(_) => {}
            Err(failure) => self.error = failure as u32,
        }
    }

    /// How many bytes an access has.
    fn bytes(&self) -> Result<u32, Failure> {
        match (self.written & SIZE) >> SIZE_SHIFT {
            size @ 0..=2 => Ok(1 << size),
            _ => Err(Failure::BadSize),
        }
    }
}
