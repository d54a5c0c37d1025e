//! What the documents show is what happens.
//!
//! In `README.md` and in `docs/`, a fenced block marked `console` is a transcript:
//!
//! ````text
//! ```console
//! $ leakscope report testdata/steady-leak/input.svdat
//! Target      Scenario on esp32, FreeRTOS, cores 0 and 1
//! ...
//! ```
//! ````
//!
//! A line that begins with `$ leakscope` is run in the project's folder, through a shell. The lines below
//! it, up to the next `$` or the end of the block, are what it prints, on both streams; a line `...`
//! stands for any lines. A command whose inputs (words that name a recording or an ELF file) do not all
//! exist is an example of somebody's own files, and is not run: this is printed.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use leakscope_testing::needs::say_skipped;
use leakscope_testing::project;

/// A command of a transcript and what it is said to print.
struct Transcript {
    line: usize,
    command: String,
    expected: Vec<String>,
}

/// All commands of `leakscope` in a document.
fn transcripts(document: &str) -> Vec<Transcript> {
    let mut found: Vec<Transcript> = Vec::new();
    let mut inside = false;
    let mut open = false;
    for (text, line) in document.lines().zip(1..) {
        if let Some(mark) = text.strip_prefix("```") {
            inside = !inside && mark.trim() == "console";
            open = false;
        } else if let Some(command) = text.strip_prefix("$ ").filter(|_| inside) {
            open = command.starts_with("leakscope ");
            if open {
                found.push(Transcript {
                    line,
                    command: command.to_owned(),
                    expected: Vec::new(),
                });
            }
        } else if let Some(last) = found.last_mut().filter(|_| inside && open) {
            last.expected.push(text.trim_end().to_owned());
        }
    }
    found
}

impl Transcript {
    /// Whether each file that it reads is there.
    fn can_run(&self, folder: &Path) -> bool {
        let is_input = |word: &&str| {
            let extension = Path::new(word).extension();
            extension.is_some_and(|extension| {
                ["svdat", "elf", "gz", "zst"]
                    .iter()
                    .any(|known| extension.eq_ignore_ascii_case(known))
            })
        };
        let mut inputs = self.command.split_whitespace().filter(is_input);
        inputs.all(|input| folder.join(input).exists())
    }

    /// What it prints in truth.
    fn run(&self, folder: &Path) -> Vec<String> {
        let program = Path::new(env!("CARGO_BIN_EXE_leakscope"));
        let beside = program.parent().expect("a folder").to_path_buf();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let paths = std::iter::once(beside).chain(std::env::split_paths(&path));
        let output = Command::new("sh")
            .args(["-c", &format!("{} 2>&1", self.command)])
            .env("PATH", std::env::join_paths(paths).expect("a path"))
            .env("NO_COLOR", "1")
            .current_dir(folder)
            .output()
            .expect("a shell");
        let text = String::from_utf8_lossy(&output.stdout);
        text.lines()
            .map(|line| line.trim_end().to_owned())
            .collect()
    }
}

/// Whether lines are as expected, where `...` is any number of lines.
fn agree(expected: &[String], actual: &[String]) -> bool {
    match expected {
        [] => actual.is_empty(),
        [any, rest @ ..] if any == "..." => {
            (0..=actual.len()).any(|from| agree(rest, &actual[from..]))
        }
        [first, rest @ ..] => actual
            .split_first()
            .is_some_and(|(line, others)| line == first && agree(rest, others)),
    }
}

#[test]
fn transcripts_are_true() {
    let entries = fs::read_dir(project().join("docs")).expect("a folder");
    let names = entries.map(|entry| entry.expect("a file").file_name());
    let mut documents: Vec<String> = (names.filter_map(|name| name.into_string().ok()))
        .filter(|name| {
            Path::new(name)
                .extension()
                .is_some_and(|ending| ending == "md")
        })
        .map(|name| format!("docs/{name}"))
        .collect();
    documents.sort();
    documents.push("README.md".to_owned());
    let wrong: String = documents.iter().map(|name| check(name)).collect();
    assert!(wrong.is_empty(), "these print something else:\n{wrong}");
}

/// What a document shows that is not so.
fn check(name: &str) -> String {
    let folder = project();
    let Ok(document) = fs::read_to_string(folder.join(name)) else {
        say_skipped(&format!("there is no {name}"));
        return String::new();
    };
    let mut wrong = String::new();
    for transcript in transcripts(&document) {
        let Transcript {
            line,
            command,
            expected,
        } = &transcript;
        if !transcript.can_run(&folder) {
            say_skipped(&format!(
                "{name}:{line}: {command}: its inputs are not here"
            ));
            continue;
        }
        let actual = transcript.run(&folder);
        if !agree(expected, &actual) {
            let _ = writeln!(wrong, "{name}:{line}: {command}\n{}", actual.join("\n"));
        }
    }
    wrong
}

/// The runner itself: it finds what it should, and tells right from wrong.
#[test]
fn a_transcript_can_be_wrong() {
    let document = "```console\n$ leakscope --version\nleakscope 0.2.0\n$ ls\na\n$ leakscope log x.svdat | head -1\n...\n```\n\
                    ```sh\n$ leakscope report\n```\n";
    let found = transcripts(document);
    let commands: Vec<&str> = found.iter().map(|found| found.command.as_str()).collect();
    assert_eq!(
        commands,
        ["leakscope --version", "leakscope log x.svdat | head -1"]
    );
    let [version, log] = found.as_slice() else {
        unreachable!()
    };
    assert!(version.can_run(&project()) && !log.can_run(&project()));
    let actual = version.run(&project());
    assert_eq!(actual.len(), 1);
    let said = |text: &[&str]| -> Vec<String> { text.iter().map(ToString::to_string).collect() };
    assert!(agree(&actual, &actual) && agree(&said(&["..."]), &actual));
    assert!(!agree(&[], &actual) && !agree(&said(&["leakscope", "..."]), &actual));
    assert!(agree(
        &said(&["a", "...", "d"]),
        &said(&["a", "b", "c", "d"])
    ));
    assert!(!agree(&said(&["a", "...", "d"]), &said(&["a", "b", "c"])));
}
