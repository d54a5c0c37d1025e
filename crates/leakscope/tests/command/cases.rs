//! The folders of `testdata/`: each a small recording and what the command says of it.
//!
//! A folder holds its input (`input.svdat`, or one file a core), `made.md` (what it shows, and which
//! function of [`make`](crate::make) made it), and outputs (`report.txt`, `report.json`, …). Here each
//! input is made again, the command is run in the folder, and all is compared. `LEAKSCOPE_BLESS=1` writes
//! the folders instead: read the difference before you commit it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use leakscope_testing::project;

use crate::make::{Case, all};
use crate::run::leakscope;

/// The largest input, in bytes: cases are to be read by people.
const LARGEST: usize = 20_000;

fn testdata() -> PathBuf {
    project().join("testdata")
}

fn blessing() -> bool {
    std::env::var_os("LEAKSCOPE_BLESS").is_some_and(|value| value == "1")
}

/// Every file of the case: name, expected contents.
fn files(case: &Case) -> Vec<(String, Vec<u8>)> {
    let mut files = case.inputs();
    let names: Vec<String> = files.iter().map(|(name, _)| name.clone()).collect();
    for (name, input) in &files {
        assert!(
            input.len() < LARGEST,
            "{}/{name}: {} bytes",
            case.name(),
            input.len()
        );
    }
    files.push(("made.md".to_owned(), case.made().into_bytes()));
    for (file, contents) in case.beside {
        files.push(((*file).to_owned(), contents.as_bytes().to_vec()));
    }
    // The command reads what was made just now, not what happens to lie in the folder.
    let work = tempfile::tempdir().expect("a folder");
    for (name, contents) in &files {
        fs::write(work.path().join(name), contents).expect("a file");
    }
    for (file, arguments) in case.outputs {
        let ran = leakscope(arguments.split(' '))
            .on(&names)
            .in_folder(work.path())
            .end();
        assert_eq!(ran.code, 0, "{}: {arguments}: {}", case.name(), ran.stderr);
        // Advice may stand there, and nothing else.
        let is_advice = ran.stderr.lines().all(|line| line.starts_with("hint: "));
        assert!(is_advice, "{}: {arguments}: {}", case.name(), ran.stderr);
        files.push(((*file).to_owned(), ran.stdout.into_bytes()));
    }
    files
}

/// Where two texts begin to differ, for people.
fn difference(expected: &[u8], actual: &[u8]) -> String {
    let (Ok(expected), Ok(actual)) = (str::from_utf8(expected), str::from_utf8(actual)) else {
        let same = expected.iter().zip(actual).take_while(|(a, b)| a == b);
        return format!("differs from byte {} on", same.count());
    };
    let mut lines = expected.lines().zip(actual.lines()).zip(1..);
    match lines.find(|((expected, actual), _)| expected != actual) {
        Some(((expected, actual), line)) => {
            format!("line {line}:\n  expected {expected}\n  actual   {actual}")
        }
        None => format!(
            "{} lines expected, {} there",
            expected.lines().count(),
            actual.lines().count()
        ),
    }
}

#[test]
fn each_folder_is_as_its_case_says() {
    let mut differences = Vec::new();
    for case in all() {
        let folder = testdata().join(case.name());
        let files = files(case);
        if blessing() {
            let _ = fs::remove_dir_all(&folder);
            fs::create_dir_all(&folder).expect("a folder");
            for (name, contents) in &files {
                fs::write(folder.join(name), contents).expect("a file");
            }
            continue;
        }
        let expected: BTreeSet<String> = files.iter().map(|(name, _)| name.clone()).collect();
        if names_in(&folder) != expected {
            differences.push(format!(
                "{}: holds {:?}, not {expected:?}",
                case.name(),
                names_in(&folder)
            ));
        }
        for (name, actual) in &files {
            let there = fs::read(folder.join(name)).unwrap_or_default();
            if there != *actual {
                let difference = difference(&there, actual);
                differences.push(format!("{}/{name}: {difference}", case.name()));
            }
        }
    }
    assert!(
        differences.is_empty(),
        "LEAKSCOPE_BLESS=1 writes testdata anew.\n{}",
        differences.join("\n")
    );
}

/// Every folder is a case, and every case has a name of its own. (Those in `firmware` are not made here, but
/// [recorded](crate::recordings).)
#[test]
fn no_folder_is_left_over() {
    let cases: BTreeSet<String> = all().map(Case::name).collect();
    assert_eq!(cases.len(), all().count());
    let strange: Vec<String> = names_in(&testdata())
        .into_iter()
        .filter(|name| {
            testdata().join(name).is_dir() && !cases.contains(name) && name != "firmware"
        })
        .collect();
    assert_eq!(strange, Vec::<String>::new());
}

fn names_in(folder: &Path) -> BTreeSet<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return BTreeSet::new();
    };
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    names
        .map(|name| name.to_string_lossy().into_owned())
        .collect()
}

/// Nothing that acts on a terminal reaches any text, whatever the recording holds.
#[test]
fn no_output_acts_on_a_terminal() {
    for case in all() {
        for (name, contents) in files(case) {
            let is_output = case.outputs.iter().any(|(file, _)| *file == name);
            let acts = |byte: &u8| *byte < b' ' && !matches!(byte, b'\n' | b'\r') || *byte == 0x7F;
            assert!(
                !is_output || !contents.iter().any(acts),
                "{}/{name}",
                case.name()
            );
        }
    }
}
