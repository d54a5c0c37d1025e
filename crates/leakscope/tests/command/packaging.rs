//! What a package has beside the program, against what the program says of itself.

use std::fs;
use std::io::ErrorKind;
use std::process::Command;

use leakscope_testing::needs::{has_tool, skip};

use crate::run::leakscope;

const SHELLS: [&str; 4] = ["bash", "zsh", "fish", "powershell"];

/// Subcommands, as `--help` lists them.
pub(crate) fn subcommands() -> Vec<String> {
    let help = leakscope(["--help"]).stdout();
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let words = listed
        .take_while(|line| !line.is_empty())
        .filter_map(|line| {
            // A description that goes on is set further in.
            let line = line
                .strip_prefix("  ")
                .filter(|line| !line.starts_with(' '))?;
            line.split(' ').next().map(str::to_owned)
        });
    words.filter(|word| word != "help").collect()
}

/// The long options of a subcommand, without their dashes, as its `--help` lists them.
pub(crate) fn options(subcommand: &str) -> Vec<String> {
    let help = leakscope([subcommand, "--help"]).stdout();
    let options = help.lines().filter_map(|line| {
        let line = line.trim_start();
        let line = line.split_once(", ").map_or(
            line,
            |(short, long)| {
                if short.len() == 2 { long } else { line }
            },
        );
        let option = line.strip_prefix("--")?;
        let end = option.find(|c: char| !c.is_ascii_lowercase() && c != '-');
        Some(option[..end.unwrap_or(option.len())].to_owned())
    });
    options.collect()
}

#[test]
fn all_that_can_be_typed_is_in_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let pages = folder.path().join("man");
    leakscope(["man"]).on(&[&pages]).stdout();
    let scripts = SHELLS.map(|shell| (shell, leakscope(["completions", shell]).stdout()));
    let subcommands = subcommands();
    assert!(subcommands.len() > 10, "{subcommands:?}");
    for subcommand in subcommands {
        let page = fs::read_to_string(pages.join(format!("leakscope-{subcommand}.1")))
            .expect("a page for each subcommand");
        let options = options(&subcommand);
        assert!(options.contains(&"help".to_owned()), "{subcommand}");
        for option in options {
            let roff = format!("--{option}").replace('-', r"\-");
            assert!(page.contains(&roff), "{subcommand} --{option}\n{page}");
            for (shell, script) in &scripts {
                let typed = match *shell {
                    "fish" => format!("-l {option}"),
                    _ => format!("--{option}"),
                };
                assert!(script.contains(&typed), "{shell}: {subcommand} {typed}");
            }
        }
    }
}

#[test]
fn bash_completes() {
    if !has_tool("bash") {
        return;
    }
    let script = leakscope(["completions", "bash"]).stdout();
    for (typed, expected) in [
        ("leakscope rep", "report"),
        ("leakscope record --seri", "--serial"),
    ] {
        let words: Vec<&str> = typed.split(' ').collect();
        let [.., before, last] = words[..] else {
            unreachable!("two words at the least")
        };
        let ask = format!(
            "{script}\nCOMP_WORDS=({typed}); COMP_CWORD={}; _leakscope leakscope '{last}' '{before}'; \
             printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            words.len() - 1
        );
        let output = Command::new("bash").args(["-c", &ask]).output();
        let output = output.expect("it is here");
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(said.trim(), expected, "{typed}");
    }
}

/// What the program that reads it says of a file, which is nothing.
#[track_caller]
fn check_with(tool: &[&str], file: &str, text: &str) {
    let [program, arguments @ ..] = tool else {
        unreachable!("a program")
    };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(file);
    fs::write(&path, text).expect("a file");
    let output = match Command::new(program).args(arguments).arg(&path).output() {
        Err(error) if error.kind() == ErrorKind::NotFound => return skip(&format!("`{program}`")),
        output => output.expect("it can be run"),
    };
    let said = [output.stdout, output.stderr].concat();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&said)
    );
}

#[test]
fn zsh_and_fish_can_read_theirs() {
    let script = |shell| leakscope(["completions", shell]).stdout();
    check_with(&["zsh", "-n"], "_leakscope", &script("zsh"));
    check_with(&["fish", "--no-execute"], "leakscope.fish", &script("fish"));
}

#[test]
fn man_can_show_the_pages() {
    let folder = tempfile::tempdir().expect("a folder");
    leakscope(["man"]).on(&[folder.path()]).stdout();
    for page in fs::read_dir(folder.path()).expect("the folder") {
        let path = page.expect("a page").path();
        let text = fs::read_to_string(&path).expect("a text");
        check_with(&["mandoc", "-Tlint", "-Werror"], "page.1", &text);
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    fs::write(&file, "").expect("a file");
    let ran = leakscope(["man"]).on(&[file.join("man")]).end();
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("cannot be written"), "{}", ran.stderr);
    let ran = leakscope(["completions", "tcsh"]).end();
    assert_eq!(ran.code, 2);
}
