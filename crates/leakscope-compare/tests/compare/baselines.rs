//! Baselines as files.

use leakscope_compare::baseline::{Baseline, BaselineError, KnownSite, Level};
use leakscope_compare::gate::{Answer, Gate};
use leakscope_report::Report;
use leakscope_testing::scenario::Scenario;
use proptest::prelude::*;

use crate::diff::device::{EIGHT_LEAKS, Kind, recorded};
use crate::gates::with_baseline;
use crate::programs::{Build, MAIN, POLL, begun, healthy, leaking, report, report_by, work};

#[test]
fn a_line_is_a_site() {
    let report = report(&leaking());
    let baseline = Baseline::of(report.leaks().map(|site| (&report, site)));
    let text = baseline.write();
    assert_eq!(text.lines().count(), 3);
    assert!(
        text.contains(r#""frames":["net::poll","app_main"]"#),
        "{text}"
    );
    assert_eq!(Baseline::read(&text).expect("what was written"), baseline);
    let none = Baseline::of(std::iter::empty()).write();
    assert_eq!(Baseline::read(&none).expect("a baseline").sites, []);
    let other = none.replace("leakscope.baseline", "leakscope.other");
    assert!(matches!(
        Baseline::read(&other),
        Err(BaselineError::NotABaseline)
    ));
}

#[test]
fn a_later_version_is_refused() {
    let text = Baseline {
        version: 2,
        ..Baseline::default()
    }
    .write();
    assert!(matches!(
        Baseline::read(&text),
        Err(BaselineError::Newer(2))
    ));
}

/// A gate that knows what a report shows.
fn gate(report: &Report) -> Gate {
    let judged = Gate::default();
    let judged = judged.judge(report);
    Gate {
        baseline: Some(("known".to_owned(), Baseline::of(judged.to_note()))),
        ..Gate::default()
    }
}

/// How many of 100 runs of a program with eight leaks fail by what an earlier run left, if it leaks so many times as fast.
fn failed_of_100(factor: f64) -> usize {
    let after: Vec<_> = EIGHT_LEAKS
        .into_iter()
        .map(|(kind, rate)| (kind, rate * factor))
        .collect();
    let fails = |seed: &u64| {
        let gate = gate(&recorded(&EIGHT_LEAKS, 2 * seed + 1, 60.0));
        let now = recorded(&after, 2 * seed + 2, 60.0);
        gate.judge(&now).answer == Answer::Failed
    };
    (0..100).filter(fails).count()
}

/// In 100 runs of one program, at most five fail by chance, whichever of its eight leaks it is that chance moves.
#[test]
fn chance_fails_few_runs() {
    let failed = failed_of_100(1.0);
    assert!(failed <= 5, "{failed}");
    let failed = failed_of_100(2.0);
    assert!(failed >= 95, "{failed}");
}

/// What was full when the baseline was made looks like a leak in a run so short that it still fills up.
#[test]
fn what_was_full_is_no_news_in_a_shorter_run() {
    let fills = [(Kind::Cache, 1.1), (Kind::Sound, 1.0)];
    let mut accused = 0;
    for seed in 0..12 {
        let gate = gate(&recorded(&fills, 2 * seed + 1, 80.0));
        let short = recorded(&fills, 2 * seed + 2, 8.0);
        accused += usize::from(short.leaks().count() > 0);
        let judged = gate.judge(&short);
        assert_ne!(judged.answer, Answer::Failed, "{:?}", judged.failures);
        // The file says it as well.
        let (file, baseline) = gate.baseline.clone().expect("a baseline");
        let read = Baseline::read(&baseline.write()).expect("what was written");
        assert_eq!(read, baseline);
        // In half of the time, it must have been full.
        let halved = read.sites.iter().map(|site| KnownSite {
            full: site.full.map(|full| Level {
                session_s: 16.0,
                ..full
            }),
            ..site.clone()
        });
        let sites = halved.collect();
        let gate = Gate {
            baseline: Some((file, Baseline { sites, ..read })),
            ..gate
        };
        let judged = gate.judge(&short);
        assert_eq!(
            judged.failures.len(),
            short
                .leaks()
                .filter(|site| site.confidence >= gate.min_confidence)
                .count()
        );
    }
    assert!(accused > 6, "{accused}");
}

/// It has blocks and a length alone.
#[test]
fn an_older_baseline_is_still_held() {
    let known = report(&leaking());
    let mut gate = gate(&known);
    let (_, baseline) = gate.baseline.as_mut().expect("a baseline");
    let line = baseline.write();
    let (before, after) = (
        line.find(",\"left\"").expect("what was left"),
        line.rfind("}\n]").expect("the end"),
    );
    let older = format!("{}{}", &line[..before], &line[after..]);
    *baseline = Baseline::read(&older).expect("an older baseline");
    assert_eq!(baseline.sites[0].left, None);
    assert_eq!(gate.judge(&known).answer, Answer::Passed);
    let mut faster = begun();
    work(&mut faster, 200, 24, |_| true);
    let faster = report(&faster);
    // Twice as long is no faster.
    assert_eq!(gate.judge(&faster).answer, Answer::Passed);
    let (_, baseline) = gate.baseline.as_mut().expect("a baseline");
    baseline.sites[0].blocks /= 2;
    let judged = gate.judge(&faster);
    assert!(
        judged.failures[0].message.contains("the baseline knows"),
        "{:?}",
        judged.failures
    );
}

/// Lost data leave one call site open: what was found is noted all the same, and what was known besides stays.
#[test]
fn what_is_known_is_noted_where_not_all_is() {
    let mut recording = leaking();
    for block in 0..9 {
        recording
            .after(9_000)
            .allocate(0x3FCB_0000 + 64 * block, 64, &[0x4200_9000, MAIN]);
        recording
            .after(1_000)
            .free(0x3FCB_0000 + 64 * block, &[0x4200_9000, MAIN]);
    }
    let packets = recording.packets();
    recording.lose(|packet| packet + 3 == packets);
    let report = report(&recording);
    let judged = Gate::default();
    let judged = judged.judge(&report);
    assert!(!judged.inconclusive.is_empty());
    assert!(
        judged.inconclusive.iter().all(|doubt| doubt.is_of_more),
        "{:?}",
        judged.inconclusive
    );
    let noted = Baseline::of(judged.to_note());
    let leaks = noted.sites.iter().filter(|site| !site.may_leak);
    assert_eq!(leaks.count(), 1);
    let mut known = noted.clone();
    known.sites[0].stack = "another".to_owned();
    let both = noted.clone().with_rest_of(&known, |_| true);
    assert_eq!(both.sites.len(), noted.sites.len() + 1);
}

/// Where nothing has a name, what is known by names cannot show; where names are, it is gone.
#[test]
fn what_is_known_by_names_is_not_fixed_where_nothing_has_a_name() {
    let gate = gate(&report(&leaking()));
    for recording in [healthy(), leaking()] {
        let unnamed = report_by(&recording, None);
        let judged = gate.judge(&unnamed);
        assert_eq!((&judged.fixed[..], judged.hidden(&gate)), (&[][..], 1));
        for failure in &judged.failures {
            let said = "the baseline knows functions by their names, and here nothing has one";
            assert!(failure.message.contains(said), "{}", failure.message);
        }
    }
    let named = report(&healthy());
    let judged = gate.judge(&named);
    assert_eq!((judged.fixed.len(), judged.hidden(&gate)), (1, 0));
}

/// With an ELF file that names nothing, as many leaks as are known by names may be these; one more is new.
#[test]
fn what_is_known_by_names_may_be_what_an_elf_file_does_not_name() {
    let nothing = Build(Vec::new());
    let gate = gate(&report(&leaking()));
    let judged = report_by(&leaking(), Some(&nothing));
    assert_eq!(gate.judge(&judged).answer, Answer::Inconclusive);
    let mut another = begun();
    for round in 0..100 {
        for (place, site) in [(0x3FCD_0000, POLL), (0x3FCE_0000, 0x4300_0000)] {
            another
                .after(5000)
                .allocate(place + 64 * round, 24, &[site, MAIN]);
        }
    }
    let judged = report_by(&another, Some(&nothing));
    assert_eq!(judged.leaks().count(), 2);
    assert_eq!(gate.judge(&judged).answer, Answer::Failed);
}

proptest! {
    #[test]
    fn no_text_is_a_panic(text in ".*") {
        let _ = Baseline::read(&text);
        let _ = leakscope_compare::suppress::Rules::read("file", &text);
        let _ = text.parse::<leakscope_compare::rate::Rate>();
    }
}

#[test]
fn a_leak_that_is_gone_is_said() {
    let gate = with_baseline(&report(&leaking()));
    let healthy = report(&healthy());
    assert_eq!(gate.judge(&healthy).fixed, [0]);
    // Who saw nothing does not know.
    assert!(gate.judge(&report(&Scenario::begun())).fixed.is_empty());
    assert!(gate.judge(&report(&leaking())).fixed.is_empty());
}
