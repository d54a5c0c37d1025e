//! The notes of a core dump: registers of each thread, and who has written the file.
//!
//! `prstatus`: Linux, `include/uapi/linux/elfcore.h`, and `elf_gregset_t` of each processor. ESP-IDF follows it
//! (`components/espcoredump/src/port`), with the task's control block as the process number.

use object::Endianness;
use object::elf::NoteType;
use object::read::elf::{FileHeader, NoteIterator};

use super::{About, Problem, Thread, Words};

/// A processor, as an ELF header names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    /// `e_machine`.
    pub number: u16,
    /// Whether it is the kind with 64 bits.
    pub is_64_bit: bool,
}

/// Where registers are in a `prstatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Registers {
    /// The first one's offset in bytes.
    pub(super) offset: usize,
    /// How many there are.
    pub(super) count: usize,
    /// Which of them is the stack pointer.
    pub(super) stack_pointer: usize,
}

impl Thread {
    /// The registers that a GDB server has sent (`g`), in the order of a core dump; `None` if the processor is not known, or
    /// they are too few.
    ///
    /// Orders: GDB's `arm-m-profile.xml`, `riscv/32bit-cpu.xml`, and `xtensa-config.c` of Espressif's GDB.
    pub fn of_gdb(machine: Machine, words: Words, id: u64, sent: &[u8]) -> Option<Self> {
        let all: Vec<u64> = sent
            .chunks_exact(words.size())
            .map(|word| words.pointer(word))
            .collect();
        let reserved = || std::iter::repeat_n(Some(0), 56);
        let at = |index: usize| all.get(index).copied();
        let registers: Option<Vec<u64>> = match machine.number {
            40 => (0..17).map(at).chain([Some(0)]).collect(),
            243 => [32].into_iter().chain(1..32).map(at).collect(),
            94 => [0, 73, 65, 66, 67, 68, 70, 69]
                .into_iter()
                .map(at)
                .chain(reserved())
                .chain((1..=64).map(at))
                .collect(),
            _ => None,
        };
        Some(Self::new(machine, id, registers?))
    }

    /// Of registers in the order of a core dump.
    fn new(machine: Machine, id: u64, registers: Vec<u64>) -> Self {
        let window = if machine == Machine::XTENSA {
            window(&registers)
        } else {
            0
        };
        let place = machine
            .registers()
            .map(|place| place.stack_pointer + window);
        Self {
            id,
            stack_pointer: place.and_then(|place| registers.get(place).copied()),
            registers,
        }
    }
}

impl Machine {
    /// ARM, 32 bits.
    pub const ARM: Self = Self {
        number: 40,
        is_64_bit: false,
    };
    /// RISC-V, 32 bits.
    pub const RISCV32: Self = Self {
        number: 243,
        is_64_bit: false,
    };
    /// Xtensa.
    pub const XTENSA: Self = Self {
        number: 94,
        is_64_bit: false,
    };

    pub(super) const fn registers(self) -> Option<Registers> {
        let (count, stack_pointer) = match (self.number, self.is_64_bit) {
            (3, false) => (17, 15),
            (62, true) => (27, 19),
            (40, false) => (18, 13),
            (183, true) => (34, 31),
            (243, _) => (32, 2),
            // pc, ps, loops, shift amount, window: 8; reserved: 56; then a0, a1 is the stack pointer.
            (94, false) => (128, 65),
            _ => return None,
        };
        let offset = if self.is_64_bit { 112 } else { 72 };
        Some(Registers {
            offset,
            count,
            stack_pointer,
        })
    }
}

/// How far above `ar0` the register `a0` of an Xtensa processor is, at most so far that `a1` is one of 64.
fn window(registers: &[u64]) -> usize {
    const WINDOW_BASE: usize = 7;
    registers
        .get(WINDOW_BASE)
        .map_or(0, |&base| (base as usize % 16) * 4)
}

/// Where the number of the process is in a `prstatus`.
pub(super) const fn id_offset(words: Words) -> usize {
    if words.is_64_bit { 32 } else { 24 }
}

/// What was read of notes.
pub(super) struct Notes {
    pub(super) machine: Machine,
    words: Words,
    pub(super) threads: Vec<Thread>,
    pub(super) is_esp_idf: bool,
    pub(super) about: Option<About>,
    pub(super) problems: Vec<Problem>,
}

/// More threads than any device has: a made-up file may repeat one.
const MOST_THREADS: usize = 4096;

impl Notes {
    pub(super) fn new(machine: Machine, words: Words) -> Self {
        Self {
            machine,
            words,
            threads: Vec::new(),
            is_esp_idf: false,
            about: None,
            problems: Vec::new(),
        }
    }

    pub(super) fn read<Header: FileHeader<Endian = Endianness>>(
        &mut self,
        notes: &mut NoteIterator<'_, Header>,
        endian: Endianness,
    ) {
        const PRSTATUS: NoteType = NoteType(1);
        loop {
            let note = match notes.next() {
                Ok(Some(note)) => note,
                Ok(None) => return,
                Err(_) => return self.problems.push(Problem::Notes),
            };
            let name = note
                .name()
                .split(|&byte| byte == 0)
                .next()
                .unwrap_or_default();
            match (name, note.n_type(endian)) {
                (b"CORE", PRSTATUS) => self.thread(note.desc()),
                (super::about::NAME, _) => self.about = Some(About::read(note.desc())),
                (name, _) if name.starts_with(b"ESP_") => self.is_esp_idf = true,
                _ => {}
            }
        }
    }

    fn thread(&mut self, status: &[u8]) {
        let size = self.words.size();
        let word = |at: usize| {
            status
                .get(at..at + size)
                .map(|bytes| self.words.pointer(bytes))
        };
        // 32 bits everywhere.
        let at = id_offset(self.words);
        let narrow = Words {
            is_64_bit: false,
            ..self.words
        };
        let id = status
            .get(at..at + 4)
            .map_or(0, |bytes| narrow.pointer(bytes));
        let registers: Option<Vec<u64>> = self.machine.registers().and_then(|place| {
            let all = (0..place.count).map(|index| word(place.offset + index * size));
            all.collect()
        });
        match registers {
            None => {
                let bytes = status.len();
                self.problems.push(Problem::Registers { id, bytes });
            }
            Some(registers) if self.threads.len() < MOST_THREADS => {
                self.threads.push(Thread::new(self.machine, id, registers));
            }
            Some(_) => {}
        }
    }
}
