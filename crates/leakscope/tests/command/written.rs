//! The files that commands write: over nothing that is read, none of them twice, and whole or not at all.

use std::collections::BTreeMap;
use std::fs;
#[cfg(unix)]
use std::process::Command;

use crate::folder::{Folder, leaking, sound};
use crate::run::leakscope;

/// All files of a folder.
fn files(folder: &Folder) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder.path()).expect("a folder");
    let files = entries.map(|entry| entry.expect("an entry"));
    let files = files.map(|file| {
        let name = file.file_name().into_string().expect("UTF-8");
        (name, fs::read(file.path()).unwrap_or_default())
    });
    files.collect()
}

/// Refuses these words, says this, and changes no file.
#[track_caller]
fn refused(folder: &Folder, words: &str, said: &str) {
    let before = files(folder);
    let run = leakscope(words.split_whitespace()).in_folder(folder.path());
    let ran = run.reading(&leaking()).end();
    assert_eq!(ran.code, 2, "{words}: {}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains(said), "{words}: {}", ran.stderr);
    let after = files(folder);
    let changed: Vec<_> = after
        .iter()
        .filter(|file| before.get(file.0) != Some(file.1))
        .collect();
    assert!(
        changed.is_empty() && after.len() == before.len(),
        "{words}: {changed:?}"
    );
}

const READ: &str = "is read by this command: nothing is written over it\nhint: name another file\n";
/// A baseline that knows nothing.
const KNOWN: &str = r#"{"schema":"leakscope.baseline","version":1,"leakscope":"0","sites":[]}"#;
const TWICE: &str = "would be written twice\nhint: name another file\n";

#[test]
fn what_was_just_recorded_is_kept() {
    let folder = Folder::empty();
    for option in [
        "--junit heap.svdat",
        "--sarif ./heap.svdat",
        "--gitlab heap.svdat",
        "--markdown heap.svdat",
        "--baseline heap.svdat --write-baseline",
    ] {
        refused(
            &folder,
            &format!("record --stdin -o heap.svdat --check {option}"),
            TWICE,
        );
    }
    folder.write("known", KNOWN);
    refused(
        &folder,
        "record --stdin --force -o known --check --baseline known",
        READ,
    );
    folder.write("leakscope.toml", "");
    refused(
        &folder,
        "record --stdin --force -o leakscope.toml --check",
        READ,
    );
    // Where the parts of a recording lie is known when it is over.
    let words = "record --stdin -o heap.svdat --rotate 2k --check --junit heap.0002.svdat";
    let run = leakscope(words.split_whitespace()).in_folder(folder.path());
    let ran = run.reading(&leaking()).end();
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains(READ), "{}", ran.stderr);
    folder.run("report heap.0002.svdat", 0);
}

#[test]
fn nothing_is_written_over_what_a_check_reads() {
    let folder = Folder::of_recordings();
    for name in ["a.toml", "b.toml", "app.elf", "ram.bin", "@0"] {
        folder.write(name, "");
    }
    folder.write("known", KNOWN);
    fs::create_dir(folder.file("sub")).expect("a folder");
    #[cfg(unix)]
    std::os::unix::fs::symlink("new.xml", folder.file("link.xml")).expect("a link");
    for (options, said) in [
        ("--junit sound.svdat", READ),
        ("file://sound.svdat --junit sub/../sound.svdat", READ),
        ("--elf app.elf --junit app.elf", READ),
        ("--config a.toml --markdown a.toml", READ),
        (
            "--suppressions a.toml --suppressions b.toml --sarif b.toml",
            READ,
        ),
        ("--image ram.bin@0x20000000 --gitlab ram.bin", READ),
        ("--image @0 --gitlab @0", READ),
        ("--baseline known --junit known", READ),
        ("--baseline new --write-baseline --junit new", TWICE),
        ("--junit n.xml --sarif ./n.xml", TWICE),
        ("--junit n.xml --markdown sub/../n.xml", TWICE),
        #[cfg(unix)]
        ("--junit link.xml --sarif new.xml", TWICE),
    ] {
        refused(&folder, &format!("check sound.svdat {options}"), said);
    }
    // The configuration that nobody has named.
    folder.write("leakscope.toml", "");
    refused(&folder, "check sound.svdat --junit leakscope.toml", READ);
    // A part that is read with the first one, and the file of a core.
    let words = "record --stdin -o made.svdat --rotate 2k";
    let run = leakscope(words.split_whitespace()).in_folder(folder.path());
    assert_eq!(run.reading(&sound()).end().code, 0);
    refused(
        &folder,
        "check made.0001.svdat --junit made.0002.svdat",
        READ,
    );
    folder.write("joined", "");
    folder.write("joined_core0", sound());
    refused(&folder, "check joined --junit joined_core0", READ);
}

/// What is no file takes all that comes.
#[cfg(unix)]
#[test]
fn nowhere_is_written_to_as_often_as_it_is_named() {
    let folder = Folder::of_recordings();
    folder.run("check sound.svdat --junit /dev/null --sarif /dev/null", 0);
}

#[test]
fn nothing_is_written_over_what_is_shown() {
    let folder = Folder::of_recordings();
    fs::create_dir(folder.file("tables")).expect("a folder");
    folder.write("tables/events.csv", leaking());
    for name in ["app.elf", "boot.log", "SYSVIEW_A.txt", "ram.bin"] {
        folder.write(name, "");
    }
    for words in [
        "report leak.svdat --html leak.svdat",
        "report leak.svdat --elf app.elf --html app.elf",
        "report leak.svdat --boot-log boot.log --html boot.log",
        "report leak.svdat --description SYSVIEW_A.txt --html SYSVIEW_A.txt",
        "report leak.svdat --image ram.bin@0 --html ram.bin",
        "report leak.svdat --before sound.svdat --html sound.svdat",
        "report leak.svdat --before sound.svdat --before-elf app.elf --html app.elf",
        "diff sound.svdat leak.svdat --html leak.svdat",
        "diff sound.svdat --against leak.svdat --html leak.svdat",
        "diff sound.svdat leak.svdat --before-elf app.elf --html app.elf",
        "export leak.svdat --as pprof -o leak.svdat",
        "export leak.svdat --as pprof --elf app.elf -o app.elf",
        "export tables/events.csv --as csv -o tables",
    ] {
        refused(&folder, &format!("{words} --force"), READ);
    }
}

#[test]
fn what_fails_is_not_in_the_way_of_the_next_try() {
    let folder = Folder::of_recordings();
    refused(
        &folder,
        "diff nothing.svdat leak.svdat --html page.html",
        "nothing.svdat",
    );
    refused(
        &folder,
        "report empty.svdat --html no/page.html",
        "cannot be written",
    );
    // The last of the tables exists.
    fs::create_dir(folder.file("tables")).expect("a folder");
    folder.write("tables/problems.csv", "mine");
    let said = "`tables/problems.csv` exists already\nhint: --force overwrites it\n";
    refused(&folder, "export leak.svdat --as csv -o tables", said);
    let tables = fs::read_dir(folder.file("tables")).expect("a folder");
    assert_eq!(tables.count(), 1);
    folder.run("export leak.svdat --as csv -o tables --force", 0);
    assert_ne!(folder.read("tables/problems.csv"), "mine");
}

/// On a disk that is full, nothing half is left, and what was there stays.
#[cfg(unix)]
#[test]
fn files_are_whole_or_not_there() {
    let folder = Folder::of_recordings();
    folder.write("page.html", "mine");
    for words in [
        "report leak.svdat --html page.html --force",
        "report leak.svdat --html new.html",
        "diff sound.svdat leak.svdat --html page.html --force",
        "diff sound.svdat leak.svdat --html new.html",
        "export leak.svdat --as perfetto -o page.html --force",
        "export leak.svdat --as csv --table events -o new.csv",
        "check leak.svdat --junit page.html",
        "check leak.svdat --junit new.xml",
        "check leak.svdat --sarif new.sarif",
    ] {
        let before = files(&folder);
        let ran = Command::new("sh")
            .args(["-c", "ulimit -f 1; exec \"$@\"", "sh"])
            .arg(env!("CARGO_BIN_EXE_leakscope"))
            .args(words.split_whitespace())
            .current_dir(folder.path())
            .output()
            .expect("a shell");
        let stderr = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.status.code(), Some(2), "{words}: {stderr}");
        assert!(stderr.contains("cannot be written"), "{words}: {stderr}");
        assert!(
            files(&folder) == before,
            "{words}: {:?}",
            files(&folder).keys()
        );
    }
}

/// A link stays one, and who may read a file is left as it is.
#[cfg(unix)]
#[test]
fn what_is_overwritten_keeps_its_place() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = Folder::of_recordings();
    folder.write("page.html", "old");
    let path = folder.file("page.html");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o604)).expect("a file");
    symlink("page.html", folder.file("link.html")).expect("a link");
    folder.run("report leak.svdat --html link.html --force", 0);
    assert!(folder.file("link.html").is_symlink());
    assert!(folder.read("page.html").starts_with("<!doctype html>"));
    let mode = fs::metadata(&path).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o604);
    // A new one is as any other that a program makes here.
    folder.run("report leak.svdat --html new.html", 0);
    let modes = ["new.html", "leak.svdat"].map(|name| {
        let file = fs::metadata(folder.file(name)).expect("a file");
        file.permissions().mode()
    });
    assert_eq!(modes[0], modes[1]);
    let stream = "export leak.svdat --as folded -o /dev/stdout --force";
    assert!(!folder.run(stream, 0).stdout.is_empty());
}
