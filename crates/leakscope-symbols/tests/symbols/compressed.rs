//! Compressed debug sections say the same as plain ones.

use crate::toolchain::{HOST, RISCV32, Toolchain};
use leakscope_symbols::{AddressKind, Symbols};

fn check(toolchain: Toolchain) {
    if !toolchain.is_here() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let plain = toolchain.build(directory.path(), "calls.c", &["-g3", "-O2"]);
    let calls = toolchain.calls(&plain);
    let expected = Symbols::open(&plain).unwrap();
    for format in ["-gz=zlib", "-gz=zlib-gnu"] {
        let packed = toolchain.build(directory.path(), "calls.c", &["-g3", "-O2", format]);
        let packed = Symbols::open(&packed).unwrap();
        assert_ne!(packed.file_sha256(), expected.file_sha256());
        for call in &calls {
            let frames = packed.frames(call.return_address, AddressKind::ReturnAddress);
            assert!(frames[0].line.is_some());
            assert_eq!(
                frames,
                expected.frames(call.return_address, AddressKind::ReturnAddress)
            );
        }
    }
}

#[test]
fn of_64_bits() {
    check(HOST);
}

#[test]
fn of_32_bits() {
    check(RISCV32);
}
