//! Console logs with dumps of several builds.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use leakscope_symbols::Symbols;

use super::Program;
use crate::run::leakscope;

/// A device tells its program when it starts, so that the dumps of one log have their names from two files. Where it is not told,
/// nobody knows which.
#[test]
fn dumps_of_two_builds_in_one_log() {
    let Some(program) = Program::compiled() else {
        return;
    };
    let other = program.built(
        "other.elf",
        &["-g", "-no-pie", "-fno-pic", "-Wl,-Ttext-segment=0x500000"],
    );
    let started = |elf: &Path, blocks: u32| {
        let symbols = Symbols::open(elf).expect("an ELF file");
        let caller = symbols.symbol("in_app_main").expect("a symbol").address;
        let mut records = String::new();
        for block in 0..blocks {
            let address = 0x3fc9_0000 + 64 * block;
            let _ = writeln!(
                records,
                "    24 bytes (@ {address:#010x}, Internal) allocated CPU 0 ccount 0x00000100 caller {caller:#010x}:"
            );
        }
        format!(
            "I (36) app_init: ELF file SHA256:  {}...\n====== Heap Trace: {blocks} records (9 capacity) ======\n{records}\
             ====== Heap Trace Summary ======\nMode: Heap Trace Leaks\n{} bytes 'leaked' in trace ({blocks} allocations)\n\
             ================================\n",
            &symbols.file_sha256()[..9],
            24 * blocks
        )
    };
    let log = started(&program.elf, 3) + &started(&other, 2);
    let path = program.folder.path().join("monitor.log");
    let diff = |log: &str, code: i32| {
        fs::write(&path, log).expect("a file");
        let words = "diff monitor.log --before-elf app.elf --elf other.elf --fail-on worse";
        let ran = leakscope(words.split(' '))
            .in_folder(program.folder.path())
            .end();
        assert_eq!(ran.code, code, "{}{}", ran.stdout, ran.stderr);
        ran.stdout + &ran.stderr
    };
    assert!(diff(&log, 0).starts_with("1 better."));
    let untold = log.replace("ELF file SHA256", "something else");
    assert!(diff(&untold, 2).contains("split the log"));
}
