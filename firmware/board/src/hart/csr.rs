//! Control and status registers of machine mode, the only mode there is.
//!
//! Numbers and fields: The RISC-V Instruction Set Manual, volume II. The registers of the debugger are in
//! [`triggers`](super::triggers) and [`debug_mode`](super::debug_mode).

/// The numbers of the registers.
#[allow(missing_docs, reason = "the manual's names")]
pub mod number {
    pub const MSTATUS: u16 = 0x300;
    pub const MISA: u16 = 0x301;
    pub const MIE: u16 = 0x304;
    pub const MTVEC: u16 = 0x305;
    pub const MCOUNTINHIBIT: u16 = 0x320;
    pub const MSCRATCH: u16 = 0x340;
    pub const MEPC: u16 = 0x341;
    pub const MCAUSE: u16 = 0x342;
    pub const MTVAL: u16 = 0x343;
    pub const MIP: u16 = 0x344;
    pub const TSELECT: u16 = 0x7A0;
    pub const TDATA1: u16 = 0x7A1;
    pub const TDATA2: u16 = 0x7A2;
    pub const TDATA3: u16 = 0x7A3;
    pub const TINFO: u16 = 0x7A4;
    pub const DCSR: u16 = 0x7B0;
    pub const DPC: u16 = 0x7B1;
    pub const DSCRATCH0: u16 = 0x7B2;
    pub const DSCRATCH1: u16 = 0x7B3;
    pub const MCYCLE: u16 = 0xB00;
    pub const MINSTRET: u16 = 0xB02;
    pub const MCYCLEH: u16 = 0xB80;
    pub const MINSTRETH: u16 = 0xB82;
    pub const CYCLE: u16 = 0xC00;
    pub const INSTRET: u16 = 0xC02;
    pub const CYCLEH: u16 = 0xC80;
    pub const INSTRETH: u16 = 0xC82;
    pub const MVENDORID: u16 = 0xF11;
    pub const MARCHID: u16 = 0xF12;
    pub const MIMPID: u16 = 0xF13;
    pub const MHARTID: u16 = 0xF14;
}

/// `mstatus`: interrupts are enabled.
const MSTATUS_MIE: u32 = 1 << 3;
/// `mstatus`: interrupts were enabled before the trap.
const MSTATUS_MPIE: u32 = 1 << 7;
/// `mstatus`: the trap came from machine mode.
const MSTATUS_MPP: u32 = 3 << 11;

/// `mie` and `mip`: the machine's timer.
const TIMER: u32 = 1 << 7;
/// `mcause` of an interrupt.
const INTERRUPT: u32 = 1 << 31;
const TIMER_INTERRUPT: u32 = INTERRUPT | 7;

/// RV32 with the extensions C, I and M.
const MISA: u32 = 1 << 30 | 1 << 2 | 1 << 8 | 1 << 12;
/// What an ESP32-C3 says of its maker and its design.
const MVENDORID: u32 = 0x612;
const MARCHID: u32 = 0x8000_0001;

/// The state behind the registers.
#[derive(Clone, Debug, Default)]
pub(super) struct Csrs {
    interrupts_enabled: bool,
    were_enabled: bool,
    mie: u32,
    mtvec: u32,
    mscratch: u32,
    mepc: u32,
    mcause: u32,
    mtval: u32,
    /// Executed instructions, which count as cycles too.
    pub(super) retired: u64,
    /// Whether the timer asks for an interrupt.
    pub(super) timer_is_due: bool,
}

impl Csrs {
    /// The register's value; `None` if there is no such register.
    pub(super) fn read(&self, number: u16) -> Option<u32> {
        Some(match number {
            number::MSTATUS => self.mstatus(),
            number::MISA => MISA,
            number::MIE => self.mie,
            number::MTVEC => self.mtvec,
            number::MSCRATCH => self.mscratch,
            number::MEPC => self.mepc,
            number::MCAUSE => self.mcause,
            number::MTVAL => self.mtval,
            number::MIP => u32::from(self.timer_is_due) * TIMER,
            number::MCYCLE | number::MINSTRET | number::CYCLE | number::INSTRET => {
                self.retired as u32
            }
            number::MCYCLEH | number::MINSTRETH | number::CYCLEH | number::INSTRETH => {
                (self.retired >> 32) as u32
            }
            number::MVENDORID => MVENDORID,
            number::MARCHID => MARCHID,
            number::MIMPID | number::MCOUNTINHIBIT => 0,
            _ => return None,
        })
    }

    /// Writes the register, as far as it can be written; false if there is no such register, or if it is
    /// for reading only.
    pub(super) fn write(&mut self, number: u16, value: u32) -> bool {
        match number {
            number::MSTATUS => {
                self.interrupts_enabled = value & MSTATUS_MIE != 0;
                self.were_enabled = value & MSTATUS_MPIE != 0;
            }
            number::MIE => self.mie = value & TIMER,
            // Bit 1 is always 0: the modes are "direct" and "vectored".
            number::MTVEC => self.mtvec = value & !2,
            number::MSCRATCH => self.mscratch = value,
            number::MEPC => self.mepc = value & !1,
            number::MCAUSE => self.mcause = value,
            number::MTVAL => self.mtval = value,
            number::MISA
            | number::MIP
            | number::MCOUNTINHIBIT
            | number::MCYCLE
            | number::MCYCLEH
            | number::MINSTRET
            | number::MINSTRETH => {}
            _ => return false,
        }
        true
    }

    /// Whether the number itself says that the register cannot be written.
    pub(super) fn is_read_only(number: u16) -> bool {
        number >> 10 == 0b11
    }

    fn mstatus(&self) -> u32 {
        let mie = if self.interrupts_enabled {
            MSTATUS_MIE
        } else {
            0
        };
        let mpie = if self.were_enabled { MSTATUS_MPIE } else { 0 };
        mie | mpie | MSTATUS_MPP
    }

    /// The cause of the interrupt to take now.
    pub(super) fn interrupt(&self) -> Option<u32> {
        (self.interrupts_enabled && self.wakes()).then_some(TIMER_INTERRUPT)
    }

    /// Whether `wfi` goes on: an enabled interrupt is pending, taken or not.
    pub(super) fn wakes(&self) -> bool {
        self.timer_is_due && self.mie & TIMER != 0
    }

    /// A trap is taken at `pc`: where its handler is.
    pub(super) fn enter_trap(&mut self, pc: u32, cause: u32, value: u32) -> u32 {
        self.mepc = pc;
        self.mcause = cause;
        self.mtval = value;
        self.were_enabled = self.interrupts_enabled;
        self.interrupts_enabled = false;
        let is_vectored = self.mtvec & 1 == 1;
        let base = self.mtvec & !3;
        if is_vectored && cause & INTERRUPT != 0 {
            base.wrapping_add(4 * (cause & !INTERRUPT))
        } else {
            base
        }
    }

    /// `mret`: where the program goes on.
    pub(super) fn leave_trap(&mut self) -> u32 {
        self.interrupts_enabled = self.were_enabled;
        self.were_enabled = true;
        self.mepc
    }
}
