//! Parts of a recording: they add up to all of it.

use std::collections::BTreeMap;

use leakscope_export::{Format, Selection, Table, Value};
use proptest::prelude::*;

use crate::made::{Made, PROGRAM, everything, recording, steps};

fn stacks(folded: &str) -> BTreeMap<String, u64> {
    let lines = folded.lines().map(|line| line.rsplit_once(' ').unwrap());
    lines
        .map(|(stack, number)| (stack.to_owned(), number.parse().unwrap()))
        .collect()
}

fn added(parts: &[String]) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for (stack, number) in parts.iter().flat_map(|part| stacks(part)) {
        *sums.entry(stack).or_default() += number;
    }
    sums
}

proptest! {
    #[test]
    fn allocations_before_and_after_a_moment_are_all(steps in steps(), at in 0..40_000_u64) {
        let made = Made::new(&recording(&steps), PROGRAM);
        for value in [Value::Allocated, Value::Count] {
            let before = made.folded(value, Selection { to: at, ..Selection::default() });
            let after = made.folded(value, Selection { from: at, ..Selection::default() });
            let all = made.folded(value, Selection::default());
            prop_assert_eq!(added(&[before, after]), stacks(&all));
        }
    }

    #[test]
    fn what_each_task_left_behind_is_all_that_tasks_left_behind(steps in steps()) {
        let made = Made::new(&recording(&steps), PROGRAM);
        let parts = ["main", "worker"].map(|task| made.folded(Value::Outstanding, Made::of_task(task)));
        let usage = made.report.contexts.iter().filter(|usage| ["main", "worker"].contains(&&*usage.name));
        let expected: u64 = usage.map(|usage| usage.outstanding_bytes).sum();
        prop_assert_eq!(added(&parts).values().sum::<u64>(), expected);
    }
}

/// What lives at a moment is outstanding there, though it is freed later.
#[test]
fn an_export_that_ends_early_is_a_recording_that_ended_early() {
    let whole = Made::new(&everything(), PROGRAM);
    let selection = Selection {
        to: 2_300,
        ..Selection::default()
    };
    let outstanding = stacks(&whole.folded(Value::Outstanding, selection));
    let expected = [
        ("app_main;handle;parse", 24),
        ("app_main;handle;parse;copy", 100),
        ("init", 512),
    ];
    let expected = expected.map(|(stack, bytes)| (stack.to_owned(), bytes));
    assert_eq!(outstanding, BTreeMap::from(expected));
}

#[test]
fn a_table_of_the_whole_recording_says_so() {
    let made = Made::new(&everything(), PROGRAM);
    let options = leakscope_export::Options {
        table: Table::Sites,
        ..Default::default()
    };
    let losses = |selection| made.part(Format::Csv, options, selection).1;
    assert!(losses(Selection::default()).is_empty());
    assert!(losses(Made::of_task("main"))[0].starts_with("the selection"));
}
