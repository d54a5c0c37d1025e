//! How long it takes to look at an image: `cargo bench -p leakscope-memory`.
#![allow(clippy::print_stdout, reason = "a measurement is printed")]

use std::time::Instant;

use leakscope_memory::image::{Image, Piece};
use leakscope_memory::reach::{Block, Scene};

/// RAM of this size, half of it blocks of 64 bytes that are full of pointers to each other.
fn measure(name: &str, size: u64) {
    const START: u64 = 0x3C00_0000;
    let count = size / 128;
    let mut state = 1_u64;
    let mut random = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    let mut words = Vec::new();
    for _ in 0..size / 4 {
        let pointer = START + size / 2 + random() % count * 64;
        let word = if random() % 2 == 0 { pointer } else { random() };
        words.extend((word as u32).to_le_bytes());
    }
    let image = Image::of_pieces(vec![Piece {
        address: START,
        bytes: words,
    }]);
    let block = |index| Block {
        start: START + size / 2 + 64 * index,
        size: 60,
        group: (index % 100) as u32,
    };
    let blocks: Vec<Block> = (0..count).map(block).collect();
    let mut times: Vec<_> = (0..5)
        .map(|_| {
            let begin = Instant::now();
            let found = Scene::new(&image, blocks.clone()).survey();
            assert_eq!(found.blocks.len() as u64, count);
            begin.elapsed()
        })
        .collect();
    times.sort();
    println!("{name}: {:.1} ms", times[2].as_secs_f64() * 1e3);
}

fn main() {
    measure("400 KiB, 3,200 blocks", 400 << 10);
    measure("8 MiB, 65,536 blocks", 8 << 20);
}
