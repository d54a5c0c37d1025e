//! Addresses as processors and traces hold them.

use crate::toolchain::{ARM, HOST, RISCV64, XTENSA};
use leakscope_symbols::{AddressKind, Machine, Symbols};

#[test]
fn the_thumb_bit_changes_nothing() {
    if !ARM.is_here() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let elf = ARM.build(directory.path(), "calls.c", &["-g", "-O1"]);
    let symbols = Symbols::open(&elf).unwrap();
    assert_eq!(symbols.machine(), Machine::Arm);
    let take = symbols.symbol("take").unwrap();
    assert_eq!(take.address & 1, 0);
    assert!(take.size > 0);
    assert_eq!(
        symbols.frames(take.address, AddressKind::Exact),
        symbols.frames(take.address | 1, AddressKind::Exact)
    );
    for call in ARM.calls(&elf) {
        let frames = symbols.frames(call.return_address, AddressKind::ReturnAddress);
        assert!(!frames.is_empty());
        assert_eq!(
            frames,
            symbols.frames(call.return_address | 1, AddressKind::ReturnAddress)
        );
    }
}

#[test]
fn window_bits_change_nothing() {
    if !XTENSA.is_here() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let elf = XTENSA.build(directory.path(), "calls.c", &["-g", "-O1"]);
    let symbols = Symbols::open(&elf).unwrap();
    assert_eq!(symbols.machine(), Machine::Xtensa);
    for call in XTENSA.calls(&elf) {
        let frames = symbols.frames(call.return_address, AddressKind::ReturnAddress);
        assert!(!frames.is_empty());
        for window in [0x8000_0000, 0xc000_0000] {
            let address = call.return_address & 0x3fff_ffff | window;
            assert!(symbols.is_code(address, AddressKind::ReturnAddress));
            assert_eq!(frames, symbols.frames(address, AddressKind::ReturnAddress));
        }
    }
}

#[test]
fn what_is_not_code_has_no_frames() {
    if !HOST.is_here() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let elf = HOST.build(directory.path(), "calls.c", &["-g"]);
    let symbols = Symbols::open(&elf).unwrap();
    let data = symbols.symbol("sink").unwrap();
    assert_eq!(data.size, 4);
    for address in [0, 1, 2, data.address, u64::MAX - 1, u64::MAX] {
        for kind in [AddressKind::Exact, AddressKind::ReturnAddress] {
            assert!(!symbols.is_code(address, kind));
            assert!(symbols.frames(address, kind).is_empty());
        }
    }
}

#[test]
fn variables_lie_in_ram() {
    for toolchain in [HOST, ARM, RISCV64] {
        if !toolchain.is_here() {
            continue;
        }
        let directory = tempfile::tempdir().unwrap();
        let elf = toolchain.build(directory.path(), "calls.c", &["-g"]);
        let symbols = Symbols::open(&elf).unwrap();
        let is_in_ram = |name: &str| {
            let address = symbols.symbol(name).unwrap().address;
            symbols.ram().iter().any(|part| part.contains(&address))
        };
        assert!(is_in_ram("sink"));
        assert!(!is_in_ram("take"));
        assert!(symbols.ram().is_sorted_by(|a, b| a.end < b.start));
        assert_eq!(symbols.is_64_bit(), symbols.machine() != Machine::Arm);
        assert!(!symbols.is_big_endian());
    }
}
