//! What chance does is no difference, and a factor of two is one: a share of what the example `power` measures.

use std::slice::from_ref;

use leakscope_compare::diff::{Diff, LEVEL, Per, Site, State, Status};
use leakscope_report::Report;
use proptest::prelude::*;

use super::device::{Kind, booted, recorded};
use crate::programs::{Build, begun, healthy, report, report_of, second_core_leaks, work};

const FOUND: [Status; 4] = [
    Status::NewLeak,
    Status::Worse,
    Status::Better,
    Status::Fixed,
];

#[test]
fn one_program_with_other_seeds_does_not_differ() {
    let program: Vec<(Kind, f64)> = Kind::ALL.iter().map(|&kind| (kind, 1.0)).collect();
    let (mut tested, mut found) = (0, 0);
    for seed in 0..40 {
        let before = recorded(&program, 2 * seed + 1001, 60.0);
        let after = recorded(&program, 2 * seed + 1002, 60.0 + (seed % 4) as f64 * 30.0);
        let diff = Diff::of(&[before], &[after], Some(Per::Second));
        tested += diff.sites.iter().filter(|site| site.p.is_some()).count();
        let differs = |site: &&Site| FOUND.contains(&site.status);
        found += diff.sites.iter().filter(differs).count();
    }
    assert!(tested > 150, "{tested}");
    assert!(found * 20 <= tested, "{found} of {tested}");
}

#[test]
fn a_planted_factor_of_two_is_found() {
    for kind in [Kind::Steady, Kind::Survivors] {
        let found = (0..20).filter(|&seed| {
            let before = recorded(&[(kind, 2.0)], 2 * seed + 1, 60.0);
            let after = recorded(&[(kind, 4.0)], 2 * seed + 2, 60.0);
            let diff = Diff::of(&[before], &[after], Some(Per::Second));
            let site = &diff.sites[0];
            site.status == Status::Worse
                && site.ratio_low.is_some_and(|low| low > 1.0 && low < 2.0)
                && site.ratio_high.is_some_and(|high| high > 2.0 - 0.5)
        });
        assert!(found.count() >= 18, "{kind:?}");
    }
}

/// Twice as long is not twice as bad, and twice the load is not if what is left per allocation is compared.
#[test]
fn exposure_is_taken_into_account() {
    let diff = |rate: f64, seconds: f64, per| {
        let before = recorded(&[(Kind::Survivors, 1.0)], 3, 60.0);
        let after = recorded(&[(Kind::Survivors, rate)], 4, seconds);
        Diff::of(&[before], &[after], Some(per)).sites[0].status
    };
    assert_eq!(diff(1.0, 180.0, Per::Second), Status::Same);
    assert_eq!(diff(1.0, 180.0, Per::Run), Status::Worse);
    assert_eq!(diff(3.0, 60.0, Per::Second), Status::Worse);
    assert_eq!(diff(3.0, 60.0, Per::Allocation), Status::Same);
}

#[test]
fn a_leak_that_begins_or_ends_is_told_from_one_that_was_not_seen() {
    let status = |before: (Kind, f64), after: (Kind, f64)| {
        let (before, after) = (recorded(&[before], 5, 60.0), recorded(&[after], 6, 60.0));
        let swapped = Diff::of(from_ref(&after), from_ref(&before), None).sites[0].status;
        let status = Diff::of(&[before], &[after], None).sites[0].status;
        assert_eq!(swapped, status.mirrored());
        status
    };
    assert_eq!(
        status((Kind::Sound, 1.0), (Kind::Steady, 1.0)),
        Status::NewLeak
    );
    assert_eq!(status((Kind::Sound, 1.0), (Kind::Sound, 3.0)), Status::Same);
    assert_eq!(
        status((Kind::Sound, 0.001), (Kind::Sound, 1.0)),
        Status::New
    );
}

/// A verdict that changes against the evidence proves nothing: a leak is not mended by what says less of a faster one.
#[test]
fn a_difference_goes_the_way_of_its_evidence() {
    const RATES: [f64; 4] = [0.1, 0.3, 1.0, 3.0];
    let (mut against, mut told) = (0, 0);
    for seed in 0..48 {
        let (old, new) = (RATES[seed as usize % 4], RATES[seed as usize / 4 % 4]);
        // What fills up on one side leaks slowly on the other.
        let side = |rate: f64, last: [(Kind, f64); 2]| {
            let kinds = Kind::ALL.into_iter().take(5);
            kinds
                .map(|kind| (kind, rate))
                .chain(last)
                .collect::<Vec<_>>()
        };
        let (fills, leaks) = ((Kind::Cache, 1.0), (Kind::Steady, 0.1));
        let (before, after) = (side(old, [fills, leaks]), side(new, [leaks, fills]));
        let before = recorded(&before, 2 * seed + 1, 60.0);
        let after = recorded(&after, 2 * seed + 2, 60.0);
        let diff = Diff::of(&[before], &[after], Some(Per::Second));
        for site in &diff.sites {
            let is_proved = site.level.is_some_and(|level| level <= LEVEL);
            let more = is_proved && site.ratio_low.is_some_and(|low| low > 1.0);
            let less = is_proved && site.ratio_high.is_some_and(|high| high < 1.0);
            told += usize::from(FOUND.contains(&site.status));
            match site.status {
                Status::NewLeak | Status::Worse => assert!(more, "{site:?}"),
                Status::Fixed | Status::Better => assert!(less, "{site:?}"),
                _ => {}
            }
            let leaks = [&site.before, &site.after].map(|side| side.state == State::Leak);
            against +=
                usize::from(leaks == [false, true] && less || leaks == [true, false] && more);
            // A leak of which more is left is never let pass.
            let is_worse = leaks == [true, false] && more && site.status != Status::Worse;
            assert!(!is_worse || diff.is_uncertain(), "{site:?}");
        }
    }
    assert!(
        against >= 5 && told > 50,
        "{against} against the verdict, {told} told"
    );
}

/// Of what outlives the others, lost data hide more in one recording than in the next.
#[test]
fn what_lost_data_hide_is_no_difference() {
    let before = recorded(&[(Kind::Survivors, 1.0)], 1, 60.0);
    let mut after = recorded(&[(Kind::Survivors, 0.4)], 2, 60.0);
    let compared = |after: &Report| {
        let diff = Diff::of(from_ref(&before), from_ref(after), None);
        let site = &diff.sites[0];
        assert_eq!(site.after.verdicts, ["leak-survivors"]);
        (site.status, site.ratio_high)
    };
    let left = |report: &Report| report.call_sites[0].left.clone().expect("what was left");
    assert_eq!(compared(&after).0, Status::Better);
    after.totals.dropped_packets = 100;
    assert_eq!(compared(&after).0, Status::Better);
    // As much is outstanding as before: what is not counted may have been left, too.
    after.call_sites[0].outstanding_bytes = left(&before).bytes;
    let (status, ratio_high) = compared(&after);
    assert_eq!(status, Status::Same);
    assert!(ratio_high.is_some_and(|high| high > 1.0));
    after.totals.dropped_packets = 0;
    assert_eq!(compared(&after).0, Status::Better);
}

/// A pool that fills in 18 s: shorter than that, it looks like a leak.
fn pool(seconds: f64, seed: u64) -> Report {
    let sites = [
        (Kind::Cache, 1.1),
        (Kind::Sound, 1.0),
        (Kind::Survivors, 1.0),
    ];
    recorded(&sites, seed, seconds)
}

/// What still fills up on one side is no leak that is new or mended, if the other is much longer and shows it full.
#[test]
fn what_fills_up_is_no_difference_between_a_short_recording_and_a_long_one() {
    let (mut accused, seeds) = (0, 12);
    for seed in 0..seeds {
        let (short, long) = (pool(8.0, 2 * seed + 1), pool(80.0, 2 * seed + 2));
        let status = |before: &Report, after: &Report| {
            let diff = Diff::of(from_ref(before), from_ref(after), Some(Per::Second));
            let site = diff
                .sites
                .iter()
                .find(|site| site.identity == short.call_sites[0].identity.stack);
            let site = site.expect("the pool").clone();
            assert_eq!(
                site.note.is_some(),
                site.leaks() && site.status == Status::CannotTell
            );
            (site.status, site.leaks())
        };
        let (forth, is_accused) = status(&short, &long);
        let (back, _) = status(&long, &short);
        assert!(
            !FOUND.contains(&forth) && !FOUND.contains(&back),
            "{seed}: {forth:?}, {back:?}"
        );
        accused += usize::from(is_accused);
        // Beside it, what leaks on both sides does so still.
        let itself = Diff::of(from_ref(&short), from_ref(&long), Some(Per::Second));
        let leak = itself
            .sites
            .iter()
            .find(|site| site.before.verdicts == ["leak-survivors"]);
        assert!(leak.is_none_or(|site| site.note.is_none()));
    }
    assert!(accused * 2 > seeds as usize, "{accused}");
}

/// More than was ever held where it was full, or in as long a time, is not explained so.
#[test]
fn what_was_full_explains_no_more_than_that() {
    let status = |after: &Report| {
        let diff = Diff::of(&[pool(80.0, 1)], from_ref(after), Some(Per::Second));
        let stack = &after.call_sites[0].identity.stack;
        let site = diff.sites.iter().find(|site| site.identity == *stack);
        let site = site.expect("the call site").clone();
        assert_eq!(site.after.state, State::Leak);
        (site.status, site.note)
    };
    let more = recorded(&[(Kind::Steady, 4.0), (Kind::Sound, 1.0)], 2, 16.0);
    assert!(more.call_sites[0].peak_bytes > 20 * 48);
    assert_eq!(status(&more), (Status::NewLeak, None));
    let as_long = recorded(&[(Kind::Steady, 0.5), (Kind::Sound, 1.0)], 3, 36.0);
    assert!(as_long.call_sites[0].peak_bytes <= 20 * 48);
    assert_eq!(status(&as_long).1, None);
}

/// Each boot fills anew what fills up: of twenty boots, each leaves as much as the one before the change did, and one that
/// accuses it is no new leak. What leaks in each of them is.
#[test]
fn what_each_boot_fills_is_no_growth() {
    let others = [(Kind::Sound, 1.0), (Kind::Survivors, 1.0)];
    let sites = |site| [&[site], &others[..]].concat();
    let status = |after: (Kind, f64), seed: u64| {
        let before = recorded(&sites((Kind::Cache, 0.7)), 2 * seed, 60.0);
        let after = booted(&sites(after), 2 * seed + 1, 30.0, 20);
        let diff = Diff::of(&[before], &[after], Some(Per::Second));
        let mut sites = diff.sites.into_iter();
        let is_first = |site: &Site| site.frames[0].address.0 == 0x4200_1000;
        sites.find(is_first).expect("the call site")
    };
    let mut accused = 0;
    for seed in 0..6 {
        let site = status((Kind::Cache, 0.7), seed);
        assert!(!FOUND.contains(&site.status), "{seed}: {site:?}");
        accused += usize::from(site.leaks());
        let leak = status((Kind::Steady, 3.0), seed);
        assert_eq!(leak.status, Status::NewLeak, "{seed}: {leak:?}");
    }
    assert!(accused > 3, "{accused}");
}

/// What is missing is neither fixed nor gone.
#[test]
fn a_core_whose_data_are_missing_is_not_compared() {
    let (whole, second) = second_core_leaks();
    let of = |bytes: &[u8]| report_of(bytes, Some(&Build::usual()));
    let (whole, cut) = ([of(&whole)], [of(&whole[..second])]);
    assert!(!Diff::of(&whole, &whole, None).is_uncertain());
    for (before, after) in [(&whole, &cut), (&cut, &whole)] {
        let diff = Diff::of(before, after, None);
        assert!(diff.is_uncertain());
        let cannot_tell = |site: &Site| site.status == Status::CannotTell;
        assert!(diff.sites.iter().all(cannot_tell), "{}", diff.headline);
        let doubts = diff.before.doubts.len() + diff.after.doubts.len();
        assert_eq!((doubts, diff.hints().len()), (1, 1));
    }
}

/// Four blocks where there was none may be chance.
#[test]
fn a_few_blocks_are_no_new_leak() {
    let mut few = begun();
    work(&mut few, 100, 24, |round| round % 25 == 10);
    let diff = Diff::of(&[report(&healthy())], &[report(&few)], None);
    let site = diff
        .sites
        .iter()
        .find(|site| site.after.left_blocks == Some(4.0));
    let site = site.expect("the call site");
    assert_eq!(site.after.state, State::Leak);
    assert_eq!(site.status, Status::CannotTell);
    assert!(diff.is_uncertain());
    // The same, ten times as long.
    let mut longer = begun();
    work(&mut longer, 1000, 24, |round| round % 25 == 10);
    let mut healthy = begun();
    work(&mut healthy, 1000, 24, |_| false);
    let diff = Diff::of(&[report(&healthy)], &[report(&longer)], None);
    assert_eq!(diff.sites[0].status, Status::NewLeak);
    assert!(!diff.is_uncertain());
}

/// With one run a side, each run's own noise is all that is known; with four, it is what runs differ by.
#[test]
fn runs_are_the_unit_if_there_are_enough() {
    let side = |rate: f64, from: u64, runs: u64| -> Vec<_> {
        let rates = [0.5, 1.0, 1.5, 2.0].into_iter().cycle();
        let seeds = from..from + runs;
        seeds
            .zip(rates)
            .map(|(seed, factor)| recorded(&[(Kind::Steady, rate * factor)], seed, 60.0))
            .collect()
    };
    let diff = |runs| Diff::of(&side(1.0, 10, runs), &side(1.3, 20, runs), None);
    let method = |diff: &Diff| diff.sites[0].method.map(|method| format!("{method:?}"));
    let (one, four) = (diff(1), diff(4));
    assert_eq!(method(&one).as_deref(), Some("Counts"));
    assert_eq!(method(&four).as_deref(), Some("Runs"));
    assert_eq!(four.sites[0].status, Status::Same);
    let three = diff(3);
    assert!(
        three.notes.iter().any(|note| note.contains("p = 0.10")),
        "{:?}",
        three.notes
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Statuses mirror when sides change places, and what was not changed is the same.
    #[test]
    fn both_ways_say_the_same(
        kinds in proptest::collection::vec((0_usize..9, 0_usize..9, 0.1..3.0_f64), 1..6),
        seconds in 10.0..90.0_f64,
        seed: u64,
    ) {
        let sites = |after: bool| -> Vec<(Kind, f64)> {
            let kinds = kinds.iter();
            kinds.map(|&(old, new, rate)| (Kind::ALL[if after { new } else { old }], rate)).collect()
        };
        let before = recorded(&sites(false), seed, 60.0);
        let after = recorded(&sites(true), seed.wrapping_add(1), seconds);
        let forth = Diff::of(from_ref(&before), from_ref(&after), None);
        let back = Diff::of(from_ref(&after), from_ref(&before), None);
        prop_assert_eq!(forth.sites.len(), back.sites.len());
        for site in &forth.sites {
            let mut same = back.sites.iter().filter(|other| other.identity == site.identity);
            let other = same.next().expect("the same site");
            prop_assert_eq!(other.status, site.status.mirrored());
            prop_assert_eq!(other.matched, site.matched);
            prop_assert_eq!(&other.before.state, &site.after.state);
        }
        let itself = Diff::of(from_ref(&before), from_ref(&before), None);
        for site in &itself.sites {
            let is_open = site.before.state == State::Uncertain;
            prop_assert_eq!(site.status, if is_open { Status::CannotTell } else { Status::Same });
            prop_assert!(site.p.is_none_or(|p| p > 0.5));
        }
    }
}
