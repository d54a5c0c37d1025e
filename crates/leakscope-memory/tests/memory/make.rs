//! Core dumps to be read.

use leakscope_memory::image::{About, Image, Machine, Piece, Thread, Words, read, write};

/// A core dump of two pieces of memory and one thread, as our own writer writes it.
pub(crate) fn core() -> Vec<u8> {
    write(
        Machine::RISCV32,
        Words::default(),
        &[thread()],
        &pieces(),
        &about(),
    )
}

pub(crate) fn thread() -> Thread {
    let mut registers: Vec<u64> = (0..32).collect();
    registers[2] = 0x3FC9_0010;
    Thread {
        id: 0x3FC9_0000,
        registers,
        stack_pointer: Some(0x3FC9_0010),
    }
}

pub(crate) fn pieces() -> Vec<Piece> {
    let piece = |address, byte| Piece {
        address,
        bytes: vec![byte; 64],
    };
    vec![piece(0x3FC8_0000, 1), piece(0x3FC9_0000, 2)]
}

pub(crate) fn about() -> About {
    About {
        trace: "heap.svdat".to_owned(),
        halted_us: 1234,
        chip: "esp32c3".to_owned(),
    }
}

/// The image in these bytes, which have one.
pub(crate) fn image(file: Vec<u8>) -> Image {
    read(file).expect("an image")
}

/// Words as a target with 32 bits has them.
pub(crate) fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}
