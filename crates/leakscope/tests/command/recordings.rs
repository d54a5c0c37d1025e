//! The folders of `testdata/firmware/`: recordings of the project's own firmware in the emulator, and what the
//! command says of them, with functions and lines where the folder has a `program.elf`.
//!
//! They stay as they were made: what an older recorder wrote must go on being read. So recordings are compared with
//! nothing; only the reports are. `LEAKSCOPE_BLESS=1` writes these: read the difference before you commit it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use leakscope_testing::project;

use crate::run::leakscope;

/// The recordings of a folder: the files of each, by its name.
fn recordings(folder: &Path) -> BTreeMap<String, Vec<String>> {
    let mut recordings: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let file = entry.expect("an entry").file_name();
        let file = file.to_string_lossy().into_owned();
        let Some((name, "svdat" | "log")) = file.rsplit_once('.') else {
            continue;
        };
        // One file a core.
        let name = name.split("_core").next().unwrap_or(name).to_owned();
        recordings.entry(name).or_default().push(file);
    }
    for files in recordings.values_mut() {
        files.sort();
    }
    recordings
}

fn report(folder: &Path, files: &[String]) -> String {
    let mut run = leakscope(["report"]).on(files).in_folder(folder);
    if folder.join("program.elf").is_file() {
        run = run.on(&["--elf", "program.elf"]);
    }
    run.stdout()
}

fn folders() -> Vec<PathBuf> {
    let all = project().join("testdata/firmware");
    let entries = fs::read_dir(all).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.filter(|path| path.is_dir()).collect()
}

#[test]
fn are_reported_as_they_were() {
    let blessing = std::env::var_os("LEAKSCOPE_BLESS").is_some_and(|value| value == "1");
    let mut compared = 0;
    for folder in folders() {
        assert!(folder.join("made.md").is_file(), "{}", folder.display());
        for (name, files) in recordings(&folder) {
            let report = report(&folder, &files);
            let expected = folder.join(name + ".txt");
            if blessing {
                fs::write(&expected, &report).expect("a file");
            }
            let text = fs::read_to_string(&expected).unwrap_or_default();
            assert_eq!(report, text, "{}", expected.display());
            compared += 1;
        }
    }
    assert!(compared > 0);
}

/// Not even an old recorder's recording has anything wrong with its data.
#[test]
fn have_no_problems() {
    for folder in folders() {
        for (name, files) in recordings(&folder) {
            let report = leakscope(["report", "--format", "json"])
                .on(&files)
                .in_folder(&folder)
                .json();
            // A dump cannot say how it came to what it shows.
            let is_dump = Path::new(&files[0]).extension() == Some("log".as_ref());
            let expected: &[&str] = if is_dump { &["no-history"] } else { &[] };
            let problems = report["problems"].as_array().expect("a list");
            let codes: Vec<_> = problems
                .iter()
                .map(|problem| problem["code"].as_str().expect("a code"))
                .collect();
            assert_eq!(codes, expected, "{name}");
        }
    }
}
