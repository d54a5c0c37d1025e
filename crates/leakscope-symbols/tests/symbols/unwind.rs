//! Call stacks without frame pointers, against those that the C library and gdb find.

use crate::toolchain::{ARM, HOST, RISCV32, Toolchain, program, run};
use leakscope_symbols::{AddressKind, Candidate, FoundBy, ScannedStack, Symbols, UnwoundStack};
use leakscope_testing::needs::has_tool;
use std::process::Command;

/// How often `programs/unwind.c` calls `hook`.
const EVENTS: usize = 300;

/// A call of `hook`.
struct Event {
    return_address: u64,
    /// What the stack holds, from the stack pointer up.
    words: Vec<u64>,
    /// The call stack, from the return address on, as far as the oracle finds it.
    truth: Vec<u64>,
}

impl Event {
    /// `401719 | 7 401875 0 … | 4017c0 401719 401875 …`
    fn parse(line: &str) -> Option<Self> {
        let mut parts = line.split('|').map(|part| {
            let numbers = part.split_whitespace();
            let numbers = numbers.map(|number| u64::from_str_radix(number, 16));
            numbers.collect::<Result<Vec<u64>, _>>()
        });
        let mut part = || parts.next()?.ok();
        let (return_address, words, all) = (*part()?.first()?, part()?, part()?);
        // gdb leaves out the Thumb bit.
        let is_first = |frame: &u64| *frame == return_address || *frame == return_address & !1;
        let first = all.iter().position(is_first)?;
        Some(Self {
            return_address,
            words,
            truth: all[first..].to_vec(),
        })
    }

    /// What is found of what a device would send that looks at so many words, and sends so many.
    fn unwind(&self, symbols: &Symbols, words: usize, most: usize) -> UnwoundStack {
        let words = &self.words[..self.words.len().min(words)];
        let mut candidates: Vec<Candidate> = (0..)
            .zip(words)
            .filter(|(_, word)| symbols.is_code(**word, AddressKind::ReturnAddress))
            .map(|(place, &address)| Candidate { place, address })
            .collect();
        let is_full = candidates.len() > most;
        candidates.truncate(most);
        symbols.unwind(&ScannedStack {
            return_address: self.return_address,
            candidates: &candidates,
            words: words.len() as u32,
            is_full,
        })
    }
}

/// A program, and all its events.
struct Run {
    symbols: Symbols,
    events: Vec<Event>,
    /// Bits of a return address that are none of the address.
    marks: u64,
}

impl Run {
    fn new(elf: &std::path::Path, printed: &str, marks: u64) -> Self {
        let events: Vec<Event> = printed.lines().filter_map(Event::parse).collect();
        assert_eq!(events.len(), EVENTS, "{printed}");
        let symbols = Symbols::open(elf).unwrap();
        Self {
            symbols,
            events,
            marks,
        }
    }

    /// The frames that are exact, and all.
    fn frames(&self, stack: &UnwoundStack) -> (Vec<u64>, Vec<u64>) {
        let address = |frame: &leakscope_symbols::UnwoundFrame| frame.return_address & !self.marks;
        let is_exact = |frame: &&leakscope_symbols::UnwoundFrame| frame.found_by == FoundBy::Rule;
        let exact = stack.frames.iter().take_while(is_exact).map(address);
        (exact.collect(), stack.frames.iter().map(address).collect())
    }

    /// How many of these frames are in the function that calls itself as often as the program says.
    fn depth(&self, frames: &[u64]) -> usize {
        let is_recursive = |address: &&u64| {
            let frames = self.symbols.frames(**address, AddressKind::ReturnAddress);
            frames[0].function.as_deref() == Some("recursive")
        };
        frames.iter().filter(is_recursive).count()
    }

    fn check(&self) {
        let mut resynchronised = 0;
        for (round, event) in self.events.iter().enumerate() {
            let whole = event.unwind(&self.symbols, usize::MAX, usize::MAX);
            let (exact, all) = self.frames(&whole);
            if exact.len() == all.len() {
                assert_eq!(all, event.truth, "round {round}");
            } else {
                resynchronised += 1;
                assert_eq!(exact, event.truth[..exact.len()], "round {round}");
            }
            assert!(!whole.is_cut_off, "round {round}");
            assert_eq!(self.depth(&all), round % 9 + 1, "round {round}: {all:x?}");

            for (words, most) in [(16, 4), (48, 8), (128, 16)] {
                let mut part = event.unwind(&self.symbols, words, most);
                let count = part.frames.len();
                // A frame that is only possible may be wrong where the device has not looked at all words: it says so.
                part.frames
                    .retain(|frame| frame.found_by < FoundBy::PossibleCall);
                let (_, found) = self.frames(&part);
                assert_eq!(
                    found,
                    all[..found.len()],
                    "round {round}, {words} words, {most} of them"
                );
                // Whether a function without call frame information has a caller, only its caller tells.
                let last = self
                    .symbols
                    .frames(found[found.len() - 1], AddressKind::ReturnAddress);
                let is_bare = last[0].function.as_deref() == Some("bare");
                if !is_bare && part.frames.len() == count {
                    assert_eq!(part.is_cut_off, found.len() < all.len(), "round {round}");
                }
            }
        }
        // The variable array, and the function without call frame information.
        assert!(resynchronised > EVENTS / 20 && resynchronised < EVENTS / 2);
    }
}

#[test]
fn stacks_of_a_host_are_those_of_the_c_library() {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) || !HOST.is_here() {
        return;
    }
    for level in ["-O1", "-O2", "-Os"] {
        let folder = tempfile::tempdir().unwrap();
        let elf = folder.path().join("program");
        run(Command::new("gcc")
            .args([
                "-g",
                "-static",
                "-no-pie",
                "-fno-inline",
                "-fomit-frame-pointer",
            ])
            .args([level, "-o"])
            .arg(&elf)
            .arg(program("unwind.c")));
        Run::new(&elf, &run(&mut Command::new(&elf)), 0).check();
    }
}

/// In an emulator, with gdb as the one who knows.
fn check_emulated(toolchain: Toolchain, emulator: &str, places: &[&str], marks: u64) {
    let tools = [emulator.split(' ').next().unwrap(), "gdb-multiarch"];
    if !toolchain.is_here() || !tools.iter().all(|tool| has_tool(tool)) {
        return;
    }
    for level in ["-O2", "-Os"] {
        let folder = tempfile::tempdir().unwrap();
        let flags = [&["-g", "-fno-inline", level], places].concat();
        let elf = toolchain.build(folder.path(), "unwind.c", &flags);
        let silent = "-display none -monitor none -serial none -gdb stdio -S -kernel";
        let printed = run(Command::new("gdb-multiarch")
            .args(["-batch", "-nx", "-ex"])
            .arg(format!(
                "target remote | {emulator} {silent} {}",
                elf.display()
            ))
            .arg("-x")
            .arg(program("unwind.py"))
            .arg(&elf));
        Run::new(&elf, &printed, marks).check();
    }
}

#[test]
fn stacks_of_thumb_are_those_of_gdb() {
    let places = [
        "-Wl,--section-start=.first=0",
        "-Wl,-Ttext=0x100",
        "-Wl,-Tdata=0x20000000",
    ];
    check_emulated(ARM, "qemu-system-arm -M mps2-an385", &places, 1);
}

#[test]
fn stacks_of_risc_v_are_those_of_gdb() {
    let places = [
        "-Wl,--section-start=.first=0x80000000",
        "-Wl,-Ttext=0x80001000",
        "-Wl,-Tdata=0x80080000",
    ];
    check_emulated(
        RISCV32,
        "qemu-system-riscv32 -M virt -bios none",
        &places,
        0,
    );
}
