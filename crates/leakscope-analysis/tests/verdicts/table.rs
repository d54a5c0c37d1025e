//! Every pattern, 200 times: how often each verdict was given.
//!
//! The table of `docs/verdicts.md` is printed by
//! `cargo test -p leakscope-analysis --test verdicts table -- --nocapture`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::thread;

use leakscope_analysis::findings::{Confidence, Verdict, judge};

use crate::patterns::{Pattern, Truth, all};

const SEEDS: u64 = 200;

/// In how many of 200 runs a leak has to be found at the least. Some patterns leave little to see: ten
/// blocks among 2000, or five bursts of which the last may be long ago.
const NEARLY_ALL: u64 = 160;

/// How often each verdict was given on programs of a pattern.
#[derive(Default)]
struct Row {
    verdicts: BTreeMap<Verdict, u64>,
    leaks: u64,
    sure_leaks: u64,
}

fn count(pattern: &Pattern) -> Row {
    let mut row = Row::default();
    for seed in 0..SEEDS {
        let program = pattern.program(seed);
        let finding = judge(&program.history(), &program.span());
        *row.verdicts.entry(finding.verdict).or_default() += 1;
        if finding.verdict.is_leak() {
            row.leaks += 1;
            row.sure_leaks += u64::from(finding.confidence > Confidence::Low);
        }
    }
    row
}

/// As [`count`], for all patterns at the same time.
fn count_all(patterns: &[Pattern]) -> Vec<Row> {
    thread::scope(|scope| {
        let counts: Vec<_> = patterns
            .iter()
            .map(|pattern| scope.spawn(|| count(pattern)))
            .collect();
        counts
            .into_iter()
            .map(|count| count.join().expect("judging does not panic"))
            .collect()
    })
}

#[test]
#[expect(clippy::print_stdout, reason = "the table is what this test is for")]
fn table() {
    let mut text = String::from(
        "| truth | pattern | leak | of these not low | verdicts |\n|---|---|---:|---:|---|\n",
    );
    let mut wrong = Vec::new();
    let patterns = all();
    for (pattern, row) in patterns.iter().zip(count_all(&patterns)) {
        let verdicts: Vec<String> = row
            .verdicts
            .iter()
            .map(|(verdict, count)| format!("{} {count}", verdict.name()))
            .collect();
        let truth = match pattern.truth {
            Truth::Leaks => "leaks",
            Truth::Healthy => "healthy",
            Truth::Undecidable => "undecidable",
        };
        writeln!(
            text,
            "| {truth} | {} | {} | {} | {} |",
            pattern.name,
            row.leaks,
            row.sure_leaks,
            verdicts.join(", ")
        )
        .expect("a string takes all that is written");
        let holds = match pattern.truth {
            Truth::Leaks => row.leaks >= NEARLY_ALL,
            Truth::Healthy => row.leaks == 0,
            Truth::Undecidable => true,
        };
        if !holds {
            wrong.push(pattern.name);
        }
    }
    println!("{text}");
    assert!(
        wrong.is_empty(),
        "leaks missed or called without need: {wrong:?}"
    );
}
