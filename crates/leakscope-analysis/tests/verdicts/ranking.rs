//! How fast call sites grow, and the order in which they are shown.

use leakscope_analysis::findings::{Growth, Rank, Verdict, growth, judge};

use crate::program::Program;

fn growth_of(program: &Program) -> (Verdict, Growth) {
    let (history, span) = (program.history(), program.span());
    let verdict = judge(&history, &span).verdict;
    (verdict, growth(verdict, &history, &span))
}

fn per_tick(growth: Growth) -> f64 {
    growth.bytes as f64 / growth.ticks as f64
}

#[test]
fn a_steady_leak_grows_by_a_block_each_time() {
    let mut program = Program::new(10_000);
    for birth in (0..10_000_u32).step_by(100) {
        program.kept(f64::from(birth) / 10_000.0, 32);
    }
    let (verdict, growth) = growth_of(&program);
    assert_eq!(verdict, Verdict::LeakSteady);
    assert_eq!(growth.bytes * 100, 32 * growth.ticks as i64);
}

#[test]
fn messages_beside_them_do_not_slow_survivors_down() {
    let mut program = Program::new(10_000);
    for birth in (0..10_000_u32).step_by(10) {
        let share = f64::from(birth) / 10_000.0;
        if birth % 200 == 0 {
            program.kept(share, 32);
        } else {
            program.freed(share, share + 0.0005, 32);
        }
    }
    let (verdict, growth) = growth_of(&program);
    assert_eq!(verdict, Verdict::LeakSurvivors);
    assert!((per_tick(growth) - 0.16).abs() < 0.01, "{growth:?}");
}

#[test]
fn a_growing_leak_grows_as_its_floor_does() {
    let mut program = Program::new(10_000);
    for step in 0..100 {
        let share = f64::from(step) / 100.0;
        let size = 100 * (step as u64 + 1);
        if step < 99 {
            program.freed(share, share + 0.01, size);
        } else {
            program.kept(share, size);
        }
    }
    let (verdict, growth) = growth_of(&program);
    assert_eq!(verdict, Verdict::LeakGrowing);
    assert!((per_tick(growth) - 1.0).abs() < 0.05, "{growth:?}");
}

#[test]
fn a_leak_per_cycle_grows_over_the_cycles() {
    let mut program = Program::new(10_000);
    for cycle in 0..10_u32 {
        program.kept(f64::from(cycle) / 10.0 + 0.05, 70);
    }
    program.marks = (0..=9).map(|cycle| cycle * 1000).collect();
    let (verdict, growth) = growth_of(&program);
    assert_eq!(verdict, Verdict::LeakPerCycle);
    assert_eq!(
        growth,
        Growth {
            bytes: 490,
            ticks: 7000
        }
    );
}

#[test]
fn what_is_no_leak_does_not_grow() {
    let mut program = Program::new(1000);
    program.kept(0.01, 4000);
    assert_eq!(growth_of(&program), (Verdict::Once, Growth::NONE));
}

#[test]
fn what_may_be_one_grows_by_all_that_is_outstanding() {
    let mut program = Program::new(1000);
    program.kept(0.2, 100);
    program.kept(0.9, 300);
    let expected = Growth {
        bytes: 400,
        ticks: 800,
    };
    assert_eq!(growth_of(&program), (Verdict::Unclassified, expected));
}

fn rank(
    verdict: Verdict,
    growth: (i64, u64),
    outstanding_bytes: u64,
    first_allocation: u64,
) -> Rank {
    let (bytes, ticks) = growth;
    Rank {
        verdict,
        growth: Growth { bytes, ticks },
        outstanding_bytes,
        first_allocation,
    }
}

#[test]
fn all_verdicts_are_listed() {
    let numbers = Verdict::ALL.map(|verdict| verdict as usize);
    assert!(numbers.iter().copied().eq(0..numbers.len()));
    assert_eq!(Verdict::ALL.last(), Some(&Verdict::AllFreed));
}

#[test]
fn findings_are_shown_worst_first() {
    let in_order = [
        rank(Verdict::LeakSurvivors, (3, 10), 5, 0),
        rank(Verdict::LeakSteady, (2, 10), 100, 0),
        rank(Verdict::LeakGrowing, (1, 10), 1, 0),
        rank(Verdict::Uncertain, (900, 1), 900, 0),
        rank(Verdict::Unclassified, (950, 1), 950, 0),
        rank(Verdict::LateRelease, (0, 1), 0, 0),
        rank(Verdict::InFlight, (0, 1), 7000, 0),
        rank(Verdict::Bounded, (0, 1), 8000, 0),
        rank(Verdict::Once, (0, 1), 9000, 0),
        rank(Verdict::Once, (0, 1), 8999, 3),
        rank(Verdict::Once, (0, 1), 8999, 4),
        rank(Verdict::AllFreed, (0, 1), 0, 0),
    ];
    let mut shuffled = in_order;
    shuffled.reverse();
    shuffled.sort();
    assert_eq!(shuffled, in_order);
}

/// Huge numbers are compared exactly.
#[test]
fn rates_are_compared_without_rounding() {
    let slower = rank(Verdict::LeakSteady, (i64::MAX - 1, u64::MAX), 0, 0);
    let faster = rank(Verdict::LeakSteady, (i64::MAX, u64::MAX), 0, 0);
    assert!(faster < slower);
    assert_eq!(
        rank(Verdict::LeakSteady, (2, 4), 0, 0),
        rank(Verdict::LeakSteady, (1, 2), 0, 0)
    );
}
