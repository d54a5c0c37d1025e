//! Gates as people set them, each with what it must say: among them every way in which a green gate could lie.

use leakscope_analysis::findings::Confidence;
use leakscope_compare::baseline::Baseline;
use leakscope_compare::gate::{Answer, Gate, Limits};
use leakscope_compare::suppress::Rules;
use leakscope_report::document::problem::Severity;
use leakscope_report::{Conclusion, Report};
use leakscope_testing::scenario::Scenario;

use crate::programs::{
    Build, POLL, begun, healthy, leaking, report, report_by, report_of, second_core_leaks, work,
};
use Answer::{Failed, Inconclusive, Passed};

/// A gate with these rules.
fn with_rules(text: &str) -> Gate {
    let rules = Rules::read("rules", text).unwrap_or_else(|error| panic!("{error}"));
    Gate {
        rules: rules.rules,
        ..Gate::default()
    }
}

fn strict(text: &str) -> Gate {
    Gate {
        strict: true,
        ..with_rules(text)
    }
}

pub(crate) fn with_limits(limits: Limits) -> Gate {
    Gate {
        limits,
        ..Gate::default()
    }
}

pub(crate) fn with_baseline(of: &Report) -> Gate {
    let baseline = Baseline::of(of.leaks().map(|site| (of, site)));
    Gate {
        baseline: Some(("known".to_owned(), baseline)),
        ..Gate::default()
    }
}

pub(crate) fn growth(rate: &str) -> Gate {
    let max_growth = Some(rate.parse().expect("a rate"));
    with_limits(Limits {
        max_growth,
        ..Limits::default()
    })
}

/// The answer, and the kinds and functions of what fails.
fn answer(gate: &Gate, report: &Report) -> (Answer, Vec<String>) {
    let judgements = gate.judge_all(std::slice::from_ref(report));
    let judgement = &judgements[0];
    let failures = judgement.failures.iter().map(|failure| {
        let site = failure.site.map(|site| &report.call_sites[site]);
        let function = site.and_then(|site| site.frames[0].function.as_deref());
        match function {
            Some(function) => format!("{} {function}", failure.kind.name()),
            None => failure.kind.name().to_owned(),
        }
    });
    (judgement.answer, failures.collect())
}

#[track_caller]
pub(crate) fn expect(gate: &Gate, report: &Report, wanted: Answer, failures: &[&str]) {
    assert_eq!(
        answer(gate, report),
        (
            wanted,
            failures
                .iter()
                .map(|&text| text.to_owned())
                .collect::<Vec<_>>()
        )
    );
}

pub(crate) const POLL_LEAKS: &[&str] = &["leak-steady net::poll"];

#[test]
fn a_leak_fails_and_none_passes() {
    expect(&Gate::default(), &report(&leaking()), Failed, POLL_LEAKS);
    expect(&Gate::default(), &report(&healthy()), Passed, &[]);
}

#[test]
fn a_hint_fails_only_who_asks_for_hints() {
    let mut recording = begun();
    work(&mut recording, 100, 24, |round| round % 25 == 20);
    let hint = report(&recording);
    assert_eq!(
        hint.leaks().next().map(|site| site.confidence),
        Some(Confidence::Low)
    );
    expect(&Gate::default(), &hint, Passed, &[]);
    let gate = Gate {
        min_confidence: Confidence::Low,
        ..Gate::default()
    };
    expect(&gate, &hint, Failed, POLL_LEAKS);
    let gate = Gate {
        min_confidence: Confidence::High,
        ..Gate::default()
    };
    // Nothing else shows that the program is past its beginning.
    expect(&gate, &report(&leaking()), Passed, &[]);
    // A hint counts where growth is limited.
    expect(&growth("1B/min"), &hint, Failed, &["limit"]);
}

#[test]
fn what_cannot_tell_does_not_pass() {
    let gate = Gate::default();
    // No heap event could be named.
    let mut recording = Scenario::empty();
    recording.start();
    for round in 0..100 {
        recording.after(1000).event(600, &[round]);
    }
    let unnamed = report(&recording);
    assert_eq!(unnamed.conclusion, Conclusion::NothingKnown);
    expect(&gate, &unnamed, Inconclusive, &[]);
    // Nothing but a start sequence.
    expect(&gate, &report(&Scenario::begun()), Inconclusive, &[]);
    // 3 ms long.
    let mut recording = begun();
    for round in 0..20 {
        recording
            .after(100)
            .allocate(0x3FC9_0000 + 64 * round, 24, &[POLL]);
    }
    expect(&gate, &report(&recording), Inconclusive, &[]);
    // Half of it is lost.
    let mut recording = healthy();
    recording.lose(|packet| packet > 20 && packet % 20 < 11);
    expect(&gate, &report(&recording), Inconclusive, &[]);
    // The leaks that are seen fail, whatever else cannot be told.
    let mut recording = leaking();
    recording.lose(|packet| packet == 200);
    expect(&gate, &report(&recording), Failed, POLL_LEAKS);
}

/// With a grave problem of this name.
fn with_problem(recording: &Scenario, code: &'static str) -> Report {
    let mut recording = recording.clone();
    recording.overflow(1);
    let mut report = report(&recording);
    let problem = &mut report.problems[0];
    assert_eq!(
        (&*problem.code, problem.severity),
        ("overflow", Severity::Grave)
    );
    problem.code = code.into();
    report.totals.dropped_packets = 0;
    report
}

/// With the wrong ELF file it may be the wrong recording, and rules and baselines go by names: nothing passes or fails.
#[test]
fn with_the_wrong_elf_file_nothing_passes_and_nothing_fails() {
    let mut twice = healthy();
    twice.after(100).allocate(0x3FCA_0000, 64, &[POLL]);
    twice.after(100).free(0x3FCA_0000, &[POLL]);
    twice.after(100).free(0x3FCA_0000, &[POLL]);
    let limited = with_limits(Limits {
        max_outstanding: Some(1),
        ..Limits::default()
    });
    let ruled = strict("[[suppress]]\nid = 'a'\nreason = 'b'\nframes = ['net::poll']");
    for code in ["elf-differs", "not-behind-calls"] {
        for recording in [healthy(), leaking(), twice.clone()] {
            let report = with_problem(&recording, code);
            for gate in [&Gate::default(), &limited, &ruled, &with_baseline(&report)] {
                expect(gate, &report, Inconclusive, &[]);
                assert_eq!(gate.judge(&report).hints, 0);
            }
        }
    }
}

/// A stripped file names nothing, and nothing wrong: its leaks are those that there are without it.
#[test]
fn an_elf_file_that_names_nothing_passes_nothing_and_leaks_fail() {
    let nothing = Build(Vec::new());
    let gate = Gate::default();
    let sound = report_by(&healthy(), Some(&nothing));
    expect(&gate, &sound, Inconclusive, &[]);
    expect(
        &gate,
        &report_by(&leaking(), Some(&nothing)),
        Failed,
        &["leak-steady"],
    );
    // A rule that goes by names may excuse it, and one that does not, does not.
    let rule = |field: &str| {
        with_rules(&format!(
            "[[suppress]]\nid = 'known'\nreason = 'known'\n{field}"
        ))
    };
    for (field, answer, failures) in [
        ("frames = ['net::poll']", Inconclusive, &[][..]),
        ("task = 'nobody'", Failed, &["leak-steady"]),
    ] {
        expect(
            &rule(field),
            &report_by(&leaking(), Some(&nothing)),
            answer,
            failures,
        );
    }
    // What no rule excuses fails beside it.
    let mut wrong = leaking();
    wrong.after(1).allocate(0x3FCC_0000, 8, &[POLL + 8]);
    for _ in 0..2 {
        wrong.after(1).free(0x3FCC_0000, &[POLL]);
    }
    expect(
        &rule("frames = ['net::poll']"),
        &report_by(&wrong, Some(&nothing)),
        Failed,
        &["double-free"],
    );
    // One function alone has a name, which may be another's.
    let one = Build(vec![(POLL, "net::poll", "/src/app/net.c", 42)]);
    let mut recording = leaking();
    for site in 0..4 {
        recording
            .after(100)
            .allocate(0x3FCC_0000 + 64 * site, 8, &[0x4300_0000 + site]);
    }
    expect(&gate, &report_by(&recording, Some(&one)), Inconclusive, &[]);
}

/// A kind of problem that this gate was never told of is grave until somebody says what it hides.
#[test]
fn what_is_grave_does_not_pass_unless_it_is_judged_otherwise() {
    let gate = Gate::default();
    for code in [
        "core-missing",
        "newer-recorder",
        "clock-stands",
        "what-comes-next",
    ] {
        let mut report = with_problem(&healthy(), code);
        expect(&gate, &report, Inconclusive, &[]);
        assert!(!gate.judge(&report).inconclusive[0].is_of_more);
        report.problems[0].severity = Severity::Note;
        expect(&gate, &report, Passed, &[]);
        // What fails fails all the same, and the reason is there.
        let report = with_problem(&leaking(), code);
        expect(&gate, &report, Failed, POLL_LEAKS);
        assert_eq!(gate.judge(&report).inconclusive.len(), 1);
    }
    for code in ["overflow", "no-start", "no-call-stacks"] {
        let report = with_problem(&healthy(), code);
        expect(&gate, &report, Passed, &[]);
        assert_eq!(
            gate.judge(&report).is_without_stacks(),
            code == "no-call-stacks"
        );
    }
}

/// The file ends before the part of the core that leaks, or in it.
#[test]
fn a_core_whose_data_are_missing_does_not_pass() {
    let gate = Gate::default();
    let (whole, second) = second_core_leaks();
    let of = |bytes: &[u8]| report_of(bytes, Some(&Build::usual()));
    expect(&gate, &of(&whole), Failed, POLL_LEAKS);
    expect(&gate, &of(&whole[..second]), Inconclusive, &[]);
    // Of a cut between two packets nobody can know.
    for end in second + 300..second + 324 {
        let report = of(&whole[..end]);
        let is_torn = report
            .problems
            .iter()
            .any(|problem| problem.code == "cut-off");
        let is_passed = gate.judge(&report).answer == Passed;
        assert!(!(is_torn && is_passed), "{end}");
    }
    // A last packet that is cut off is no doubt.
    let cut = of(&whole[..whole.len() - 1]);
    assert!(cut.problems.iter().any(|problem| problem.code == "cut-off"));
    expect(&gate, &cut, Failed, POLL_LEAKS);
    assert_eq!(gate.judge(&cut).inconclusive, []);
}

/// Packets that cannot be read are lost.
#[test]
fn what_could_not_be_read_counts_as_lost() {
    let mut report = with_problem(&healthy(), "unreadable-packet");
    expect(&Gate::default(), &report, Passed, &[]);
    report.problems[0].count = report.totals.events / 5;
    expect(&Gate::default(), &report, Inconclusive, &[]);
}

#[test]
fn a_saved_report_is_judged_as_the_recording_was() {
    for recording in [leaking(), healthy()] {
        let report = report(&recording);
        let mut saved = Vec::new();
        leakscope_report::json::write(&mut saved, &report).expect("a text");
        let read = leakscope_report::json::read(&saved).expect("what was written");
        assert_eq!(
            answer(&Gate::default(), &report),
            answer(&Gate::default(), &read)
        );
    }
}

/// An address is used again although its block seems to live, and no gap says that something is missing.
#[test]
fn a_free_that_may_be_right_fails_nothing_and_is_no_success() {
    let mut recording = healthy();
    let [first, second] = [0x3FCA_0000, 0x3FCA_1000];
    recording.after(100).allocate(first, 64, &[POLL]);
    recording.after(100).free(first, &[POLL]);
    recording.after(100).allocate(second, 64, &[POLL]);
    recording.after(100).free(first, &[POLL]);
    recording.after(100).allocate(second, 64, &[POLL]);
    recording.after(100).free(second, &[POLL]);
    expect(&Gate::default(), &report(&recording), Inconclusive, &[]);
}

#[test]
fn double_and_wrong_frees_fail() {
    let mut recording = healthy();
    recording.after(100).allocate(0x3FCA_0000, 64, &[POLL]);
    recording.after(100).free(0x3FCA_0000, &[POLL]);
    recording.after(100).free(0x3FCA_0000, &[POLL]);
    expect(
        &Gate::default(),
        &report(&recording),
        Failed,
        &["double-free"],
    );
    recording.after(100).allocate(0x3FCA_0000, 64, &[POLL]);
    recording.after(100).free(0x3FCA_0010, &[POLL]);
    let kinds = answer(&Gate::default(), &report(&recording)).1;
    assert!(kinds.contains(&"wrong-free".to_owned()), "{kinds:?}");
}

#[test]
fn failed_allocations_fail_on_request() {
    let mut recording = healthy();
    recording.after(100).allocate(0, 64_000, &[POLL]);
    recording.after(100).allocate(0x3FCA_0000, 16, &[POLL]);
    recording.after(100).free(0x3FCA_0000, &[POLL]);
    let report = report(&recording);
    expect(&Gate::default(), &report, Passed, &[]);
    let gate = Gate {
        no_failed_allocations: true,
        ..Gate::default()
    };
    expect(&gate, &report, Failed, &["failed-allocation"]);
}

#[test]
fn limits_of_evidence() {
    let healthy = report(&healthy());
    let length = |least| {
        with_limits(Limits {
            min_length: Some(least),
            ..Limits::default()
        })
    };
    expect(&length(0.9), &healthy, Passed, &[]);
    expect(&length(30.0), &healthy, Inconclusive, &[]);
    let cycles = |least| {
        with_limits(Limits {
            min_cycles: Some(least),
            ..Limits::default()
        })
    };
    expect(&cycles(0), &healthy, Passed, &[]);
    expect(&cycles(1), &healthy, Inconclusive, &[]);
    // Growth by cycle of a recording without one: nobody knows.
    expect(&growth("0B/cycle"), &healthy, Inconclusive, &[]);
    let mut recording = healthy_with_loss();
    let loss = |most| {
        with_limits(Limits {
            max_loss: most,
            ..Limits::default()
        })
    };
    expect(&loss(0.5), &report(&recording), Passed, &[]);
    expect(&loss(0.001), &report(&recording), Inconclusive, &[]);
    recording.after(1000).free(0x3FC8_0000, &[POLL]);
    expect(&loss(0.0), &report(&recording), Inconclusive, &[]);
}

fn healthy_with_loss() -> Scenario {
    let mut recording = healthy();
    // Two packets of the scheduler: no heap event is missing.
    for _ in 0..2 {
        recording.after(10).idle();
    }
    let last = recording.packets();
    recording.after(10).mark(1);
    recording.lose(|packet| packet + 2 >= last && packet < last);
    recording
}

#[test]
fn growth_by_cycle() {
    let mut recording = begun();
    for _ in 0..12 {
        recording.after(10).mark(7);
        work(&mut recording, 3, 24, |_| true);
    }
    let report = report(&recording);
    assert_eq!(report.totals.cycles, 9);
    let with_cycle = &["leak-per-cycle net::poll", "limit"];
    expect(&growth("71B/cycle"), &report, Failed, with_cycle);
    expect(&growth("73B/cycle"), &report, Failed, &with_cycle[..1]);
    let enough = with_limits(Limits {
        min_cycles: Some(9),
        ..Limits::default()
    });
    expect(&enough, &report, Failed, &with_cycle[..1]);
}

const RULE: &str = "[[suppress]]\nid = 'poll'\nreason = 'known'\n";

#[test]
fn rules_excuse_what_they_are_about() {
    let report = report(&leaking());
    for about in [
        "frames = ['net::poll']",
        "frames = ['net::*', 'app_main']",
        "frames = ['...', 'app_main']",
        "any-frame = 'app_*'",
        "file = 'app/*.c'",
        "file = 'net.c'",
        "task = 'main'",
        "verdict = ['leak-steady']",
        "frames = ['net::poll']\nmax-bytes = '2400B'",
        "frames = ['net::poll']\nmax-growth = '145KB/min'",
        "frames = ['net::poll']\nuntil = 2030-01-01",
    ] {
        expect(&strict(&format!("{RULE}{about}")), &report, Passed, &[]);
    }
    for about in [
        "frames = ['app_main']",
        "frames = ['net::poll', 'parse']",
        "any-frame = 'app'",
        "file = 'main.c'",
        "task = 'worker'",
        "verdict = ['leak-growing']",
        "frames = ['net::poll']\nmax-bytes = '2399B'",
        "frames = ['net::poll']\nmax-growth = '100KB/min'",
    ] {
        expect(
            &with_rules(&format!("{RULE}{about}")),
            &report,
            Failed,
            POLL_LEAKS,
        );
    }
}

#[test]
fn a_rule_that_does_nothing_fails_who_is_strict() {
    let healthy = report(&healthy());
    let unused = format!("{RULE}frames = ['net::poll']");
    expect(&with_rules(&unused), &healthy, Passed, &[]);
    expect(&strict(&unused), &healthy, Failed, &["suppression"]);
    // A rule that has expired excuses nothing any more.
    let expired = format!("{RULE}frames = ['net::poll']\nuntil = 2026-01-31");
    let leak = report(&leaking());
    let mut gate = Gate {
        today: (2026, 1, 31),
        ..with_rules(&expired)
    };
    expect(&gate, &leak, Passed, &[]);
    gate.today = (2026, 2, 1);
    expect(&gate, &leak, Failed, POLL_LEAKS);
    gate.strict = true;
    expect(
        &gate,
        &leak,
        Failed,
        &["leak-steady net::poll", "suppression"],
    );
    // Without names of functions it cannot match, and that is no silence.
    let nameless = report_by(&leaking(), None);
    assert_eq!(
        strict(&unused).judge(&nameless).uses[0].unmatchable,
        Some("functions have no names")
    );
    expect(
        &strict(&unused),
        &nameless,
        Failed,
        &["leak-steady", "suppression"],
    );
}

#[test]
fn of_several_recordings_one_is_enough_for_a_rule() {
    let gate = strict(&format!("{RULE}frames = ['net::poll']"));
    let reports = [report(&healthy()), report(&leaking())];
    let judgements = gate.judge_all(&reports);
    assert!(
        judgements
            .iter()
            .all(|judgement| judgement.answer == Passed)
    );
}

#[test]
fn a_report_on_a_part_claims_nothing() {
    let mut report = report(&healthy());
    report.part = Some("only of 'main'".to_owned());
    expect(&Gate::default(), &report, Inconclusive, &[]);
}

#[test]
fn a_report_that_contradicts_itself_claims_nothing() {
    let mut report = report(&leaking());
    report.call_sites.clear();
    expect(&Gate::default(), &report, Inconclusive, &[]);
}

#[test]
fn another_programs_elf_file_claims_nothing() {
    let other = Build(vec![(0x1234, "other", "/src/x.c", 1)]);
    expect(
        &Gate::default(),
        &report_by(&healthy(), Some(&other)),
        Inconclusive,
        &[],
    );
}

#[test]
fn what_a_rule_excuses_is_counted() {
    let gate = with_rules(&format!("{RULE}frames = ['net::poll']"));
    let report = report(&leaking());
    let used = gate.judge(&report).uses[0];
    assert_eq!((used.sites, used.blocks, used.bytes), (1, 100, 2400));
}

#[test]
fn a_known_leak_passes_while_it_grows_no_faster() {
    let gate = with_baseline(&report(&leaking()));
    expect(&gate, &report(&leaking()), Passed, &[]);
    // Moved lines and other addresses are the same leak.
    let mut moved = Build::usual();
    for row in &mut moved.0 {
        row.3 += 40;
    }
    expect(&gate, &report_by(&leaking(), Some(&moved)), Passed, &[]);
    // A tenth more is no news; blocks of twice the size are.
    for (size, answer) in [(26, Passed), (48, Failed)] {
        let mut recording = begun();
        work(&mut recording, 100, size, |_| true);
        assert_eq!(gate.judge(&report(&recording)).answer, answer, "{size}");
    }
    // Another leak is not known.
    let mut renamed = Build::usual();
    renamed.0[0].1 = "net::other";
    expect(
        &gate,
        &report_by(&leaking(), Some(&renamed)),
        Failed,
        &["leak-steady net::other"],
    );
}
