//! Time of which nothing is known: from a stop of the recording to its start, and where data were lost, nobody runs and nobody waits.

use leakscope_testing::scenario::{IDF_HEAP, MAIN, Scenario, WORKER};
use leakscope_viewer::{Engine, Program};
use serde_json::Value;

use super::file::{document, written};
use super::program::{ask, engine};

/// How the time is lost in which nothing is recorded.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Lost {
    Pause,
    Overflow,
}

const ROUNDS: u64 = 20;
/// A task runs for so many ticks of each round, while another one waits.
const RUNS: u64 = 100;
const ROUND: u64 = 1_000;
const GAP: u64 = 1_000_000;

/// `worker` runs in each round while `main` waits, also when nothing is recorded for long: that begins at the time that is returned.
fn recording(lost: Lost) -> (Scenario, u64) {
    let mut recording = Scenario::begun();
    rounds(&mut recording);
    recording.allocate(0x3FFB_0000, 8, &[0x400D_1234]);
    let gap = recording.time();
    match lost {
        Lost::Pause => recording.stop().after(GAP).start().module(512, IDF_HEAP),
        Lost::Overflow => recording.after(GAP).overflow(400),
    };
    recording.allocate(0x3FFB_1000, 16, &[0x400D_1234]);
    rounds(&mut recording);
    (recording, gap)
}

fn rounds(recording: &mut Scenario) {
    for round in 0..ROUNDS {
        recording.run(MAIN).after(RUNS).run(WORKER).after(RUNS);
        if round < ROUNDS - 1 {
            recording.run(MAIN).idle().after(ROUND - 2 * RUNS);
        }
    }
}

fn number(value: &Value, name: &str) -> u64 {
    value[name].as_u64().unwrap()
}

fn context_of(engine: &mut Engine<'_>, name: &str) -> u64 {
    let overview = ask(engine, "overview", &[]);
    let mut contexts = overview["contexts"].as_array().unwrap().iter();
    contexts
        .position(|context| context["name"] == name)
        .unwrap() as u64
}

fn row(answer: &Value, list: &str, context: u64) -> Value {
    let mut rows = answer[list].as_array().unwrap().iter();
    rows.find(|row| row["context"] == context).unwrap().clone()
}

#[test]
fn nobody_runs_or_waits_where_nothing_was_recorded() {
    for lost in [Lost::Pause, Lost::Overflow] {
        let (recording, gap) = recording(lost);
        let program = Program::default();
        let mut engine = engine(&program, vec![recording.plain()]);
        let [main, worker, unknown] =
            ["main", "worker", "unknown"].map(|name| context_of(&mut engine, name));
        let end = recording.time_of_last() + 1;
        let windows = [
            (0, end),
            // It ends where nothing is known, or begins there.
            (0, gap + GAP / 2),
            (gap + GAP / 2, end),
        ];
        for (from, to) in windows {
            let halves = if (from, to) == (0, end) { 2 } else { 1 };
            let [from, to] = [from, to].map(|time| time.to_string());
            let window: [(&str, &str); 2] = [("from", &from), ("to", &to)];
            let name = format!("{lost:?}, {from}..{to}");

            let tasks = ask(&mut engine, "tasks", &window);
            let run = &row(&tasks, "tasks", worker)["run"][0];
            let ran = number(run, "ticks");
            assert!(
                ran.abs_diff(halves * ROUNDS * RUNS) <= RUNS + 2,
                "{name}: {ran}"
            );
            let share = run["share"].as_f64().unwrap();
            assert!((share - 0.1).abs() < 0.02, "{name}: {share}");
            assert_eq!(
                row(&tasks, "tasks", unknown)["run"][0]["share"],
                Value::Null
            );
            let not_known = number(&tasks["unknown_ticks"][0], "ticks");
            assert!(
                not_known.abs_diff(halves * GAP / 2) <= 4,
                "{name}: {not_known}"
            );

            let runs = ask(&mut engine, "contexts", &window);
            assert!(
                number(&row(&runs, "contexts", worker)["run"], "longest") <= RUNS + 2,
                "{name}"
            );
            assert!(
                number(&row(&runs, "contexts", main)["blocked"], "longest") <= RUNS + 2,
                "{name}"
            );

            let timeline = ask(
                &mut engine,
                "timeline",
                &[window[0], window[1], ("width", "4000")],
            );
            for lane in timeline["lanes"].as_array().unwrap() {
                if lane["context"] == unknown {
                    continue;
                }
                for stretches in [&lane["run"], &lane["ready"]] {
                    let edges: Vec<f64> = (stretches.as_array().unwrap().iter())
                        .map(|edge| edge.as_f64().unwrap())
                        .collect();
                    let longest = edges.chunks(3).map(|stretch| stretch[1] - stretch[0]);
                    assert!(
                        longest.fold(0.0, f64::max) <= ROUND as f64,
                        "{name}: {lane}"
                    );
                }
            }
        }
        // Who asks for memory behind it is not known, either.
        let events = ask(
            &mut engine,
            "events",
            &[("kinds", "heap"), ("limit", "500")],
        );
        let rows = events["rows"].as_array().unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows.last().unwrap()["context"], unknown, "{lost:?}");

        let document = document(&written(vec![recording.plain()]));
        assert_eq!(
            document["tasks"],
            ask(&mut engine, "tasks", &[]),
            "{lost:?}"
        );
    }
}

#[test]
fn sums_and_events_agree_on_what_ran() {
    // The recording is so long that windows are counted from sums, and loses data again and again.
    let mut recording = Scenario::begun();
    let mut known = [0; 2];
    for round in 0..30_000 {
        let ran = 3 + round % 7;
        recording.run(MAIN).after(5).run(WORKER).after(ran);
        known[0] += 5;
        known[1] += ran;
        if round % 100 == 99 {
            // It begins with what runs by then.
            recording.mark(1).after(777).overflow(round as u32);
        }
    }
    let program = Program::default();
    let end = recording.time().to_string();
    let mut engine = engine(&program, vec![recording.plain()]);
    let contexts = ["main", "worker"].map(|name| context_of(&mut engine, name));
    let all: [(&str, &str); 2] = [("from", "0"), ("to", &end)];
    for window in [&[][..], &all[..]] {
        let tasks = ask(&mut engine, "tasks", window);
        let runs = ask(&mut engine, "contexts", window);
        for (context, known) in contexts.into_iter().zip(known) {
            let ran = number(&row(&tasks, "tasks", context)["run"][0], "ticks");
            assert!(ran.abs_diff(known) <= 20, "{ran} for {known}");
            assert_eq!(
                number(&row(&runs, "contexts", context)["run"], "total"),
                ran
            );
        }
    }
}
