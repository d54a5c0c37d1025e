//! A run that is killed at any moment, and run again: each recording is there once.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use leakscope_fleet::engine::Engine;
use leakscope_fleet::store::Folder;
use leakscope_testing::program::Random;

use crate::made::{file, recording};

const RECORDINGS: usize = 12;

fn command(from: &Path, into: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leakscope-fleet"));
    command.arg("ingest").arg(from).arg("--into").arg(into);
    command.args(["--part", "2", "--jobs", "2", "--verbose"]);
    command
}

/// Rows of each table.
fn rows(into: &Path) -> BTreeMap<&'static str, u64> {
    let engine = Engine::open(&Folder::new(into)).expect("a fleet");
    let count = |table| {
        let sql = format!("SELECT COUNT(*) AS rows FROM {table}");
        let answer = engine.run(&sql).expect("a count");
        (table, answer.count(&answer.rows[0], "rows"))
    };
    ["recordings", "sites", "windows"]
        .into_iter()
        .map(count)
        .collect()
}

#[test]
fn a_killed_run_loses_and_doubles_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let from = folder.path().join("from");
    for number in 0..RECORDINGS {
        file(
            &from,
            &format!("{number}.svdat"),
            &recording(10, number as u32),
            "",
        );
    }
    let whole = folder.path().join("whole");
    assert!(
        command(&from, &whole)
            .stderr(Stdio::null())
            .status()
            .expect("it runs")
            .success()
    );
    let expected = rows(&whole);
    assert_eq!(expected["recordings"], RECORDINGS as u64);
    assert_eq!(expected["sites"], RECORDINGS as u64, "{expected:?}");
    let into = folder.path().join("killed");
    let mut random = Random(1);
    let mut finished = 0;
    for _ in 0..100 {
        let mut child = command(&from, &into)
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs");
        let lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        // It goes on while we read: somewhere behind this line, it is killed.
        let reached = lines.take(random.below(6) as usize).count();
        child.kill().expect("it was ours");
        finished += usize::from(child.wait().expect("it was ours").success());
        // What is there is whole.
        if Folder::new(&into)
            .parts()
            .is_ok_and(|parts| !parts.is_empty())
        {
            let found = rows(&into);
            assert_eq!(found["sites"], found["recordings"], "behind line {reached}");
            if found["recordings"] == RECORDINGS as u64 {
                assert_eq!(found, expected);
                std::fs::remove_dir_all(&into).expect("it was ours");
            }
        }
    }
    assert!(finished < 100, "no run was killed in time");
    assert!(
        command(&from, &into)
            .stderr(Stdio::null())
            .status()
            .expect("it runs")
            .success()
    );
    assert_eq!(rows(&into), expected);
}
