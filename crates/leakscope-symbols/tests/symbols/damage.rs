//! Every question is answered, for any bytes.

use crate::toolchain::{ARM, HOST, RISCV32, Toolchain, XTENSA};
use leakscope_symbols::{AddressKind, Candidate, ScannedStack, Symbols};
use object::{Object, ObjectSection, SectionKind};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::ops::Range;

/// Asks everything, at every few bytes of what was the code before the damage.
fn ask_everything(bytes: Vec<u8>, code: &[Range<u64>]) {
    let Ok(symbols) = Symbols::from_bytes(bytes) else {
        return;
    };
    let _ = (symbols.machine(), symbols.has_debug_info());
    let _ = (symbols.symbol("take"), symbols.symbol("heap::no_such()"));
    let inside = code.iter().flat_map(|range| range.clone().step_by(7));
    for address in inside.chain([0, 1, 0xffff_ffff, u64::MAX]) {
        for kind in [AddressKind::Exact, AddressKind::ReturnAddress] {
            let frames = symbols.frames(address, kind);
            assert!(frames.is_empty() || symbols.is_code(address, kind));
        }
        assert!(symbols.text(address).is_none_or(|text| !text.contains(&0)));
    }
    let candidates: Vec<Candidate> = (0..)
        .zip(code.iter().flat_map(|range| range.clone().step_by(31)))
        .map(|(place, address)| Candidate { place, address })
        .collect();
    for candidate in &candidates {
        let stack = symbols.unwind(&ScannedStack {
            return_address: candidate.address,
            candidates: &candidates,
            words: candidates.len() as u32,
            is_full: false,
        });
        assert!((1..=candidates.len() + 1).contains(&stack.frames.len()));
    }
}

struct Program {
    bytes: Vec<u8>,
    code: Vec<Range<u64>>,
    /// Where symbols, debug information and headers are: what is worth damaging.
    targets: Vec<Range<usize>>,
}

fn program(toolchain: Toolchain, flags: &[&str]) -> Option<Program> {
    if !toolchain.is_here() {
        return None;
    }
    let directory = tempfile::tempdir().unwrap();
    let elf = toolchain.build(directory.path(), "calls.c", flags);
    let bytes = std::fs::read(elf).unwrap();
    let file = object::File::parse(&*bytes).unwrap();
    let mut code = Vec::new();
    let mut targets = vec![0..64, bytes.len() - 1000..bytes.len()];
    for section in file.sections() {
        if section.kind() == SectionKind::Text {
            code.push(section.address()..section.address() + section.size());
        } else if let Some((offset, size)) = section.file_range()
            && size > 0
        {
            targets.push(offset as usize..(offset + size) as usize);
        }
    }
    Some(Program {
        bytes: bytes.clone(),
        code,
        targets,
    })
}

/// Which target, how far into it, and the byte that is put there.
fn damage() -> impl Strategy<Value = Vec<(prop::sample::Index, prop::sample::Index, u8)>> {
    let byte = prop_oneof![
        any::<u8>(),
        Just(0),
        Just(0xff),
        Just(0x80),
        Just(0x7f),
        Just(1)
    ];
    prop::collection::vec(
        (
            any::<prop::sample::Index>(),
            any::<prop::sample::Index>(),
            byte,
        ),
        1..12,
    )
}

fn check(toolchain: Toolchain, flags: &[&str]) {
    let Some(program) = program(toolchain, flags) else {
        return;
    };
    ask_everything(program.bytes.clone(), &program.code);
    let mut runner = TestRunner::new(ProptestConfig::default());
    let result = runner.run(&damage(), |damage| {
        let mut bytes = program.bytes.clone();
        for (target, offset, byte) in damage {
            let target = &program.targets[target.index(program.targets.len())];
            bytes[target.start + offset.index(target.len())] = byte;
        }
        ask_everything(bytes, &program.code);
        Ok(())
    });
    result.unwrap();
}

#[test]
fn of_dwarf_5_is_survived() {
    check(HOST, &["-gdwarf-5", "-O2"]);
}

#[test]
fn of_dwarf_4_is_survived() {
    check(ARM, &["-gdwarf-4", "-Os", "-ffunction-sections"]);
}

#[test]
fn of_dwarf_2_is_survived() {
    check(XTENSA, &["-gdwarf-2", "-O2"]);
}

#[test]
fn of_compressed_sections_is_survived() {
    check(RISCV32, &["-gdwarf-5", "-O1", "-gz=zlib"]);
}

proptest! {
    #[test]
    fn anything_after_an_elf_magic_is_survived(rest in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut bytes = b"\x7fELF".to_vec();
        bytes.extend(rest);
        ask_everything(bytes, &[]);
    }
}

/// A million inlined calls, one inside the other: enough for any stack.
#[test]
fn of_endless_nesting_is_survived() {
    if !HOST.is_here() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let elf = HOST.build(directory.path(), "nested.s", &[]);
    let symbols = Symbols::open(&elf).unwrap();
    let entry = symbols.symbol("entry").unwrap();
    let frames = symbols.frames(entry.address, AddressKind::Exact);
    assert_eq!(frames.last().unwrap().function.as_deref(), Some("entry"));
    assert!(frames[0].inlined);
}
