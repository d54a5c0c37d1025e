//! Who frees the blocks of a call site, against a naive count of the events that the page lists.

use std::collections::BTreeMap;

use leakscope_viewer::{Engine, Program, Query, Refusal};
use serde_json::Value;

use super::file::{document, written};
use super::program::{ask, engine, inputs};

/// Of each call site the blocks, bytes, and the shortest and the longest life of those that were freed in a window, by who
/// freed them: from the pairs that `block` knows of all frees in the list of events.
fn twin(engine: &mut Engine<'_>, from: u64, to: u64) -> BTreeMap<(i64, u64), [u64; 4]> {
    let mut sums = BTreeMap::new();
    let mut offset = 0;
    loop {
        let parameters = [
            ("offset", offset.to_string()),
            ("limit", "500".to_owned()),
            ("kinds", "heap".to_owned()),
            ("from", from.to_string()),
            ("to", to.to_string()),
        ];
        let parameters = parameters.map(|(name, value)| (name.to_owned(), value));
        let query = Query::parse("events", &parameters).unwrap();
        let page: Value = serde_json::from_slice(&engine.ask_and_wait(&query).unwrap()).unwrap();
        let rows = page["rows"].as_array().unwrap();
        for row in rows {
            let index = row["index"].to_string();
            let query = Query::parse("block", &[("index".to_owned(), index)]).unwrap();
            let Ok(life) = engine.ask_and_wait(&query) else {
                continue;
            };
            let life: Value = serde_json::from_slice(&life).unwrap();
            let is_its_end = life["free"]["index"] == row["index"];
            let (Some(site), Some(lifetime)) = (life["site"].as_i64(), life["lifetime"].as_u64())
            else {
                continue;
            };
            if is_its_end && site >= 0 {
                let context = life["free"]["context"].as_u64().unwrap();
                let sum = sums.entry((site, context)).or_insert([0, 0, lifetime, 0]);
                let size = life["size"].as_u64().unwrap();
                *sum = [
                    sum[0] + 1,
                    sum[1] + size,
                    sum[2].min(lifetime),
                    sum[3].max(lifetime),
                ];
            }
        }
        offset += rows.len();
        if rows.is_empty() {
            return sums;
        }
    }
}

#[test]
fn as_counted_from_the_events() {
    let program = Program::default();
    let mut engine = engine(&program, inputs(1, 3_000));
    let end = ask(&mut engine, "overview", &[])["clock"]["end"]
        .as_u64()
        .unwrap();
    for (from, to) in [(0, end), (end / 4, end / 2)] {
        let mut found: BTreeMap<(i64, u64), [u64; 4]> = BTreeMap::new();
        let sites = ask(&mut engine, "sites", &[]);
        for site in sites["sites"].as_array().unwrap() {
            let (number, from, to) = (site["site"].to_string(), from.to_string(), to.to_string());
            let question: [(&str, &str); 3] = [("site", &number), ("from", &from), ("to", &to)];
            let answer = ask(&mut engine, "frees", &question);
            let mut blocks = 0;
            for row in answer["frees"].as_array().unwrap() {
                let value = |name: &str| row[name].as_u64().unwrap();
                assert!(value("shortest") <= value("mean") && value("mean") <= value("longest"));
                let key = (site["site"].as_i64().unwrap(), value("context"));
                let sum = found.entry(key).or_insert([0, 0, u64::MAX, 0]);
                *sum = [
                    sum[0] + value("blocks"),
                    sum[1] + value("bytes"),
                    sum[2].min(value("shortest")),
                    sum[3].max(value("longest")),
                ];
                blocks += value("blocks");
            }
            if (from.as_str(), to.as_str()) == ("0", &end.to_string()) {
                assert_eq!(Some(blocks), site["frees"].as_u64(), "call site {number}");
            }
        }
        assert_eq!(found, twin(&mut engine, from, to), "{from} to {to}");
    }
}

#[test]
fn the_single_file_has_the_same() {
    let document = document(&written(inputs(1, 3_000)));
    let program = Program::default();
    let mut engine = engine(&program, inputs(1, 3_000));
    for (site, frees) in document["frees"].as_object().unwrap() {
        assert_eq!(frees, &ask(&mut engine, "frees", &[("site", site)]));
    }
}

#[test]
fn a_call_site_that_there_is_not_is_refused() {
    let program = Program::default();
    let mut engine = engine(&program, inputs(1, 300));
    let parameters = [("site".to_owned(), "9999".to_owned())];
    let query = Query::parse("frees", &parameters).unwrap();
    assert!(matches!(
        engine.ask_and_wait(&query),
        Err(Refusal::NotFound(_))
    ));
}
