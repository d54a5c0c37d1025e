//! The crate runs on targets without an operating system or a heap.

use std::path::Path;

/// Under `#![no_std]` the compiler refuses every path into `std` and `alloc`, unless `extern crate` lets
/// them in.
#[test]
fn nothing_lets_std_or_alloc_in() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let root = std::fs::read_to_string(sources.join("lib.rs")).expect("lib.rs");
    assert!(root.lines().any(|line| line == "#![no_std]"));
    for entry in sources.read_dir().expect("src") {
        let path = entry.expect("an entry").path();
        let source = std::fs::read_to_string(&path).expect("a source file");
        assert!(!source.contains("extern crate"), "{}", path.display());
    }
}
