//! Names and lines of a Rust program, as binutils has them.

use crate::toolchain::{self, HOST, OracleFrame};
use leakscope_symbols::{AddressKind, CodeFrame, Symbols};
use std::collections::BTreeSet;

/// Of the standard library, one call in this many is looked up.
const STEP: usize = 20;

#[test]
fn agree_with_binutils() {
    check(&[]);
}

#[test]
fn of_the_newer_scheme_agree_with_binutils() {
    check(&["-Csymbol-mangling-version=v0"]);
}

fn check(flags: &[&str]) {
    if !HOST.is_here() || !cfg!(target_os = "linux") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let elf = toolchain::build_rust(directory.path(), flags);
    let symbols = Symbols::open(&elf).unwrap();
    let calls = HOST.calls(&elf);
    let sample: Vec<_> = calls.iter().step_by(STEP).collect();
    assert!(sample.len() > 50);
    let addresses: Vec<u64> = sample.iter().map(|call| call.address).collect();
    for (call, mut expected) in sample.iter().zip(HOST.addr2line(&elf, &addresses)) {
        let frames = symbols.frames(call.return_address, AddressKind::ReturnAddress);
        let mut frames = OracleFrame::all(&frames);
        // Without a line, binutils takes the file from the symbol table, if at all.
        for frame in frames.iter_mut().chain(&mut expected) {
            frame.file = frame.file.take().filter(|_| frame.line.is_some());
        }
        assert_eq!(frames, expected, "{call:x?}");
    }

    // `take_twice` is inlined into `main`, and calls `take` on two lines.
    let mut lines = BTreeSet::new();
    for call in &calls {
        let frames = symbols.frames(call.return_address, AddressKind::ReturnAddress);
        let named = |frame: Option<&CodeFrame>, name: &str| {
            frame.is_some_and(|frame| frame.function.as_ref().is_some_and(|it| it.ends_with(name)))
        };
        if named(frames.first(), "::take_twice") && named(frames.last(), "names::main") {
            assert!(frames[0].inlined);
            lines.extend(frames[0].line);
        }
    }
    assert_eq!(lines, BTreeSet::from([15, 16]));
}
