//! What tests need beside the project. A test that does not find it is skipped, with a line that says so; with
//! `LEAKSCOPE_REQUIRE=all`, as in `.ci/run`, it fails.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::project;

/// Whether a test that cannot run is a failure.
pub fn is_everything_required() -> bool {
    std::env::var_os("LEAKSCOPE_REQUIRE").is_some_and(|value| value == "all")
}

/// Says that a test is skipped, because this is missing.
///
/// # Panics
/// If everything is required.
pub fn skip(missing: &str) {
    assert!(
        !is_everything_required(),
        "{missing} is missing, and LEAKSCOPE_REQUIRE=all is set"
    );
    say_skipped(&format!("{missing} is missing"));
}

/// Says on the terminal that a test is skipped, or a part of it, and why.
pub fn say_skipped(why: &str) {
    // The harness gives each test a thread of its name, and keeps what `println!` and `eprintln!` say to itself.
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    let _ = writeln!(std::io::stderr(), "skipped: {test}: {why}");
}

/// Whether a program can be run; if not, the test is to be skipped.
pub fn has_tool(name: &str) -> bool {
    has_tool_that_knows(name, "--version")
}

/// As [`has_tool`], of a program that tells of itself when it is asked otherwise.
pub fn has_tool_that_knows(name: &str, argument: &str) -> bool {
    let output = Command::new(name).arg(argument).output();
    let is_here = output.is_ok_and(|output| output.status.success());
    if !is_here {
        skip(&format!("`{name}`"));
    }
    is_here
}

/// A file of the recordings of real boards, which lie beside the project; `None` if the test is to be skipped.
pub fn corpus(name: &str) -> Option<PathBuf> {
    beside("corpus", name)
}

/// The bytes of an input that was once misread, of those that lie beside the project; `None` if the test is to be
/// skipped.
pub fn case_bytes(name: &str) -> Option<Vec<u8>> {
    beside("cases", name).map(|path| bytes_of(&path))
}

fn beside(folder: &str, name: &str) -> Option<PathBuf> {
    let folder = project().join("../shared").join(folder);
    if !folder.exists() {
        skip(&folder.display().to_string());
        return None;
    }
    let path = folder.join(name);
    assert!(path.is_file(), "{} is no file", path.display());
    Some(path)
}

/// The bytes of [`corpus`].
pub fn corpus_bytes(name: &str) -> Option<Vec<u8>> {
    corpus(name).map(|path| bytes_of(&path))
}

fn bytes_of(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path);
    bytes.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
