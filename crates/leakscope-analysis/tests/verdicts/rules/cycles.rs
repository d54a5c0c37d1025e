//! Cycles that the user marked: what each leaves behind.

use super::*;

/// A site that gained a block in so many of these cycles of 100 ticks.
fn cycles(grown: u64, whole: u64) -> (SiteHistory, Span) {
    let program = kept(&every(100, 230, 1000));
    let mut history = program.history();
    let mut span = program.span();
    history.cycles = Cycles {
        grown,
        net_bytes: 10 * grown as i64,
    };
    span.cycles = whole;
    span.cycles_from = 200;
    span.cycles_to = 1000;
    (history, span)
}

#[test]
fn most_cycles_must_leave_something_behind() {
    let verdict = |grown, whole| {
        let (history, span) = cycles(grown, whole);
        judge(&history, &span).verdict
    };
    assert_eq!(verdict(3, 3), Verdict::LeakPerCycle);
    assert_eq!(verdict(2, 2), Verdict::LeakSteady);
    assert_eq!(verdict(4, 5), Verdict::LeakPerCycle);
    assert_eq!(verdict(3, 5), Verdict::LeakSteady);
}

/// Not in most cycles, but in none it was taken back.
#[test]
fn what_some_cycles_leave_and_none_takes_back_is_a_leak() {
    let judged = |steps: &[i64]| {
        let mut program = Program::new(1000);
        for (cycle, &step) in (2..).zip(steps) {
            let at = |part: f64| (f64::from(cycle) + part) * 0.08;
            program.freed(at(0.1), at(0.9), 10);
            for _ in 0..step {
                program.kept(at(0.2), 10);
            }
        }
        program.marks = (0..=steps.len() as u64 + 2)
            .map(|cycle| cycle * 80)
            .collect();
        finding(&program)
    };
    let leak = judged(&[1, 0, 1, 0, 0, 1, 0, 1, 0, 1]);
    assert_eq!(
        (leak.verdict, leak.confidence),
        (Verdict::LeakPerCycle, Confidence::Low),
        "{leak:?}"
    );
    let stopped = judged(&[1, 1, 1, 1, 1, 1, 0, 0, 0, 0]);
    assert!(!stopped.verdict.is_leak(), "{stopped:?}");
}

#[test]
fn cycles_that_end_where_they_began_leak_nothing() {
    let (mut history, span) = cycles(5, 5);
    history.cycles.net_bytes = 0;
    assert_ne!(judge(&history, &span).verdict, Verdict::LeakPerCycle);
}

#[test]
fn blocks_that_live_for_several_cycles_are_not_left_behind() {
    let (mut history, span) = cycles(5, 5);
    for _ in 0..10 {
        history.lifetimes.add(450);
    }
    history.frees = 10;
    assert_ne!(judge(&history, &span).verdict, Verdict::LeakPerCycle);
}

#[test]
fn a_leak_per_cycle_says_how_much() {
    let (history, span) = cycles(5, 5);
    let finding = judge(&history, &span);
    assert_eq!(finding.confidence, Confidence::High);
    assert_eq!(finding.reason[..2], [Word::Text("+"), Word::Bytes(10)]);
}
