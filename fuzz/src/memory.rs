//! Entry points of `leakscope-memory`.

use leakscope_memory::image;
use leakscope_memory::reach::{Block, Scene};

/// Reads `bytes` as an image of memory: no more is in it than the file has, who points at what is found, and the map has each
/// byte once.
pub fn image(bytes: &[u8]) {
    let Ok(image) = image::read(bytes.to_vec()) else {
        return;
    };
    assert!(image.len() <= bytes.len() as u64);
    let segments = image.segments().map(|(range, _)| range);
    let blocks = segments.map(|range| Block {
        start: range.start,
        size: (range.end - range.start) / 2,
        group: 0,
    });
    let scene = Scene::new(&image, blocks.collect());
    let found = scene.survey();
    assert!(found.blocks.iter().all(|found| found.is_in_image));
    let mapped = scene.map().into_iter();
    let bytes: u64 = mapped.map(|(range, _)| range.end - range.start).sum();
    assert_eq!(bytes, image.len());
}
