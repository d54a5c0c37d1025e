//! A reallocation that fails is no free, anywhere, whoever comes between its begin and its end.

use leakscope_testing::moving::moving;
use leakscope_viewer::{Engine, Program};
use proptest::prelude::*;
use serde_json::Value;

use super::file::{document, written};
use super::program::{ask, engine};

fn sum(counts: &Value) -> u64 {
    let counts = counts.as_array().unwrap().iter();
    counts.map(|count| count.as_u64().unwrap()).sum()
}

fn frees_marked(marks: &Value) -> u64 {
    let marks = marks.as_array().unwrap().iter();
    marks.filter(|mark| mark["kind"] == "free").count() as u64
}

fn block(engine: &mut Engine<'_>, index: &Value) -> Value {
    ask(engine, "block", &[("index", &index.to_string())])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn routes_are_those_of_the_report(seed: u64, is_own: bool) {
        let inputs = vec![moving(seed, 400, is_own).plain()];
        let program = Program::default();
        let engine = &mut engine(&program, inputs.clone());
        let totals = ask(engine, "overview", &[])["totals"].take();
        let timeline = ask(engine, "timeline", &[("width", "7")]);
        prop_assert_eq!(sum(&timeline["heap"]["frees"]), totals["frees"].as_u64().unwrap());
        prop_assert_eq!(frees_marked(&timeline["marks"]["heap"]), totals["frees"].as_u64().unwrap());
        let sites = ask(engine, "sites", &[])["sites"].take();
        for row in sites.as_array().unwrap() {
            let (site, frees) = (row["site"].to_string(), row["frees"].as_u64().unwrap());
            let track = ask(engine, "track", &[("site", &site), ("width", "7")]);
            prop_assert_eq!(sum(&track["heap"]["frees"]), frees);
            prop_assert_eq!(frees_marked(&track["marks"]), frees);
            prop_assert_eq!(&track["heap"]["last"][6], &row["outstanding_bytes"]);
            let detail = ask(engine, "site", &[("id", &site)]);
            prop_assert_eq!(sum(&detail["curve"]["frees"]), frees);
            let freed = ask(engine, "frees", &[("site", &site)]);
            let freed = freed["frees"].as_array().unwrap().iter();
            prop_assert_eq!(freed.map(|row| row["blocks"].as_u64().unwrap()).sum::<u64>(), frees);
        }
        // Of both events of a reallocation that failed, the page and the single file tell of the block as of its allocation.
        let document = document(&written(inputs));
        let kept = document["kept"].as_array().unwrap();
        let of_older = totals["failed_allocations"].as_u64().unwrap() * 2 - kept.len() as u64;
        prop_assert!(kept.len() > 10 && of_older < 80, "{} and {of_older}", kept.len());
        for pair in kept {
            let life = block(engine, &pair[0]);
            prop_assert_eq!(&life["allocation"]["index"], &pair[1]);
            prop_assert_eq!(&life, &block(engine, &pair[1]));
            let blocks = document["blocks"].as_array().unwrap();
            let halves = blocks.iter().filter(|halves| halves[0] == pair[1]);
            let frees: Vec<_> = halves.map(|halves| &halves[1]).collect();
            prop_assert_eq!(frees, [&life["free"]["index"]]);
        }
        // What lives at any moment is that which was allocated and is not freed by then.
        let marks = timeline["marks"]["heap"].as_array().unwrap().clone();
        for mark in marks.iter().step_by(29) {
            let time = mark["time"].as_u64().unwrap();
            let (from, to) = (time.to_string(), (time + 1).to_string());
            let moment = ask(engine, "timeline", &[("from", &from), ("to", &to), ("width", "1")]);
            let until = marks.iter().filter(|mark| mark["time"].as_u64().unwrap() <= time);
            let size = |mark: &Value| mark["size"].as_i64().unwrap();
            let live: i64 = until.map(|mark| match mark["kind"].as_str().unwrap() {
                "free" => -size(mark),
                "failed" => 0,
                _ => size(mark),
            }).sum();
            prop_assert_eq!(moment["heap"]["last"][0].as_i64(), Some(live));
        }
    }
}
