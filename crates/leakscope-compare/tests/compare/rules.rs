//! Files of rules, as others have written them.

use leakscope_analysis::findings::Verdict;
use leakscope_compare::suppress::{Rules, suggest};
use leakscope_report::can_be_leak;

use crate::programs::{Build, leaking, report, report_by};

fn read(text: &str) -> Rules {
    Rules::read("file", text).unwrap_or_else(|error| panic!("{error}"))
}

fn excuses(text: &str) -> bool {
    let report = report(&leaking());
    let leak = report.leaks().next().expect("a leak").clone();
    read(text)
        .rules
        .iter()
        .any(|rule| rule.unmatchable(true).is_none() && rule.is_about(&leak))
}

#[test]
fn leak_sanitizers_rules_match_any_frame() {
    assert!(excuses("# known\nleak:poll\n"));
    assert!(excuses("leak:^app_main$"));
    assert!(excuses("race:x\nleak:app/*.c\n"));
    assert!(!excuses("leak:^poll"));
    assert_eq!(read("# a cache\nleak:poll\n").rules[0].reason, "a cache");
    assert!(Rules::read("file", "leak:\nleak:x").is_err());
    for nothing in ["# nothing yet\n", "race:x\nalignment:y.c\n"] {
        assert!(read(nothing).rules.is_empty());
    }
}

#[test]
fn valgrinds_rules_match_from_the_innermost_frame_on() {
    let rule = |frames: &str| {
        format!("{{\n   a rule\n   Memcheck:Leak\n   match-leak-kinds: definite\n{frames}\n}}\n")
    };
    assert!(excuses(&rule("   fun:net::poll\n   ...\n   fun:app_main")));
    // Valgrind's stacks begin with the allocator.
    assert!(excuses(&rule("   fun:malloc\n   fun:net::poll")));
    // A mangled name.
    let mut build = Build::usual();
    build.0[0].1 = "net::poll(int)";
    let report = report_by(&leaking(), Some(&build));
    let leak = report.leaks().next().expect("a leak");
    assert!(read(&rule("   fun:_ZN3net4pollEi")).rules[0].is_about(leak));
    assert!(!read(&rule("   fun:_ZN3net4pollEv")).rules[0].is_about(leak));
    assert!(excuses(&rule("   src:net.c:42")));
    assert!(!excuses(&rule("   src:net.c:43")));
    assert!(!excuses(&rule("   fun:app_main")));
    let objects = read(&rule("   obj:*/libc.so.6"));
    assert_eq!(
        objects.rules[0].unmatchable(true),
        Some("firmware has no shared objects")
    );
    // Rules for other errors are about no leak.
    assert!(
        read("{\n   x\n   Memcheck:Cond\n   fun:f\n}\n")
            .rules
            .is_empty()
    );
    let error =
        Rules::read("file", "{\n   x\n   Memcheck:Leak\n   fin:f\n}\n").expect_err("a frame");
    assert_eq!(error.place.line, 4);
}

#[test]
fn a_rule_says_why_and_which() {
    for (text, line) in [
        ("[[suppress]]\nid = 'a'\nframes = ['f']", 1),
        ("[[suppress]]\nid = 'a'\nreason = ' '\nframes = ['f']", 1),
        ("\n[[suppress]]\nid = 'a'\nreason = 'b'", 2),
        ("[[suppress]]\nid = 'a'\nreason = 'b'\nframe = ['f']", 4),
        (
            "[[suppress]]\nid = 'a'\nreason = 'b'\nfile = 'f'\nmax-growth = '1B'",
            1,
        ),
        ("[check]\nmax-grwth = '1B/s'", 2),
        ("[check]\nmax-peak = -1", 2),
    ] {
        let error = Rules::read("leakscope.toml", text).expect_err(text);
        assert_eq!(error.place.line, line, "{text}: {error}");
    }
    let twice = "[[suppress]]\nid = 'a'\nreason = 'b'\nfile = 'f'\n".repeat(2);
    assert!(Rules::read("leakscope.toml", &twice).is_err());
}

#[test]
fn a_rule_can_name_each_verdict_that_fails_and_no_other() {
    for verdict in Verdict::ALL {
        let name = verdict.name();
        let rule = format!("[[suppress]]\nid = 'a'\nreason = 'b'\nverdict = ['{name}']\n");
        let read = Rules::read("leakscope.toml", &rule);
        assert_eq!(read.is_ok(), can_be_leak(verdict), "{read:?}");
    }
    assert!(can_be_leak(Verdict::Lost) && !can_be_leak(Verdict::Bounded));
}

#[test]
fn what_is_suggested_excuses_what_it_was_made_for() {
    let report = report(&leaking());
    let leak = report.leaks().next().expect("a leak");
    let rule = suggest(leak).expect("a rule");
    assert!(
        Rules::read("leakscope.toml", &rule).is_err(),
        "it wants a reason"
    );
    let with_reason = rule.replace("reason = \"\"", "reason = \"a cache\"");
    let rules = read(&with_reason);
    assert!(rules.rules[0].is_about(leak) && rules.rules[0].accepts(leak, &report.totals));
}
