//! The timer: time in ticks, and an alarm that interrupts (RISC-V's `mtime` and `mtimecmp`).
//!
//! Time is what the program executes: the same program sees the same times in every run. An ESP32-C3 has
//! another timer (SYSTIMER); this one lies where QEMU's machine `virt` has it.

use std::time::Duration;

use address::{MTIME, MTIMECMP};

/// Ticks per second of `mtime`.
pub const HZ: u64 = 10_000_000;
/// How long an instruction takes: as in QEMU with `-icount shift=5`.
const NANOSECONDS_PER_INSTRUCTION: u64 = 1 << 5;
const NANOSECONDS_PER_TICK: u64 = 1_000_000_000 / HZ;

mod address {
    pub(super) const MTIMECMP: u32 = 0x0200_4000;
    pub(super) const MTIME: u32 = 0x0200_BFF8;
}

/// The time, and when to interrupt.
#[derive(Clone, Debug)]
pub struct Timer {
    nanoseconds: u64,
    /// In nanoseconds; saturated.
    alarm: u64,
    compare: u64,
}

impl Default for Timer {
    fn default() -> Self {
        Self {
            nanoseconds: 0,
            alarm: u64::MAX,
            compare: u64::MAX,
        }
    }
}

impl Timer {
    /// An instruction's time has passed.
    #[inline]
    pub fn advance(&mut self) {
        self.nanoseconds += NANOSECONDS_PER_INSTRUCTION;
    }

    /// Goes to the time of the alarm, if that is to come.
    pub fn skip_to_alarm(&mut self) {
        if self.alarm != u64::MAX {
            self.nanoseconds = self.nanoseconds.max(self.alarm);
        }
    }

    /// Whether the time of the alarm has come.
    #[inline]
    pub fn is_due(&self) -> bool {
        self.nanoseconds >= self.alarm
    }

    /// Whether there is an alarm to come.
    pub fn has_alarm(&self) -> bool {
        self.alarm != u64::MAX
    }

    /// How long it is until the alarm; without one, as long as an idle board may sleep at a time.
    pub fn until_alarm(&self) -> Duration {
        const LONGEST: Duration = Duration::from_millis(100);
        LONGEST.min(Duration::from_nanos(
            self.alarm.saturating_sub(self.nanoseconds),
        ))
    }

    fn ticks(&self) -> u64 {
        self.nanoseconds / NANOSECONDS_PER_TICK
    }

    /// The register at `address`, if it is one of the timer's.
    pub fn read(&self, address: u32) -> Option<u32> {
        let (value, is_high) = match address & !4 {
            a if a == MTIME & !4 => (self.ticks(), address != MTIME),
            MTIMECMP => (self.compare, address != MTIMECMP),
            _ => return None,
        };
        Some((value >> (32 * u32::from(is_high))) as u32)
    }

    /// Writes the register at `address`; false if it is none of the timer's.
    pub fn write(&mut self, address: u32, value: u32) -> bool {
        let value = u64::from(value);
        match address.wrapping_sub(MTIMECMP) {
            0 => self.compare = self.compare >> 32 << 32 | value,
            4 => self.compare = self.compare & 0xFFFF_FFFF | value << 32,
            // The time cannot be set.
            _ => return self.read(address).is_some(),
        }
        self.alarm = self.compare.saturating_mul(NANOSECONDS_PER_TICK);
        true
    }
}
