//! Our own core dumps: what is read is what was written, and GDB reads the same.

use std::process::Command;

use leakscope_memory::image::{About, Image, Machine, Piece, Problem, Thread, Words, write};
use leakscope_testing::needs;

use crate::make;

#[test]
fn what_was_written_is_read() {
    let image = make::image(make::core());
    assert_eq!(image.threads, [make::thread()]);
    assert_eq!(image.about, Some(make::about()));
    assert_eq!(image.machine, Some(Machine::RISCV32));
    let segments: Vec<_> = image
        .segments()
        .map(|(range, bytes)| (range.start, bytes.to_vec()))
        .collect();
    let pieces: Vec<_> = make::pieces()
        .into_iter()
        .map(|piece| (piece.address, piece.bytes))
        .collect();
    assert_eq!(segments, pieces);
    assert_eq!(image.problems, []);
}

#[test]
fn every_width_and_order_is_read() {
    for (is_64_bit, is_big_endian) in [(false, false), (false, true), (true, false), (true, true)] {
        let words = Words {
            is_64_bit,
            is_big_endian,
        };
        let number = if is_64_bit { 62 } else { 40 };
        let machine = Machine { number, is_64_bit };
        let pieces = [Piece {
            address: 0x2000_0000,
            bytes: (0..8).collect(),
        }];
        let registers = vec![7; if is_64_bit { 27 } else { 18 }];
        let thread = Thread {
            id: 3,
            registers,
            stack_pointer: Some(7),
        };
        let image = make::image(write(
            machine,
            words,
            std::slice::from_ref(&thread),
            &pieces,
            &About::default(),
        ));
        assert_eq!(image.words, words);
        assert_eq!(image.threads, [thread], "{words:?}");
        let pointer = match (is_64_bit, is_big_endian) {
            (false, false) => 0x0302_0100,
            (false, true) => 0x0001_0203,
            (true, false) => 0x0706_0504_0302_0100,
            (true, true) => 0x0001_0203_0405_0607,
        };
        assert_eq!(image.pointer(0x2000_0000), Some(pointer));
        assert_eq!(image.pointer(0x2000_0001).is_some(), !is_64_bit);
        assert_eq!(image.pointer(0x2000_0005), None);
    }
}

#[test]
fn gdb_opens_it() {
    if !needs::has_tool("gdb-multiarch") {
        needs::skip("gdb-multiarch");
        return;
    }
    let folder = std::env::temp_dir().join(format!("leakscope-core-{}", std::process::id()));
    std::fs::write(&folder, make::core()).expect("written");
    let output = Command::new("gdb-multiarch")
        .args(["-q", "-batch", "-ex", "set architecture riscv:rv32", "-ex"])
        .arg(format!("core-file {}", folder.display()))
        .args(["-ex", "x/2wx 0x3fc90000", "-ex", "print/x $sp"])
        .output()
        .expect("gdb runs");
    std::fs::remove_file(&folder).expect("removed");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        text.contains("0x3fc90000:\t0x02020202\t0x02020202"),
        "{text}\n{output:?}"
    );
    assert!(text.contains("= 0x3fc90010"), "{text}\n{output:?}");
}

#[test]
fn where_pieces_overlap_the_first_one_counts() {
    let piece = |address, byte| Piece {
        address,
        bytes: vec![byte; 8],
    };
    let image = Image::of_pieces(vec![piece(0x100, 1), piece(0x104, 2), piece(0x108, 3)]);
    assert_eq!(image.bytes(&(0x100..0x108)), [1; 8]);
    assert_eq!(image.bytes(&(0x108..0x110)), [2, 2, 2, 2]);
    assert_eq!(image.problems, [Problem::Overlap { bytes: 8 }]);
    assert!(image.holds(&(0x100..0x110)) && !image.holds(&(0x100..0x111)));
}

#[test]
fn registers_that_a_debugger_sends_are_those_of_a_core_dump() {
    let sent = |count: u32| make::words(&(100..100 + count).collect::<Vec<_>>());
    let of = |machine, count| Thread::of_gdb(machine, Words::default(), 1, &sent(count));
    let arm = of(Machine::ARM, 17).expect("a Cortex-M");
    assert_eq!((arm.registers[13], arm.stack_pointer), (113, Some(113)));
    let riscv = of(Machine::RISCV32, 33).expect("RISC-V");
    assert_eq!((riscv.registers[0], riscv.stack_pointer), (132, Some(102)));
    assert_eq!(
        of(Machine::RISCV32, 32),
        None,
        "the program counter is missing"
    );
}
