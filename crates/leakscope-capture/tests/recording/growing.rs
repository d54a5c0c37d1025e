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
    for text in ["two", "(a notice)", "three", "(Ended)"] {
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

/// Two in one look, and nobody sees the first: it was moved to another folder, or deleted, or replaced.
#[cfg(target_os = "linux")]
#[test]
fn files_that_have_left_the_folder() {
    let elsewhere = tempfile::tempdir().expect("a folder");
    let move_out = |path: &Path| fs::rename(path, elsewhere.path().join("log")).expect("room");
    let delete = |path: &Path| fs::remove_file(path).expect("it is there");
    let leave = |_: &Path| ();
    for away in [&move_out as &dyn Fn(&Path), &delete, &leave] {
        let mut log = Log::of(Some("one"));
        log.brings("(Event(Started))");
        log.brings("one");
        for text in ["two", "three"] {
            away(&log.path());
            let new = elsewhere.path().join("new");
            add(&new, text);
            fs::rename(new, log.path()).expect("room");
        }
        log.brings("(a gap)");
        log.brings("three");
    }
    // One alone is missed, too, if it is gone before anybody looks.
    let mut log = Log::of(Some("one"));
    log.brings("(Event(Started))");
    log.brings("one");
    delete(&log.path());
    for text in ["two", "three"] {
        add(&log.path(), text);
        delete(&log.path());
        log.brings_nothing();
    }
    log.source.stop().expect("a file");
    log.brings("(a gap)");
    log.brings("(Ended)");
}

/// Each was seen, and the count of one does not hide another.
#[cfg(target_os = "linux")]
#[test]
fn two_together_behind_one_that_is_not_read_yet() {
    let mut log = Log::of(Some("one"));
    log.brings("(Event(Started))");
    log.brings("one");
    for texts in [&["two"][..], &["three", "four"]] {
        for text in texts {
            fs::remove_file(log.path()).expect("it is there");
            add(&log.path(), text);
        }
        log.look();
    }
    for text in ["two", "(a gap)", "four"] {
        log.brings(text);
    }
}

/// What stood in a file that waits for its turn is gone.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_is_cut_off_before_it_is_read() {
    let longer = "longer than what stood there";
    for anew in ["a", longer] {
        let mut log = Log::of(Some("one"));
        log.brings("(Event(Started))");
        log.brings("one");
        log.put_aside("log.1.svdat");
        add(&log.path(), "what nobody reads");
        log.brings_nothing();
        fs::write(log.path(), anew).expect("room");
        log.brings_nothing();
        add(&log.path(), ", and on");
        log.brings("(a gap)");
        log.brings(&format!("{anew}, and on"));
    }
}

/// The third one's writer was told that the second was put aside, and so of the first.
#[cfg(target_os = "linux")]
#[test]
fn a_follower_that_is_followed_is_not_waited_for() {
    let mut log = Log::of(Some("one"));
    log.brings("(Event(Started))");
    log.brings("one");
    let mut looks = Vec::new();
    for number in 0..50 {
        log.put_aside(&format!("log.{number}.svdat"));
        add(&log.path(), "next");
        looks.push(log.look());
    }
    // The last one has no follower yet.
    while looks.iter().filter(|look| look.1 == "next").count() < 49 {
        looks.push(log.look());
    }
    let count = |item: &Item| looks.iter().filter(|look| look.0 == *item).count();
    assert!(count(&Item::Nothing) < 10);
    let is_gap = |look: &(Item, String)| matches!(look.0, Item::Event(SourceEvent::Gap(_)));
    assert!(!looks.iter().any(is_gap));
}

/// What comes later into any that was read is missing, and is said once.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_grows_two_turns_later() {
    let mut log = Log::of(Some("one"));
    log.brings("(Event(Started))");
    log.brings("one");
    let aside = log.put_aside("log.1.svdat");
    for (name, text) in [("log.2.svdat", "two"), ("log.3.svdat", "three")] {
        add(&log.path(), text);
        log.brings("(a notice)");
        log.brings(text);
        log.put_aside(name);
    }
    add(&aside, ", late");
    log.brings("(a gap)");
    add(&aside, ", later");
    log.brings_nothing();
}

/// A link that leads to a file again: it is read on where it was left.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_comes_back() {
    let log = Log::of(None);
    let file = |name| log.folder.path().join(name);
    let (one, two) = (file("one"), file("two"));
    let lead = |to: &Path| {
        let new = file("new");
        std::os::unix::fs::symlink(to, &new).expect("room");
        fs::rename(new, log.folder.path().join("log.svdat")).expect("room");
    };
    add(&one, "1, ");
    add(&two, "2, ");
    lead(&one);
    let mut source = growing::open(&log.path()).expect("a file");
    let mut brought = String::new();
    let mut gaps = 0;
    let mut until = |text: &str| {
        while brought != text {
            let mut bytes = Vec::new();
            let item = source.next(&mut bytes, Duration::from_millis(10));
            gaps += i32::from(matches!(item, Ok(Item::Event(SourceEvent::Gap(_)))));
            brought += &String::from_utf8(bytes).expect("text");
            assert!(text.starts_with(&brought), "{brought}");
        }
        gaps
    };
    until("1, ");
    lead(&two);
    until("1, 2, ");
    lead(&one);
    add(&one, "3, ");
    assert_eq!(until("1, 2, 3, "), 0);
    // Cut off meanwhile: it is read from its beginning.
    lead(&two);
    add(&two, "4, ");
    assert_eq!(until("1, 2, 3, 4, "), 0);
    fs::write(&one, "5").expect("room");
    lead(&one);
    assert_eq!(until("1, 2, 3, 4, 5"), 1);
}

/// What stands in all of them when it is told to end is read, and nothing that comes later.
#[cfg(target_os = "linux")]
#[test]
fn an_end_with_followers() {
    let mut log = Log::of(Some("one"));
    log.brings("(Event(Started))");
    log.brings("one");
    add(&log.path(), ", more");
    let aside = log.put_aside("log.1.svdat");
    add(&log.path(), "two");
    log.source.stop().expect("a file");
    assert_eq!(log.source.unread(), 9);
    add(&aside, ", late");
    add(&log.path(), ", later");
    for text in [", more", "(a notice)", "two"] {
        log.brings(text);
    }
    assert_eq!(log.source.unread(), 0);
}

/// A writer that does not append goes on where it was: what lies before that was never written.
#[cfg(unix)]
#[test]
fn a_file_that_begins_with_a_hole() {
    use std::os::unix::fs::FileExt;
    let one = "1".repeat(100_000);
    let sync = "\0".repeat(10);
    // How far its writer was when it was cut off, what it then wrote, and what is read of it.
    let cases = [
        (100_000, "two".to_owned(), "two".to_owned()),
        (100_003, format!("{sync}two"), format!("{sync}two")),
        (300_000, "two".to_owned(), format!("{sync}two")),
        // Written from the beginning.
        (0, format!("{sync}two"), format!("{sync}two")),
    ];
    for (offset, written, expected) in cases {
        let mut log = Log::of(Some(&one));
        log.brings("(Event(Started))");
        let (first, second) = one.split_at(65_536);
        log.brings(first);
        log.brings(second);
        let file = OpenOptions::new().write(true).open(log.path());
        let file = file.expect("it is there");
        file.set_len(0).expect("a disk");
        log.brings("(a gap)");
        if offset == 0 {
            // Nobody can say yet what these zeros are.
            file.write_all_at(sync.as_bytes(), 0).expect("room");
            log.brings_nothing();
        }
        file.write_all_at(written.as_bytes(), offset).expect("room");
        log.brings(&expected);
        add(&log.path(), ", and on");
        log.brings(", and on");
    }
}

/// A recording that reads itself would have no end.
#[cfg(target_os = "linux")]
#[test]
fn a_name_that_leads_to_the_recording() {
    let mut log = Log::of(Some("one"));
    log.brings("(Event(Started))");
    log.brings("one");
    let recording = log.folder.path().join("recording");
    let mut file = fs::File::create(&recording).expect("a folder");
    file.lock().expect("a disk");
    file.write_all(b"what is recorded").expect("room");
    fs::rename(&recording, log.path()).expect("room");
    let mut bytes = Vec::new();
    let error = log.source.next(&mut bytes, Duration::ZERO);
    let error = error.expect_err("it is refused");
    assert!(error.to_string().contains("cannot be read"), "{error}");
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
