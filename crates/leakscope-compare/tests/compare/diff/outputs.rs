//! What is written: text in `golden/`, the JSON's fields, and a page in which names do nothing.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::slice::from_ref;

use leakscope_analysis::trace::Certainty;
use leakscope_compare::diff::{Diff, Per, TextOptions, html, text};
use leakscope_report::{Report, json};
use leakscope_testing::project;
use leakscope_testing::scenario::{IDF_HEAP, Scenario};
use serde_json::Value;

use super::device::{Kind, recorded};
use crate::programs::{Build, MAIN, PARSE, POLL, begun, healthy, leaking, report, report_by, work};

/// Twelve cycles; in each, `poll` leaves so many bytes.
fn cycles(sizes: impl Fn(u32) -> u32) -> Report {
    let mut recording = begun();
    for cycle in 0..12 {
        recording.mark(7);
        recording.after(50_000);
        recording.allocate(0x3FCC_0000 + 0x100 * cycle, sizes(cycle), &[POLL, MAIN]);
        recording.after(50_000);
    }
    recording.mark(7);
    report(&recording)
}

fn at(recording: &Scenario) -> Report {
    let mut report = report(recording);
    report.trace.inputs = vec![format!("heap.svdat at {} ms", recording.time() / 1000)];
    report
}

/// With the problem that says that the ELF file is another program's.
fn misnamed() -> Report {
    let mut recording = leaking();
    recording.overflow(1);
    let mut report = report(&recording);
    let problem = &mut report.problems[0];
    problem.code = "elf-differs".into();
    problem.message = String::from("another program ran");
    problem.hint = None;
    report
}

/// All that can be different, by name.
fn diffs() -> Vec<(&'static str, Diff)> {
    let mut renamed = Build::usual();
    renamed.0[0].1 = "net::poll_again";
    let mut growing = begun();
    let mut moments = Vec::new();
    for _ in 0..3 {
        work(&mut growing, 20, 24, |round| round % 4 == 0);
        moments.push(at(&growing));
    }
    let several = |rate: f64| -> Vec<Report> {
        (1..=4)
            .map(|seed| recorded(&[(Kind::Steady, rate)], seed, 60.0))
            .collect()
    };
    vec![
        (
            "new-leak",
            Diff::of(&[report(&healthy())], &[report(&leaking())], None),
        ),
        (
            "fixed",
            Diff::of(&[report(&leaking())], &[report(&healthy())], None),
        ),
        (
            "itself",
            Diff::of(&[report(&leaking())], &[report(&leaking())], None),
        ),
        (
            "another-program",
            Diff::of(&[misnamed()], &[misnamed()], None),
        ),
        (
            "moved",
            Diff::of(
                &[report(&leaking())],
                &[report_by(&leaking(), Some(&renamed))],
                None,
            ),
        ),
        (
            "cycles",
            Diff::of(
                &[cycles(|cycle| 40 + cycle)],
                &[cycles(|cycle| 90 + cycle)],
                None,
            ),
        ),
        (
            "allocations",
            Diff::of(
                &[report(&leaking())],
                &[report(&leaking())],
                Some(Per::Allocation),
            ),
        ),
        ("runs", Diff::of(&several(1.0), &several(3.0), None)),
        (
            "three-runs",
            Diff::of(&several(1.0)[..3], &several(3.0)[..3], None),
        ),
        ("moments", Diff::of_moments(&moments)),
    ]
}

/// Of an odd number of cycles beyond 32, the last one fills no group: neither its bytes nor itself are counted.
#[test]
fn what_cycles_left_is_what_they_gained() {
    let mut recording = begun();
    for cycle in 0..40 {
        recording.after(100_000).mark(7);
        recording.allocate(0x3FCC_0000 + 0x100 * cycle, 48, &[POLL, MAIN]);
    }
    let report = report(&recording);
    assert_eq!(report.totals.cycles % 2, 1);
    let diff = Diff::of(from_ref(&report), from_ref(&report), None);
    let side = &diff.sites[0].before;
    assert_eq!(side.growth_bytes, Some(48.0));
    assert_eq!(side.left_bytes, side.exposure.map(|cycles| 48.0 * cycles));
    assert_eq!(side.left_blocks, None);
}

#[test]
fn the_text_is_as_expected() {
    let options = TextOptions {
        top: 10,
        all: false,
        width: 100,
    };
    let golden = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/compare/diff/golden");
    for (name, diff) in diffs() {
        let path = golden.join(format!("{name}.txt"));
        let written = text(&diff, &options);
        assert!(written.lines().count() <= 40, "{name} fits on a screen");
        if std::env::var_os("LEAKSCOPE_BLESS").is_some_and(|value| value == "1") {
            fs::create_dir_all(&golden).expect("a folder");
            fs::write(&path, &written).expect("a file");
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(
            written, expected,
            "{name}: LEAKSCOPE_BLESS=1 writes it anew"
        );
    }
}

/// Names from a device are text, in a terminal and in a page.
/// A table that grows, of a recording with a clock and of one without: by no unit can the two be compared.
#[test]
fn growth_without_a_clock_is_not_compared() {
    let table = |has_clock: bool| {
        let mut recording = Scenario::empty();
        if has_clock {
            recording.start();
        } else {
            // `TRACE_START`, and no `INIT`.
            recording.sync().raw(&[10, 0]);
        }
        recording.module(512, IDF_HEAP);
        for round in 0..200 {
            let block = 0x3FC8_0000 + 0x4000 * (round % 2);
            let old = 0x3FC8_0000 + 0x4000 * ((round + 1) % 2);
            recording
                .after(5000)
                .allocate(block, 64 * (round + 1), &[POLL, MAIN]);
            if round > 0 {
                recording.free(old, &[POLL, MAIN]);
            }
        }
        report(&recording)
    };
    for per in [None, Some(Per::Allocation), Some(Per::Run)] {
        for sides in [[true, false], [false, true], [false, false]] {
            let [before, after] = sides.map(|has_clock| vec![table(has_clock)]);
            let diff = Diff::of(&before, &after, per);
            let sites = diff.sites.iter().filter(|site| site.p.is_some());
            assert_eq!(sites.count(), 0, "{per:?} {sides:?}");
        }
    }
}

#[test]
fn hostile_names_are_text() {
    let hostile = "<script>alert(1)</script>\u{1b}[31m\"'&]]>\u{202e}";
    let build = Build(vec![
        (POLL, hostile, "/src/\u{1b}<b>.c", 1),
        (PARSE, "parse", "/src/app/parse.c", 7),
        (MAIN, hostile, "", 9),
    ]);
    let mut report = report_by(&leaking(), Some(&build));
    report.trace.inputs = vec![hostile.to_owned()];
    let diff = Diff::of(&[report_by(&healthy(), Some(&build))], &[report], None);
    let page = html(&diff);
    for forbidden in ["<script", "\u{1b}", "\u{202e}", "<b>"] {
        assert!(!page.contains(forbidden), "{forbidden:?}");
    }
    assert!(page.contains("&lt;script&gt;alert(1)"));
    assert_eq!(page.matches("<svg").count(), 1, "nothing leaked before");
    let options = TextOptions {
        top: 10,
        all: true,
        width: 100,
    };
    assert!(!text(&diff, &options).contains(['\u{1b}', '\u{202e}']));
    let mut out = Vec::new();
    json::write(&mut out, &diff).expect("a vector");
    assert!(
        !String::from_utf8(out)
            .expect("UTF-8")
            .contains(['\u{1b}', '\u{202e}'])
    );
}

/// Widths in the pictures are those of both sides.
#[test]
fn both_pictures_are_as_wide_as_their_sides() {
    let sites = |first, second| recorded(&[(Kind::Steady, first), (Kind::Steady, second)], 9, 60.0);
    let page = html(&Diff::of(&[sites(1.0, 3.0)], &[sites(3.0, 1.0)], None));
    let pictures: Vec<&str> = page.split("<svg").skip(1).collect();
    assert_eq!(pictures.len(), 2);
    // The boxes of the innermost functions: the last row.
    let width = |picture: &str, function: &str| -> f64 {
        let from = picture.find(&format!("<title>{function}")).expect("a box");
        let rest = picture[from..].split("width=\"").nth(1).expect("its width");
        rest.split('"')
            .next()
            .expect("a number")
            .parse()
            .expect("a number")
    };
    for (picture, wide, narrow) in [
        (0, "0x42001000", "0x42001100"),
        (1, "0x42001100", "0x42001000"),
    ] {
        let (wide, narrow) = (
            width(pictures[picture], wide),
            width(pictures[picture], narrow),
        );
        assert!(wide > 2.0 * narrow, "{wide} {narrow}");
        assert!((wide + narrow - 1200.0).abs() < 1.0);
    }
}

fn paths(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let dot = if path.is_empty() { "" } else { "." };
                paths(field, &format!("{path}{dot}{name}"), found);
            }
        }
        Value::Array(items) => {
            let each = format!("{path}[]");
            for item in items {
                paths(item, &each, found);
            }
        }
        _ => {
            found.insert(path.to_owned());
        }
    }
}

#[test]
fn each_field_of_the_json_is_documented() {
    let mut fields = BTreeSet::new();
    for (_, diff) in diffs() {
        paths(&serde_json::to_value(&diff).expect("JSON"), "", &mut fields);
    }
    let mut doubtful = recorded(&[(Kind::Steady, 1.0)], 9, 60.0);
    doubtful.call_sites[0].frames[0].certainty = Certainty::Possible;
    let diff = Diff::of(&[doubtful.clone()], &[doubtful], None);
    paths(&serde_json::to_value(&diff).expect("JSON"), "", &mut fields);
    let fills = |seconds| recorded(&[(Kind::Cache, 1.1), (Kind::Sound, 1.0)], 3, seconds);
    let diff = Diff::of(&[fills(80.0)], &[fills(8.0)], None);
    paths(&serde_json::to_value(&diff).expect("JSON"), "", &mut fields);
    let document = fs::read_to_string(project().join("docs/diff-json.md")).expect("a document");
    let rows = document
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let documented: BTreeSet<String> = rows.map(|(path, _)| path.to_owned()).collect();
    assert_eq!(fields, documented);
}
