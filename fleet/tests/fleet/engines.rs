//! The same statements by other engines, and the same files by other readers. `.ci/run` installs them (`readers`).

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use leakscope_export::tables::Cell;
use leakscope_fleet::answer::Row;
use leakscope_fleet::ask::{Asked, Question};
use leakscope_fleet::engine::Engine;
use leakscope_testing::{needs, project};
use serde_json::Value;

use crate::made::{Day, LeftBehind, fleet};

/// The Python that has the engines: `LEAKSCOPE_READERS` names another than `.ci/run` installs.
fn python() -> Option<PathBuf> {
    let named = std::env::var_os("LEAKSCOPE_READERS").map(PathBuf::from);
    let python = named.unwrap_or_else(|| project().join("target/readers/bin/python"));
    if python.exists() {
        return Some(python);
    }
    needs::skip("target/readers (`bash .ci/run readers`)");
    None
}

/// A fleet of this many devices, each on a day with each of three versions; every fourth of them sends dumps.
pub(crate) fn small_fleet(folder: &Path, devices: u64) -> Engine {
    let days = (0..3 * devices).map(|number| Day {
        device: format!("d'{}", number / 3),
        hardware: if number % 2 == 0 { "a" } else { "b" }.to_owned(),
        firmware: format!("1.{}", number % 3),
        number: (number % 3) as i64 + 1,
        is_dump: number / 3 % 4 == 3,
        left: [
            ("net_open", number % 7),
            ("wifi_scan", if number % 3 == 2 { 5 } else { 0 }),
        ]
        .into_iter()
        .filter(|(_, blocks)| *blocks > 0)
        .map(|(site, blocks)| LeftBehind {
            site,
            blocks,
            is_leak: blocks > 3,
        })
        .collect(),
    });
    fleet(folder, &days.collect::<Vec<_>>())
}

fn asked(question: &Question) -> Asked {
    let subject = match question.name {
        "who" | "trend" => "ls1:net_open",
        _ => "1.2",
    };
    Asked {
        subject: Some(subject.to_owned()),
        against: Some("1.1".to_owned()),
        since: Some("1970-01-01 12:00:00".to_owned()),
    }
}

fn is_same(ours: &Cell<'_>, theirs: &Value) -> bool {
    match ours {
        Cell::Null => theirs.is_null(),
        Cell::Integer(number) => theirs.as_i64() == Some(*number),
        Cell::Number(number) => theirs.as_u64() == Some(*number),
        Cell::Real(number) => theirs
            .as_f64()
            .is_some_and(|other| (other - number).abs() <= 1e-9 * number.abs().max(1e-300)),
        Cell::Text(text) => theirs.as_str() == Some(text),
    }
}

/// The statements of all questions, each with its question's name.
pub(crate) fn statements() -> Vec<(&'static str, String)> {
    let of = |question: Question| {
        let statements = question.sql(&asked(&question)).expect("complete");
        statements.into_iter().map(move |sql| (question.name, sql))
    };
    Question::ALL.into_iter().flat_map(of).collect()
}

/// Compares our rows of a question with those of another engine.
#[track_caller]
pub(crate) fn same(question: &str, other: &str, ours: &[Row], theirs: &[Vec<Value>]) {
    assert_eq!(ours.len(), theirs.len(), "{question} by {other}");
    for (ours, theirs) in ours.iter().zip(theirs) {
        let mut cells = ours.iter().zip(theirs);
        let same = ours.len() == theirs.len() && cells.all(|(ours, theirs)| is_same(ours, theirs));
        assert!(same, "{question} by {other}: {ours:?} {theirs:?}");
    }
}

fn compare(python: &Path, other: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = small_fleet(folder.path(), 30);
    let statements = statements();
    let mut child = Command::new(python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fleet/engine.py"))
        .arg(other)
        .arg(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python runs");
    let texts: Vec<&String> = statements.iter().map(|(_, sql)| sql).collect();
    let input = serde_json::to_vec(&texts).expect("texts");
    child
        .stdin
        .take()
        .expect("piped")
        .write_all(&input)
        .expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{other}");
    let answers = String::from_utf8(output.stdout).expect("JSON");
    let mut answers = answers.lines();
    let mut rows = 0;
    for (question, sql) in &statements {
        let ours = engine.run(sql).expect("an answer");
        let theirs: Vec<Vec<Value>> =
            serde_json::from_str(answers.next().expect("a line")).expect("rows");
        same(question, other, &ours.rows, &theirs);
        rows += theirs.len();
    }
    assert!(rows > 200, "{rows}");
}

#[test]
fn duckdb_gives_the_same_rows() {
    if let Some(python) = python() {
        compare(&python, "duckdb");
    }
}

/// By hand: pyspark needs Java, and half a minute to start.
#[test]
#[ignore = "by hand, with pyspark and Java: LEAKSCOPE_READERS=…/bin/python cargo test spark -- --ignored"]
fn spark_gives_the_same_rows() {
    if let Some(python) = python() {
        compare(&python, "spark");
    }
}

#[test]
fn pyarrow_and_polars_read_all_tables() {
    let Some(python) = python() else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let engine = small_fleet(folder.path(), 30);
    let script = "import glob, sys, pyarrow.parquet as arrow, polars\n\
                  for path in sorted(glob.glob(sys.argv[1] + '/date=*/part-*/*.parquet')):\n\
                  \x20   table = arrow.ParquetFile(path)\n\
                  \x20   assert table.schema_arrow.metadata[b'leakscope.fleet'] == b'1' or table.metadata.metadata[b'leakscope.fleet'] == b'1'\n\
                  \x20   rows = polars.read_parquet(path)\n\
                  \x20   assert rows.height == table.metadata.num_rows and rows.columns == table.schema_arrow.names, path\n\
                  \x20   print(rows.height)\n";
    let output = Command::new(python)
        .args(["-c", script])
        .arg(folder.path())
        .output()
        .expect("Python runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let rows: u64 = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| line.parse::<u64>().ok())
        .sum();
    let count = |table: &str| {
        let answer = engine
            .run(&format!("SELECT COUNT(*) AS rows FROM {table}"))
            .expect("a count");
        answer.count(&answer.rows[0], "rows")
    };
    let tables = [
        "recordings",
        "labels",
        "sites",
        "windows",
        "stacks",
        "events_bad",
        "metrics",
        "names",
    ];
    assert_eq!(rows, tables.map(count).iter().sum::<u64>());
}

#[cfg(not(feature = "cluster"))]
#[test]
fn who_has_no_client_of_a_cluster_is_told_how_to_build_it() {
    let folder = tempfile::tempdir().expect("a folder");
    small_fleet(folder.path(), 3);
    let folder = leakscope_fleet::store::Folder::new(folder.path());
    let opened = Engine::on(Some("df://localhost:50050"), &folder);
    let error = opened.err().expect("no cluster").to_string();
    assert!(error.contains("--features cluster"), "{error}");
}
