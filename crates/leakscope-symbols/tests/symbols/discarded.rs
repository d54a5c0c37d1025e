//! Functions that the linker discarded leave debug information at address 0, where
//! microcontrollers may have their flash memory.

use crate::toolchain::{ARM, RISCV32, Toolchain, program};
use leakscope_symbols::{AddressKind, Symbols};

fn check(toolchain: Toolchain) {
    if !toolchain.is_here() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let other_source = program("discarded.c");
    for version in ["-gdwarf-2", "-gdwarf-3", "-gdwarf-4", "-gdwarf-5"] {
        let flags = [
            version,
            "-O1",
            "-ffunction-sections",
            "-Wl,--gc-sections",
            "-Wl,--undefined=vectors",
            "-Wl,--undefined=bare",
            "-Wl,--section-start=.vectors=0",
            "-Wl,-Ttext=0x40",
            other_source.to_str().unwrap(),
        ];
        let elf = toolchain.build(directory.path(), "discarded_unused.c", &flags);
        let symbols = Symbols::open(&elf).unwrap();
        assert_eq!(symbols.symbol("unused"), None);
        assert!(symbols.is_code(0, AddressKind::Exact));
        let bare = symbols.symbol("bare").unwrap();
        let frames = symbols.frames(bare.address + 8, AddressKind::Exact);
        assert_eq!(frames[0].function.as_deref(), Some("bare"), "{version}");
        assert_eq!((frames.len(), frames[0].line), (1, None));
        for (name, file, lines) in [
            ("used", "/discarded.c", 20..=25),
            ("entry", "/discarded.c", 27..=32),
            ("other", "/discarded_unused.c", 11..=14),
        ] {
            let function = symbols.symbol(name).unwrap();
            assert!(function.address < 0x200);
            for offset in (0..function.size).step_by(2) {
                let frames = symbols.frames(function.address + offset, AddressKind::Exact);
                assert_eq!(frames.len(), 1);
                assert_eq!(frames[0].function.as_deref(), Some(name), "{version}");
                assert!(frames[0].file.as_ref().unwrap().ends_with(file));
                assert!(lines.contains(&frames[0].line.unwrap()), "{frames:?}");
            }
        }
    }
}

#[test]
fn hide_no_thumb_code() {
    check(ARM);
}

#[test]
fn hide_no_riscv_code() {
    check(RISCV32);
}
