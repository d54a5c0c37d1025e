//! Whose blocks they are: the tracks of all tasks, or of all heaps, add up to the heap's curve, and so do the shares of it.

use std::collections::BTreeMap;

use leakscope_testing::program::eventful;
use leakscope_viewer::{Engine, Program, Query};
use serde_json::{Value, json};

use super::file::{document, written};
use super::program::{ask, engine, inputs};

const WIDTH: u64 = 90;

fn asked(engine: &mut Engine<'_>, route: &str, owner: (&str, &str), from: u64, to: u64) -> Value {
    let numbers = [from, to, WIDTH].map(|number| number.to_string());
    let mut parameters = vec![owner];
    parameters.extend(
        ["from", "to", "width"]
            .into_iter()
            .zip(numbers.iter().map(String::as_str)),
    );
    ask(engine, route, &parameters)
}

fn column(answer: &Value, name: &str) -> Vec<u64> {
    let numbers = answer[name].as_array().unwrap().iter();
    numbers.map(|number| number.as_u64().unwrap()).collect()
}

fn add(sum: &mut Vec<u64>, numbers: &[u64]) {
    sum.resize(numbers.len(), 0);
    for (sum, number) in sum.iter_mut().zip(numbers) {
        *sum += number;
    }
}

/// Columns of the tracks of all contexts together.
fn of_contexts(engine: &mut Engine<'_>, name: &str, from: u64, to: u64) -> Vec<u64> {
    let contexts = ask(engine, "overview", &[])["contexts"]
        .as_array()
        .unwrap()
        .len();
    let mut sum = Vec::new();
    for context in 0..contexts {
        let track = asked(engine, "track", ("context", &context.to_string()), from, to);
        assert_eq!(track["exact"], true);
        assert_eq!(
            (&track["context"], &track["site"]),
            (&context.into(), &(-1).into())
        );
        add(&mut sum, &column(&track["heap"], name));
    }
    sum
}

/// Columns of the tracks of all heaps together.
fn of_heaps(engine: &mut Engine<'_>, name: &str, from: u64, to: u64) -> Vec<u64> {
    let system = ask(engine, "system", &[]);
    let named = system["heaps"].as_array().unwrap().iter();
    let mut heaps: Vec<String> = named
        .map(|heap| heap["heap"].as_str().unwrap().to_owned())
        .collect();
    let unnamed = "0x00000000".to_owned();
    if !heaps.contains(&unnamed) {
        heaps.push(unnamed);
    }
    let mut sum = Vec::new();
    for heap in heaps {
        let track = asked(engine, "track", ("heap", &heap), from, to);
        assert_eq!(track["of_heap"], heap);
        add(&mut sum, &column(&track["heap"], name));
    }
    sum
}

#[test]
fn the_tracks_of_all_tasks_are_the_heaps() {
    let program = Program::default();
    for inputs in [inputs(6, 6_000), eventful(3, 6_000)] {
        let mut engine = engine(&program, inputs);
        let end = ask(&mut engine, "overview", &[])["clock"]["end"]
            .as_u64()
            .unwrap();
        for (from, to) in [(0, end), (end / 3, end / 2), (end - 2, end)] {
            let timeline = asked(&mut engine, "timeline", ("", ""), from, to);
            assert_eq!(timeline["exact"], true);
            for name in ["last", "blocks", "allocations", "frees"] {
                let of_all = of_contexts(&mut engine, name, from, to);
                let what = format!("{name} in {from}..{to}");
                assert_eq!(of_all, of_heaps(&mut engine, name, from, to), "{what}");
                // The timeline counts frees of unknown blocks too, which are nobody's.
                let expected = column(&timeline["heap"], name);
                let is_more = |(all, own): (&u64, &u64)| all > own;
                let more = expected.iter().zip(&of_all).filter(|&pair| is_more(pair));
                assert!(name == "frees" || more.count() == 0, "{what}");
                let less = of_all.iter().zip(&expected).filter(|&pair| is_more(pair));
                assert_eq!(less.count(), 0, "{what}");
            }
        }
        let tasks = ask(&mut engine, "tasks", &[]);
        for task in tasks["tasks"].as_array().unwrap() {
            let Some(context) = task["context"].as_u64() else {
                continue;
            };
            let track = asked(
                &mut engine,
                "track",
                ("context", &context.to_string()),
                0,
                end,
            );
            let allocations: u64 = column(&track["heap"], "allocations").iter().sum();
            assert_eq!(task["allocations"], allocations, "{}", task["name"]);
        }
    }
}

#[test]
fn call_sites_are_split_among_tasks() {
    let program = Program::default();
    let mut split = 0;
    for inputs in [inputs(6, 6_000), inputs(7, 120_000), eventful(3, 6_000)] {
        let mut engine = engine(&program, inputs);
        let end = ask(&mut engine, "overview", &[])["clock"]["end"]
            .as_u64()
            .unwrap();
        let part = [(end / 5).to_string(), (end / 5 * 4).to_string()];
        let part = [("from", part[0].as_str()), ("to", part[1].as_str())];
        for window in [&[][..], &part[..]] {
            let sites = ask(&mut engine, "sites", window);
            assert_eq!(sites["limited"], !window.is_empty());
            let mut allocated = BTreeMap::new();
            for site in sites["sites"].as_array().unwrap() {
                let own = site["by_context"].as_array().unwrap();
                let contexts = site["contexts"].as_array().unwrap();
                split += usize::from(own.len() > 1);
                for name in [
                    "outstanding_bytes",
                    "outstanding_blocks",
                    "allocations",
                    "allocated_bytes",
                    "temporary",
                    "temporary_bytes",
                ] {
                    let sum: u64 = own.iter().map(|own| own[name].as_u64().unwrap()).sum();
                    assert!(own.is_empty() || site[name] == sum, "{name} of {site}");
                }
                let one =
                    [json!({"context": contexts.first(), "allocations": site["allocations"]})];
                for own in if own.is_empty() { &one[..] } else { own } {
                    // Who only asked in vain allocated nothing.
                    if let Some(context) = own["context"].as_u64() {
                        let sum = allocated.entry(context).or_insert(0);
                        *sum += own["allocations"].as_u64().unwrap();
                    }
                }
            }
            let tasks = ask(&mut engine, "tasks", window);
            for task in tasks["tasks"].as_array().unwrap() {
                let Some(context) = task["context"].as_u64() else {
                    continue;
                };
                let own = allocated.get(&context).copied().unwrap_or(0);
                assert_eq!(task["allocations"], own, "{}", task["name"]);
            }
        }
    }
    assert!(split > 10, "{split}");
}

#[test]
fn shares_add_up_to_the_heap() {
    let program = Program::default();
    for (inputs, is_short) in [(inputs(6, 6_000), true), (inputs(2, 400_000), false)] {
        let mut engine = engine(&program, inputs);
        let end = ask(&mut engine, "overview", &[])["clock"]["end"]
            .as_u64()
            .unwrap();
        for (from, to) in [(0, end), (end / 3, end / 3 + end / 20)] {
            let timeline = asked(&mut engine, "timeline", ("", ""), from, to);
            for by in ["site", "context", "heap"] {
                let shares = asked(&mut engine, "shares", ("by", by), from, to);
                let bands = shares["bands"].as_array().unwrap();
                assert!(!bands.is_empty() && bands.len() <= 8);
                let mut sum = column(&shares["others"], "last");
                for band in bands {
                    add(&mut sum, &column(band, "last"));
                    // Each is what its own track says.
                    let owner = match by {
                        "site" => band["site"].to_string(),
                        "context" => band["context"].to_string(),
                        _ => band["of_heap"].as_str().unwrap().to_owned(),
                    };
                    let track = asked(&mut engine, "track", (by, &owner), from, to);
                    if track["exact"] == true {
                        assert_eq!(
                            column(band, "last"),
                            column(&track["heap"], "last"),
                            "by {by}"
                        );
                    }
                }
                assert_eq!(
                    shares["exact"] == true,
                    is_short || to < end,
                    "by {by} in {from}..{to}"
                );
                if shares["exact"] == true {
                    assert_eq!(
                        sum,
                        column(&timeline["heap"], "last"),
                        "by {by} in {from}..{to}"
                    );
                } else {
                    assert_eq!(
                        sum.last(),
                        column(&timeline["heap"], "last").last(),
                        "by {by}"
                    );
                }
            }
        }
    }
}

#[test]
fn who_has_few_blocks_or_none_has_no_more_columns() {
    let program = Program::default();
    let mut engine = engine(&program, inputs(2, 200_000));
    let overview = ask(&mut engine, "overview", &[]);
    let end = overview["clock"]["end"].as_u64().unwrap();
    let mut owners = vec![("heap", "0x00001000".to_owned())];
    let contexts = overview["contexts"].as_array().unwrap().len();
    owners.extend((0..contexts).map(|context| ("context", context.to_string())));
    for (by, owner) in &owners {
        let track = asked(&mut engine, "track", (by, owner), 1, end);
        let columns = column(&track["heap"], "last").len();
        assert!(
            (track["exact"] == false) && columns <= 512,
            "{by} {owner}: {columns}"
        );
        assert_eq!(track["heap"]["width"], columns);
    }
}

/// What is told of a long trace, from curves, is what is told of its parts, which are read again.
#[test]
fn curves_are_known_when_all_was_read() {
    let program = Program::default();
    for inputs in [inputs(2, 200_000), eventful(3, 200_000)] {
        let mut engine = engine(&program, inputs);
        let end = ask(&mut engine, "overview", &[])["clock"]["end"]
            .as_u64()
            .unwrap();
        for by in ["context", "heap"] {
            let shares = asked(&mut engine, "shares", ("by", by), 0, end);
            assert_eq!(shares["exact"], false);
            for band in shares["bands"].as_array().unwrap() {
                let owner = match by {
                    "context" => band["context"].to_string(),
                    _ => band["of_heap"].as_str().unwrap().to_owned(),
                };
                let track = asked(&mut engine, "track", (by, &owner), 0, end);
                let heap = &track["heap"];
                let (from, width) = (
                    heap["from"].as_u64().unwrap(),
                    heap["width"].as_u64().unwrap(),
                );
                let step = (heap["to"].as_u64().unwrap() - from) / width;
                let last = column(heap, "last");
                let mut allocations = 0;
                for (place, last) in last.iter().enumerate() {
                    let begin = from + place as u64 * step;
                    let part = asked(&mut engine, "track", (by, &owner), begin, begin + step);
                    assert_eq!(part["exact"], true);
                    let what = format!("{by} {owner} in {begin}");
                    assert_eq!(column(&part["heap"], "last").last(), Some(last), "{what}");
                    allocations += column(&part["heap"], "allocations").iter().sum::<u64>();
                }
                assert_eq!(allocations, column(heap, "allocations").iter().sum::<u64>());
            }
        }
    }
}

#[test]
fn the_single_file_has_curves_and_shares() {
    let document = document(&written(inputs(6, 6_000)));
    let owners = document["owners"].as_array().unwrap();
    let at_end = |of: &str| -> u64 {
        let own = owners
            .iter()
            .filter(|owner| (owner["of_heap"].is_null()) == (of == "context"));
        own.map(|owner| column(&owner["curve"], "last").last().copied().unwrap_or(0))
            .sum()
    };
    let heap = column(&document["timeline"]["heap"], "last");
    assert_eq!(Some(&at_end("context")), heap.last());
    assert_eq!(Some(&at_end("heap")), heap.last());
    assert_eq!(document["shares"].as_array().unwrap().len(), 3);
}

#[test]
fn all_three_events_of_a_double_free_are_told() {
    let program = Program::default();
    let mut engine = engine(&program, eventful(3, 6_000));
    let rows = |engine: &mut Engine<'_>, parameters: &[(&str, &str)]| {
        ask(engine, "events", parameters)["rows"]
            .as_array()
            .unwrap()
            .clone()
    };
    let all = rows(&mut engine, &[("kinds", "heap"), ("limit", "500")]);
    let doubles: Vec<&Value> = all
        .iter()
        .filter(|row| row["flag"] == "double-free")
        .collect();
    assert!(!doubles.is_empty(), "this program frees twice");
    for double in doubles {
        let index = double["index"].to_string();
        let query = Query::parse("block", &[("index".to_owned(), index)]).unwrap();
        let life: Value = serde_json::from_slice(&engine.ask_and_wait(&query).unwrap()).unwrap();
        assert_eq!(life["again"]["index"], double["index"]);
        // The last event before it that freed the address, by the list of events.
        let address = double["address"].as_str().unwrap();
        let of_block = rows(&mut engine, &[("address", address), ("limit", "500")]);
        let before = of_block
            .iter()
            .rfind(|row| row["index"].as_u64() < double["index"].as_u64() && row["flag"].is_null());
        let before = before.expect("the free before it");
        assert_eq!(life["free"]["index"], before["index"], "{double}");
        let first = Query::parse(
            "block",
            &[("index".to_owned(), before["index"].to_string())],
        )
        .unwrap();
        let first: Value = serde_json::from_slice(&engine.ask_and_wait(&first).unwrap()).unwrap();
        assert_eq!(life["allocation"], first["allocation"]);
        assert!(first["again"].is_null());
    }
}
