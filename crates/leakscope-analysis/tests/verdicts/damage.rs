//! What lost data do to a verdict.

use leakscope_analysis::findings::{
    Confidence, Finding, Gap, LossCounts, Losses, Verdict, Word, judge,
};

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

/// As above, in a trace that shows that addresses do not return: each lost packet may have been a free.
fn at_worst(mut program: Program, gaps: &[Gap]) -> Finding {
    program.unknown_frees = 100;
    with_gaps(program, gaps)
}

#[test]
fn lost_packets_do_not_explain_a_habit() {
    let finding = with_gaps(leak(), &[gap(980, 985, Some(100))]);
    assert_eq!(finding.verdict, Verdict::LeakSteady);
    assert_eq!(finding.confidence, Confidence::Medium);
    assert!(finding.reason.contains(&Word::Count(100)));
}

#[test]
fn where_most_packets_are_lost_no_habit_is_seen() {
    let finding = with_gaps(leak(), &[gap(980, 985, Some(u64::MAX))]);
    assert_eq!(finding.verdict, Verdict::Uncertain);
    assert_eq!(finding.confidence, Confidence::Low);
    assert_eq!(
        finding.reason[..3],
        [Word::Count(36), Word::Text(" of "), Word::Count(36)]
    );
}

#[test]
fn a_loss_of_unknown_extent_may_have_held_the_free_of_all_that_lived() {
    let verdict = |time| with_gaps(leak(), &[gap(time, time, None)]);
    assert_eq!(verdict(980).verdict, Verdict::Uncertain);
    assert_eq!(verdict(110).verdict, Verdict::LeakSteady);
    assert!(verdict(110).reason.ends_with(&[
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
fn where_addresses_do_not_return_each_lost_packet_may_have_been_a_free() {
    let verdict = |lost| at_worst(leak(), &[gap(980, 985, Some(lost))]).verdict;
    assert_eq!(verdict(30), Verdict::Uncertain);
    assert_eq!(verdict(35), Verdict::Uncertain);
    let early = at_worst(leak(), &[gap(80, 90, Some(9)), gap(90, 91, Some(30))]);
    assert_eq!(early.verdict, Verdict::LeakSteady);
    // Only one block was there to be freed.
    assert!(early.reason.contains(&Word::Count(1)));
}

#[test]
fn a_block_that_ended_unseen_is_a_free() {
    let mut program = leak();
    program.gaps = vec![gap(980, 985, Some(100))];
    let mut history = program.history();
    history.reused = 1;
    history.first_reuse = Some(500);
    history.unsure_ends.add(100, 400, true);
    let finding = judge(&history, &program.span());
    assert_ne!(finding.verdict, Verdict::LeakSteady);
}

/// 900 messages that are freed at once, and 100 of which nobody frees; all lose one free in a hundred, and one
/// site more than that.
#[test]
fn releases_that_go_together_with_gaps_accuse_nobody() {
    let mut program = Program::new(100_000);
    for birth in 0..1000_u32 {
        let birth = f64::from(birth) / 1000.0;
        program.freed(birth, birth + 0.0001, 10);
    }
    for birth in 0..100_u32 {
        program.kept(f64::from(birth) / 100.0, 10);
    }
    program.gaps = vec![gap(99_900, 99_910, Some(100))];
    let mut history = program.history();
    assert!(judge(&history, &program.span()).verdict.is_leak());
    history.reused = 60;
    history.first_reuse = Some(500);
    for _ in 0..60 {
        history.unsure_ends.add(10, 400, true);
    }
    assert_eq!(judge(&history, &program.span()).verdict, Verdict::Uncertain);
}

/// 1000 messages that are freed at once, and 100 of which nobody frees; one packet in ten is lost. If the memory of freed
/// messages seldom returns, a lost free stays hidden, and more of what seems to live may have been freed.
#[test]
fn freed_memory_that_nobody_uses_again_tells_how_many_lost_frees_are_hidden() {
    let mut program = Program::new(100_000);
    for birth in 0..1000_u32 {
        let birth = f64::from(birth) / 1000.0;
        program.freed(birth, birth + 0.0001, 10);
    }
    for birth in 0..100_u32 {
        program.kept(f64::from(birth) / 100.0, 10);
    }
    program.gaps = (1..100)
        .map(|gap_number| gap(gap_number * 1000, gap_number * 1000 + 1, Some(10)))
        .collect();
    let finding = |unreturned| {
        let mut history = program.history();
        (0..unreturned).for_each(|_| history.unreturned.add(90_000));
        judge(&history, &program.span())
    };
    let given_up = |unreturned| {
        let Finding {
            verdict, reason, ..
        } = finding(unreturned);
        assert_eq!(verdict, Verdict::LeakSurvivors);
        let mut although = reason
            .iter()
            .skip_while(|&word| *word != Word::Text("; even if "));
        match although.nth(1) {
            Some(Word::Count(frees)) => *frees,
            _ => panic!("{reason:?}"),
        }
    };
    assert!(given_up(0) < given_up(100));
    assert_eq!(finding(1000).verdict, Verdict::Uncertain);
}

#[test]
fn a_hint_stands_if_lost_frees_would_have_come_to_light() {
    let mut program = Program::new(1000);
    for birth in [100, 350, 600, 850] {
        program.kept(f64::from(birth) / 1000.0, 10);
    }
    program.gaps = vec![gap(900, 910, Some(1000))];
    let mut others = program.history();
    others.frees = 10_000;
    let verdict = |has_forgotten| {
        let mut span = program.span();
        let counts = LossCounts {
            packets: 10_000,
            returned: 1000,
            has_forgotten,
            ..LossCounts::default()
        };
        span.losses = Losses::of(&span, counts, std::iter::once(others.clone()));
        judge(&program.history(), &span).verdict
    };
    assert_eq!(verdict(false), Verdict::LeakSteady);
    assert_eq!(verdict(true), Verdict::Uncertain);
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

/// Frees are lost, as many as the gaps count, and no address returns that would show it: no healthy program may be
/// accused for that. About as many blocks are freed whose allocations were lost.
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
    program.unknown_frees = lost.iter().sum();
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

/// What another core may have freed before it seems to be allocated accuses nobody; what holds without that still does.
#[test]
fn what_may_be_freed_already_is_no_evidence() {
    use leakscope_analysis::findings::{SiteHistory, Span, Verdict, judge};
    let births: Vec<u64> = (0..50).map(|n| n * 20).collect();
    let verdict = |early_frees: &[u64]| {
        let history = SiteHistory {
            allocations: 50,
            allocated_bytes: 800,
            live_bytes: 800,
            last_allocation: 980,
            live_births: births.clone(),
            early_frees: early_frees.to_vec(),
            ..SiteHistory::default()
        };
        let span = Span {
            end: 1000,
            warm_up_end: 50,
            last_heap_event: 990,
            ..Span::default()
        };
        judge(&history, &span).verdict
    };
    assert_eq!(verdict(&births), Verdict::Uncertain);
    assert_eq!(verdict(&births[20..25]), Verdict::LeakSteady);
}
