//! Windows of the timeline, of the heap's curve, and of the tables, against the twin.

use std::collections::BTreeMap;

use leakscope_analysis::trace::{Context, HeapEvent};
use leakscope_systemview::Packet;
use leakscope_testing::program::Random;
use leakscope_testing::scenario::Scenario;
use leakscope_viewer::{Engine, Program};
use serde_json::Value;

use super::program::{ask, engine, inputs};
use super::twin::Twin;

/// The ticks of each lane of one core, by name: of all stretches, times their shares.
fn ticks(timeline: &Value, overview: &Value, core: u64, lane: &str) -> BTreeMap<String, f64> {
    let mut sums = BTreeMap::new();
    for held in timeline["lanes"].as_array().unwrap() {
        if held["core"] != core {
            continue;
        }
        let context = held["context"].as_u64().unwrap() as usize;
        let name = overview["contexts"][context]["name"].as_str().unwrap();
        let numbers: Vec<f64> = (held[lane].as_array().unwrap().iter())
            .map(|number| number.as_f64().unwrap())
            .collect();
        let mut end = 0.0;
        for stretch in numbers.chunks(3) {
            assert!(
                stretch[0] >= end && stretch[1] > stretch[0],
                "{stretch:?} after {end}"
            );
            assert!(stretch[2] > 0.0 && stretch[2] <= 1.0, "{stretch:?}");
            end = stretch[1];
            *sums.entry(name.to_owned()).or_insert(0.0) += (stretch[1] - stretch[0]) * stretch[2];
        }
    }
    sums
}

fn named(twin: &Twin, context: Context) -> String {
    match context {
        Context::Unknown => "unknown".to_owned(),
        Context::Idle => "idle".to_owned(),
        Context::Scheduler => "scheduler".to_owned(),
        Context::Interrupt(_) => "SysTick".to_owned(),
        Context::Task(task) => twin.names.values().nth(task.index()).unwrap().clone(),
    }
}

fn window<'p>(from: &'p str, to: &'p str, width: &'p str) -> [(&'p str, &'p str); 3] {
    [("from", from), ("to", to), ("width", width)]
}

/// Whatever the window: the same lanes, and in each what ran.
fn check_timeline(engine: &mut Engine<'_>, twin: &Twin, from: u64, to: u64, width: u64) {
    let (from_text, to_text) = (from.to_string(), to.to_string());
    let overview = ask(engine, "overview", &[]);
    let timeline = ask(
        engine,
        "timeline",
        &window(&from_text, &to_text, &width.to_string()),
    );
    let resolution = timeline["resolution"].as_u64().unwrap();
    let is_exact = timeline["exact"].as_bool().unwrap();
    for core in 0..2u8 {
        let twin_names = |context| named(twin, context);
        let wanted = twin.run(core, from, to, twin_names);
        let found = ticks(&timeline, &overview, u64::from(core), "run");
        let length = (to - from) as f64;
        for (name, &wanted) in &wanted {
            let found = found.get(name).copied().unwrap_or(0.0);
            // Shares have four digits; sums are cut at the edges of a window.
            let allowed = length * 0.001
                + if is_exact {
                    2.0
                } else {
                    3.0 * resolution as f64
                };
            assert!(
                (found - wanted as f64).abs() <= allowed,
                "{name} on {core} in {from}..{to}: {found} for {wanted}, exact {is_exact}"
            );
        }
        for (name, found) in &found {
            assert!(
                wanted.contains_key(name) || *found <= 3.0 * resolution as f64,
                "{name} on {core}: {found}"
            );
        }
    }
}

#[test]
fn short_traces_are_exact_in_every_window() {
    let (program, inputs) = (Program::default(), inputs(1, 8_000));
    let twin = Twin::of(&inputs);
    let mut engine = engine(&program, inputs);
    let end = twin.events.last().unwrap().time + 1;
    let mut random = Random(7);
    for _ in 0..12 {
        let from = random.below(end - 1);
        let to = from + 1 + random.below(end - from);
        check_timeline(&mut engine, &twin, from, to.min(end), 1 + random.below(900));
        check_curve(&mut engine, &twin, from, to.min(end), 1 + random.below(300));
    }
}

#[test]
fn long_traces_are_summed_up_and_near_windows_are_exact() {
    let (program, inputs) = (Program::default(), inputs(2, 320_000));
    let twin = Twin::of(&inputs);
    let mut engine = engine(&program, inputs);
    let end = twin.events.last().unwrap().time + 1;
    let all = ask(&mut engine, "timeline", &[("width", "700")]);
    assert_eq!(all["exact"], false);
    check_timeline(&mut engine, &twin, 0, end, 700);
    check_timeline(&mut engine, &twin, end / 10, end - end / 9, 333);
    for part in [30, 300, 30_000] {
        let from = end / 7 * 3;
        check_timeline(&mut engine, &twin, from, from + end / part, 400);
        check_curve(&mut engine, &twin, from, from + end / part, 120);
    }
    // Of all of the trace, nothing is missing or counted twice.
    let sum = |name: &str| -> u64 {
        let counts = all["heap"][name].as_array().unwrap();
        counts.iter().map(|count| count.as_u64().unwrap()).sum()
    };
    let is = |wanted: fn(&HeapEvent) -> bool| {
        let events = twin.events.iter();
        events
            .filter(|event| event.heap.as_ref().is_some_and(wanted))
            .count() as u64
    };
    assert_eq!(
        sum("allocations"),
        is(|event| matches!(event, HeapEvent::Allocation { .. }))
    );
    assert_eq!(
        sum("frees"),
        is(|event| matches!(event, HeapEvent::Free { .. }))
    );
    assert_eq!(
        sum("failed"),
        is(|event| matches!(event, HeapEvent::Failed { .. }))
    );
    let highest = twin.events.iter().map(|event| event.live_bytes).max();
    let shown = all["heap"]["max"].as_array().unwrap().iter();
    assert_eq!(shown.map(|level| level.as_u64().unwrap()).max(), highest);
}

/// Each column: the lowest, the highest and the last level, and how many allocations.
fn check_curve(engine: &mut Engine<'_>, twin: &Twin, from: u64, to: u64, width: u64) {
    let (from_text, to_text) = (from.to_string(), to.to_string());
    let timeline = ask(
        engine,
        "timeline",
        &window(&from_text, &to_text, &width.to_string()),
    );
    let heap = &timeline["heap"];
    assert_eq!(timeline["exact"], true, "{from}..{to}");
    let before = twin
        .events
        .iter()
        .take_while(|event| event.time < from)
        .last();
    let mut level = before.map_or(0, |event| event.live_bytes);
    let mut events = twin
        .events
        .iter()
        .skip_while(|event| event.time < from)
        .peekable();
    for column in 0..width {
        let end = from + ((column + 1) * (to - from)).div_ceil(width);
        let (mut min, mut max, mut allocations) = (level, level, 0u64);
        while let Some(event) = events.next_if(|event| event.time < end.min(to)) {
            level = event.live_bytes;
            (min, max) = (min.min(level), max.max(level));
            allocations += u64::from(matches!(event.heap, Some(HeapEvent::Allocation { .. })));
        }
        let place = column as usize;
        assert_eq!(
            heap["min"][place], min,
            "column {column} of {width} in {from}..{to}"
        );
        assert_eq!(
            heap["max"][place], max,
            "column {column} of {width} in {from}..{to}"
        );
        assert_eq!(
            heap["last"][place], level,
            "column {column} of {width} in {from}..{to}"
        );
        assert_eq!(heap["allocations"][place], allocations);
    }
}

#[test]
fn tables_of_a_window_count_what_was_allocated_in_it() {
    let (program, inputs) = (Program::default(), inputs(3, 30_000));
    let twin = Twin::of(&inputs);
    let mut engine = engine(&program, inputs);
    let end = twin.events.last().unwrap().time + 1;
    for (from, to) in [(0, end / 3), (end / 4, end / 2), (end / 2, end - 1), (5, 6)] {
        let (from_text, to_text) = (from.to_string(), to.to_string());
        let sites = ask(
            &mut engine,
            "sites",
            &[("from", &from_text), ("to", &to_text)],
        );
        assert_eq!(sites["limited"], true);
        // By the innermost address: allocations, bytes, and what lives.
        let mut wanted: BTreeMap<String, (u64, u64, u64)> = BTreeMap::new();
        let mut live: BTreeMap<u64, (String, u64)> = BTreeMap::new();
        for event in &twin.events {
            if !(from..to).contains(&event.time) {
                continue;
            }
            match event.heap {
                Some(HeapEvent::Allocation { address, size, .. }) => {
                    let caller = format!("{:#010x}", event.stack[0]);
                    let sum = wanted.entry(caller.clone()).or_default();
                    sum.0 += 1;
                    sum.1 += size;
                    live.insert(address, (caller, size));
                }
                Some(HeapEvent::Free { address, .. }) => {
                    live.remove(&address);
                }
                _ => {}
            }
        }
        for (caller, size) in live.values() {
            wanted.get_mut(caller).unwrap().2 += size;
        }
        let mut found = BTreeMap::new();
        for site in sites["sites"].as_array().unwrap() {
            let frame = site["stack"][0].as_u64().unwrap() as usize;
            let caller = sites["frames"][frame]["address"].as_str().unwrap();
            let number = |name: &str| site[name].as_u64().unwrap();
            let sums = (
                number("allocations"),
                number("allocated_bytes"),
                number("outstanding_bytes"),
            );
            if sums.0 > 0 {
                found.insert(caller.to_owned(), sums);
            }
        }
        assert_eq!(found, wanted, "{from}..{to}");
        let tasks = ask(
            &mut engine,
            "tasks",
            &[("from", &from_text), ("to", &to_text)],
        );
        let allocated = tasks["tasks"].as_array().unwrap().iter();
        let allocated: u64 = allocated
            .map(|task| task["allocated_bytes"].as_u64().unwrap())
            .sum();
        assert_eq!(allocated, wanted.values().map(|sum| sum.1).sum::<u64>());
    }
}

#[test]
fn who_asks_for_a_part_again_and_again_is_told_all() {
    let (program, inputs) = (Program::default(), inputs(3, 60_000));
    let mut engine = engine(&program, inputs);
    let end = ask(&mut engine, "overview", &[])["clock"]["end"].clone();
    let (from, to) = ("7".to_owned(), (end.as_u64().unwrap() - 7).to_string());
    for route in ["sites", "tasks"] {
        let window = [("from", from.as_str()), ("to", to.as_str())];
        let partial = [window[0], window[1], ("partial", "1")];
        let (mut answers, mut before) = (0, 0);
        let told = loop {
            let told = ask(&mut engine, route, &partial);
            let counted_to = told["counted_to"].as_u64().unwrap();
            assert!(counted_to >= before && told["limited"] == true);
            (answers, before) = (answers + 1, counted_to);
            if told["complete"] == true {
                break told;
            }
            // Where it is counted a second time, all of it is there at once.
            assert_eq!(route, "sites");
        };
        assert_eq!(told["counted_to"].to_string(), to);
        assert_eq!(answers > 1, route == "sites", "{answers}");
        // The same as all at once, counted anew.
        let (program, inputs) = (Program::default(), self::inputs(3, 60_000));
        let mut other = self::engine(&program, inputs);
        assert_eq!(told, ask(&mut other, route, &window));
    }
}

#[test]
fn windows_without_sense_are_brought_into_bounds() {
    let program = Program::default();
    let mut engine = engine(&program, inputs(4, 300));
    let end = ask(&mut engine, "overview", &[])["clock"]["end"]
        .as_u64()
        .unwrap();
    for (from, to) in [
        ("0", "0"),
        ("99999999999", "999999999999"),
        ("7", "3"),
        ("0", "18446744073709551615"),
    ] {
        let timeline = ask(&mut engine, "timeline", &window(from, to, "4"));
        let [from, to] = ["from", "to"].map(|edge| timeline[edge].as_u64().unwrap());
        assert!(from < to && to <= end, "{from}..{to}");
    }
}

/// Stretches that are whole: from, to.
fn whole(lane: &Value, which: &str) -> Vec<(u64, u64)> {
    let numbers = lane[which].as_array().unwrap();
    let whole = numbers.chunks(3).filter(|stretch| stretch[2] == 1);
    whole
        .map(|stretch| (stretch[0].as_u64().unwrap(), stretch[1].as_u64().unwrap()))
        .collect()
}

fn overlap(some: &[(u64, u64)], others: &[(u64, u64)]) -> bool {
    let meets = |a: &(u64, u64), b: &(u64, u64)| a.0 < b.1 && b.0 < a.1;
    some.iter().any(|a| others.iter().any(|b| meets(a, b)))
}

#[test]
fn nobody_is_ready_who_runs_and_no_task_on_an_idle_core() {
    let program = Program::default();
    let mut engine = engine(&program, inputs(9, 2_000));
    let overview = ask(&mut engine, "overview", &[]);
    let timeline = ask(&mut engine, "timeline", &[("width", "4096")]);
    let lanes = timeline["lanes"].as_array().unwrap();
    let kind = |lane: &Value| {
        let context = lane["context"].as_u64().unwrap() as usize;
        overview["contexts"][context]["kind"].clone()
    };
    let mut ready = 0;
    for lane in lanes {
        let stretches = whole(lane, "ready");
        ready += stretches.len();
        assert!(!overlap(&whole(lane, "run"), &stretches), "{lane}");
        assert!(stretches.is_empty() || kind(lane) == "task" || kind(lane) == "interrupt");
        for idle in lanes {
            if idle["core"] == lane["core"] && kind(idle) == "idle" {
                let begun_before = |stretch: &&(u64, u64)| {
                    whole(idle, "run")
                        .iter()
                        .any(|run| run.0 > stretch.0 && run.0 < stretch.1)
                };
                assert_eq!(stretches.iter().find(begun_before), None);
            }
        }
    }
    assert!(ready > 100, "{ready}");
}

#[test]
fn nobody_is_ready_after_its_end_or_a_new_start() {
    let (worker, main) = (0x3FFB_0100, 0x3FFB_0200);
    let mut scenario = Scenario::begun();
    scenario.task(worker, "worker").task(main, "main").idle();
    let terminated = Packet::TaskTerminate {
        task: scenario.shrink(worker),
    };
    scenario.after(100).run(worker);
    scenario.after(100).packet(&terminated);
    let ended = scenario.time();
    scenario.after(100).run(main);
    scenario.after(100).stop();
    scenario.after(100).start().init();
    let restarted = scenario.time();
    scenario.task(worker, "other").after(100).run(worker);
    scenario.after(100).run(worker);

    let program = Program::default();
    let mut engine = engine(&program, vec![scenario.plain()]);
    let timeline = ask(&mut engine, "timeline", &[("width", "4096")]);
    let lanes = timeline["lanes"].as_array().unwrap();
    let of = |which| lanes.iter().flat_map(|lane| whole(lane, which)).collect();
    let (runs, ready): (Vec<_>, Vec<_>) = (of("run"), of("ready"));
    assert!(runs.iter().any(|run| run.1 == ended), "{runs:?}");
    assert!(runs.iter().any(|run| run.0 > restarted), "{runs:?}");
    assert_eq!(ready, []);
}
