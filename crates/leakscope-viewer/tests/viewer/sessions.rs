//! Recordings of several sessions: whatever says what lives at a moment lets blocks end with their session, and so does the
//! single file.

use std::collections::BTreeMap;

use leakscope_analysis::heap::{Effect, KnownBlock};
use leakscope_testing::program::{Random, eventful};
use leakscope_testing::scenario::{IDF_HEAP, MAIN, Scenario, WORKER};
use leakscope_viewer::{Engine, Program};
use serde_json::Value;

use super::file::{document, written};
use super::lives::counted;
use super::program::{ask, engine};
use super::twin::Twin;

const ADDRESS: u32 = 0x3FFB_0000;

/// A recording of this many sessions: each begins after a reset, or the recording of it was stopped and started again.
fn sessions(count: u64, resets: bool) -> Vec<Vec<u8>> {
    let mut recording = Scenario::empty();
    for session in 0..count {
        recording.start();
        if resets {
            recording.systime_us(5_000_000 - 1_000_000 * session);
        }
        recording
            .module(512, IDF_HEAP)
            .task(MAIN, "main")
            .task(WORKER, "worker");
        for round in 0..20 {
            let task = if round % 3 == 0 { WORKER } else { MAIN };
            let address = ADDRESS + 64 * round;
            let callers = [0x400D_1234 + 16 * (round % 4)];
            recording.after(7).run(task);
            recording
                .after(3)
                .allocate(address, 8 + 2 * round, &callers);
            if round % 5 != 4 {
                recording.after(5).free(address, &[0x400D_9000]);
            }
        }
        recording.after(50);
        if !resets {
            recording.stop();
        }
    }
    recording.stop();
    vec![recording.plain()]
}

/// By call site: blocks and bytes that were allocated in a window and live at its end.
type Living = BTreeMap<u64, [u64; 2]>;

fn living(twin: &Twin, from: u64, to: u64) -> Living {
    let mut live: BTreeMap<u64, KnownBlock> = BTreeMap::new();
    for event in twin.events.iter().take_while(|event| event.time < to) {
        let Some(effect) = &event.effect else {
            continue;
        };
        if *effect == Effect::Restart {
            live.clear();
        }
        for gone in [effect.ended(), effect.lost()].into_iter().flatten() {
            live.remove(&gone.block.address);
        }
        if let Some(come) = effect.began() {
            live.insert(come.block.address, *come);
        }
    }
    let mut sums = Living::new();
    for known in live.values().filter(|known| known.block.time >= from) {
        let [blocks, bytes] = sums.entry(known.site.index() as u64).or_default();
        *blocks += 1;
        *bytes += known.block.size;
    }
    sums
}

fn total(living: &Living) -> [u64; 2] {
    let sums = living.values();
    sums.fold([0, 0], |all, sum| [all[0] + sum[0], all[1] + sum[1]])
}

fn number(row: &Value, name: &str) -> u64 {
    row[name].as_u64().unwrap()
}

fn rows<'v>(answer: &'v Value, list: &str) -> impl Iterator<Item = &'v Value> {
    answer[list].as_array().unwrap().iter()
}

fn window(engine: &mut Engine<'_>, route: &str, from: u64, to: u64) -> Value {
    let [from, to] = [from, to].map(|time| time.to_string());
    ask(engine, route, &[("from", &from), ("to", &to)])
}

/// What the server says of a window, in each of its answers.
fn served(engine: &mut Engine<'_>, from: u64, to: u64) -> Living {
    let sites = window(engine, "sites", from, to);
    let mut living = Living::new();
    for row in rows(&sites, "sites") {
        let sum = ["outstanding_blocks", "outstanding_bytes"].map(|name| number(row, name));
        let own = rows(row, "by_context");
        let own = own.map(|own| number(own, "outstanding_bytes"));
        let (contexts, bytes) = own.fold((0, 0), |(count, all), bytes| (count + 1, all + bytes));
        assert!(contexts == 0 || bytes == sum[1], "{row} in {from}..{to}");
        if sum[0] > 0 {
            living.insert(number(row, "site"), sum);
        }
    }
    let tasks = window(engine, "tasks", from, to);
    let tasks = rows(&tasks, "tasks").map(|task| number(task, "outstanding_bytes"));
    assert_eq!(
        tasks.sum::<u64>(),
        total(&living)[1],
        "tasks of {from}..{to}"
    );
    if from == 0 {
        let last = window(engine, "timeline", to - 1, to);
        let last = ["blocks", "last"].map(|name| {
            let columns = rows(&last["heap"], name);
            columns.last().unwrap().as_u64().unwrap()
        });
        assert_eq!(last, total(&living), "the timeline at {}", to - 1);
    }
    living
}

/// What the single file says of it.
fn embedded(lives: &Value, from: u64, to: u64) -> Living {
    let counts = counted(lives, from as i64, to as i64).into_iter();
    let living = counts.map(|(site, counts)| (site, [counts[2], counts[3]]));
    living.filter(|(_, [blocks, _])| *blocks > 0).collect()
}

#[test]
fn blocks_end_with_their_session_in_every_window() {
    let recordings = [
        (sessions(2, true), 2..=2),
        (sessions(3, true), 3..=3),
        (sessions(3, false), 3..=3),
        (eventful(41, 3_000), 2..=20),
    ];
    for (number, (inputs, expected)) in recordings.into_iter().enumerate() {
        let twin = Twin::of(&inputs);
        let document = document(&written(inputs.clone()));
        let lives = &document["lives"]["sites"];
        assert_eq!(lives["resolution"], 1);
        let program = Program::default();
        let mut engine = engine(&program, inputs);
        let overview = ask(&mut engine, "overview", &[]);
        let starts: Vec<u64> = rows(&overview, "sessions")
            .map(|session| self::number(session, "start"))
            .collect();
        assert!(expected.contains(&starts.len()), "{number}: {starts:?}");
        let end = overview["clock"]["end"].as_u64().unwrap();
        let mut random = Random(number as u64);
        let moments = starts.iter().flat_map(|&start| [start, start + 1]);
        let mut moments: Vec<u64> = moments.filter(|&to| to > 0).collect();
        moments.extend((0..20).map(|_| 1 + random.below(end)));
        moments.push(end);
        for to in moments {
            for from in [0, random.below(to)] {
                let wanted = living(&twin, from, to);
                let name = format!("recording {number}, {from}..{to}");
                assert_eq!(served(&mut engine, from, to), wanted, "{name}");
                assert_eq!(embedded(lives, from, to), wanted, "{name}, in the file");
            }
        }
    }
}

/// The last one in which an event stands is what the file says of it.
fn halves(document: &Value) -> BTreeMap<u64, [Value; 3]> {
    let mut halves = BTreeMap::new();
    for known in rows(document, "blocks") {
        let [allocation, free, missing] = [0, 1, 2].map(|place| known[place].clone());
        for index in [&allocation, &free].into_iter().filter_map(Value::as_u64) {
            halves.insert(index, [&allocation, &free, &missing].map(Value::clone));
        }
    }
    halves
}

#[test]
fn why_a_block_has_no_other_half_is_the_same_in_the_file() {
    let program = Program::default();
    let mut seen = BTreeMap::new();
    for inputs in [sessions(2, true), eventful(41, 3_000), eventful(42, 3_000)] {
        let document = document(&written(inputs.clone()));
        let mut engine = engine(&program, inputs);
        for (index, [allocation, free, missing]) in halves(&document) {
            let life = ask(&mut engine, "block", &[("index", &index.to_string())]);
            if life["again"].is_null() {
                let served = ["allocation", "free"].map(|half| life[half]["index"].clone());
                assert_eq!([allocation, free], served, "{index}: {life}");
                assert_eq!(missing, life["missing"], "{index}: {life}");
                *seen.entry(missing.to_string()).or_insert(0) += 1;
            }
        }
    }
    for missing in ["lives", "session", "reused", "older", "wrong"] {
        assert!(seen.contains_key(&format!("\"{missing}\"")), "{seen:?}");
    }
    assert!(!seen.contains_key("\"unlisted\""), "{seen:?}");
}

/// Of a long recording, the file does not say that a block lives, or is older, whose other half it does not list.
#[test]
fn what_the_file_does_not_list_it_does_not_make_up() {
    let inputs = super::program::inputs(43, 30_000);
    let document = document(&written(inputs.clone()));
    let program = Program::default();
    let mut engine = engine(&program, inputs);
    let mut unlisted = 0;
    for (index, [allocation, free, missing]) in halves(&document).into_iter().step_by(37) {
        let life = ask(&mut engine, "block", &[("index", &index.to_string())]);
        if missing == "unlisted" {
            unlisted += 1;
        } else if life["again"].is_null() {
            let served = ["allocation", "free"].map(|half| life[half]["index"].clone());
            assert_eq!([allocation, free], served, "{index}: {life}");
            assert_eq!(missing, life["missing"], "{index}: {life}");
        }
    }
    assert!(unlisted > 5, "{unlisted}");
}

#[test]
fn a_task_is_one_whenever_the_target_was_reset() {
    let mut recording = Scenario::empty();
    let unused = 0x3FFB_0900;
    for session in 0..40 {
        recording.start().systime_us(5_000_000 - 100_000 * session);
        // Two have the same name, wherever they lie this time.
        let twins = [1, 2].map(|twin| 0x3FFB_0100 * twin + 16 * session as u32);
        recording.module(512, IDF_HEAP).task(unused, "unused");
        for twin in twins {
            recording.task(twin, "twin").run(twin).after(10);
            recording.allocate(ADDRESS + twin, 8, &[0x400D_1234]);
            recording.free(ADDRESS + twin, &[0x400D_9000]).after(5);
        }
    }
    let program = Program::default();
    let inputs = vec![recording.plain()];
    let mut engine = engine(&program, inputs.clone());
    let overview = ask(&mut engine, "overview", &[]);
    assert_eq!(overview["sessions"].as_array().unwrap().len(), 40);
    let tasks = ask(&mut engine, "tasks", &[]);
    let list = |name: &str| -> Vec<Value> {
        let rows = rows(&tasks, "tasks").filter(|row| row["name"] == name);
        rows.cloned().collect()
    };
    let twins = list("twin");
    assert_eq!((twins.len(), list("unused").len()), (2, 1), "{tasks}");
    for twin in &twins {
        assert_eq!(number(twin, "allocations"), 40);
        assert_eq!(number(&twin["run"][0], "switches"), 40);
        assert_eq!(number(twin, "peak_bytes"), 8);
    }
    assert_eq!(rows(&tasks, "matrix").count(), 2);
    let timeline = ask(&mut engine, "timeline", &[]);
    assert_eq!(
        rows(&timeline, "lanes").count(),
        3,
        "with what nobody knows of"
    );
    // Its events are those of all sessions.
    let context = twins[0]["context"].to_string();
    let events = ask(
        &mut engine,
        "events",
        &[("context", &context), ("kinds", "heap"), ("limit", "500")],
    );
    assert_eq!(number(&events, "total"), 80);
    assert_eq!(document(&written(inputs))["tasks"], tasks);
}

#[test]
fn of_two_tasks_of_one_name_each_stays_itself_where_it_lies_where_it_lay() {
    let mut recording = Scenario::empty();
    let twins = [0x3FFB_0100, 0x3FFB_0200];
    for session in 0..6 {
        recording.start().systime_us(5_000_000 - 100_000 * session);
        recording.module(512, IDF_HEAP);
        for twin in twins {
            recording.task(twin, "twin");
        }
        // Each time another one is first.
        for turn in 0..2 {
            let twin = (session as usize + turn) % 2;
            recording.run(twins[twin]).after(10);
            let (address, size) = (ADDRESS + 64 * twin as u32, [100, 1][twin]);
            recording.allocate(address, size, &[0x400D_1234]);
        }
    }
    let program = Program::default();
    let mut engine = engine(&program, vec![recording.plain()]);
    let tasks = ask(&mut engine, "tasks", &[]);
    let twins = rows(&tasks, "tasks").filter(|task| task["name"] == "twin");
    let mut bytes: Vec<u64> = twins.map(|twin| number(twin, "allocated_bytes")).collect();
    bytes.sort_unstable();
    assert_eq!(bytes, [6, 600], "{tasks}");
}

/// A reset ends what all cores did, and cannot show a free of another core to have been none.
#[test]
fn a_reset_concerns_the_core_that_is_not_heard_of_any_more() {
    let mut recording = Scenario::empty();
    for session in 0..4 {
        recording
            .start()
            .init()
            .systime_us(5_000_000 - 100_000 * session);
        recording
            .module(512, IDF_HEAP)
            .task(MAIN, "main")
            .task(WORKER, "worker");
        recording.on(0).run(MAIN);
        recording
            .after(10)
            .allocate(ADDRESS, 8, &[0x400D_1234])
            .after(1_000);
        recording.on(1).run(WORKER).after(100);
        recording.free(ADDRESS, &[0x400D_9000]).after(20).on(0);
        recording.event(34, &[1]).after(5);
    }
    let program = Program::default();
    let inputs = vec![recording.with_core_bit()];
    let mut engine = engine(&program, inputs.clone());
    let sessions = ask(&mut engine, "overview", &[])["sessions"].clone();
    assert_eq!(sessions.as_array().unwrap().len(), 4, "{sessions}");
    let frees = ask(&mut engine, "frees", &[("site", "0")]);
    assert_eq!(number(&frees["frees"][0], "blocks"), 4, "{frees}");
    let tasks = ask(&mut engine, "tasks", &[]);
    let worker = rows(&tasks, "tasks").find(|task| task["name"] == "worker");
    let run = number(&worker.unwrap()["run"][0], "ticks");
    assert!((480..600).contains(&run), "125 ticks a boot: {tasks}");
    let file = document(&written(inputs));
    assert_eq!(file["tasks"], tasks);
}
