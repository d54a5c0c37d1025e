//! The debug module: what a debugger reads and writes through the DMI.
//!
//! The RISC-V External Debug Support, version 0.13, chapter 3.14. There are one or two harts, no program buffer and
//! no authentication.

use super::abstract_command::{AbstractCommand, DATA_COUNT};
use super::system_bus::SystemBus;
use crate::hart::Hart;
use crate::hart::debug_mode::Cause;
use crate::machine::Machine;

/// The registers' addresses.
mod address {
    pub(super) const DATA0: u32 = 0x04;
    pub(super) const DMCONTROL: u32 = 0x10;
    pub(super) const DMSTATUS: u32 = 0x11;
    pub(super) const HARTINFO: u32 = 0x12;
    pub(super) const ABSTRACTCS: u32 = 0x16;
    pub(super) const COMMAND: u32 = 0x17;
    pub(super) const ABSTRACTAUTO: u32 = 0x18;
    pub(super) const SBCS: u32 = 0x38;
    pub(super) const SBADDRESS0: u32 = 0x39;
    pub(super) const SBDATA0: u32 = 0x3C;
    pub(super) const HALTSUM0: u32 = 0x40;
}

const DATA_END: u32 = address::DATA0 + DATA_COUNT as u32;

/// `dmcontrol`
const HALT_REQUEST: u32 = 1 << 31;
const RESUME_REQUEST: u32 = 1 << 30;
const ACKNOWLEDGE_RESET: u32 = 1 << 28;
const HART_SHIFT: u32 = 16;
const RESET: u32 = 1 << 1;
const ACTIVE: u32 = 1;

/// `dmstatus`: each but the first two means "any", and with the bit above it "all".
const VERSION: u32 = 2;
const AUTHENTICATED: u32 = 1 << 7;
const HALTED: u32 = 0b11 << 8;
const RUNNING: u32 = 0b11 << 10;
const RESUME_ACKNOWLEDGED: u32 = 0b11 << 16;
const HAVE_RESET: u32 = 0b11 << 18;

/// `hartinfo`: two scratch registers for the debugger.
const SCRATCH_REGISTERS: u32 = 2 << 20;

/// The state of the debug module.
#[derive(Clone, Debug, Default)]
pub struct DebugModule {
    is_active: bool,
    holds_reset: bool,
    /// The second hart is the one that is spoken of.
    is_second: bool,
    abstract_command: AbstractCommand,
    system_bus: SystemBus,
}

impl DebugModule {
    /// Reads a register; those that are not there are 0.
    pub fn read(&mut self, register: u32, machine: &mut Machine) -> u32 {
        match register {
            address::DATA0..DATA_END => {
                let index = (register - address::DATA0) as usize;
                let hart = select(machine, self.is_second);
                self.abstract_command.read(index, hart)
            }
            address::DMCONTROL => {
                flag(self.is_active, ACTIVE)
                    | flag(self.holds_reset, RESET)
                    | flag(self.is_second, 1 << HART_SHIFT)
            }
            address::DMSTATUS => self.status(machine),
            address::HARTINFO => SCRATCH_REGISTERS,
            address::ABSTRACTCS => self.abstract_command.status(),
            address::ABSTRACTAUTO => self.abstract_command.auto(),
            address::SBCS => self.system_bus.status(),
            address::SBADDRESS0 => self.system_bus.address(),
            address::SBDATA0 => self.system_bus.take_data(&machine.bus),
            address::HALTSUM0 => machine.harts().enumerate().fold(0, |sum, (number, hart)| {
                sum | u32::from(hart.debug.is_halted) << number
            }),
            _ => 0,
        }
    }

    /// Writes a register.
    pub fn write(&mut self, register: u32, value: u32, machine: &mut Machine) {
        match register {
            address::DATA0..DATA_END => {
                let index = (register - address::DATA0) as usize;
                let hart = select(machine, self.is_second);
                self.abstract_command.write(index, value, hart);
            }
            address::DMCONTROL => self.control(value, machine),
            address::ABSTRACTCS => self.abstract_command.set_status(value),
            address::COMMAND => {
                let hart = select(machine, self.is_second);
                self.abstract_command.command(value, hart);
            }
            address::ABSTRACTAUTO => self.abstract_command.set_auto(value),
            address::SBCS => self.system_bus.set_status(value),
            address::SBADDRESS0 => self.system_bus.set_address(value, &machine.bus),
            address::SBDATA0 => {
                self.system_bus.put_data(value, &mut machine.bus);
                // The debugger may have written to the register that resets the chip.
                machine.reset_if_wanted();
            }
            _ => {}
        }
    }

    fn status(&self, machine: &mut Machine) -> u32 {
        let debug = &select(machine, self.is_second).debug;
        let state = if debug.is_halted { HALTED } else { RUNNING };
        VERSION
            | AUTHENTICATED
            | state
            | flag(debug.has_resumed, RESUME_ACKNOWLEDGED)
            | flag(debug.has_reset, HAVE_RESET)
    }

    fn control(&mut self, value: u32, machine: &mut Machine) {
        if value & ACTIVE == 0 {
            *self = Self::default();
            machine.bus.peripherals.has_debugger = false;
            return;
        }
        self.is_active = true;
        machine.bus.peripherals.has_debugger = true;
        self.is_second = value >> HART_SHIFT & 1 == 1 && machine.second.is_some();
        if value & ACKNOWLEDGE_RESET != 0 {
            select(machine, self.is_second).debug.has_reset = false;
        }
        self.holds_reset = value & RESET != 0;
        if self.holds_reset {
            // A hart that is held in reset does not halt: if it is still asked to when it is let go, it does then.
            machine.reset();
            return;
        }
        let debug = &mut select(machine, self.is_second).debug;
        if value & HALT_REQUEST != 0 {
            if !debug.is_halted {
                debug.enter(Cause::HaltRequest);
            }
        } else if value & RESUME_REQUEST != 0 {
            debug.has_resumed = true;
            if debug.is_halted {
                debug.is_halted = false;
                if debug.steps() {
                    machine.run(1);
                }
            }
        }
    }

    /// Whether a hart may run: it is neither halted nor held in reset.
    pub fn lets_run(&self, machine: &Machine) -> bool {
        !self.holds_reset && machine.harts().any(|hart| !hart.debug.is_halted)
    }
}

/// The hart that is spoken of.
fn select(machine: &mut Machine, is_second: bool) -> &mut Hart {
    match &mut machine.second {
        Some(second) if is_second => second,
        _ => &mut machine.hart,
    }
}

fn flag(is_set: bool, bits: u32) -> u32 {
    if is_set { bits } else { 0 }
}
