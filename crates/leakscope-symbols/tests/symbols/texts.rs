//! Texts that a program names by their address.

use crate::toolchain::{ARM, HOST, RISCV32};
use leakscope_symbols::Symbols;

#[test]
fn are_read_where_the_linker_put_them() {
    for toolchain in [HOST, ARM, RISCV32] {
        if !toolchain.is_here() {
            continue;
        }
        let directory = tempfile::tempdir().unwrap();
        let elf = toolchain.build(directory.path(), "formats.c", &["-g"]);
        let symbols = Symbols::open(&elf).unwrap();
        // A section that is not loaded begins at 0.
        assert_eq!(symbols.text(0), Some(&b"first: %d"[..]));
        assert_eq!(symbols.text(10), Some(&b"second: %s"[..]));
        assert_eq!(symbols.text(18), Some(&b"%s"[..]));
        let plain = symbols.symbol("plain").unwrap().address;
        assert_eq!(symbols.text(plain), Some(&b"loaded"[..]));
        assert_eq!(symbols.text(u64::MAX), None);
        assert_eq!(symbols.text(0x7FFF_0000), None);
    }
}
