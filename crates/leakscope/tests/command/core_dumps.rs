//! ESP-IDF's core dumps of all RAM, without a recording.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use leakscope_memory::image::{self, About, Machine, Piece, Thread, Words};
use leakscope_symbols::Symbols;
use leakscope_testing::needs;

use crate::run::leakscope;

const COMPILER: &str = "riscv64-unknown-elf-gcc";
/// Where the allocator has blocks, of 24 bytes for the program each.
const USED: u32 = 0x3FC9_0000;
const STEP: u32 = 0x100;

/// Where the program's own bytes of a block begin, with heap poisoning.
const fn block(index: u32) -> u32 {
    USED + STEP * index + 8
}

fn build(folder: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/command/programs/chip.c");
    let program = folder.join("chip.elf");
    let built = Command::new(COMPILER)
        .args([
            "-g",
            "-march=rv32imac",
            "-mabi=ilp32",
            "-nostdlib",
            "-nostartfiles",
        ])
        .args([
            "-fno-common",
            "-Wl,-Ttext=0x42000000",
            "-Wl,-Tdata=0x3fc80000",
        ])
        .arg(source)
        .arg("-o")
        .arg(&program)
        .status();
    assert!(built.expect("the compiler runs").success());
    program
}

/// All variables, with these words in some, and four used blocks of the heap with the marks of heap poisoning.
fn core_dump(program: &Path, chip: u32, held: &[(&str, u32, u32)]) -> Vec<u8> {
    let symbols = Symbols::open(program).expect("a program");
    let mut pieces: Vec<Piece> = symbols
        .ram()
        .iter()
        .map(|range| Piece {
            address: range.start,
            bytes: vec![0; (range.end - range.start) as usize],
        })
        .collect();
    for &(name, offset, word) in held {
        let address = symbols.symbol(name).expect("a variable").address + u64::from(offset);
        let holds = |piece: &&mut Piece| {
            (piece.address..piece.address + piece.bytes.len() as u64).contains(&address)
        };
        let piece = pieces.iter_mut().find(holds).expect("its memory");
        let at = (address - piece.address) as usize;
        piece.bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
    }
    // In front of the last block, there is also the address of the task that has it.
    let heads: [&[u32]; 4] = [
        &[0xABBA_1234, 24],
        &[0xABBA_1234, 24],
        &[0xABBA_1234, 24],
        &[0xABBA_1234, 0x3FC9_8000, 24],
    ];
    pieces.extend((0..).zip(heads).map(|(index, head)| {
        let words = [head, &[0; 6], &[0xBAAD_5678]].concat();
        Piece {
            address: u64::from(block(index)) - 4 * head.len() as u64,
            bytes: words.into_iter().flat_map(u32::to_le_bytes).collect(),
        }
    }));
    let thread = Thread {
        id: 1,
        registers: vec![0; 32],
        stack_pointer: None,
    };
    let core = image::write(
        Machine::RISCV32,
        Words::default(),
        &[thread],
        &pieces,
        &About::default(),
    );
    // Version 1.0: length, version, tasks, size of a control block, segments; and a CRC that is wrong.
    let header = [20 + core.len() as u32 + 4, chip << 16 | 1 << 8, 1, 0, 0].map(u32::to_le_bytes);
    [header.concat(), core, vec![0; 4]].concat()
}

#[test]
fn blocks_begin_where_the_programs_pointers_do_and_floats_are_named() {
    if !needs::has_tool(COMPILER) {
        return needs::skip(COMPILER);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let program = build(folder.path());
    let dump = folder.path().join("core.bin");
    // By a pointer; by a float from 1.5 to 2; by an address of the instruction bus; by nobody.
    let held = [
        ("g_head", 0, block(0)),
        ("g_samples", 8, block(1)),
        ("g_far", 0, block(2) + 0x70_0000),
    ];
    fs::write(&dump, core_dump(&program, 0x7777, &held)).expect("written");
    let look = |more: &[&str]| {
        let run = leakscope(["image"])
            .on(&[&dump])
            .on(&["--elf".as_ref(), program.as_path()]);
        let ran = run.on(more).end();
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.stdout
    };
    let plain = look(&[]);
    assert!(plain.contains("2 definite, 2 reachable"), "{plain}");
    assert!(plain.contains("g_head (chip.c) → 1 × block"), "{plain}");
    assert!(
        plain.contains("the float g_samples[2] (chip.c) → 1 × block"),
        "{plain}"
    );
    assert!(
        plain.contains("nothing points at 2 blocks of 24 B"),
        "{plain}"
    );

    let alias = ["--alias", "0x40380000=0x3fc80000+384KiB"];
    let both = look(&alias);
    assert!(both.contains("1 definite, 3 reachable"), "{both}");
    let block = format!("{:#x}", block(2) + 4);
    let holders = look(&[&alias[..], &["--holds", &block]].concat());
    assert!(holders.contains("g_far (chip.c) → 1 × block"), "{holders}");
    assert!(holders.contains("holds 0x40390208"), "{holders}");

    // Of a chip that is known, the file says which it is.
    fs::write(&dump, core_dump(&program, 5, &held)).expect("written");
    let known = look(&[]);
    assert!(known.contains("1 definite, 3 reachable"), "{known}");

    // What lies there is in use, by the user's word.
    let named = look(&["--root", "0x3fc90300+64"]);
    assert!(
        named.contains("1 definite"),
        "a block is none the less one: {named}"
    );
    for (option, wrong) in [("--alias", "0x40380000+384KiB"), ("--root", "0x3fc90300")] {
        let refused = leakscope(["image"]).on(&[&dump]).on(&[option, wrong]).end();
        assert_eq!(refused.code, 2);
        assert!(refused.stderr.contains("needed: 0x"), "{}", refused.stderr);
    }
}
