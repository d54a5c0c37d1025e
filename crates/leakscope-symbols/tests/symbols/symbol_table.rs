//! Names where debug information has none.

use crate::toolchain::{ARM, HOST, RISCV32, Toolchain};
use leakscope_symbols::{AddressKind, CodeFrame, Symbols};
use leakscope_testing::needs::has_tool;

fn only_function(frames: &[CodeFrame]) -> Option<&str> {
    let [frame] = frames else {
        panic!("{frames:?}");
    };
    assert!(!frame.inlined && frame.file.is_none() && frame.line.is_none());
    frame.function.as_deref()
}

/// The functions around each call, as debug information has them, stay when it is gone.
fn check(toolchain: Toolchain, source: &str) {
    if !toolchain.is_here() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let elf = toolchain.build(directory.path(), source, &["-g", "-O1"]);
    let calls = toolchain.calls(&elf);
    let full = Symbols::open(&elf).unwrap();
    toolchain.strip(&elf, "--strip-debug");
    let bare = Symbols::open(&elf).unwrap();
    assert!(full.has_debug_info() && !bare.has_debug_info());
    for call in &calls {
        let full = full.frames(call.return_address, AddressKind::ReturnAddress);
        let bare = bare.frames(call.return_address, AddressKind::ReturnAddress);
        assert_eq!(
            only_function(&bare),
            full.last().unwrap().function.as_deref()
        );
    }

    toolchain.strip(&elf, "--strip-all");
    let nothing = Symbols::open(&elf).unwrap();
    assert_eq!(nothing.symbol("take"), None);
    for call in &calls {
        assert!(nothing.is_code(call.return_address, AddressKind::ReturnAddress));
        let frames = nothing.frames(call.return_address, AddressKind::ReturnAddress);
        assert!(frames.is_empty());
    }
}

#[test]
fn names_functions() {
    check(HOST, "calls.c");
    check(ARM, "calls.c");
    check(RISCV32, "calls.c");
}

#[test]
fn names_cpp_functions() {
    if has_tool("g++") {
        check(HOST, "names.cpp");
    }
}

#[test]
fn is_searched_by_mangled_and_by_demangled_name() {
    if !HOST.is_here() || !has_tool("g++") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let elf = HOST.build(directory.path(), "names.cpp", &["-g"]);
    let symbols = Symbols::open(&elf).unwrap();
    let mangled = symbols.symbol("_ZNK4heap4PoolIiLi4EE3getEj").unwrap();
    let demangled = symbols.symbol("heap::Pool<int, 4>::get(unsigned int) const");
    assert_eq!(demangled, Some(mangled));
    for name in ["", "_ZNK4heap4PoolIiLi4EE3getE", "get", "no_such_name"] {
        assert_eq!(symbols.symbol(name), None, "{name}");
    }
}

/// Assembly code: functions without a size, labels without a type, marks of the instruction set.
#[test]
fn knows_assembly_code() {
    if !ARM.is_here() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let elf = ARM.build(directory.path(), "assembly.s", &[]);
    let symbols = Symbols::open(&elf).unwrap();
    let base = symbols.symbol("typed").unwrap().address;
    for (offset, name) in [
        (0, "typed"),
        (2, "typed"),
        (4, "untyped"),
        (6, "untyped"),
        (8, "sized"),
        (10, "sized"),
        (12, "sized"),
        (14, "last"),
    ] {
        let frames = symbols.frames(base + offset, AddressKind::Exact);
        assert_eq!(only_function(&frames), Some(name), "{offset}");
    }
}
