//! One document: a report that was saved is read back whole, and the page says what it says.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use leakscope_testing::project;

use crate::make::all;
use crate::run::{Ran, leakscope};

/// The inputs of all cases, the recordings and logs of the project's firmware, and those of real boards if they
/// are here.
fn traces() -> Vec<Vec<PathBuf>> {
    let testdata = project().join("testdata");
    let cases = all().map(|case| {
        let folder = testdata.join(case.name());
        let inputs = case.inputs().into_iter();
        inputs.map(|(name, _)| folder.join(name)).collect()
    });
    let mut traces: Vec<Vec<PathBuf>> = cases.collect();
    let is_trace = |path: &Path| {
        path.extension()
            .is_some_and(|it| it == "svdat" || it == "log")
    };
    for folder in [
        testdata.join("firmware"),
        project().join("../shared/corpus"),
    ] {
        for folder in fs::read_dir(folder).into_iter().flatten().flatten() {
            let files = fs::read_dir(folder.path()).into_iter().flatten().flatten();
            let files = files.map(|file| file.path()).filter(|path| is_trace(path));
            traces.extend(files.map(|path| vec![path]));
        }
    }
    traces.retain(|inputs| run(&["report"], inputs).code == 0);
    assert!(traces.len() > 30, "{}", traces.len());
    traces
}

fn run(arguments: &[&str], inputs: &[PathBuf]) -> Ran {
    leakscope(arguments).on(inputs).end()
}

fn standard_output(arguments: &[&str], inputs: &[PathBuf]) -> String {
    let ran = run(arguments, inputs);
    assert_eq!(ran.code, 0, "{inputs:?}: {}", ran.stderr);
    ran.stdout
}

#[test]
fn a_saved_report_is_the_report() {
    let folder = tempfile::tempdir().expect("a folder");
    let saved = [folder.path().join("saved.json")];
    for trace in traces() {
        let json = standard_output(&["report", "--format", "json"], &trace);
        fs::write(&saved[0], &json).expect("a file");
        assert_eq!(
            standard_output(&["report", "--format", "json"], &saved),
            json
        );
        for form in [&["report"][..], &["report", "--all"]] {
            assert_eq!(
                standard_output(form, &saved),
                standard_output(form, &trace),
                "{trace:?}"
            );
        }
    }
}

/// The values of these fields.
fn fields(of: &Value, names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| of[*name].clone()).collect()
}

/// What is said of the call sites that leak.
fn leaks(sites: &Value, number: &str) -> Vec<Vec<Value>> {
    let names = [
        number,
        "standing",
        "verdict",
        "confidence",
        "reason",
        "growth_bytes_per_second",
        "outstanding_bytes",
    ];
    let sites = sites.as_array().expect("a list").iter();
    let leaks = sites.filter(|site| site["standing"] == "leak");
    leaks.map(|site| fields(site, &names)).collect()
}

#[test]
fn the_page_says_what_the_report_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("page.html");
    for trace in traces() {
        let report = standard_output(&["report", "--format", "json"], &trace);
        let report: Value = serde_json::from_str(&report).expect("JSON");
        let html = ["report", "--force", "--html", page.to_str().expect("UTF-8")];
        standard_output(&html, &trace);
        let written = fs::read_to_string(&page).expect("a page");
        let (_, data) = written.split_once("id=\"leakscope-data\">").expect("data");
        let (data, _) = data.split_once("</script>").expect("an end of them");
        let document: Value = serde_json::from_str(data).expect("JSON");
        let overview = &document["overview"];
        let same = ["conclusion", "also_wrong", "totals", "problems"];
        assert_eq!(fields(overview, &same), fields(&report, &same), "{trace:?}");
        let headline = report["headline"].as_str().expect("a sentence");
        assert_eq!(
            overview["sentence"],
            json!(format!("{headline}.")),
            "{trace:?}"
        );
        let expected = leaks(&report["call_sites"], "id");
        assert_eq!(leaks(&overview["findings"], "site"), expected, "{trace:?}");
        assert_eq!(
            leaks(&document["sites"]["sites"], "site"),
            expected,
            "{trace:?}"
        );
        let left = report["exhaustion"]["after_end_s"].clone();
        assert_eq!(overview["heap"]["exhausted_in_s"], left, "{trace:?}");
        assert_eq!(overview["heap"]["outlook"], report["outlook"], "{trace:?}");
    }
}

#[test]
fn a_file_that_is_no_report_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let saved = [folder.path().join("saved.json")];
    let trace = [project().join("testdata/steady-leak/input.svdat")];
    let json = standard_output(&["report", "--format", "json"], &trace);
    let newer = json.replacen("\"version\": 1", "\"version\": 7", 1);
    for (contents, said) in [
        (&json[..json.len() / 2], "this is no whole JSON document"),
        (&newer, "version 7 of its schema"),
        ("{\"a\": 1}", "no report of leakscope"),
    ] {
        fs::write(&saved[0], contents).expect("a file");
        let ran = run(&["report"], &saved);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
        assert!(
            ran.stderr.contains(said) && ran.stderr.contains("saved.json"),
            "{}",
            ran.stderr
        );
    }
    fs::write(&saved[0], &json).expect("a file");
    let noted = run(&["report", "--cycle", "x"], &saved);
    assert_eq!(noted.code, 0);
    assert!(
        noted.stderr.contains("this is a saved report"),
        "{}",
        noted.stderr
    );
    // It may come from anywhere that a recording may come from.
    let piped = leakscope(["report", "-"]).reading(json.as_bytes()).stdout();
    assert_eq!(piped, standard_output(&["report"], &saved));
}
