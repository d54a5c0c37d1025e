//! The single file counts ranges from the lives of blocks: it comes to what the engine counts by reading the
//! range again.

use std::collections::{BTreeMap, BTreeSet};

use leakscope_testing::program::{Random, eventful};
use leakscope_testing::scenario::{IDF_HEAP, MAIN, Scenario};
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

/// Blocks and bytes, by who allocated and who freed them.
type Exchanged = BTreeMap<(i64, u64), [u64; 2]>;

/// What was freed in a range, as the page counts it from the single file.
fn freed(lives: &Value, from: i64, to: i64) -> Exchanged {
    let resolution = lives["resolution"].as_i64().unwrap();
    let range = from / resolution..to.div_euclid(resolution);
    let [born, lived, owners, freers, blocks, bytes] = [
        "born",
        "lived",
        "allocated_by",
        "freed_by",
        "blocks",
        "bytes",
    ]
    .map(|column| numbers(lives, column));
    let mut exchanged = Exchanged::new();
    let mut begin = 0;
    for life in 0..born.len() {
        begin += born[life];
        if freers[life] >= 0 && range.contains(&(begin + lived[life])) {
            // All that somebody freed stands at -1.
            for owner in BTreeSet::from([owners[life], -1]) {
                let pair = (owner, freers[life] as u64);
                let [of_blocks, of_bytes] = exchanged.entry(pair).or_default();
                *of_blocks += blocks[life] as u64;
                *of_bytes += bytes[life] as u64;
            }
        }
    }
    exchanged
}

/// The same, as the engine says it.
fn exchanged(engine: &mut Engine<'_>, from: i64, to: i64) -> Exchanged {
    let (from, to) = (from.to_string(), to.to_string());
    let answer = ask(engine, "tasks", &[("from", &from), ("to", &to)]);
    let number = |row: &Value, name: &str| row[name].as_u64().unwrap();
    let rows = |list: &str| answer[list].as_array().unwrap().iter();
    let matrix = rows("matrix").map(|pair| {
        let owner = number(pair, "allocated_by") as i64;
        let sum = ["blocks", "bytes"].map(|name| number(pair, name));
        ((owner, number(pair, "freed_by")), sum)
    });
    let tasks = rows("tasks").filter(|task| task["context"].as_i64() >= Some(0));
    let freed = tasks.map(|task| {
        let sum = ["frees", "freed_bytes"].map(|name| number(task, name));
        ((-1, number(task, "context")), sum)
    });
    let all = matrix.chain(freed);
    all.filter(|(_, [blocks, _])| *blocks > 0).collect()
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
        let of_contexts = &document["lives"]["contexts"];
        if of_contexts["resolution"].as_i64() <= Some(resolution) {
            let expected = exchanged(&mut engine, from, to);
            assert_eq!(freed(of_contexts, from, to), expected, "{from} to {to}");
        }
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

/// In ESP-IDF's dialect, a recorder in C tells a reallocation that failed as an allocation of no bytes where the block was.
#[test]
fn a_block_that_stayed_is_told_too() {
    let recording = &mut Scenario::begun();
    let (block, grows) = (0x3FFB_0000, [0x400D_3000]);
    recording.after(1000).allocate(block, 24, &[0x400D_1000]);
    for _ in 0..5 {
        recording
            .after(100)
            .free(block, &grows)
            .allocate(block, 0, &grows);
        let other = block + 64;
        recording.after(100).allocate(other, 40, &[0x400D_2000]);
        recording.after(100).free(other, &[0x400D_2000]);
    }
    agree(&[recording.after(1000).idle().plain()], 7);
}

/// Behind a pause, what lived before it is freed with its size, whether a range is asked about, or all.
#[test]
fn frees_of_what_lived_before_a_pause_count_in_ranges() {
    let recording = &mut Scenario::begun();
    for block in 0..6 {
        (recording.after(1000)).allocate(0x3FFB_0000 + 64 * block, 24, &[0x400D_1000]);
    }
    let microseconds = recording.time() + 10_000;
    recording.stop().after(10_000).start();
    recording.systime_us(microseconds).module(512, IDF_HEAP);
    recording.task(MAIN, "main").run(MAIN);
    for block in 0..4 {
        (recording.after(1000)).free(0x3FFB_0000 + 64 * block, &[0x400D_2000]);
    }
    let own = 0x3FFC_0000;
    recording.allocate(own, 100, &[0x400D_1000]).after(1000);
    let bytes = recording
        .free(own, &[0x400D_2000])
        .after(1000)
        .idle()
        .plain();
    let program = Program::default();
    let engine = &mut engine(&program, vec![bytes.clone()]);
    let end = ask(engine, "overview", &[])["clock"]["end"]
        .as_i64()
        .unwrap();
    let task = |tasks: &Value| {
        let of_main = tasks["tasks"].as_array().unwrap().iter();
        let main = of_main.filter(|task| task["name"] == "main");
        main.map(|task| ["frees", "freed_bytes"].map(|name| task[name].as_u64().unwrap()))
            .collect::<Vec<_>>()
    };
    assert_eq!(task(&ask(engine, "tasks", &[])), [[5, 4 * 24 + 100]]);
    let all = &[("from", "0"), ("to", &*end.to_string())];
    assert_eq!(task(&ask(engine, "tasks", all)), [[5, 4 * 24 + 100]]);
    let document = document(&written(vec![bytes]));
    let of_contexts = &document["lives"]["contexts"];
    assert_eq!(freed(of_contexts, 0, end), exchanged(engine, 0, end));
}
