//! What is written for others.

use std::path::Path;

use leakscope_analysis::findings::Verdict;
use leakscope_compare::gate::{Gate, Judgement, Limits};
use leakscope_compare::write::{self, Checked, LeftOut};
use leakscope_report::{Report, can_be_leak};
use serde_json::Value;

use crate::programs::{Build, MAIN, PARSE, POLL, healthy, leaking, report, report_by};

fn checked<T>(report: &Report, form: impl Fn(&Checked<'_>) -> T) -> T {
    all_checked(std::slice::from_ref(report), form)
}

fn all_checked<T>(reports: &[Report], form: impl Fn(&Checked<'_>) -> T) -> T {
    let gate = Gate {
        no_failed_allocations: true,
        ..Gate::default()
    };
    let judgements: Vec<Judgement<'_>> = gate.judge_all(reports);
    form(&Checked {
        gate: &gate,
        judgements: &judgements,
        root: Path::new("/src"),
        lets_inconclusive_pass: false,
    })
}

#[test]
fn sarif_has_what_code_scanning_asks_for() {
    let (text, left_out) = checked(&report(&leaking()), write::sarif);
    assert_eq!(left_out, LeftOut::default());
    let sarif: Value = serde_json::from_str(&text).expect("JSON");
    let run = &sarif["runs"][0];
    let result = &run["results"][0];
    let location = &result["locations"][0]["physicalLocation"];
    assert_eq!(location["artifactLocation"]["uri"], "app/net.c");
    assert_eq!(location["region"]["startLine"], 42);
    let hash = result["partialFingerprints"]["primaryLocationLineHash"].as_str();
    assert!(hash.is_some_and(|hash| hash.starts_with("ls1:") && hash.ends_with(":1")));
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    assert_eq!(
        rules[result["ruleIndex"].as_u64().expect("an index") as usize]["id"],
        result["ruleId"]
    );
    for rule in rules {
        for text in ["shortDescription", "fullDescription", "help"] {
            assert!(
                rule[text]["text"]
                    .as_str()
                    .is_some_and(|text| !text.is_empty())
            );
        }
    }
    // All verdicts that fail have one.
    for verdict in Verdict::ALL.into_iter().filter(|&one| can_be_leak(one)) {
        assert!(
            rules.iter().any(|rule| rule["id"] == verdict.name()),
            "{verdict:?}"
        );
    }
    let flow = &result["codeFlows"][0]["threadFlows"][0]["locations"];
    assert_eq!(flow.as_array().map(Vec::len), Some(2));
}

#[test]
fn what_lies_elsewhere_has_no_place() {
    let mut build = Build::usual();
    for row in &mut build.0 {
        row.2 = "/opt/sdk/x.c";
    }
    let report = report_by(&leaking(), Some(&build));
    let one = LeftOut {
        without_place: 1,
        again: 0,
    };
    assert_eq!(checked(&report, write::sarif).1, one);
    let (text, left_out) = checked(&report, write::code_quality);
    assert_eq!((text.as_str(), left_out), ("[]\n", one));
}

/// Both keep an alert by its fingerprint: of two with the same, one would be lost unseen.
#[test]
fn a_call_site_that_fails_twice_is_told_once_and_that_is_said() {
    let reports = [report(&leaking()), report(&leaking())];
    let (sarif, left_out) = all_checked(&reports, write::sarif);
    let sarif: Value = serde_json::from_str(&sarif).expect("JSON");
    let results = sarif["runs"][0]["results"].as_array().map(Vec::len);
    assert_eq!((results, left_out.again), (Some(1), 1));
    let (entries, left_out) = all_checked(&reports, write::code_quality);
    let entries: Value = serde_json::from_str(&entries).expect("JSON");
    let entries = entries.as_array().map(Vec::len);
    assert_eq!((entries, left_out.again), (Some(1), 1));
}

/// A free or an allocation that failed is where the first was, in every form.
#[test]
fn what_fails_without_leaking_has_a_place() {
    let mut recording = healthy();
    recording
        .after(100)
        .allocate(0x3FCA_0000, 64, &[POLL, MAIN]);
    recording.after(100).free(0x3FCA_0000, &[POLL, MAIN]);
    recording.after(100).free(0x3FCA_0000, &[POLL, MAIN]);
    recording.after(100).allocate(0, 64_000, &[PARSE, MAIN]);
    let report = report(&recording);
    let document: Value = serde_json::from_str(&checked(&report, write::json)).expect("JSON");
    let failures = document["recordings"][0]["failures"]
        .as_array()
        .expect("an array");
    let places: Vec<(&str, &str, u64)> = (failures.iter())
        .map(|failure| {
            let text = |name: &str| failure[name].as_str().unwrap_or_default();
            let line = failure["line"].as_u64().unwrap_or_default();
            (text("kind"), text("file"), line)
        })
        .collect();
    let wanted = [
        ("double-free", "app/net.c", 42),
        ("failed-allocation", "app/parse.c", 7),
    ];
    assert_eq!(places, wanted);
    let (sarif, left_out) = checked(&report, write::sarif);
    assert_eq!(left_out, LeftOut::default());
    let sarif: Value = serde_json::from_str(&sarif).expect("JSON");
    let rules: Vec<&str> = (sarif["runs"][0]["results"]
        .as_array()
        .expect("an array")
        .iter())
    .filter_map(|result| result["ruleId"].as_str())
    .collect();
    assert_eq!(rules, ["double-free", "failed-allocation"]);
    let (entries, _) = checked(&report, write::code_quality);
    assert!(entries.contains("\"begin\": 42"), "{entries}");
    let annotations = checked(&report, write::annotations);
    assert!(
        annotations.contains("::error file=app/net.c,line=42,title=double-free in net%3A%3Apoll"),
        "{annotations}"
    );
    let markdown = checked(&report, write::markdown);
    assert!(markdown.contains("net::poll (app/net.c:42)"), "{markdown}");
}

#[test]
fn code_quality_has_its_five_fields() {
    let (text, _) = checked(&report(&leaking()), write::code_quality);
    let entries: Value = serde_json::from_str(&text).expect("JSON");
    let entry = entries[0].as_object().expect("an object");
    let names: Vec<&str> = entry.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "check_name",
            "description",
            "fingerprint",
            "location",
            "severity"
        ]
    );
    assert_eq!(entries[0]["location"]["path"], "app/net.c");
}

#[test]
fn annotations_escape_what_has_a_meaning() {
    let mut build = Build::usual();
    build.0[0].1 = "a%,b:c\nd";
    let text = checked(&report_by(&leaking(), Some(&build)), write::annotations);
    assert_eq!(text.lines().count(), 1);
    assert!(
        text.starts_with("::error file=app/net.c,line=42,title=leak-steady in a%25%2Cb%3Ac"),
        "{text}"
    );
}

#[test]
fn markdown_has_no_markup_of_a_device() {
    let mut build = Build::usual();
    build.0[0].1 = "<img src=x>|[x](y)`";
    let text = checked(&report_by(&leaking(), Some(&build)), write::markdown);
    assert!(text.contains(r"&lt;img src=x&gt;\|\[x\](y)\`"), "{text}");
}

#[test]
fn junit_has_a_case_for_each_failure_and_one_for_none() {
    let text = checked(&report(&leaking()), write::junit);
    assert!(
        text.contains(r#"tests="1" skipped="0" failures="1""#) && text.contains("leak-steady"),
        "{text}"
    );
    let text = checked(&report(&healthy()), write::junit);
    assert!(
        text.contains(r#"tests="1" skipped="0" failures="0""#),
        "{text}"
    );
    let mut build = Build::usual();
    build.0[0].1 = "\u{0}\u{1b}<&\"";
    let text = checked(&report_by(&leaking(), Some(&build)), write::junit);
    assert!(!text.contains(['\u{0}', '\u{1b}']));
}

#[test]
fn json_is_one_document() {
    let text = checked(&report(&leaking()), write::json);
    let document: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(document["schema"], "leakscope.check");
    assert_eq!(document["answer"], "failed");
    assert_eq!(
        document["recordings"][0]["failures"][0]["file"],
        "app/net.c"
    );
}

/// Of a leak, in which more cannot be told, and of what nothing can be told: no form keeps quiet about it.
#[test]
fn every_form_says_why_nothing_more_can_be_claimed() {
    let gate = Gate {
        limits: Limits {
            min_length: Some(60.0),
            ..Limits::default()
        },
        ..Gate::default()
    };
    for (recording, nothing) in [
        (leaking(), "nothing more can be claimed"),
        (healthy(), "nothing can be claimed"),
    ] {
        let reports = [report(&recording)];
        let judgements = gate.judge_all(&reports);
        let checked = Checked {
            gate: &gate,
            judgements: &judgements,
            root: Path::new("/src"),
            lets_inconclusive_pass: false,
        };
        let why = "--min-length asks for";
        let (sarif, entries) = (write::sarif(&checked).0, write::code_quality(&checked).0);
        for text in [
            write::text(&checked),
            write::markdown(&checked).replace("\\-", "-"),
            write::annotations(&checked),
            sarif.clone(),
            entries.clone(),
        ] {
            assert!(text.contains(nothing) && text.contains(why), "{text}");
        }
        let junit = write::junit(&checked);
        assert!(
            junit.contains("errors=\"1\"") && junit.contains(why),
            "{junit}"
        );
        assert!(write::json(&checked).contains(why));
        let sarif: Value = serde_json::from_str(&sarif).expect("JSON");
        let invocation = &sarif["runs"][0]["invocations"][0];
        assert_eq!(invocation["executionSuccessful"], true);
        let entries: Value = serde_json::from_str(&entries).expect("JSON");
        let entries = entries.as_array().expect("entries");
        let last = entries.last().expect("an entry");
        assert_eq!(last["check_name"], "inconclusive");
        assert_eq!(last["location"]["path"], "heap.svdat");
    }
}
