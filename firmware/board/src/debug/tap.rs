//! The JTAG TAP: instructions, and the data registers that they select.
//!
//! The RISC-V External Debug Support, version 0.13, chapter 6.1 ("JTAG Debug Transport Module").

use super::module::DebugModule;
use crate::machine::Machine;

/// Bits of a JTAG instruction.
const INSTRUCTION_BITS: u32 = 5;
/// What the instruction register shows before it takes the next.
const INSTRUCTION_CAPTURE: u64 = 1;

const IDCODE: u64 = 0x01;
const DTMCS: u64 = 0x10;
const DMI: u64 = 0x11;

const DMI_ADDRESS_BITS: u32 = 7;
const DMI_BITS: u32 = 2 + 32 + DMI_ADDRESS_BITS;
/// `dtmcs`: version 0.13.
const DTMCS_VALUE: u64 = 1 | (DMI_ADDRESS_BITS as u64) << 4;

/// A TAP with a debug module.
#[derive(Clone, Debug)]
pub struct Tap {
    instruction: u64,
    /// What the last access to the debug module gave: address, data, and 0 for success.
    result: u64,
    /// The debug module.
    pub module: DebugModule,
}

impl Default for Tap {
    fn default() -> Self {
        Self {
            instruction: IDCODE,
            result: 0,
            module: DebugModule::default(),
        }
    }
}

impl Tap {
    /// The state Test-Logic-Reset.
    pub fn reset(&mut self) {
        self.instruction = IDCODE;
    }

    /// Shifts `count` of `bits` through the instruction register; they are replaced by what comes out.
    pub fn scan_instruction(&mut self, bits: &mut [u8], count: usize) {
        self.instruction = shift(INSTRUCTION_CAPTURE, INSTRUCTION_BITS, bits, count);
    }

    /// Shifts `count` of `bits` through the selected data register; they are replaced by what comes out.
    pub fn scan_data(&mut self, bits: &mut [u8], count: usize, machine: &mut Machine) {
        let (capture, length) = match self.instruction {
            IDCODE => (machine.model().id_code().into(), 32),
            DTMCS => (DTMCS_VALUE, 32),
            DMI => (self.result, DMI_BITS),
            // Bypass.
            _ => (0, 1),
        };
        let update = shift(capture, length, bits, count);
        if self.instruction == DMI {
            self.access(update, machine);
        }
    }

    /// Reads or writes a register of the debug module.
    fn access(&mut self, request: u64, machine: &mut Machine) {
        const READ: u64 = 1;
        const WRITE: u64 = 2;
        let register = (request >> 34) as u32;
        let data = (request >> 2) as u32;
        let data = match request & 3 {
            READ => self.module.read(register, machine),
            WRITE => {
                self.module.write(register, data, machine);
                data
            }
            _ => return,
        };
        self.result = request >> 34 << 34 | u64::from(data) << 2;
    }
}

/// Shifts `count` of `bits`, the lowest first, through a register of `length` bits; what it then holds.
fn shift(mut register: u64, length: u32, bits: &mut [u8], count: usize) -> u64 {
    for index in 0..count.min(8 * bits.len()) {
        let (byte, bit) = (&mut bits[index / 8], index % 8);
        let into = u64::from(*byte >> bit & 1);
        *byte = *byte & !(1 << bit) | (register as u8 & 1) << bit;
        register = register >> 1 | into << (length - 1);
    }
    register
}
