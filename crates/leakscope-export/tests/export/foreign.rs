//! The programs that the formats are for read what the report says.
//!
//! `bash .ci/run packages readers` installs them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use leakscope_export::{Format, Selection, Table, Value};
use leakscope_report::document::call_site::CallSite;
use leakscope_testing::{needs, project};
use serde_json::Value as Json;

use crate::heaps;
use crate::made::{Made, PROGRAM, everything};

/// Recordings that are small and made up, and those of real boards, as far as they are here.
fn recordings() -> Vec<(&'static str, Made)> {
    let mut all = vec![("everything", Made::new(&everything(), PROGRAM))];
    for name in [
        "idf-mcore-2026/heap_log_mcore.svdat",
        "idf-esp-extension-2021/heap_log_mcore.svdat",
    ] {
        if let Some(bytes) = needs::corpus_bytes(name) {
            all.push((name, Made::of(vec![bytes], PROGRAM)));
        }
    }
    all
}

/// Python with the packages that read; `None` if the test is to be skipped.
fn python() -> Option<PathBuf> {
    let python = project().join("target/readers/bin/python");
    if python.exists() {
        return Some(python);
    }
    needs::skip("target/readers (`bash .ci/run readers`)");
    None
}

/// Whether a program is here that has no `--version`.
fn has(program: &str, argument: &str) -> bool {
    let ran = Command::new(program)
        .arg(argument)
        .stdin(Stdio::null())
        .output();
    let is_here = ran.is_ok();
    if !is_here {
        needs::skip(&format!("`{program}`"));
    }
    is_here
}

#[track_caller]
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

fn script(python: &Path, name: &str, arguments: &[&str]) -> Json {
    let readers = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/export/readers");
    let mut command = Command::new(python);
    // Not a script's own folder: nothing there is to be taken for a package.
    command
        .args(["-P", "-B"])
        .arg(readers.join(name))
        .args(arguments);
    serde_json::from_str(&run(&mut command)).unwrap()
}

fn written(made: &Made, format: Format, name: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, made.export(format)).unwrap();
    (folder, path.display().to_string())
}

/// The names of a stack, the innermost first, as exports show them.
fn names(site: &CallSite) -> Vec<String> {
    let names = site.frames.iter().map(|frame| match &frame.function {
        Some(name) => name.to_string(),
        None => frame.address.to_string(),
    });
    match names.collect::<Vec<_>>() {
        names if names.is_empty() => vec!["[no call stack]".to_owned()],
        names => names,
    }
}

/// Something that the report says of a call site.
type Number = fn(&CallSite) -> u64;

/// By stack, the outermost frame first: what `number` says of its call sites.
fn by_stack(made: &Made, number: Number) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for site in &made.report.call_sites {
        let mut stack = names(site);
        stack.reverse();
        *sums.entry(stack.join(";")).or_default() += number(site);
    }
    sums.retain(|_, sum| *sum > 0);
    sums
}

#[test]
fn perfettos_descriptors_decode_all_of_it_by_the_rules_of_its_importer() {
    let Some(python) = python() else {
        return;
    };
    for (name, made) in recordings() {
        let (_folder, path) = written(&made, Format::Perfetto, "trace.pftrace");
        let read = script(&python, "read_perfetto.py", &[&path]);
        let totals = &made.report.totals;
        let number = |of: &Json| of.as_u64().unwrap_or(0);
        let instants = &read["instants"];
        let begun = number(&instants["alloc"]) + number(&instants["realloc"]);
        assert_eq!(begun, totals.allocations, "{name}");
        assert_eq!(number(&instants["realloc"]), totals.reallocations, "{name}");
        assert_eq!(
            number(&instants["failed allocation"]),
            totals.failed_allocations,
            "{name}"
        );
        assert_eq!(
            number(&read["flows_left"]),
            totals.outstanding_blocks,
            "{name}"
        );
        assert_eq!(number(&read["logs"]), totals.log_messages, "{name}");
        assert_eq!(number(&read["live_max"]), totals.peak_bytes, "{name}");
        let stacks =
            |of: &Json| serde_json::from_value::<BTreeMap<String, u64>>(of.clone()).unwrap();
        assert_eq!(
            stacks(&read["outstanding"]),
            by_stack(&made, |site| site.outstanding_bytes),
            "{name}"
        );
        let allocated = by_stack(&made, |site| site.allocated_bytes);
        assert_eq!(stacks(&read["allocated"]), allocated, "{name}");
    }
}

#[test]
fn perfettos_descriptors_decode_several_heaps() {
    let Some(python) = python() else {
        return;
    };
    let made = Made::new(&heaps::recording(), PROGRAM);
    let (_folder, path) = written(&made, Format::Perfetto, "trace.pftrace");
    let heap = &script(&python, "read_perfetto.py", &[&path])["heap"];
    let [allocated, freed] = ["allocated_bytes", "freed_bytes"].map(|sum| heap[sum].as_u64());
    let totals = &made.report.totals;
    assert_eq!(allocated, Some(totals.allocated_bytes));
    assert_eq!(
        freed,
        Some(totals.allocated_bytes - totals.outstanding_bytes)
    );
}

/// A table of `pprof -top`: flat and cumulative values by function.
fn top(path: &str, sample: &str) -> BTreeMap<String, [u64; 2]> {
    let mut command = Command::new("go");
    command.args([
        "tool",
        "pprof",
        "-top",
        "-unit=B",
        "-nodefraction=0",
        "-nodecount=100000",
    ]);
    let text = run(command.args([&format!("-sample_index={sample}"), path]));
    let rows = text
        .lines()
        .skip_while(|line| !line.trim_start().starts_with("flat "))
        .skip(1);
    let number = |word: &str| word.trim_end_matches('B').parse::<u64>().unwrap();
    rows.map(|row| {
        let words: Vec<&str> = row.split_whitespace().collect();
        let name = words[5..].join(" ").replace(" (inline)", "");
        (name, [number(words[0]), number(words[3])])
    })
    .collect()
}

/// The same out of the report.
fn expected_top(made: &Made, number: Number) -> BTreeMap<String, [u64; 2]> {
    let mut rows: BTreeMap<String, [u64; 2]> = BTreeMap::new();
    for site in made
        .report
        .call_sites
        .iter()
        .filter(|site| number(site) > 0)
    {
        let mut names = names(site);
        rows.entry(names[0].clone()).or_default()[0] += number(site);
        names.sort();
        names.dedup();
        for name in names {
            rows.entry(name).or_default()[1] += number(site);
        }
    }
    rows
}

#[test]
fn pprof_has_the_reports_sums_of_each_function() {
    if !has("go", "version") {
        return;
    }
    for (name, made) in recordings() {
        let (_folder, path) = written(&made, Format::Pprof, "heap.pb.gz");
        let numbers: [(&str, Number); 4] = [
            ("alloc_objects", |site| site.allocations),
            ("alloc_space", |site| site.allocated_bytes),
            ("inuse_objects", |site| site.outstanding_blocks),
            ("inuse_space", |site| site.outstanding_bytes),
        ];
        for (sample, number) in numbers {
            let mut read = top(&path, sample);
            read.retain(|_, sums| sums[1] > 0);
            assert_eq!(read, expected_top(&made, number), "{name} {sample}");
        }
    }
}

/// What `heaptrack_print` writes as folded stacks: by stack, without files.
fn heaptrack_stacks(path: &str, cost: &str) -> BTreeMap<String, u64> {
    let out = format!("{path}.{cost}");
    let mut command = Command::new("heaptrack_print");
    run(command.args(["-F", &out, "--flamegraph-cost-type", cost, path]));
    let text = fs::read_to_string(out).unwrap();
    let mut sums = BTreeMap::new();
    for line in text.lines() {
        let (stack, number) = line.rsplit_once(' ').unwrap();
        let names = stack.trim_end_matches(';').split(';').map(|frame| {
            let name = frame.split_once(" (").map_or(frame, |(name, _)| name);
            name.trim().to_owned()
        });
        *sums.entry(names.collect::<Vec<_>>().join(";")).or_default() +=
            number.parse::<u64>().unwrap();
    }
    sums.retain(|_, sum: &mut u64| *sum > 0);
    sums
}

#[test]
fn heaptrack_has_the_reports_leaks_peak_and_allocations() {
    if !needs::has_tool("heaptrack_print") {
        return;
    }
    for (name, made) in recordings() {
        let (_folder, path) = written(&made, Format::Heaptrack, "heap.heaptrack");
        let text = run(Command::new("heaptrack_print").arg(&path));
        let calls = text
            .lines()
            .find_map(|line| line.strip_prefix("calls to allocation functions: "))
            .unwrap();
        let calls: u64 = calls.split(' ').next().unwrap().parse().unwrap();
        assert_eq!(calls, made.report.totals.allocations, "{name}");
        let leaked = heaptrack_stacks(&path, "leaked");
        assert_eq!(
            leaked,
            by_stack(&made, |site| site.outstanding_bytes),
            "{name}"
        );
        let peak: u64 = heaptrack_stacks(&path, "peak").values().sum();
        assert_eq!(peak, made.report.totals.peak_bytes, "{name}");
        let allocations: u64 = heaptrack_stacks(&path, "allocations").values().sum();
        assert_eq!(allocations, made.report.totals.allocations, "{name}");
    }
}

#[test]
fn inferno_draws_as_many_bytes() {
    if !has("inferno-flamegraph", "--help") {
        return;
    }
    for (name, made) in recordings() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stacks.folded");
        fs::write(&path, made.folded(Value::Outstanding, Selection::default())).unwrap();
        let picture = run(Command::new("inferno-flamegraph").arg(&path));
        let all = picture.split("<title>all (").nth(1).unwrap();
        let samples = all.split(' ').next().unwrap().replace(',', "");
        assert_eq!(
            samples.parse(),
            Ok(made.report.totals.outstanding_bytes),
            "{name}"
        );
    }
}

#[test]
fn pyarrow_duckdb_and_polars_read_the_same_tables() {
    let Some(python) = python() else {
        return;
    };
    let formats = Format::ALL.iter().filter(|format| format.is_table());
    let formats: Vec<Format> = formats.copied().collect();
    let forms: Vec<&str> = formats.iter().map(|format| format.name()).collect();
    for (name, made) in recordings() {
        let folder = tempfile::tempdir().unwrap();
        for &format in &formats {
            for &table in Table::ALL {
                let file = format!("{}.{}", table.name(), format.name());
                fs::write(folder.path().join(file), made.table(format, table)).unwrap();
            }
        }
        let path = folder.path().display().to_string();
        let read = script(
            &python,
            "read_tables.py",
            &[&[path.as_str()], forms.as_slice()].concat(),
        );
        let read = read.as_object().unwrap();
        let totals = &made.report.totals;
        let expected = BTreeMap::from([
            ("blocks", (totals.allocations, totals.allocated_bytes)),
            (
                "sites",
                (
                    made.report.call_sites.len() as u64,
                    totals.outstanding_bytes,
                ),
            ),
        ]);
        for (key, found) in read {
            let numbers = (
                found["rows"].as_u64().unwrap(),
                found["sum"].as_u64().unwrap(),
            );
            let table = key.split(' ').next().unwrap();
            if let Some(expected) = expected.get(table) {
                assert_eq!(numbers, *expected, "{name}: {key}");
            }
            // What one reads, all read.
            let others = read.iter().filter(|(other, _)| other.starts_with(table));
            for (other, same) in others {
                assert_eq!(found, same, "{name}: {key} and {other}");
            }
        }
    }
}
