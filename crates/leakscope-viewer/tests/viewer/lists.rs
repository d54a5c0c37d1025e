//! Pages of events under every kind of filter, against the twin.

use leakscope_analysis::trace::HeapEvent;
use leakscope_testing::program::{Random, eventful};
use leakscope_testing::project;
use leakscope_viewer::{Engine, Program};
use serde_json::Value;

use super::program::{ask, engine, inputs};
use super::twin::{Kept, Twin};

/// The numbers of the events that belong in a list.
fn wanted(twin: &Twin, matches: impl Fn(&Kept) -> bool) -> Vec<u64> {
    let events = (0..).zip(&twin.events);
    events
        .filter(|(_, event)| matches(event))
        .map(|(index, _)| index)
        .collect()
}

fn indices(page: &Value) -> Vec<u64> {
    let rows = page["rows"].as_array().unwrap();
    rows.iter()
        .map(|row| row["index"].as_u64().unwrap())
        .collect()
}

/// Pages anywhere in the list hold what they should, and places are found.
fn check(engine: &mut Engine<'_>, twin: &Twin, filter: &[(&str, &str)], wanted: &[u64]) {
    // A search is answered as far as it has come.
    let mut page = ask(engine, "events", filter);
    while page["complete"] == false {
        page = ask(engine, "events", filter);
    }
    assert_eq!(page["total"], wanted.len() as u64, "{filter:?}");
    let mut random = Random(wanted.len() as u64);
    for _ in 0..6 {
        let offset = random.below(wanted.len() as u64 + 3);
        let limit = 1 + random.below(80);
        let (offset_text, limit_text) = (offset.to_string(), limit.to_string());
        let mut parameters = filter.to_vec();
        parameters.extend([
            ("offset", offset_text.as_str()),
            ("limit", limit_text.as_str()),
        ]);
        let page = ask(engine, "events", &parameters);
        let rest = wanted.iter().skip(offset as usize).take(limit as usize);
        let rest: Vec<u64> = rest.copied().collect();
        assert_eq!(indices(&page), rest, "{filter:?} from {offset}");
        for (row, place) in page["rows"].as_array().unwrap().iter().zip(offset..) {
            assert_eq!(row["row"], place);
            let event = &twin.events[row["index"].as_u64().unwrap() as usize];
            assert_eq!(row["time"], event.time);
            assert_eq!(row["core"], event.core);
            assert_eq!(row["kind"], event.kind);
        }
        let index = random.below(twin.events.len() as u64);
        let mut parameters = filter.to_vec();
        let index_text = index.to_string();
        parameters.push(("index", &index_text));
        let place = ask(engine, "find", &parameters);
        let row = wanted.partition_point(|&known| known < index);
        assert_eq!(place["row"], row as u64, "{filter:?} at {index}");
        assert_eq!(place["index"].as_u64(), wanted.get(row).copied());
        let time = twin.events[index as usize].time;
        let mut parameters = filter.to_vec();
        let time_text = time.to_string();
        parameters.push(("time", &time_text));
        let place = ask(engine, "find", &parameters);
        let row = wanted.partition_point(|&known| twin.events[known as usize].time < time);
        assert_eq!(place["row"], row as u64, "{filter:?} at time {time}");
    }
}

#[test]
fn pages_are_those_of_the_list() {
    let (program, inputs) = (Program::default(), inputs(5, 20_000));
    let twin = Twin::of(&inputs);
    let mut engine = engine(&program, inputs);
    let overview = ask(&mut engine, "overview", &[]);
    let contexts = overview["contexts"].as_array().unwrap().iter();
    let worker = contexts
        .clone()
        .position(|context| context["name"] == "worker")
        .unwrap()
        .to_string();
    let idle = contexts
        .clone()
        .position(|context| context["name"] == "idle")
        .unwrap();
    let both = format!("{worker},{idle}");
    let check =
        |engine: &mut Engine<'_>, filter: &[(&str, &str)], matches: &dyn Fn(&Kept) -> bool| {
            check(engine, &twin, filter, &wanted(&twin, matches));
        };
    check(&mut engine, &[], &|_| true);
    check(&mut engine, &[("kinds", "api")], &|event| {
        event.kind == "api"
    });
    check(&mut engine, &[("kinds", "log,error")], &|event| {
        matches!(event.kind, "log" | "error")
    });
    check(&mut engine, &[("context", &worker)], &|event| {
        event.context == "worker"
    });
    check(
        &mut engine,
        &[("context", &both), ("core", "1")],
        &|event| matches!(event.context.as_str(), "worker" | "idle") && event.core == 1,
    );
    let end = twin.events.last().unwrap().time;
    let (from, to) = ((end / 3).to_string(), (end / 2).to_string());
    check(&mut engine, &[("from", &from), ("to", &to)], &|event| {
        (end / 3..end / 2).contains(&event.time)
    });
    check(
        &mut engine,
        &[("from", &from), ("to", &to), ("kinds", "gap")],
        &|event| (end / 3..end / 2).contains(&event.time) && event.kind == "gap",
    );
    check(&mut engine, &[("text", "no such text")], &|_| false);
}

#[test]
fn searches_find_what_only_reading_can_tell() {
    let (program, inputs) = (Program::default(), inputs(6, 9_000));
    let twin = Twin::of(&inputs);
    let mut engine = engine(&program, inputs);
    let address = twin.events.iter().find_map(|event| match event.heap {
        Some(HeapEvent::Free { address, .. }) => Some(address),
        _ => None,
    });
    let address = address.unwrap();
    let is_there = |event: &Kept| {
        matches!(event.heap,
        Some(HeapEvent::Allocation { address: at, .. } | HeapEvent::Free { address: at, .. }) if at == address)
    };
    check(
        &mut engine,
        &twin,
        &[("address", &format!("{address:#x}"))],
        &wanted(&twin, is_there),
    );
    let says = |event: &Kept| event.text.contains("message 12");
    check(
        &mut engine,
        &twin,
        &[("text", "MESSAGE 12")],
        &wanted(&twin, says),
    );
    let says = |event: &Kept| event.text.contains("message 12") && event.kind == "error";
    let filter = [("text", "message 12"), ("kinds", "error")];
    check(&mut engine, &twin, &filter, &wanted(&twin, says));
    // More rows than are kept of a search.
    let of_heap = wanted(&twin, |event: &Kept| event.kind == "heap");
    assert!(of_heap.len() > 4000);
    let filter = [("kinds", "heap"), ("text", "0x400")];
    check(&mut engine, &twin, &filter, &of_heap);
    // A call site: its allocations, and the frees of its blocks wherever they come from.
    let sites = ask(&mut engine, "sites", &[]);
    let site = &sites["sites"][0];
    let number = site["site"].to_string();
    let mut page = ask(&mut engine, "events", &[("site", &number)]);
    while page["complete"] == false {
        page = ask(&mut engine, "events", &[("site", &number)]);
    }
    let expected = site["allocations"].as_u64().unwrap()
        + site["frees"].as_u64().unwrap()
        + site["failed"].as_u64().unwrap();
    assert_eq!(page["total"], expected);
}

#[test]
fn an_allocation_and_its_free_lead_to_each_other() {
    let (program, inputs) = (Program::default(), inputs(8, 12_000));
    let twin = Twin::of(&inputs);
    let mut engine = engine(&program, inputs);
    let mut live = std::collections::BTreeMap::new();
    let mut pairs = Vec::new();
    let mut lost_or_freed = 0;
    for (index, event) in (0u64..).zip(&twin.events) {
        match event.heap {
            Some(HeapEvent::Allocation { address, .. }) => {
                live.insert(address, index);
            }
            Some(HeapEvent::Free { address, .. }) => match live.remove(&address) {
                Some(allocation) => pairs.push((allocation, index)),
                None => lost_or_freed += 1,
            },
            _ => {}
        }
    }
    assert!(pairs.len() > 1000 && lost_or_freed > 5);
    for &(allocation, free) in pairs.iter().step_by(97) {
        for index in [allocation, free] {
            let life = ask(&mut engine, "block", &[("index", &index.to_string())]);
            assert_eq!(life["allocation"]["index"], allocation, "{life}");
            assert_eq!(life["free"]["index"], free, "{life}");
            let size = match twin.events[allocation as usize].heap {
                Some(HeapEvent::Allocation { size, .. }) => size,
                _ => 0,
            };
            assert_eq!(life["size"], size);
        }
    }
    for allocation in live.into_values().step_by(11) {
        let life = ask(&mut engine, "block", &[("index", &allocation.to_string())]);
        assert_eq!(life["allocation"]["index"], allocation);
        assert_eq!(life["free"], Value::Null, "{life}");
    }
}

#[test]
fn a_text_is_found_wherever_it_stands() {
    let program = Program::default();
    for inputs in [inputs(8, 4_000), eventful(8, 4_000)] {
        let mut engine = engine(&program, inputs);
        let overview = ask(&mut engine, "overview", &[]);
        let mut words = Vec::new();
        loop {
            let offset = words.len().to_string();
            let page = ask(
                &mut engine,
                "events",
                &[("offset", &offset), ("limit", "500")],
            );
            let rows = page["rows"].as_array().unwrap();
            if rows.is_empty() {
                break;
            }
            words.extend(rows.iter().map(|row| {
                let context = row["context"].as_u64().map_or("unknown", |number| {
                    overview["contexts"][number as usize]["name"]
                        .as_str()
                        .unwrap()
                });
                let texts = [
                    row["name"].as_str().unwrap(),
                    row["detail"].as_str().unwrap(),
                    context,
                ];
                texts.map(str::to_lowercase)
            }));
        }
        let mut random = Random(5);
        let mut texts: Vec<String> = [
            "heap",
            "callers=0x",
            "0x",
            "x",
            " ",
            "size=",
            "=0",
            "dead",
            "b80",
            "e size",
            "nowhere to be found",
            "12",
            "task",
            "result failed",
        ]
        .map(str::to_owned)
        .to_vec();
        // And pieces of what is there, from the midst of numbers and across them.
        for _ in 0..60 {
            let detail: Vec<char> = words[random.below(words.len() as u64) as usize][1]
                .chars()
                .collect();
            let from = random.below(detail.len() as u64 + 1) as usize;
            let to = (from + 1 + random.below(9) as usize).min(detail.len());
            texts.push(detail[from.min(to)..to].iter().collect());
        }
        for text in texts.iter().filter(|text| !text.is_empty()) {
            let wanted = words
                .iter()
                .filter(|parts| parts.iter().any(|part| part.contains(text.as_str())));
            let wanted = wanted.count() as u64;
            let mut found = ask(&mut engine, "events", &[("text", text), ("limit", "1")]);
            while found["complete"] != true {
                found = ask(&mut engine, "events", &[("text", text), ("limit", "1")]);
            }
            assert_eq!(found["total"], wanted, "{text:?}");
        }
    }
}

/// The single file answers from its rows alone what the server answers from the events.
#[test]
fn events_of_an_address_are_those_whose_rows_name_it() {
    let path = project().join("testdata/leakscope-heap/input.svdat");
    let program = Program::default();
    let mut engine = engine(&program, vec![std::fs::read(path).unwrap()]);
    let all = ask(&mut engine, "events", &[("limit", "500")]);
    let rows = all["rows"].as_array().unwrap();
    assert_eq!(all["total"], rows.len() as u64);
    let left: Vec<_> = rows
        .iter()
        .filter_map(|row| row["old_address"].as_str())
        .collect();
    assert!(left.len() >= 10, "{} reallocations", left.len());
    for address in left {
        let is_named = |row: &&Value| row["address"] == address || row["old_address"] == address;
        let named: Vec<&Value> = rows.iter().filter(is_named).collect();
        let mut page = ask(&mut engine, "events", &[("address", address)]);
        while page["complete"] == false {
            page = ask(&mut engine, "events", &[("address", address)]);
        }
        let named: Vec<u64> = named
            .iter()
            .map(|row| row["index"].as_u64().unwrap())
            .collect();
        assert_eq!(indices(&page), named, "{address}");
    }
}
