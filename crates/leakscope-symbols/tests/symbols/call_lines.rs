//! The line of a return address is the line of the call: for each call that objdump shows, what
//! addr2line says of the call's own address.

use crate::toolchain::{self, OracleFrame, Toolchain};
use leakscope_symbols::{AddressKind, Symbols};
use leakscope_testing::needs::has_tool;

fn check(toolchain: Toolchain, source: &str, flags: &[&str]) {
    let directory = tempfile::tempdir().unwrap();
    let elf = toolchain.build(directory.path(), source, flags);
    let symbols = Symbols::open(&elf).unwrap();
    assert!(symbols.has_debug_info());

    let calls = toolchain.calls(&elf);
    assert!(calls.len() >= 12, "{calls:?}");
    let addresses: Vec<u64> = calls.iter().map(|call| call.address).collect();
    let expected = toolchain.addr2line(&elf, &addresses);
    let mut naive_is_wrong = 0;
    for (call, expected) in calls.iter().zip(&expected) {
        let frames = symbols.frames(call.return_address, AddressKind::ReturnAddress);
        assert_eq!(
            &OracleFrame::all(&frames),
            expected,
            "{} {source} {flags:?}: the call at {:#x}",
            toolchain.prefix,
            call.address
        );
        let inlined: Vec<bool> = frames.iter().map(|frame| frame.inlined).collect();
        let (last, others) = inlined.split_last().unwrap();
        assert!(!last && others.iter().all(|inlined| *inlined));
        let naive = symbols.frames(call.return_address, AddressKind::Exact);
        naive_is_wrong += usize::from(
            naive.first().map(|frame| frame.line) != frames.first().map(|frame| frame.line),
        );
    }
    // The test could not tell the right answer from the obvious one otherwise.
    assert!(naive_is_wrong > 0);
}

fn check_all(toolchain: Toolchain) {
    if !toolchain.is_here() {
        return;
    }
    for version in ["-gdwarf-2", "-gdwarf-3", "-gdwarf-4", "-gdwarf-5"] {
        for level in ["-O0", "-O1", "-Os", "-O2"] {
            check(toolchain, "calls.c", &[version, level]);
        }
    }
    for extra in [
        "-ffunction-sections",
        "-gstrict-dwarf",
        "-gz=zlib",
        "-fdebug-types-section",
    ] {
        check(toolchain, "calls.c", &["-g", "-O2", extra]);
    }
    check(
        toolchain,
        "calls.c",
        &["-gdwarf-2", "-gstrict-dwarf", "-O2", "-ffunction-sections"],
    );
    // Of DWARF 5 after link-time optimisation, binutils 2.40 names the wrong file.
    check(toolchain, "calls.c", &["-gdwarf-4", "-O2", "-flto"]);
}

#[test]
fn on_this_machine() {
    check_all(toolchain::HOST);
}

#[test]
fn on_thumb() {
    check_all(toolchain::ARM);
}

#[test]
fn on_arm() {
    check_all(toolchain::ARM_A32);
}

#[test]
fn on_riscv32() {
    check_all(toolchain::RISCV32);
}

#[test]
fn on_riscv64() {
    check_all(toolchain::RISCV64);
}

#[test]
fn on_xtensa() {
    check_all(toolchain::XTENSA);
}

#[test]
fn in_cpp() {
    if toolchain::HOST.is_here() && has_tool("g++") {
        for level in ["-O0", "-O2"] {
            check(toolchain::HOST, "names.cpp", &["-g", level]);
        }
    }
}
