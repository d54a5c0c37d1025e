//! How many words look like pointers by chance: measured where no heap is.

use leakscope_memory::image::{Image, Piece};
use leakscope_memory::reach::{Block, Scene};

use crate::make;

/// Floats from 1.0 to 2.0 in a chip whose RAM is at 0x3FC00000: those above 1.5 look like addresses in the 4 MiB there.
fn floats(count: u32) -> Vec<u32> {
    (0..count)
        .map(|index| (1.0 + f64::from(index) / f64::from(count)) as f32)
        .map(f32::to_bits)
        .collect()
}

fn scene_of(words: &[u32]) -> (Image, Vec<Block>) {
    let image = Image::of_pieces(vec![
        Piece {
            address: 0x3FC8_0000,
            bytes: make::words(words),
        },
        Piece {
            address: 0x3FCA_0000,
            bytes: vec![0; 0x1_0000],
        },
    ]);
    // Every other 32 bytes are a block.
    let blocks = (0..1024).map(|index| Block {
        start: 0x3FCA_0000 + 64 * index,
        size: 32,
        group: 0,
    });
    (image, blocks.collect())
}

#[test]
fn floats_that_look_like_addresses_are_foretold() {
    let (image, blocks) = scene_of(&floats(20_000));
    let found = Scene::new(&image, blocks).survey();
    // 64 KiB of the 8 MiB of floats between 1 and 2, half of them in blocks: 78 of 20,000.
    let expected = found.chance.expect("there is room beside the heap");
    let hits = found.scanned.pointers as f64;
    assert!((60.0..100.0).contains(&hits), "{hits}");
    assert!((expected - hits).abs() < 4.0, "{expected} of {hits}");
}

#[test]
fn words_of_other_values_hit_nothing() {
    let (image, blocks) = scene_of(&[0, 1, 0x2000_0000, u32::MAX]);
    let found = Scene::new(&image, blocks).survey();
    assert_eq!((found.chance, found.scanned.pointers), (Some(0.0), 0));
}
