//! Recordings whose device was told to leave blocks out: of what is not there nothing is claimed.

use std::slice::from_ref;

use leakscope_compare::baseline::Baseline;
use leakscope_compare::diff::{Diff, Site, Status};
use leakscope_compare::gate::{Answer, Gate, Limits};
use leakscope_report::Report;
use leakscope_testing::filtered::{Filter, MAIN, NET, recording};

use crate::programs::report_of;

/// Blocks that each task leaves in a hundred rounds: none, some, and twice as many.
const NONE: usize = 0;
const SOME: usize = 15;
const TWICE: usize = 30;

/// Every kind of filter, and some of both.
fn filters() -> [Filter; 6] {
    let all = Filter::NONE;
    [
        all.one_in(3),
        all.one_in(2),
        all.least_size(16),
        all.least_size(100),
        all.task(MAIN),
        all.task(NET).one_in(2),
    ]
}

fn report(filter: Filter, leaks: usize) -> Report {
    report_of(&recording(filter, leaks), None)
}

fn gate(known: Option<&Report>, allow_filtered: bool) -> Gate {
    let baseline = known.map(|known| {
        let gate = Gate::default();
        (
            "known".to_owned(),
            Baseline::of(gate.judge(known).to_note()),
        )
    });
    Gate {
        baseline,
        allow_filtered,
        ..Gate::default()
    }
}

/// Limits of sums that no recording here reaches.
fn sums() -> [Limits; 3] {
    let none = Limits::default();
    [
        Limits {
            max_peak: Some(1 << 20),
            ..none.clone()
        },
        Limits {
            max_outstanding: Some(1 << 20),
            ..none.clone()
        },
        Limits {
            max_growth: Some("1MiB/s".parse().expect("a rate")),
            ..none
        },
    ]
}

#[test]
fn what_lacks_other_blocks_is_not_compared() {
    let reports: Vec<Report> = [Filter::NONE]
        .into_iter()
        .chain(filters())
        .chain([Filter::NONE.task(NET)])
        .map(|filter| report(filter, SOME))
        .collect();
    for (index, before) in reports.iter().enumerate() {
        for (other, after) in reports.iter().enumerate() {
            let diff = Diff::of(from_ref(before), from_ref(after), None);
            let is_doubtful =
                |side: usize, doubts: usize| doubts == usize::from(side != 0 && index != other);
            assert!(
                is_doubtful(index, diff.before.doubts.len()),
                "{index} {other}"
            );
            assert!(
                is_doubtful(other, diff.after.doubts.len()),
                "{index} {other}"
            );
            if index != other {
                let cannot_tell = |site: &Site| site.status == Status::CannotTell;
                assert!(
                    diff.sites.iter().all(cannot_tell),
                    "{index} {other}: {}",
                    diff.headline
                );
                assert!(diff.is_uncertain());
                assert_eq!(
                    diff.hints(),
                    ["record both sides with the same filter, or with none"]
                );
            }
        }
    }
}

#[test]
fn what_lacks_the_same_is_compared() {
    for filter in filters() {
        let [some, twice] = [SOME, TWICE].map(|leaks| report(filter, leaks));
        let same = Diff::of(from_ref(&some), from_ref(&some), None);
        assert!(!same.is_uncertain());
        assert!(same.sites.iter().all(|site| site.status == Status::Same));
        let said = same
            .notes
            .iter()
            .any(|note| note.contains("both sides lack what the device was told to leave out"));
        assert!(said, "{:?}", same.notes);
        let diff = Diff::of(from_ref(&some), from_ref(&twice), None);
        let shows = some.leaks().count();
        assert_eq!(
            diff.with(Status::Worse).count(),
            shows,
            "{filter:?}: {}",
            diff.headline
        );
        assert_eq!(shows == 0, filter == Filter::NONE.least_size(100));
    }
}

/// What the sums are of stands beside them, and nothing follows for the heap as a whole.
#[test]
fn a_part_is_called_one() {
    for filter in [Filter::NONE].into_iter().chain(filters()) {
        let is_whole = filter == Filter::NONE;
        let [none, some] = [NONE, SOME].map(|leaks| report(filter, leaks));
        let limit = none
            .limits
            .iter()
            .any(|limit| limit.contains("leave blocks out"));
        assert_eq!(limit, !is_whole, "{filter:?}: {:?}", none.limits);
        if some.leaks().count() == 0 {
            continue;
        }
        let is_part = some
            .headline
            .ends_with("of the blocks that the device was told to record");
        assert_eq!(is_part, !is_whole, "{filter:?}: {}", some.headline);
        let known = some.clone().with_heap_size(1 << 21);
        for report in [&some, &known] {
            assert_eq!(report.exhaustion.is_some(), is_whole, "{filter:?}");
            let outlook = report.outlook.as_deref().expect("it grows");
            let says_so = outlook.contains("what was recorded of the leaks takes");
            assert_eq!(says_so, !is_whole, "{filter:?}: {outlook}");
        }
    }
}

/// A leak that shows is one; that none shows says nothing of the rest, unless that is what was asked for.
#[test]
fn what_is_left_out_does_not_pass() {
    let unfiltered = gate(None, false);
    assert_eq!(
        unfiltered.judge(&report(Filter::NONE, NONE)).answer,
        Answer::Passed
    );
    for filter in filters() {
        let [none, some] = [NONE, SOME].map(|leaks| report(filter, leaks));
        let judged = unfiltered.judge(&none);
        assert_eq!(judged.answer, Answer::Inconclusive, "{filter:?}");
        assert!(
            judged.inconclusive[0]
                .message
                .starts_with("the device was told to leave blocks out: ")
        );
        assert!(judged.inconclusive[0].hint.contains("--allow-filtered"));
        let allowed = gate(None, true);
        let judged = allowed.judge(&none);
        assert_eq!(judged.answer, Answer::Passed, "{filter:?}");
        let headline = judged.headline(&allowed);
        assert!(headline.contains("; not recorded: "), "{headline}");
        for gate in [&unfiltered, &allowed] {
            let has_failed = gate.judge(&some).answer == Answer::Failed;
            assert_eq!(has_failed, some.leaks().count() > 0);
        }
        // What was left out is in no sum, whatever is allowed.
        for limits in sums() {
            let limited = Gate {
                limits,
                ..allowed.clone()
            };
            let judged = limited.judge(&none);
            assert_eq!(judged.answer, Answer::Inconclusive);
            assert_eq!(judged.inconclusive.len(), 1);
        }
    }
}

#[test]
fn a_baseline_holds_for_one_filter() {
    let one_in = |count| Filter::NONE.one_in(count);
    let all = [Filter::NONE, one_in(3), Filter::NONE.task(MAIN)];
    for known in all {
        let gate = gate(Some(&report(known, SOME)), true);
        let (_, baseline) = gate.baseline.as_ref().expect("a baseline");
        assert_eq!(
            Baseline::read(&baseline.write()).ok().as_ref(),
            Some(baseline)
        );
        for now in all {
            let answers = [NONE, SOME, TWICE].map(|leaks| {
                let report = report(now, leaks);
                let judged = gate.judge(&report);
                assert!(judged.fixed.is_empty() || now == known, "{known:?} {now:?}");
                judged.answer
            });
            let wanted = if now == known {
                [Answer::Passed, Answer::Passed, Answer::Failed]
            } else if known == Filter::NONE.task(MAIN) {
                // Of the other task, a leak is new.
                [Answer::Inconclusive, Answer::Failed, Answer::Failed]
            } else {
                [Answer::Inconclusive; 3]
            };
            assert_eq!(answers, wanted, "{known:?} {now:?}");
        }
    }
}
