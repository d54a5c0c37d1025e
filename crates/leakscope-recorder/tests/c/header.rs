//! What C programs see: the header, and the files that wrap allocators.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use leakscope_testing::needs::has_tool;

use crate::library::{Library, SOURCES, run};

/// A folder of this test's own, with a file in it.
fn file(name: &str, text: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("header");
    fs::create_dir_all(&folder).expect("the target folder can be written");
    let path = folder.join(name);
    fs::write(&path, text).expect("the target folder can be written");
    path
}

/// The functions that the header declares, one at the beginning of a line.
fn declared() -> BTreeSet<String> {
    let header = fs::read_to_string(Path::new(SOURCES).join("leakscope.h")).expect("it is there");
    let kinds = ["void ", "size_t ", "bool ", "struct leakscope_summary "];
    let declaration = |line: &str| {
        let rest = kinds.iter().find_map(|kind| line.strip_prefix(kind))?;
        let (name, _) = rest.split_once('(')?;
        Some(name.to_owned())
    };
    header.lines().filter_map(declaration).collect()
}

/// Each of them exists.
#[test]
fn the_header_declares_what_exists() {
    let Some(library) = Library::build("header", &[]) else {
        return;
    };
    let declared = declared();
    assert!(declared.len() > 30, "{declared:?}");
    for name in &declared {
        assert!(library.has(name), "{name}");
    }
}

/// A C++ list does not narrow numbers; the log must.
#[test]
fn a_message_in_cpp_takes_every_number() {
    let source = file(
        "log.cpp",
        r#"#include "leakscope.h"
        enum color { red };
        void log_all(int number, long big, bool flag, unsigned char byte, color name) {
            leakscope_log(LEAKSCOPE_WARNING, "%d %d %d %d %d", number, big, flag, byte, name);
            leakscope_log(LEAKSCOPE_LOG, "none");
        }"#,
    );
    for compiler in ["g++", "clang++"] {
        if has_tool(compiler) {
            for standard in ["-std=c++11", "-std=c++20"] {
                let mut command = Command::new(compiler);
                let flags = ["-Wall", "-Wextra", "-Werror", "-fsyntax-only", standard];
                run(command.args(flags).arg("-I").arg(SOURCES).arg(&source));
            }
        }
    }
}
