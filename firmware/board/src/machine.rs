//! The machine: hart, bus and program together.

use crate::bus::Bus;
use crate::elf::Program;
use crate::hart::{Hart, Step};
use crate::memory::Memory;
use crate::peripherals::{self, Peripherals};
use crate::semihosting::{self, Host};

/// What a machine consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// The memories of an ESP32-C3.
    Esp32C3,
    /// The memories of an ESP32-H4, which has two harts.
    Esp32H4,
    /// The memory of QEMU's `virt`: so that the same program can run in both.
    Virt,
}

/// One hart or two, with memory and a program.
#[derive(Debug)]
pub struct Machine {
    /// The first core.
    pub hart: Hart,
    /// The other one, if there are two.
    pub second: Option<Hart>,
    /// All that it reaches by an address.
    pub bus: Bus,
    model: Model,
    entry: u32,
    host: Option<Host>,
    /// The program has not begun since the last reset.
    is_booting: bool,
}

/// Why [`Machine::run`] returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// It has executed as many instructions as it was asked for.
    Budget,
    /// The hart waits for an interrupt.
    Waiting,
    /// The hart is in debug mode.
    Halted,
    /// It was reset, and the debugger has not seen to that yet.
    Booting,
    /// The program has ended, with this code.
    Exited(i32),
}

impl Model {
    fn bus(self) -> Bus {
        const MIB: usize = 1 << 20;
        match self {
            Self::Esp32C3 => Bus::new(
                vec![
                    // SRAM 1, as data and as code.
                    Memory::new(&[0x3FC8_0000, 0x4038_0000], 0x6_0000),
                    // Flash, through the cache, as data and as code: two views of one memory here.
                    Memory::new(&[0x3C00_0000, 0x4200_0000], 8 * MIB),
                    // SRAM 0, and the internal ROM.
                    Memory::new(&[0x4037_C000], 0x4000),
                    Memory::new(&[0x4000_0000], 0x6_0000),
                    Memory::new(&[0x5000_0000], 0x2000),
                ],
                Peripherals::new(peripherals::ESP32, peripherals::RTC_CNTL_OPTIONS0),
            ),
            Self::Esp32H4 => Bus::new(
                vec![
                    // SRAM, for data and code.
                    Memory::new(&[0x4080_0000], 0x8_0000),
                    Memory::new(&[0x4200_0000], 8 * MIB),
                    // The internal ROM.
                    Memory::new(&[0x4000_0000], 0x5_0000),
                ],
                Peripherals::new(peripherals::ESP32, peripherals::LP_AON_SYS_CFG),
            ),
            Self::Virt => Bus::new(
                vec![Memory::new(&[0x8000_0000], 32 * MIB)],
                Peripherals::new(0..0, 0),
            ),
        }
    }
}

impl Model {
    /// What its JTAG TAP says it is.
    pub fn id_code(self) -> u32 {
        match self {
            Self::Esp32C3 | Self::Virt => 0x0000_5C25,
            Self::Esp32H4 => 0x0001_CC25,
        }
    }

    /// The harts, about to begin.
    fn harts(self, entry: u32) -> (Hart, Option<Hart>) {
        let second = (self == Self::Esp32H4).then(|| Hart::new(1, entry));
        (Hart::new(0, entry), second)
    }
}

impl Machine {
    /// A machine with a program in its memory, about to begin.
    ///
    /// # Errors
    /// If the program lies where the machine has no memory.
    pub fn new(model: Model, program: &Program) -> Result<Self, crate::bus::AccessFault> {
        let mut bus = model.bus();
        for (address, bytes) in &program.segments {
            bus.bytes_mut(*address, bytes.len() as u32)?
                .copy_from_slice(bytes);
        }
        let (hart, second) = model.harts(program.entry);
        Ok(Self {
            hart,
            second,
            bus,
            model,
            entry: program.entry,
            host: None,
            is_booting: false,
        })
    }

    /// With a host that answers semihosting calls that no debugger takes.
    #[must_use]
    pub fn with_host(mut self, host: Host) -> Self {
        self.host = Some(host);
        self
    }

    /// Which one it is.
    pub fn model(&self) -> Model {
        self.model
    }

    /// Its harts.
    pub fn harts(&self) -> impl Iterator<Item = &Hart> {
        std::iter::once(&self.hart).chain(&self.second)
    }

    /// The same, to be changed.
    pub fn harts_mut(&mut self) -> impl Iterator<Item = &mut Hart> {
        std::iter::once(&mut self.hart).chain(&mut self.second)
    }

    /// Begins anew; memory keeps what is in it, as an ESP32-C3's does.
    pub fn reset(&mut self) {
        (self.hart, self.second) = self.model.harts(self.entry);
        for hart in self.harts_mut() {
            hart.debug.has_reset = true;
        }
        self.bus.timer = crate::timer::Timer::default();
        self.bus.peripherals.wants_reset = false;
        self.is_booting = true;
    }

    /// Begins anew if somebody has written to the register for that.
    pub fn reset_if_wanted(&mut self) {
        if self.bus.peripherals.wants_reset {
            self.reset();
        }
    }

    /// An ESP32-C3 spends some hundred milliseconds in its ROM and its bootloader, in which a debugger finds out that
    /// it was reset, and has calls to it (`ebreak`) come to it again. Here, that lasts as long as the debugger needs.
    fn is_in_rom(&mut self) -> bool {
        let is_ready = self.harts().all(|hart| hart.debug.takes_ebreak());
        self.is_booting &= self.bus.peripherals.has_debugger && !is_ready;
        self.is_booting
    }

    /// Executes up to `budget` instructions, of each hart.
    pub fn run(&mut self, budget: u32) -> Pause {
        for _ in 0..budget {
            if self.is_booting && self.is_in_rom() {
                return Pause::Booting;
            }
            let mut step = self.hart.step(&mut self.bus);
            if step == Step::Breakpoint {
                step = Step::Done;
                if let Some(code) = self.breakpoint() {
                    return Pause::Exited(code);
                }
            }
            if let Some(second) = &mut self.second {
                step = match second.step(&mut self.bus) {
                    Step::Done => Step::Done,
                    Step::Breakpoint => {
                        second.trap_breakpoint();
                        Step::Done
                    }
                    // What the first does is what the machine does, unless that stands still.
                    other if step == Step::Halted => other,
                    Step::Waiting | Step::Halted => step,
                };
            }
            match step {
                Step::Halted => return Pause::Halted,
                Step::Waiting => {
                    self.bus.timer.advance();
                    return Pause::Waiting;
                }
                Step::Done | Step::Breakpoint => self.bus.timer.advance(),
            }
            self.reset_if_wanted();
        }
        Pause::Budget
    }

    /// Runs the program to its end, as fast as it goes; its exit code. `None` if it waits for ever.
    pub fn run_to_end(&mut self) -> Option<i32> {
        loop {
            match self.run(1_000_000) {
                Pause::Budget => {}
                Pause::Waiting if self.bus.timer.has_alarm() => self.bus.timer.skip_to_alarm(),
                Pause::Waiting | Pause::Halted | Pause::Booting => return None,
                Pause::Exited(code) => return Some(code),
            }
        }
    }

    /// `ebreak` without a debugger: a call to the host, or an exception. The exit code if the program ends.
    fn breakpoint(&mut self) -> Option<i32> {
        match &mut self.host {
            Some(host) if semihosting::is_call(&self.bus, self.hart.pc) => {
                let ended = host.answer(&mut self.hart, &mut self.bus);
                self.hart.pc = self.hart.pc.wrapping_add(4);
                ended
            }
            _ => {
                self.hart.trap_breakpoint();
                None
            }
        }
    }
}
