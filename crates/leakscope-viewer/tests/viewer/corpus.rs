//! Recordings of real boards, which lie beside the project.

use std::path::PathBuf;

use leakscope_testing::needs;
use leakscope_viewer::{Program, page};

use super::program::{ask, engine};
use super::twin::Twin;

pub(crate) fn corpus() -> impl Iterator<Item = PathBuf> {
    let names = [
        "idf-mcore-2026/heap_log_mcore.svdat",
        "idf-esp-extension-2021/heap_log_mcore.svdat",
    ];
    names.into_iter().filter_map(needs::corpus)
}

#[test]
fn real_recordings_are_shown_whole() {
    for path in corpus() {
        let bytes =
            std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let program = Program::default();
        let mut engine = engine(&program, vec![bytes]);
        let events = engine.events();
        assert!(events > 1000, "{}", path.display());
        let overview = ask(&mut engine, "overview", &[]);
        assert_eq!(overview["clock"]["hz"], 40_000_000);
        let page = ask(
            &mut engine,
            "events",
            &[("kinds", "heap"), ("limit", "500")],
        );
        assert_eq!(page["total"], overview["totals"]["heap_events"]);
        let timeline = ask(&mut engine, "timeline", &[("width", "1000")]);
        assert_eq!(timeline["exact"], true);
        let lanes = timeline["lanes"].as_array().unwrap();
        assert!(lanes.iter().any(|lane| lane["core"] == 1), "both cores");
        assert!(lanes.iter().all(|lane| lane["run"].is_array()));
        // Each core is always in somebody's hands, from its first event on.
        let tasks = ask(&mut engine, "tasks", &[]);
        for core in 0..2 {
            let runs = tasks["tasks"].as_array().unwrap().iter();
            let runs = runs.flat_map(|task| task["run"].as_array().unwrap());
            let ticks = runs
                .filter(|run| run["core"] == core)
                .map(|run| run["ticks"].as_u64().unwrap());
            let end = overview["clock"]["end"].as_u64().unwrap();
            let sum: u64 = ticks.sum();
            assert!(
                sum <= end && sum * 10 >= end * 9,
                "core {core}: {sum} of {end}"
            );
        }
        let mut file = Vec::new();
        page::write(&mut file, &mut engine, page::EVENTS).unwrap();
        assert!(file.len() > page::length_without_data());
    }
}

#[test]
fn the_twin_agrees_on_real_recordings() {
    for path in corpus() {
        let bytes =
            std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let inputs = vec![bytes];
        let twin = Twin::of(&inputs);
        let program = Program::default();
        let mut engine = engine(&program, inputs);
        assert_eq!(engine.events(), twin.events.len() as u64);
        let page = ask(
            &mut engine,
            "events",
            &[("offset", "700"), ("limit", "300")],
        );
        for row in page["rows"].as_array().unwrap() {
            let event = &twin.events[row["index"].as_u64().unwrap() as usize];
            assert_eq!(
                (row["time"].as_u64(), row["kind"].as_str()),
                (Some(event.time), Some(event.kind))
            );
        }
    }
}
