//! What the analysis makes of recordings: bytes in, events and an outcome out.
//!
//! The recordings are written by our own encoder ([`Scenario`](leakscope_testing::scenario::Scenario)) and read through the public interface
//! ([`reading`]), as a command would.
mod appended;
mod beginnings;
mod boots;
mod cases;
mod checkpoints;
mod chunks;
mod clocks;
mod collisions;
mod context;
mod damage;
mod dialects;
mod effects;
mod growing;
mod harm;
mod heap;
mod kept;
mod late;
mod naive;
mod no_recording;
mod order;
mod overlap;
mod parts;
mod phases;
mod promises;
mod proven;
mod quiet_core;
mod reading;
mod resets;
mod rows;
mod sessions;
mod stacks;
mod together;
mod twin;
mod valid;

/// How many cases a property is tried with: a few, or as many as `PROPTEST_CASES` says.
fn cases(few: u32) -> proptest::test_runner::Config {
    let config = proptest::test_runner::Config::default();
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => config,
        None => proptest::test_runner::Config {
            cases: few,
            ..config
        },
    }
}
