//! Each rule at its boundaries, in traces of 1000 ticks of which the first 50 are start-up.

mod cycles;
mod levels;

use leakscope_analysis::findings::{
    Confidence, Cycles, Finding, SiteHistory, Span, Verdict, Word, judge,
};

use crate::program::Program;

/// Blocks of 10 bytes that are never freed, in a trace in which other call sites are busy.
fn kept(births: &[u64]) -> Program {
    let mut program = Program::new(1000);
    for &birth in births {
        program.kept(birth as f64 / 1000.0, 10);
    }
    program
}

/// Messages that live for 5 ticks, one every 10, up to `end`.
fn with_messages(mut program: Program, end: u64) -> Program {
    for birth in (0..end).step_by(10) {
        program.freed(birth as f64 / 1000.0, (birth + 5) as f64 / 1000.0, 10);
    }
    program
}

fn finding(program: &Program) -> Finding {
    judge(&program.history(), &program.span())
}

fn verdict(program: &Program) -> Verdict {
    finding(program).verdict
}

fn every(step: usize, from: u64, to: u64) -> Vec<u64> {
    (from..to).step_by(step).collect()
}

#[test]
fn three_blocks_are_a_habit_and_two_are_not() {
    assert_eq!(verdict(&kept(&[300, 600, 900])), Verdict::LeakSteady);
    assert_eq!(verdict(&kept(&[300, 900])), Verdict::Unclassified);
}

#[test]
fn who_finds_no_memory_has_not_stopped_growing() {
    let mut program = kept(&every(25, 100, 500));
    assert_eq!(verdict(&program), Verdict::Bounded);
    program.fails_since = Some(500);
    assert_eq!(verdict(&program), Verdict::LeakSteady);
}

#[test]
fn a_core_whose_data_are_missing_may_have_freed_it() {
    let program = kept(&every(25, 100, 1000));
    let mut span = program.span();
    let whole = judge(&program.history(), &span);
    span.missing.cores = vec![1];
    let half = judge(&program.history(), &span);
    span.missing.cores = vec![1, 2, 3];
    let more = judge(&program.history(), &span).reason;
    assert!(more.contains(&Word::Text("; what cores ")) && more.contains(&Word::Text(" and ")));
    assert_eq!(
        (
            whole.verdict,
            whole.confidence,
            half.verdict,
            half.confidence
        ),
        (
            Verdict::LeakSteady,
            Confidence::High,
            Verdict::LeakSteady,
            Confidence::Medium
        )
    );
    assert!(half.reason.contains(&Word::Text(" freed is missing")));
}

#[test]
fn the_blocks_of_one_burst_count_once() {
    let bursts = |bursts: &[u64]| {
        let births: Vec<u64> = bursts.iter().flat_map(|&burst| burst..burst + 9).collect();
        verdict(&kept(&births))
    };
    assert_eq!(bursts(&[300, 900]), Verdict::Unclassified);
    assert_eq!(bursts(&[300, 600, 900]), Verdict::LeakSteady);
}

#[test]
fn blocks_of_start_up_do_not_count_towards_a_leak() {
    assert_eq!(verdict(&kept(&[10, 20, 300, 900])), Verdict::Unclassified);
    assert_eq!(
        verdict(&kept(&[10, 20, 300, 600, 900])),
        Verdict::LeakSteady
    );
}

#[test]
fn more_blocks_make_a_steady_leak_surer() {
    let confidence = |blocks: u64| {
        let births: Vec<u64> = (1..=blocks).map(|n| 50 + n * 900 / blocks).collect();
        finding(&kept(&births)).confidence
    };
    assert_eq!(confidence(5), Confidence::Low);
    assert_eq!(confidence(6), Confidence::Medium);
    assert_eq!(confidence(7), Confidence::Medium);
    assert_eq!(confidence(8), Confidence::High);
}

#[test]
fn a_leak_that_covers_little_of_the_trace_is_not_sure() {
    let finding = finding(&kept(&every(10, 600, 1000)));
    assert_eq!(finding.verdict, Verdict::LeakSteady);
    assert_eq!(finding.confidence, Confidence::Medium);
}

#[test]
fn a_burst_is_no_steady_leak() {
    assert_eq!(verdict(&kept(&every(10, 850, 1000))), Verdict::Unclassified);
    assert_eq!(verdict(&kept(&every(10, 800, 1000))), Verdict::LeakSteady);
}

#[test]
fn a_site_that_is_silent_longer_than_ever_has_stopped() {
    assert_eq!(verdict(&kept(&every(20, 0, 840))), Verdict::LeakSteady);
    assert_eq!(verdict(&kept(&every(20, 0, 780))), Verdict::Bounded);
    // As slow before: the silence is a pause like the others.
    assert_eq!(verdict(&kept(&[60, 290, 520, 760])), Verdict::LeakSteady);
    // No pause may excuse a silence that is longer than half of the time before it.
    assert!(!verdict(&kept(&[60, 61, 62, 620])).is_leak());
}

/// 200 blocks, evenly, and then none for as long as 44 pauses: what is full looks so, too.
#[test]
fn a_silence_of_many_pauses_is_no_sure_leak() {
    let until = |end: u64| {
        let mut program = Program::new(10_000);
        for birth in every(41, 0, end) {
            program.kept(birth as f64 / 10_000.0, 10);
        }
        finding(&program)
    };
    let (full, going_on) = (until(8160), until(9760));
    assert_eq!(
        (full.verdict, full.confidence),
        (Verdict::LeakSteady, Confidence::Medium)
    );
    let silence = [
        Word::Text("; then nothing more for "),
        Word::Duration(1841),
        Word::Text(", "),
        Word::Count(44),
        Word::Text(" usual pauses"),
    ];
    assert!(full.reason.ends_with(&silence), "{:?}", full.reason);
    assert_eq!(going_on.confidence, Confidence::High, "{going_on:?}");
}

/// Nine blocks at once, ten times: of these pauses, the last is one like the others.
#[test]
fn between_bursts_a_silence_is_usual() {
    let bursts = every(95, 60, 900);
    let births: Vec<u64> = bursts
        .iter()
        .flat_map(|&burst| (0..9).map(move |block| burst + block / 5))
        .collect();
    let finding = finding(&kept(&births));
    assert_eq!(finding.confidence, Confidence::High, "{finding:?}");
}

#[test]
fn where_the_whole_heap_falls_silent_a_site_has_not_stopped() {
    let mut program = kept(&every(20, 0, 740));
    assert_eq!(verdict(&program), Verdict::Bounded);
    program.others_until = 740;
    assert_eq!(verdict(&program), Verdict::LeakSteady);
}

#[test]
fn a_program_that_uses_the_heap_only_at_first_does_not_leak() {
    let mut program = kept(&every(20, 0, 400));
    program.others_until = 400;
    let finding = finding(&program);
    assert_eq!(finding.verdict, Verdict::Once);
    assert_eq!(finding.confidence, Confidence::Medium);
}

/// Others are at work, and then the whole program idles: what it left behind while it worked, it leaks.
#[test]
fn a_program_that_leaked_and_then_idles_is_not_excused() {
    for end in [1000, 10_000, 1_000_000] {
        let mut program = kept(&every(20, 0, 400));
        program.end = end;
        program.others_until = 405;
        program.others_free = every(25, 10, 400);
        let leak = finding(&program);
        assert_eq!(leak.verdict, Verdict::LeakSteady, "{end}");
        assert_eq!(leak.confidence, Confidence::Medium);
        assert!(leak.reason.contains(&Word::Moment(405)));

        program.others_free.truncate(5);
        assert_eq!(verdict(&program), Verdict::Once, "{end}");
    }
}

/// The same within 4 ms is how programs start up.
#[test]
fn a_trace_may_be_too_short_for_any_habit() {
    let program = kept(&every(20, 60, 980));
    let judged = |second| {
        let span = Span {
            second,
            ..program.span()
        };
        judge(&program.history(), &span)
    };
    assert_eq!(judged(50_000).verdict, Verdict::LeakSteady);
    let short = judged(250_000);
    assert_eq!(short.verdict, Verdict::Unclassified);
    assert!(short.reason.contains(&Word::Duration(1000)));
}

#[test]
fn blocks_that_become_rarer_fill_something() {
    let births: Vec<u64> = (1..=20)
        .map(|n: u64| 50 + n.pow(4) * 900 / 160_000)
        .collect();
    let finding = finding(&kept(&births));
    assert_eq!(finding.verdict, Verdict::Unclassified);
    let says = |text: &str| {
        let mut words = finding.reason.iter();
        words.any(|word| matches!(word, Word::Text(said) if said.contains(text)))
    };
    assert!(says("ever more slowly: the first quarter came within"));
}

#[test]
fn bursts_are_no_trend() {
    let births: Vec<u64> = [100, 130, 400, 900]
        .iter()
        .flat_map(|&burst| burst..burst + 5)
        .collect();
    assert_eq!(verdict(&kept(&births)), Verdict::LeakSteady);
}

#[test]
fn a_steady_leak_says_how_many_how_often_and_when() {
    let finding = finding(&kept(&every(30, 60, 1000)));
    assert_eq!(
        finding.reason,
        [
            Word::Count(32),
            Word::Text(" of "),
            Word::Count(32),
            Word::Text(" blocks never freed, one every "),
            Word::Duration(30),
            Word::Text(" from "),
            Word::Moment(60),
            Word::Text(" to "),
            Word::Moment(990),
        ]
    );
}

#[test]
fn what_is_allocated_at_start_up_only_is_allocated_once() {
    assert_eq!(verdict(&kept(&[1, 2, 50])), Verdict::Once);
    assert_eq!(verdict(&kept(&[1, 2, 51])), Verdict::Bounded);
    assert_eq!(verdict(&kept(&[700])), Verdict::Once);
}

#[test]
fn a_trace_without_length_proves_nothing() {
    let mut history = kept(&[0, 0, 0, 0]).history();
    let span = Span::default();
    assert_eq!(judge(&history, &span).verdict, Verdict::Unclassified);
    history.live_births.clear();
    assert_eq!(judge(&history, &span).verdict, Verdict::AllFreed);
}

#[test]
fn frees_at_the_very_end_are_a_late_release() {
    let freed_at = |death: f64| {
        let mut program = Program::new(1000);
        for birth in [0.1, 0.5, 0.9] {
            program.freed(birth, death, 10);
        }
        verdict(&program)
    };
    assert_eq!(freed_at(0.98), Verdict::AllFreed);
    assert_eq!(freed_at(0.985), Verdict::LateRelease);
}

#[test]
fn frees_after_the_order_to_stop_are_a_late_release() {
    let mut program = Program::new(1000);
    program.freed(0.1, 0.9, 10);
    let history = program.history();
    let mut span = program.span();
    assert_eq!(judge(&history, &span).verdict, Verdict::AllFreed);
    span.stopped = Some(900);
    assert_eq!(judge(&history, &span).verdict, Verdict::LateRelease);
}

#[test]
fn a_late_release_may_hold_a_few_young_blocks() {
    let mut program = Program::new(1000);
    for birth in 1..10 {
        program.freed(f64::from(birth) / 20.0, 0.99, 10);
    }
    program.freed(0.985, 0.99, 10);
    assert_eq!(verdict(&program), Verdict::LateRelease);
}

#[test]
fn short_work_at_the_very_end_is_no_late_release() {
    let mut program = Program::new(1000);
    program.freed(0.985, 0.99, 10);
    assert_eq!(verdict(&program), Verdict::AllFreed);
}

#[test]
fn a_few_frees_at_the_end_do_not_excuse_a_leak() {
    let mut program = kept(&every(40, 60, 980));
    program.freed(0.3, 0.99, 10);
    assert_eq!(verdict(&program), Verdict::LeakSteady);
}

#[test]
fn four_survivors_of_short_work_are_a_leak() {
    let survivors = |births: &[u64]| verdict(&with_messages(kept(births), 1000));
    assert_eq!(survivors(&[123, 333, 633, 873]), Verdict::LeakSurvivors);
    assert_ne!(survivors(&[123, 333, 873]), Verdict::LeakSurvivors);
}

#[test]
fn survivors_that_are_all_recent_are_a_stall() {
    let births = every(10, 801, 950);
    assert_eq!(
        verdict(&with_messages(kept(&births), 1000)),
        Verdict::Unclassified
    );
}

#[test]
fn survivors_that_are_all_old_are_no_leak() {
    let births = every(10, 61, 300);
    assert!(!verdict(&with_messages(kept(&births), 1000)).is_leak());
}

/// Everything is released at once, and then nothing is any more: whether the blocks since then stay is not known.
#[test]
fn what_no_later_free_has_spared_is_no_survivor() {
    let mut program = kept(&every(5, 352, 1000));
    for birth in every(5, 152, 350) {
        program.freed(birth as f64 / 1000.0, 0.35, 10);
    }
    assert!(!verdict(&program).is_leak());
    assert_eq!(
        verdict(&with_messages(program, 1000)),
        Verdict::LeakSurvivors
    );
}

/// A block every 20 ticks stays, and others of the same site are released half-way.
#[test]
fn what_is_released_at_once_excuses_no_leak_beside_it() {
    let beside = |released: &[u64], kept: Program| {
        let mut program = kept;
        for &birth in released {
            program.freed(birth as f64 / 1000.0, 0.5, 10);
        }
        verdict(&program)
    };
    let leak = || kept(&every(20, 60, 1000));
    assert_eq!(beside(&every(3, 11, 490), leak()), Verdict::LeakSurvivors);
    // Those that were released are the oldest: a ring drops them, to go on.
    let ring = kept(&every(20, 260, 1000));
    assert!(!beside(&every(20, 60, 260), ring).is_leak());
    // More come after it than were left before: what was emptied fills again.
    let refilled: Vec<u64> = every(50, 60, 500)
        .into_iter()
        .chain(every(10, 510, 1000))
        .collect();
    assert!(!beside(&every(3, 11, 490), kept(&refilled)).is_leak());
}

/// Eight in start-up, and five since.
#[test]
fn a_few_more_than_at_start_up_are_no_habit() {
    let since = [200, 390, 560, 750, 930];
    let with = |at_start: &[u64]| verdict(&kept(&[at_start, &since].concat()));
    assert_eq!(with(&[1, 3]), Verdict::LeakSteady);
    assert_eq!(with(&[1, 3, 6, 9, 14, 20, 29, 44]), Verdict::Unclassified);
}

/// It is enlarged 20 times, each time after the old one was freed.
#[test]
fn a_buffer_that_is_freed_before_it_is_enlarged_grows() {
    let buffer = |missing: f64, size: fn(u64) -> u64| {
        let mut program = Program::new(10_000);
        for step in 0..20 {
            let at = |part: f64| (step as f64 + part) / 20.0;
            match step {
                19 => program.kept(at(0.01), size(step)),
                _ => program.freed(at(0.01), at(1.01 - missing), size(step)),
            }
        }
        verdict(&program)
    };
    let grows = |step| 100 + 60 * step;
    assert_eq!(buffer(0.0, grows), Verdict::LeakGrowing);
    assert_eq!(buffer(0.1, grows), Verdict::LeakGrowing);
    assert!(
        !buffer(0.4, grows).is_leak(),
        "it is not there all the time"
    );
    let breathes = |step| 100 + 60 * u64::min(step % 10, 10 - step % 10);
    assert!(!buffer(0.1, breathes).is_leak());
}

#[test]
fn where_old_blocks_are_freed_too_nothing_survives() {
    let mut program = with_messages(kept(&[123, 333, 633, 873]), 1000);
    program.freed(0.1, 0.6, 10);
    assert_ne!(verdict(&program), Verdict::LeakSurvivors);
}
