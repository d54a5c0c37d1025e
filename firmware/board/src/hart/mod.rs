//! The hart: a RISC-V core with the extensions I, M, C and Zicsr, in machine mode only, as in an ESP32-C3.
//!
//! - [`decode`], [`compressed`]: from bits to an [`Instruction`](decode::Instruction)
//! - [`operation`]: what arithmetic computes
//! - `execute`: what each instruction does
//! - [`csr`]: control and status registers, traps and interrupts
//! - [`triggers`], [`debug_mode`]: what a debugger needs

pub mod compressed;
pub mod csr;
pub mod debug_mode;
pub mod decode;
mod execute;
pub mod operation;
pub mod triggers;

use crate::bus::Bus;
use csr::{Csrs, number};
use debug_mode::{Cause, DebugMode};
use triggers::{Access, Triggers};

/// A core, with its registers.
#[derive(Clone, Debug, Default)]
pub struct Hart {
    registers: [u32; 32],
    /// Address of the next instruction; in debug mode, where the program goes on (`dpc`).
    pub pc: u32,
    csrs: Csrs,
    triggers: Triggers,
    /// What it is to the debugger.
    pub debug: DebugMode,
    /// Its number (`mhartid`).
    id: u32,
}

/// How a step of the hart ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// An instruction was executed, or a trap taken.
    Done,
    /// `wfi`, and no interrupt is pending.
    Waiting,
    /// The hart is in debug mode.
    Halted,
    /// `ebreak`, which is not the debugger's: nothing has happened yet.
    Breakpoint,
}

/// `mcause` of exceptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exception {
    InstructionAccessFault = 1,
    IllegalInstruction = 2,
    Breakpoint = 3,
    LoadAccessFault = 5,
    StoreAccessFault = 7,
    EnvironmentCall = 11,
}

impl Hart {
    /// A hart of this number that begins at `pc`. What a debugger has set up is gone too.
    pub fn new(id: u32, pc: u32) -> Self {
        Self {
            pc,
            id,
            ..Self::default()
        }
    }

    /// A general register; 0 of `x0`, and of numbers above 31.
    pub fn register(&self, number: usize) -> u32 {
        self.registers.get(number).copied().unwrap_or(0)
    }

    /// Sets a general register; `x0` stays 0.
    pub fn set_register(&mut self, number: usize, value: u32) {
        if number != 0
            && let Some(register) = self.registers.get_mut(number)
        {
            *register = value;
        }
    }

    /// How many instructions were executed since the reset.
    pub fn retired(&self) -> u64 {
        self.csrs.retired
    }

    /// Takes an interrupt, or executes the next instruction.
    pub fn step(&mut self, bus: &mut Bus) -> Step {
        if self.debug.is_halted {
            return Step::Halted;
        }
        // The timer is the first hart's.
        self.csrs.timer_is_due = self.id == 0 && bus.timer.is_due();
        if let Some(cause) = self.csrs.interrupt()
            && !self.debug.masks_interrupts()
        {
            self.pc = self.csrs.enter_trap(self.pc, cause, 0);
            return Step::Done;
        }
        let step = if self.triggers.fire(Access::Execute, self.pc, 1) {
            self.debug.enter(Cause::Trigger);
            Step::Halted
        } else {
            self.execute_next(bus)
        };
        if step != Step::Breakpoint && !self.debug.is_halted && self.debug.steps() {
            self.debug.enter(Cause::Step);
            return Step::Halted;
        }
        step
    }

    /// `ebreak` that the debugger does not take: an exception.
    pub fn trap_breakpoint(&mut self) {
        self.trap(Exception::Breakpoint, self.pc);
    }

    fn trap(&mut self, exception: Exception, value: u32) {
        self.pc = self.csrs.enter_trap(self.pc, exception as u32, value);
    }

    /// A control and status register as a program sees it; `None` if it has no such register.
    fn csr(&self, number: u16) -> Option<u32> {
        match number {
            number::TSELECT => Some(self.triggers.select()),
            number::TDATA1 => Some(self.triggers.control()),
            number::TDATA2 => Some(self.triggers.address()),
            number::TDATA3 => Some(0),
            number::TINFO => Some(Triggers::types()),
            number::MHARTID => Some(self.id),
            _ => self.csrs.read(number),
        }
    }

    fn set_csr(&mut self, number: u16, value: u32) -> bool {
        match number {
            number::TSELECT => self.triggers.set_select(value),
            number::TDATA1 => self.triggers.set_control(value),
            number::TDATA2 => self.triggers.set_address(value),
            number::TDATA3 | number::TINFO => {}
            _ => return self.csrs.write(number, value),
        }
        true
    }

    /// A control and status register as the debugger sees it; `None` if there is none.
    pub fn debug_csr(&self, number: u16) -> Option<u32> {
        match number {
            number::DCSR => Some(self.debug.dcsr()),
            number::DPC => Some(self.pc),
            number::DSCRATCH0 => Some(self.debug.scratch[0]),
            number::DSCRATCH1 => Some(self.debug.scratch[1]),
            _ => self.csr(number),
        }
    }

    /// Writes one for the debugger; false if there is none, or if it is for reading only.
    pub fn set_debug_csr(&mut self, number: u16, value: u32) -> bool {
        match number {
            number::DCSR => self.debug.set_dcsr(value),
            number::DPC => self.pc = value & !1,
            number::DSCRATCH0 => self.debug.scratch[0] = value,
            number::DSCRATCH1 => self.debug.scratch[1] = value,
            _ => return self.set_csr(number, value),
        }
        true
    }
}
