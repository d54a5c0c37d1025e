//! Every return address has a call before it, as objdump shows them; in another build of the program, few have.

use crate::toolchain::{self, Call, Toolchain};
use leakscope_symbols::Symbols;
use std::path::Path;

/// How many of these addresses have a call before them in a program.
fn behind_calls(elf: &Path, addresses: &[u64]) -> usize {
    let symbols = Symbols::open(elf).unwrap();
    let is_behind = |address: &&u64| symbols.is_behind_call(**address) == Some(true);
    addresses.iter().filter(is_behind).count()
}

fn check(toolchain: Toolchain, is_thumb: bool) {
    if !toolchain.is_here() {
        return;
    }
    let [traced, other] = [0, 1].map(|_| tempfile::tempdir().unwrap());
    let built = toolchain.build(traced.path(), "calls.c", &["-g", "-O1"]);
    let rebuilt = toolchain.build(other.path(), "calls.c", &["-g", "-O0"]);
    let calls = toolchain.calls(&built);
    assert!(calls.len() >= 12, "{calls:?}");
    let thumb_bit = u64::from(is_thumb);
    let address = |call: &Call| call.return_address | thumb_bit;
    let addresses: Vec<u64> = calls.iter().map(address).collect();
    assert_eq!(behind_calls(&built, &addresses), calls.len());
    assert!(
        behind_calls(&rebuilt, &addresses) * 2 < calls.len(),
        "{}",
        toolchain.prefix
    );
    // No instruction before a call is one itself, but for calls in a row.
    let starts: Vec<u64> = calls.iter().map(|call| call.address | thumb_bit).collect();
    let in_a_row = starts
        .iter()
        .filter(|start| addresses.contains(start))
        .count();
    assert!(
        behind_calls(&built, &starts) <= in_a_row + 1,
        "{}",
        toolchain.prefix
    );
}

#[test]
fn on_all_machines() {
    check(toolchain::HOST, false);
    check(toolchain::ARM, true);
    check(toolchain::ARM_A32, false);
    check(toolchain::RISCV32, false);
    check(toolchain::RISCV64, false);
    check(toolchain::XTENSA, false);
}

/// A whole standard library, with calls of all forms.
#[test]
fn of_a_program_in_rust() {
    if !toolchain::HOST.is_here() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let elf = toolchain::build_rust(directory.path(), &[]);
    let calls = toolchain::HOST.calls(&elf);
    assert!(calls.len() > 1000);
    let addresses: Vec<u64> = calls.iter().map(|call| call.return_address).collect();
    assert_eq!(behind_calls(&elf, &addresses), calls.len());
    // The same addresses, had the linker put the program elsewhere.
    let moved: Vec<u64> = addresses.iter().map(|address| address + 32).collect();
    assert!(behind_calls(&elf, &moved) * 5 < calls.len());
}
