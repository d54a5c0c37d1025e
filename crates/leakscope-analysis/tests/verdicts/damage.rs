//! What lost data do to a verdict.

use leakscope_analysis::findings::{Confidence, Finding, Gap, Verdict, Word, judge};

use crate::patterns::{Truth, all};
use crate::program::Program;

/// 36 blocks, one every 25 ticks from 75 on, in 1000 ticks.
fn leak() -> Program {
    let mut program = Program::new(1000);
    for birth in (75..975_u32).step_by(25) {
        program.kept(f64::from(birth) / 1000.0, 10);
    }
    program
}

fn gap(from: u64, to: u64, lost: Option<u64>) -> Gap {
    Gap { from, to, lost }
}

fn with_gaps(mut program: Program, gaps: &[Gap]) -> Finding {
    program.gaps = gaps.to_vec();
    judge(&program.history(), &program.span())
}

#[test]
fn a_gap_that_could_explain_all_blocks_leaves_nothing_sure() {
    let finding = with_gaps(leak(), &[gap(980, 985, None)]);
    assert_eq!(finding.verdict, Verdict::Uncertain);
    assert_eq!(finding.confidence, Confidence::Low);
    assert_eq!(
        finding.reason[..3],
        [Word::Count(36), Word::Text(" of "), Word::Count(36)]
    );
}

#[test]
fn a_leak_stands_without_the_blocks_that_a_gap_explains() {
    let finding = with_gaps(leak(), &[gap(100, 110, None)]);
    assert_eq!(finding.verdict, Verdict::LeakSteady);
    assert_eq!(finding.confidence, Confidence::Medium);
    assert!(finding.reason.ends_with(&[
        Word::Text("; even if "),
        Word::Count(2),
        Word::Text(" of them were freed where data were lost"),
    ]));
}

#[test]
fn a_gap_before_the_first_allocation_explains_nothing() {
    assert_eq!(
        with_gaps(leak(), &[gap(10, 60, None)]),
        with_gaps(leak(), &[])
    );
}

#[test]
fn counted_losses_explain_at_most_so_many_blocks() {
    let at_end = |lost| with_gaps(leak(), &[gap(980, 985, Some(lost))]);
    assert_eq!(at_end(0).confidence, Confidence::High);
    assert_eq!(at_end(12).verdict, Verdict::LeakSteady);
    assert_eq!(at_end(12).confidence, Confidence::Medium);
    assert!(at_end(12).reason.contains(&Word::Count(12)));
    assert_eq!(at_end(35).verdict, Verdict::Uncertain);
    assert_eq!(at_end(u64::MAX).verdict, Verdict::Uncertain);
}

#[test]
fn losses_add_up_over_gaps_but_no_block_is_freed_twice() {
    let finding = with_gaps(
        leak(),
        &[
            gap(80, 90, Some(9)),
            gap(500, 510, Some(4)),
            gap(600, 601, Some(3)),
        ],
    );
    // Only one block was there to be freed in the first gap.
    assert!(finding.reason.contains(&Word::Count(8)));
}

#[test]
fn what_is_no_leak_is_only_less_sure() {
    let mut program = Program::new(1000);
    program.kept(0.01, 10);
    program.kept(0.02, 10);
    let sound = with_gaps(program.clone(), &[]);
    let damaged = with_gaps(program, &[gap(500, 510, None)]);
    assert_eq!(damaged.verdict, Verdict::Once);
    assert_eq!(damaged.reason, sound.reason);
    assert!(damaged.confidence < sound.confidence);
}

#[test]
fn what_is_unclassified_is_uncertain_where_a_gap_may_explain_it() {
    let mut program = Program::new(1000);
    program.kept(0.3, 10);
    program.kept(0.9, 10);
    let verdict = |gaps: &[Gap]| with_gaps(program.clone(), gaps).verdict;
    assert_eq!(verdict(&[]), Verdict::Unclassified);
    assert_eq!(verdict(&[gap(950, 960, None)]), Verdict::Uncertain);
}

#[test]
fn what_was_freed_stays_freed() {
    let mut program = Program::new(1000);
    program.freed(0.1, 0.5, 10);
    let finding = with_gaps(program, &[gap(200, 300, None)]);
    assert_eq!(finding.verdict, Verdict::AllFreed);
    assert_eq!(finding.confidence, Confidence::High);
}

/// Frees are lost, as many as the gaps count: no healthy program may be accused for that.
#[test]
fn lost_frees_accuse_nobody() {
    let mut accused = Vec::new();
    for pattern in all()
        .iter()
        .filter(|pattern| pattern.truth == Truth::Healthy)
    {
        for seed in 0..50 {
            let mut program = pattern.program(seed);
            lose_frees(&mut program, 40, 7 + seed % 5);
            if judge(&program.history(), &program.span()).verdict.is_leak() {
                accused.push((pattern.name, seed));
            }
        }
    }
    assert!(accused.is_empty(), "{accused:?}");
}

/// Loses one in `one_in` of the frees that fall into the odd ones of `count` stretches of the trace.
fn lose_frees(program: &mut Program, count: u64, one_in: u64) {
    let stretch = (program.end / count).max(1);
    let mut lost = vec![0_u64; count as usize + 1];
    let mut seen = 0;
    for block in &mut program.blocks {
        let Some(death) = block.death.filter(|&death| death <= program.end) else {
            continue;
        };
        let place = (death / stretch).min(count);
        if place % 2 == 1 {
            seen += 1;
            if seen % one_in == 0 {
                block.death = None;
                lost[place as usize] += 1;
            }
        }
    }
    program.gaps = (0..=count)
        .filter(|&place| lost[place as usize] > 0)
        .map(|place| {
            gap(
                place * stretch,
                (place + 1) * stretch,
                Some(lost[place as usize]),
            )
        })
        .collect();
}
