//! The single file counts ranges from the lives of blocks: it comes to what the engine counts by reading the
//! range again.

use std::collections::BTreeMap;

use leakscope_testing::program::{Random, eventful};
use leakscope_viewer::{Engine, Program};
use serde_json::Value;

use super::file::{document, written};
use super::program::{ask, engine, inputs};

/// By call site: blocks and bytes allocated, blocks and bytes that live at the end, blocks freed, blocks that were
/// temporary.
pub(crate) type Counts = BTreeMap<u64, [u64; 6]>;

fn numbers(lives: &Value, column: &str) -> Vec<i64> {
    let values = lives[column].as_array().unwrap().iter();
    values.map(|value| value.as_i64().unwrap()).collect()
}

/// As the page does it.
pub(crate) fn counted(lives: &Value, from: i64, to: i64) -> Counts {
    let resolution = lives["resolution"].as_i64().unwrap();
    let (first, after) = (from / resolution, to.div_euclid(resolution));
    let [born, lived, sites, ends, blocks, bytes] =
        ["born", "lived", "sites", "ends", "blocks", "bytes"].map(|column| numbers(lives, column));
    let mut counts = Counts::new();
    let mut begin = 0;
    for life in 0..born.len() {
        begin += born[life];
        if !(first..after).contains(&begin) {
            continue;
        }
        let count = counts.entry(sites[life] as u64).or_default();
        let (blocks, bytes) = (blocks[life] as u64, bytes[life] as u64);
        count[0] += blocks;
        count[1] += bytes;
        if lived[life] < 0 || begin + lived[life] >= after {
            count[2] += blocks;
            count[3] += bytes;
        } else if [1, 2].contains(&ends[life]) {
            count[4] += blocks;
            count[5] += blocks * u64::from(ends[life] == 2);
        }
    }
    counts
}

/// As the engine does it.
fn read_again(engine: &mut Engine<'_>, from: i64, to: i64) -> Counts {
    let (from, to) = (from.to_string(), to.to_string());
    let answer = ask(engine, "sites", &[("from", &from), ("to", &to)]);
    assert_eq!(answer["limited"], true);
    let rows = answer["sites"].as_array().unwrap().iter();
    let rows = rows.map(|row| {
        let counts = [
            "allocations",
            "allocated_bytes",
            "outstanding_blocks",
            "outstanding_bytes",
            "frees",
            "temporary",
        ];
        let counts = counts.map(|name| row[name].as_u64().unwrap());
        (row["site"].as_u64().unwrap(), counts)
    });
    // Call sites that found no memory, and allocated nothing, are not in the file's lives.
    rows.filter(|(_, counts)| counts[0] > 0).collect()
}

fn agree(inputs: &[Vec<u8>], seed: u64) -> i64 {
    let document = document(&written(inputs.to_vec()));
    let lives = &document["lives"]["sites"];
    assert!(lives["born"].as_array().unwrap().len() <= 30_000);
    let resolution = lives["resolution"].as_i64().unwrap();
    let end = document["overview"]["clock"]["end"].as_i64().unwrap() / resolution;
    let program = Program::default();
    let mut engine = engine(&program, inputs.to_vec());
    let mut random = Random(seed);
    for _ in 0..20 {
        let from = random.below(end as u64 - 1) as i64;
        let to = from + 1 + random.below((end - from) as u64) as i64;
        let (from, to) = (from * resolution, to * resolution);
        let expected = read_again(&mut engine, from, to);
        assert_eq!(counted(lives, from, to), expected, "{from} to {to}");
    }
    resolution
}

#[test]
fn a_short_trace_is_told_to_the_tick() {
    assert_eq!(agree(&inputs(31, 6_000), 31), 1);
}

#[test]
fn a_long_trace_is_told_in_stretches() {
    assert!(agree(&inputs(32, 200_000), 32) > 1);
}

#[test]
fn blocks_that_are_lost_revived_or_outstanding_are_told_too() {
    for seed in 33..37 {
        assert_eq!(agree(&eventful(seed, 3_000), seed), 1);
    }
}
