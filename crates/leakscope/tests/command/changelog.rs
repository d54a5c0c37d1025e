//! CHANGELOG.md says what users can see that the last release did not have.
//!
//! What they can see is in `testdata/surface.txt`, as of that release: subcommands and options, and the fields of
//! documents. It is written anew when a version is released, with `LEAKSCOPE_RELEASE=1`.

use std::collections::BTreeSet;
use std::fs;

use leakscope_testing::project;

use crate::packaging::{options, subcommands};

/// The pages that list a document's fields, each in a test of its own held to what is written.
const DOCUMENTS: [&str; 6] = [
    "report-json",
    "check-json",
    "diff-json",
    "doctor-json",
    "heap-json",
    "image-json",
];

/// All that can be typed, and read as JSON.
fn surface() -> BTreeSet<String> {
    let mut surface = BTreeSet::new();
    for subcommand in subcommands() {
        surface.extend(
            options(&subcommand)
                .iter()
                .map(|option| format!("{subcommand} --{option}")),
        );
        surface.insert(subcommand);
    }
    for document in DOCUMENTS {
        let page = read(&format!("docs/{document}.md"));
        let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
        // Each row begins with a field, or with several: "| `a`, `.b` | …"
        let fields = rows.filter_map(|row| Some(row.split_once(" | ")?.0));
        surface.extend(fields.map(|fields| format!("{document}: {}", fields.replace('`', ""))));
    }
    surface
}

fn read(path: &str) -> String {
    let text = fs::read_to_string(project().join(path));
    text.unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The section on the version that is being made, which is the first.
fn latest(changes: &str) -> &str {
    let sections = changes.split_once("\n## ").map(|(_, sections)| sections);
    let sections = sections.expect("a section");
    sections
        .split_once("\n## ")
        .map_or(sections, |(latest, _)| latest)
}

#[test]
fn the_version_has_an_entry() {
    let changes = read("CHANGELOG.md");
    let title = latest(&changes).lines().next().unwrap_or_default();
    let version = title.split(',').next();
    assert_eq!(version, Some(env!("CARGO_PKG_VERSION")), "{title}");
}

#[test]
fn what_is_different_is_named() {
    let surface = surface();
    let path = project().join("testdata/surface.txt");
    if std::env::var_os("LEAKSCOPE_RELEASE").is_some() {
        let lines: Vec<&str> = surface.iter().map(String::as_str).collect();
        fs::write(&path, lines.join("\n") + "\n").expect("a file");
        return;
    }
    let released = read("testdata/surface.txt");
    let released: BTreeSet<String> = released.lines().map(str::to_owned).collect();
    let changes = read("CHANGELOG.md");
    let unnamed: Vec<&String> = surface
        .symmetric_difference(&released)
        .filter(|item| !latest(&changes).contains(&format!("`{item}`")))
        .collect();
    assert!(
        unnamed.is_empty(),
        "say in CHANGELOG.md, in the first section, what these are or were, each in backticks as it \
         stands here: {unnamed:#?}"
    );
}
