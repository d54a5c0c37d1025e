//! How tasks and interrupts run, against a naive count from the timeline's stretches and the list of events.

use std::collections::BTreeMap;

use leakscope_viewer::Program;
use serde_json::Value;

use super::file::{document, written};
use super::program::{ask, engine, inputs};

/// A window that the timeline shows to the tick.
const FROM: u64 = 1_000;
const TO: u64 = 5_000;

/// The stretches, `[from, to)`, in which lanes ran or were ready.
fn stretches(lane: &Value, what: &str) -> Vec<(u64, u64)> {
    let numbers: Vec<f64> = (lane[what].as_array().unwrap().iter())
        .map(|number| number.as_f64().unwrap())
        .collect();
    let triples = numbers.chunks_exact(3);
    triples
        .map(|triple| {
            assert!((triple[2] - 1.0).abs() < 1e-9, "to the tick");
            (triple[0] as u64, triple[1] as u64)
        })
        .collect()
}

/// Count, sum, shortest and longest.
fn durations(all: &[u64]) -> [u64; 4] {
    [
        all.len() as u64,
        all.iter().sum(),
        all.iter().copied().min().unwrap_or(0),
        all.iter().copied().max().unwrap_or(0),
    ]
}

#[test]
fn as_counted_from_stretches_and_begins() {
    let program = Program::default();
    let mut engine = engine(&program, inputs(1, 3_000));
    let (from, to) = (FROM.to_string(), TO.to_string());
    let window: [(&str, &str); 2] = [("from", &from), ("to", &to)];
    let timeline = ask(
        &mut engine,
        "timeline",
        &[window[0], window[1], ("width", "4000")],
    );
    assert_eq!(timeline["exact"], true);
    let events = ask(
        &mut engine,
        "events",
        &[window[0], window[1], ("limit", "500")],
    );
    assert!(
        events["total"].as_u64().unwrap() <= 500,
        "all are in one page"
    );

    let overview = ask(&mut engine, "overview", &[]);
    let mut expected = BTreeMap::new();
    for lane in timeline["lanes"].as_array().unwrap() {
        let key = (
            lane["core"].as_u64().unwrap(),
            lane["context"].as_u64().unwrap(),
        );
        let begins = events["rows"].as_array().unwrap().iter().filter(|row| {
            let begins = ["TASK_START_EXEC", "ISR_ENTER", "IDLE"];
            let is_begin = begins.contains(&row["name"].as_str().unwrap());
            is_begin
                && (row["core"].as_u64(), row["context"].as_u64()) == (Some(key.0), Some(key.1))
        });
        let begins: Vec<u64> = begins.map(|row| row["time"].as_u64().unwrap()).collect();
        let ran = stretches(lane, "run");
        // What runs from the window's begin on is a run, too.
        let runs_on = ran
            .first()
            .is_some_and(|first| begins.first().is_none_or(|begin| first.0 < *begin));
        let mut ends: Vec<u64> = begins.clone();
        let kind = &overview["contexts"][key.1 as usize]["kind"];
        if kind == "scheduler" || kind == "unknown" {
            // No event says that these begin.
            ends = ran.iter().map(|run| run.0).collect();
        } else if runs_on {
            ends.insert(0, FROM);
        }
        let within = |from: u64, to: u64| -> u64 {
            ran.iter()
                .map(|run| run.1.min(to).saturating_sub(run.0.max(from)))
                .sum()
        };
        let runs: Vec<u64> = (ends.iter().enumerate())
            .map(|(place, &begin)| within(begin, ends.get(place + 1).copied().unwrap_or(TO)))
            .collect();
        let ready: Vec<u64> = stretches(lane, "ready")
            .iter()
            .map(|(from, to)| to - from)
            .collect();
        if !runs.is_empty() || !ready.is_empty() {
            expected.insert(key, (durations(&runs), ready.iter().sum::<u64>()));
        }
    }
    assert!(expected.len() > 4, "{expected:?}");

    let answer = ask(&mut engine, "contexts", &window);
    let mut found = BTreeMap::new();
    for row in answer["contexts"].as_array().unwrap() {
        let value = |of: &str, name: &str| row[of][name].as_u64().unwrap();
        let run = ["count", "total", "shortest", "longest"].map(|name| value("run", name));
        let key = (
            row["core"].as_u64().unwrap(),
            row["context"].as_u64().unwrap(),
        );
        found.insert(key, (run, value("blocked", "total")));
        assert!(value("blocked", "shortest") <= value("blocked", "longest"));
    }
    assert_eq!(found, expected);
}

#[test]
fn the_single_file_has_the_same() {
    let document = document(&written(inputs(1, 3_000)));
    let program = Program::default();
    let mut engine = engine(&program, inputs(1, 3_000));
    assert_eq!(document["contexts"], ask(&mut engine, "contexts", &[]));
}
