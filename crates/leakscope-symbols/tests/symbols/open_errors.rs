//! Files that are no programs, and what is said of them.

use crate::toolchain::{self, HOST};
use leakscope_symbols::{NotElf, OpenError, Symbols};
use leakscope_testing::needs::has_tool;
use std::path::Path;

fn error(bytes: &[u8]) -> OpenError {
    Symbols::from_bytes(bytes.to_vec()).unwrap_err()
}

#[test]
fn other_files_are_recognised() {
    for (bytes, expected) in [
        (&b""[..], "not an ELF file, but an empty file"),
        (
            b"\xe9\x06\x02\x20",
            "not an ELF file, but an Espressif flash image (.bin)",
        ),
        (
            b":020000040800F2\n",
            "not an ELF file, but an Intel HEX file",
        ),
        (b"UF2\nWQ\x5d\x9e", "not an ELF file, but a UF2 image"),
        (
            b"!<arch>\n/",
            "not an ELF file, but an archive of object files (.a)",
        ),
        (
            b"; Version     Comment\n",
            "not an ELF file, but a SystemView trace",
        ),
        (b"PK\x03\x04", "not an ELF file, but a compressed file"),
        (
            b"abc",
            "not an ELF file, but a file that begins with the bytes 61 62 63 00",
        ),
    ] {
        let error = error(bytes);
        assert_eq!(error.to_string(), expected);
        assert!(!error.hint().is_empty());
    }
    let trace = error(b"; Version");
    assert!(matches!(trace, OpenError::NotElf(NotElf::Trace)));
    assert!(trace.hint().contains("--elf"));
}

#[test]
fn a_missing_file_is_not_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    let missing = Symbols::open(&directory.path().join("missing.elf"));
    assert!(matches!(missing, Err(OpenError::NotFound)));
    assert!(matches!(
        Symbols::open(directory.path()),
        Err(OpenError::Read(_))
    ));
}

#[test]
fn a_program_cut_anywhere_is_truncated() {
    if !HOST.is_here() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let elf = HOST.build(directory.path(), "calls.c", &["-g"]);
    let bytes = std::fs::read(elf).unwrap();
    let cuts = (4..bytes.len()).step_by(97).chain([bytes.len() - 1]);
    for cut in cuts {
        match error(&bytes[..cut]) {
            OpenError::Truncated { length, expected } => {
                assert_eq!(length, cut as u64);
                assert!(expected > length && expected <= bytes.len() as u64);
            }
            other => panic!("{cut}: {other:?}"),
        }
    }
}

#[test]
fn an_object_file_is_not_linked() {
    if !has_tool("gcc") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let object = HOST.build(directory.path(), "calls.c", &["-c"]);
    assert!(matches!(
        Symbols::open(Path::new(&object)),
        Err(OpenError::NotLinked)
    ));
}

#[test]
fn the_hash_is_that_of_the_file() {
    if !HOST.is_here() || !has_tool("sha256sum") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let elf = HOST.build(directory.path(), "calls.c", &["-g"]);
    let sum = toolchain::run(std::process::Command::new("sha256sum").arg(&elf));
    let symbols = Symbols::open(&elf).unwrap();
    assert_eq!(Some(symbols.file_sha256()), sum.split_whitespace().next());
}
