//! Programs whose truth is known, drawn at random over wide ranges.

mod adversarial;
mod beginnings;
pub(crate) mod boots;
mod healthy;
mod leaking;
pub(crate) mod loops;
pub(crate) mod pieces;
mod shapes;
mod undecidable;

use crate::program::Program;
use crate::random::Random;

/// What is true of all programs of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Truth {
    Leaks,
    Healthy,
    /// A leak and a program without one would leave the same trace.
    Undecidable,
}

/// Draws a program at random.
type Draw = fn(&mut Random) -> Program;

/// A kind of program.
#[derive(Clone, Copy)]
pub(crate) struct Pattern {
    pub(crate) name: &'static str,
    pub(crate) truth: Truth,
    draw: Draw,
}

impl Pattern {
    /// The program of a seed.
    pub(crate) fn program(&self, seed: u64) -> Program {
        (self.draw)(&mut Random::new(
            seed.wrapping_mul(0x1000_0000_01B3) ^ hash(self.name),
        ))
    }
}

/// So that the patterns do not share their random numbers.
fn hash(name: &str) -> u64 {
    name.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

fn group(truth: Truth, patterns: &[(&'static str, Draw)]) -> Vec<Pattern> {
    let patterns = patterns.iter();
    patterns
        .map(|&(name, draw)| Pattern { name, truth, draw })
        .collect()
}

/// All of them.
pub(crate) fn all() -> Vec<Pattern> {
    let mut patterns = group(Truth::Leaks, leaking::PATTERNS);
    patterns.extend(group(Truth::Healthy, healthy::PATTERNS));
    patterns.extend(group(Truth::Undecidable, undecidable::PATTERNS));
    patterns
}

/// Programs without a leak whose releases make the link lose packets.
pub(crate) fn adversarial() -> Vec<Pattern> {
    group(Truth::Healthy, adversarial::PATTERNS)
}

/// Programs of other shapes.
pub(crate) fn shapes() -> Vec<Pattern> {
    let mut patterns = group(Truth::Leaks, shapes::LEAKING);
    patterns.extend(group(Truth::Healthy, shapes::HEALTHY));
    patterns
}

/// Programs whose life is longer than what is recorded of it: what fills up in the course of it, and leaks of the same kinds.
pub(crate) fn beginnings() -> Vec<Pattern> {
    let mut patterns = group(Truth::Leaks, beginnings::LEAKING);
    patterns.extend(group(Truth::Healthy, beginnings::HEALTHY));
    patterns
}

/// A trace of ordinary length: from a tenth of a second to hours, at a few MHz.
fn trace(random: &mut Random) -> Program {
    Program::new(random.scale(1e5, 1e10) as u64)
}

/// Objects that are created together and kept.
fn together(random: &mut Random, program: &mut Program, begin: f64) {
    for _ in 0..random.count(2, 12) {
        let birth = begin + random.between(0.0, 0.008);
        let size = size(random);
        program.kept(birth, size);
    }
}

/// The size of a block.
fn size(random: &mut Random) -> u64 {
    random.scale(4.0, 4096.0) as u64
}
