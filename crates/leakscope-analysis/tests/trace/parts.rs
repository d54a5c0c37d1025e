//! Parts of a recording, drawn at random: each is read as a recording that began and ended then.

use leakscope_analysis::heap::KeepAll;
use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::trace::Step;
use leakscope_analysis::{Analysis, When};
use leakscope_testing::scenario::{MAIN, Scenario};
use proptest::prelude::*;

use crate::reading::{layout, read_one};

const SITE: &[u32] = &[0x400D_1234];
/// Ticks of the shortest recording that is not too short: 5 ms of the scenario's clock.
const SHORT: u64 = 5_000;

fn of_part(bytes: Vec<u8>, from: u64, to: u64) -> Outcome {
    let inputs = [bytes];
    let mut analysis = Analysis::new(&layout(&inputs), KeepAll);
    loop {
        let step = analysis.step_in(&inputs[..], |event, _| match event.time {
            time if time < from => When::Before(from),
            time if time > to => When::Behind(to),
            _ => When::Within,
        });
        match step {
            Ok(Step::Event(event, _)) if event.time <= to => {}
            _ => return analysis.outcome(),
        }
    }
}

/// A program that allocates, frees the oldest block, or does something else, after pauses of all lengths.
fn program() -> impl Strategy<Value = Vec<(u64, u8)>> {
    let pause = (0..7_u32).prop_flat_map(|digits| 10_u64.pow(digits)..=10_u64.pow(digits + 1));
    prop::collection::vec((pause, 0..6_u8), 1..60)
}

fn has(outcome: &Outcome, code: &str) -> bool {
    let mut problems = outcome.problems.iter();
    problems.any(|problem| problem.kind.code() == code)
}

proptest! {
    #![proptest_config(crate::cases(200))]

    #[test]
    fn a_part_covers_its_own_time_alone(steps in program(), begin in 0.0..1.1, end in 0.0..1.3) {
        let mut recording = Scenario::begun();
        recording.run(MAIN);
        let (mut live, mut next) = (std::collections::VecDeque::new(), 0);
        // When blocks were allocated and freed.
        let mut lives: Vec<(u64, u64)> = Vec::new();
        let mut heap_events = Vec::new();
        for (pause, what) in steps {
            recording.after(pause);
            match what {
                0..3 => {
                    recording.allocate(0x3FFB_0000 + 64 * next, 24, SITE);
                    live.push_back(next);
                    lives.push((recording.time_of_last(), u64::MAX));
                    next += 1;
                }
                3 if !live.is_empty() => {
                    let block = live.pop_front().unwrap_or_default();
                    recording.free(0x3FFB_0000 + 64 * block, SITE);
                    lives[block as usize].1 = recording.time_of_last();
                }
                4 => {
                    recording.print("x\n");
                    continue;
                }
                _ => {
                    recording.idle().run(MAIN);
                    continue;
                }
            }
            heap_events.push(recording.time_of_last());
        }
        let last = recording.time_of_last();
        let whole = read_one(recording.plain());
        let (from, to) = ((begin * last as f64) as u64, (end * last as f64) as u64);
        prop_assume!(from < to);
        let part = of_part(recording.plain(), from, to);
        let within = |time: u64| (from..=to).contains(&time);
        let length = to.min(last).saturating_sub(from);
        prop_assert_eq!(part.length(), length);
        prop_assert_eq!(part.sessions[0].start, from);
        prop_assert_eq!(part.sessions[0].end - from, length);
        let events = whole.events.iter().filter(|event| within(event.time));
        prop_assert_eq!(part.totals.events, events.count() as u64);
        let heap_events = heap_events.iter().filter(|&&time| within(time)).count();
        prop_assert_eq!(part.totals.heap_events, heap_events as u64);
        prop_assert_eq!(has(&part, "no-heap-events"), heap_events == 0);
        let left = lives.iter().filter(|(began, ended)| within(*began) && *ended > to);
        let left = left.count() as u64;
        prop_assert_eq!(part.totals.outstanding_blocks, left);
        prop_assert_eq!(has(&part, "too-short"), left > 0 && length < SHORT);
    }
}
