//! Files that another program is still writing, and what takes their place.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use leakscope_capture::source::{Item, Source, SourceEvent, growing};
use tempfile::TempDir;

/// What leakscope reads, and another program writes.
struct Log {
    folder: TempDir,
    source: Box<dyn Source>,
}

impl Log {
    /// A file that holds this, or none.
    fn of(text: Option<&str>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log.svdat");
        if let Some(text) = text {
            fs::write(&path, text).expect("room");
        }
        let source = growing::open(&path).expect("it need not exist");
        Self { folder, source }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("log.svdat")
    }

    /// As a rotation of logs does it.
    fn put_aside(&self, name: &str) -> PathBuf {
        let aside = self.folder.path().join(name);
        fs::rename(self.path(), &aside).expect("room");
        aside
    }

    /// What one look brings.
    fn look(&mut self) -> (Item, String) {
        let mut bytes = Vec::new();
        let item = self.source.next(&mut bytes, Duration::from_millis(10));
        let text = String::from_utf8(bytes).expect("text");
        (item.expect("a file"), text)
    }

    /// The next look that brings something does so: of events, only the kind is compared.
    #[track_caller]
    fn brings(&mut self, expected: &str) {
        loop {
            let (item, text) = self.look();
            let found = match item {
                Item::Nothing => continue,
                Item::Bytes { .. } => text,
                Item::Event(SourceEvent::Notice(_)) => "(a notice)".to_owned(),
                Item::Event(SourceEvent::Gap(_)) => "(a gap)".to_owned(),
                other => format!("({other:?})"),
            };
            assert_eq!(found, expected);
            return;
        }
    }

    #[track_caller]
    fn brings_nothing(&mut self) {
        assert_eq!(self.look().0, Item::Nothing);
    }
}

fn add(path: &Path, text: &str) {
    let mut options = OpenOptions::new();
    let mut file = options
        .append(true)
        .create(true)
        .open(path)
        .expect("a folder");
    file.write_all(text.as_bytes()).expect("room");
}

#[test]
fn a_file_that_grows() {
    let mut log = Log::of(None);
    assert!(matches!(log.look().0, Item::Event(SourceEvent::Waiting(_))));
    log.brings_nothing();
    add(&log.path(), "");
    log.brings("(Event(Started))");
    log.brings_nothing();
    for part in ["one", "two"] {
        add(&log.path(), part);
        log.brings(part);
        log.brings_nothing();
    }
    add(&log.path(), "end");
    log.source.stop().expect("a file");
    log.brings("end");
    log.brings("(Ended)");
}

/// Shorter than it was, as long, or longer: what was read no longer stands there. What came between is missing.
#[test]
fn a_file_that_is_written_anew() {
    for anew in ["a", "another", "another, and longer"] {
        let mut log = Log::of(Some("the one"));
        log.brings("(Event(Started))");
        log.brings("the one");
        add(&log.path(), ", and what nobody has read");
        fs::write(log.path(), anew).expect("room");
        log.brings("(a gap)");
        log.brings(anew);
        add(&log.path(), ", and on");
        log.brings(", and on");
    }
}

/// The writer is told of the rotation late: what it still adds to the old file comes before what is in the new one.
#[cfg(unix)]
#[test]
fn a_file_that_is_put_aside() {
    let mut log = Log::of(Some("one"));
    log.brings("(Event(Started))");
    log.brings("one");
    let aside = log.put_aside("log.1.svdat");
    log.brings_nothing();
    add(&log.path(), "");
    log.brings_nothing();
    add(&aside, ", two");
    log.brings(", two");
    add(&log.path(), "four");
    log.brings_nothing();
    add(&aside, ", three");
    log.brings(", three");
    log.brings(if cfg!(target_os = "linux") {
        "(a notice)"
    } else {
        "(a gap)"
    });
    log.brings("four");
    log.brings_nothing();
    // Nobody can say where this belongs.
    add(&aside, ", five");
    log.brings("(a gap)");
    log.brings_nothing();
}

/// As long as the old one is waited for, the others are put aside, too.
#[cfg(target_os = "linux")]
#[test]
fn files_that_are_put_aside_one_after_the_other() {
    let mut log = Log::of(Some("one"));
    log.brings("(Event(Started))");
    for (aside, next) in [("log.1.svdat", "two"), ("log.2.svdat", "three")] {
        log.put_aside(aside);
        add(&log.path(), next);
        log.look();
    }
    log.source.stop().expect("a file");
    for text in ["(a notice)", "two", "(a notice)", "three", "(Ended)"] {
        log.brings(text);
    }
}

/// What came and went between two looks is missing; the next rotation is whole again.
#[cfg(unix)]
#[test]
fn a_file_that_nobody_has_seen() {
    let mut log = Log::of(Some("one"));
    log.brings("(Event(Started))");
    log.brings("one");
    for aside in ["log.1.svdat", "log.2.svdat"] {
        log.put_aside(aside);
        add(&log.path(), aside);
    }
    log.brings("(a gap)");
    log.brings("log.2.svdat");
    log.put_aside("log.3.svdat");
    add(&log.path(), "four");
    log.brings(if cfg!(target_os = "linux") {
        "(a notice)"
    } else {
        "(a gap)"
    });
    log.brings("four");
}

/// A pipe has an end: when whoever wrote into it has gone.
#[cfg(unix)]
#[test]
fn a_pipe_with_a_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.expect("a shell's tools").success());
    let mut source = growing::open(&path).expect("nobody need have it open");
    let mut next = |bytes: &mut Vec<u8>| {
        bytes.clear();
        source.next(bytes, Duration::ZERO).expect("a pipe")
    };
    let mut bytes = Vec::new();
    assert_eq!(next(&mut bytes), Item::Event(SourceEvent::Started));
    assert_eq!(next(&mut bytes), Item::Nothing);
    let mut file = OpenOptions::new()
        .write(true)
        .open(&path)
        .expect("a reader");
    assert_eq!(next(&mut bytes), Item::Nothing);
    file.write_all(b"one").expect("a reader");
    assert_eq!(next(&mut bytes), Item::Bytes { stream: 0 });
    assert_eq!(bytes, b"one");
    assert_eq!(next(&mut bytes), Item::Nothing);
    drop(file);
    assert_eq!(next(&mut bytes), Item::Ended);
}
