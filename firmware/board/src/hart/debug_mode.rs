//! Debug mode: the hart stands still, and the debug module reads and changes its registers.
//!
//! The RISC-V External Debug Support, version 0.13, chapter 4.

/// `dcsr`: version 0.13, and machine mode.
const FIXED: u32 = 4 << 28 | 3;
/// `ebreak` of machine mode enters debug mode.
const EBREAKM: u32 = 1 << 15;
/// Interrupts are taken while single-stepping.
const STEPIE: u32 = 1 << 11;
const STEP: u32 = 1 << 2;
const WRITABLE: u32 = EBREAKM | STEPIE | STEP;
const CAUSE_SHIFT: u32 = 6;

/// Why the hart entered debug mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It executed `ebreak`.
    Ebreak = 1,
    /// A trigger fired.
    Trigger = 2,
    /// The debugger asked for it.
    HaltRequest = 3,
    /// It has executed one instruction.
    Step = 4,
}

/// The hart's part in debugging.
#[derive(Clone, Debug, Default)]
pub struct DebugMode {
    /// Whether the hart is in debug mode.
    pub is_halted: bool,
    /// It was reset, and the debugger has not acknowledged that.
    pub has_reset: bool,
    /// It has done what the last request to resume asked for.
    pub has_resumed: bool,
    written: u32,
    cause: u32,
    /// Two registers for the debugger's own use.
    pub scratch: [u32; 2],
}

impl DebugMode {
    /// Stands still.
    pub fn enter(&mut self, cause: Cause) {
        self.is_halted = true;
        self.cause = cause as u32;
    }

    /// `dcsr`.
    pub fn dcsr(&self) -> u32 {
        FIXED | self.written | self.cause << CAUSE_SHIFT
    }

    /// Writes `dcsr`.
    pub fn set_dcsr(&mut self, value: u32) {
        self.written = value & WRITABLE;
    }

    /// Whether `ebreak` enters debug mode, rather than a trap.
    pub fn takes_ebreak(&self) -> bool {
        self.written & EBREAKM != 0
    }

    /// Whether one instruction is executed at a time.
    pub fn steps(&self) -> bool {
        self.written & STEP != 0
    }

    /// Whether interrupts wait, because the debugger single-steps.
    pub fn masks_interrupts(&self) -> bool {
        self.steps() && self.written & STEPIE == 0
    }
}
