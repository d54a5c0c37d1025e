//! What stands in the file of a recording, and what is never overwritten.

use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use leakscope_capture::recording::{
    CreateError, Existing, FinishError, Finished, Limits, Reason, Recording, Rotation,
};
use leakscope_capture::source::{Form, Item, Source, SourceError};
use leakscope_capture::{Gone, Interrupt, is_same_file};
use leakscope_systemview::Header;
use leakscope_testing::device::Board;

use crate::record;

/// A source of chunks of streams.
struct Chunks {
    form: Form,
    chunks: Vec<(u8, Vec<u8>)>,
}

impl Source for Chunks {
    fn name(&self) -> String {
        "chunks".to_owned()
    }

    fn form(&self) -> Form {
        self.form
    }

    fn next(&mut self, bytes: &mut Vec<u8>, _: Duration) -> Result<Item, SourceError> {
        if self.chunks.is_empty() {
            return Ok(Item::Ended);
        }
        let (stream, chunk) = self.chunks.remove(0);
        *bytes = chunk;
        Ok(Item::Bytes { stream })
    }

    fn stop(&mut self) -> Result<(), SourceError> {
        Ok(())
    }
}

fn one_stream(bytes: &[u8]) -> Chunks {
    Chunks {
        form: Form::Plain,
        chunks: bytes.chunks(100).map(|chunk| (0, chunk.to_vec())).collect(),
    }
}

#[test]
fn a_header_and_what_was_sent() {
    let trace = Board::trace(20);
    let recorded = record::until(Box::new(one_stream(&trace)), &Limits::default(), |_| false);
    assert_eq!(recorded.finished, Finished::AsSent);
    recorded.check_data(&trace);
    let header = Header::parse(&recorded.file);
    let author = header.value("Author").expect("an author");
    assert_eq!(
        author.to_string(),
        format!("leakscope {}", env!("CARGO_PKG_VERSION"))
    );
    assert!(header.value("RecordTime").is_some());
    assert_eq!(header.core_offsets().count(), 0);
    let names = fs::read_dir(recorded.folder.path()).expect("a folder");
    assert_eq!(names.count(), 1, "nothing else is left");
}

/// Looks at the file before each chunk.
struct Watched<'p> {
    chunks: Chunks,
    path: &'p Path,
    sent: usize,
    trace: &'p [u8],
}

impl Source for Watched<'_> {
    fn name(&self) -> String {
        self.chunks.name()
    }

    fn next(&mut self, bytes: &mut Vec<u8>, timeout: Duration) -> Result<Item, SourceError> {
        // There is none before anything has come.
        let file = fs::read(self.path).unwrap_or_default();
        let data = Header::parse(&file).data;
        assert_eq!(file[data..], self.trace[..self.sent]);
        assert_eq!(data > 0, self.sent > 0);
        let item = self.chunks.next(bytes, timeout);
        self.sent += bytes.len();
        item
    }

    fn stop(&mut self) -> Result<(), SourceError> {
        Ok(())
    }
}

/// At each moment, the file has a header and all that has come.
#[test]
fn the_file_can_be_read_at_any_moment() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("trace.svdat");
    let trace = Board::trace(20);

    let mut source = Watched {
        chunks: one_stream(&trace),
        path: &path,
        sent: 0,
        trace: &trace,
    };
    let mut recording = Recording::create(&path, &source, Existing::Refuse).expect("a new file");
    let ending = recording.run(
        &mut source,
        &Limits::default(),
        &Interrupt::default(),
        &mut |_| {},
    );
    assert_eq!(ending.bytes, trace.len() as u64);
}

/// Each core's stream stands in a file of its own until they are joined.
#[test]
fn streams_of_several_cores_are_joined() {
    let traces = [Board::trace(20), Board::trace(7)];
    let mut chunks = Vec::new();
    let mut halves: Vec<_> = traces.iter().map(|trace| trace.chunks(64)).collect();
    while halves.iter().any(|rest| rest.len() > 0) {
        for (stream, rest) in (0..).zip(&mut halves) {
            chunks.extend(rest.next().map(|chunk| (stream, chunk.to_vec())));
        }
    }
    let form = Form::Streams(2);
    let source = Box::new(Chunks { form, chunks });
    let recorded = record::until(source, &Limits::default(), |_| false);
    assert_eq!(recorded.finished, Finished::Joined);
    let header = Header::parse(&recorded.file);
    let second = traces[0].len() as u64;
    assert_eq!(
        header.core_offsets().collect::<Vec<_>>(),
        [(0, 0), (1, second)]
    );
    assert_eq!(
        header
            .value("Version")
            .map(|version| version.to_string())
            .as_deref(),
        Some("SEGGER SystemViewer V3.60")
    );
    recorded.check_data(&traces.concat());
    let names = fs::read_dir(recorded.folder.path()).expect("a folder");
    assert_eq!(names.count(), 1, "the files of the cores are gone");
}

/// A recording that ends before the cores are joined is read from their files.
#[test]
fn streams_that_were_not_joined_are_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("trace.svdat");
    let traces = [Board::trace(20), Board::trace(7)];
    let mut source = Chunks {
        form: Form::Streams(2),
        chunks: vec![(1, traces[1].clone()), (0, traces[0].clone())],
    };
    let mut recording = Recording::create(&path, &source, Existing::Refuse).expect("a new file");
    recording.run(
        &mut source,
        &Limits::default(),
        &Interrupt::default(),
        &mut |_| {},
    );
    drop(recording);
    let mut inputs = leakscope_capture::open(&[path.display().to_string()], None).expect("files");
    assert_eq!(inputs.len(), 2);
    for (input, trace) in inputs.iter_mut().zip(&traces) {
        let file = input.head(usize::MAX).expect("a file");
        assert_eq!(&file[Header::parse(&file).data..], trace);
    }
}

#[test]
fn nothing_is_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("trace.svdat");
    fs::write(&path, "precious").expect("a folder with room");
    let source = one_stream(&[]);
    let error = Recording::create(&path, &source, Existing::Refuse).expect_err("it exists");
    assert!(matches!(error, CreateError::Exists { .. }));
    assert_eq!(error.hint(), Some("--force overwrites it"));
    assert_eq!(fs::read(&path).expect("the file"), b"precious");

    // Nor is the file of a core.
    let path = folder.path().join("other.svdat");
    let core = folder.path().join("other.svdat_core1");
    fs::write(&core, "precious").expect("a folder with room");
    let source = Chunks {
        form: Form::Streams(2),
        chunks: Vec::new(),
    };
    Recording::create(&path, &source, Existing::Refuse).expect_err("it exists");
    assert_eq!(fs::read(&core).expect("the file"), b"precious");
}

/// Looks at the file that is to be replaced before each chunk: it is the old one, and then a recording of all that came.
#[test]
fn what_is_replaced_stays_until_something_has_come() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("trace.svdat");
    let trace = Board::trace(20);
    for sent in [&trace[..], &[]] {
        fs::write(&path, "old").expect("a folder with room");
        let chunks = one_stream(sent);
        let mut recording =
            Recording::create(&path, &chunks, Existing::Replace).expect("it may be replaced");
        assert_eq!(fs::read(&path).expect("the file"), b"old");
        let mut source = Replacing {
            chunks,
            path: &path,
            sent: 0,
        };
        let ending = recording.run(
            &mut source,
            &Limits::default(),
            &Interrupt::default(),
            &mut |_| {},
        );
        assert_eq!(ending.bytes, sent.len() as u64);
        let finished = recording.finish().expect("a disk with room");
        let file = fs::read(&path).expect("the file");
        if sent.is_empty() {
            assert_eq!(finished, Finished::Nothing);
            assert_eq!(file, b"old");
        } else {
            assert!(file.ends_with(sent));
        }
        let names = fs::read_dir(folder.path()).expect("a folder");
        assert_eq!(names.count(), 1, "nothing else is left");
    }
}

struct Replacing<'p> {
    chunks: Chunks,
    path: &'p Path,
    sent: usize,
}

impl Source for Replacing<'_> {
    fn name(&self) -> String {
        self.chunks.name()
    }

    fn next(&mut self, bytes: &mut Vec<u8>, timeout: Duration) -> Result<Item, SourceError> {
        let file = fs::read(self.path).expect("there is a file at every moment");
        let data = file.len() - Header::parse(&file).data;
        assert_eq!(file == b"old", self.sent == 0);
        assert!(self.sent == 0 || data == self.sent);
        let item = self.chunks.next(bytes, timeout);
        self.sent += bytes.len();
        item
    }

    fn stop(&mut self) -> Result<(), SourceError> {
        Ok(())
    }
}

/// What a link leads to is replaced, and the link stays; another name of the old file keeps what was in it.
#[cfg(unix)]
#[test]
fn links_stay_what_they_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let [path, link, other] =
        ["trace.svdat", "link.svdat", "other.svdat"].map(|name| folder.path().join(name));
    fs::write(&path, "old").expect("a folder with room");
    fs::hard_link(&path, &other).expect("a folder with links");
    std::os::unix::fs::symlink(&path, &link).expect("a folder with links");
    let trace = Board::trace(2);
    let mut source = one_stream(&trace);
    let mut recording =
        Recording::create(&link, &source, Existing::Replace).expect("it may be replaced");
    let (limits, interrupt) = (Limits::default(), Interrupt::default());
    recording.run(&mut source, &limits, &interrupt, &mut |_| {});
    recording.finish().expect("a disk with room");
    assert!(fs::read(&path).expect("the file").ends_with(&trace));
    assert!(fs::symlink_metadata(&link).expect("the link").is_symlink());
    assert_eq!(fs::read(&other).expect("the other"), b"old");
    assert!(is_same_file(&link, &path));
    assert!(!is_same_file(&other, &path));
    // Those that would be made, too.
    let [path, link] = ["new.svdat", "new-link.svdat"].map(|name| folder.path().join(name));
    std::os::unix::fs::symlink("new.svdat", &link).expect("a folder with links");
    assert!(is_same_file(&link, &path));
    assert!(!is_same_file(&other, &path));
}

/// The second recording into a file is told who has it, whether anything has come for the first one or not.
#[cfg(unix)]
#[test]
fn one_recording_at_a_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("trace.svdat");
    let taken = |error: CreateError| {
        let CreateError::Taken { by, .. } = error else {
            panic!("{error}");
        };
        assert!(by.is_none_or(|by| by == std::process::id()));
        assert!(by.is_some() || !cfg!(target_os = "linux"));
    };
    let again = || Recording::create(&path, &one_stream(&[]), Existing::Replace);
    let mut source = one_stream(&Board::trace(2));
    // A file that nobody has yet: who comes second to its first byte is the second one.
    let mut first = Recording::create(&path, &source, Existing::Replace).expect("a new file");
    let mut second = again().expect("nobody has it yet");
    let (limits, interrupt) = (Limits::default(), Interrupt::default());
    first.run(&mut source, &limits, &interrupt, &mut |_| {});
    let mut late = one_stream(b"late");
    let ending = second.run(&mut late, &limits, &interrupt, &mut |_| {});
    let Reason::NotWritten(error) = ending.reason else {
        panic!("{ending:?}");
    };
    assert!(error.to_string().contains("records into"), "{error}");
    taken(again().expect_err("it is taken"));
    first.finish().expect("a disk with room");
    // One that is to be replaced is taken from the beginning.
    let third = again().expect("nobody has it any more");
    taken(again().expect_err("it is taken"));
    drop(third);
    again().expect("nobody has it any more");
}

#[cfg(unix)]
#[test]
fn only_plain_files_will_do() {
    let source = one_stream(&[]);
    let error = Recording::create(Path::new("/dev/null"), &source, Existing::Replace)
        .expect_err("a device");
    assert!(matches!(error, CreateError::NotPlain { .. }));
}

#[test]
fn a_file_that_was_opened_may_have_gone() {
    let folder = tempfile::tempdir().expect("a folder");
    let [path, other, packed] =
        ["a.svdat", "b.svdat", "c.svdat.gz"].map(|name| folder.path().join(name));
    let name = |path: &Path| vec![path.display().to_string()];
    for path in [&path, &other] {
        std::fs::write(path, [0; 100]).expect("a file");
    }
    let inputs = leakscope_capture::open(&name(&path), None).expect("it is there");
    assert_eq!(inputs[0].gone(), None);
    std::fs::rename(&other, &path).expect("it can be replaced");
    assert_eq!(inputs[0].gone(), Some(Gone::Replaced));
    std::fs::remove_file(&path).expect("it can be deleted");
    assert_eq!(inputs[0].gone(), Some(Gone::Away));
    // A copy of what was packed is read.
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(&[0; 100]).expect("memory");
    std::fs::write(&packed, writer.finish().expect("memory")).expect("a file");
    let inputs = leakscope_capture::open(&name(&packed), None).expect("it is there");
    std::fs::remove_file(&packed).expect("it can be deleted");
    assert_eq!(inputs[0].gone(), None);
}

/// A link that leads to no file yet is not made one: what it leads to is.
#[cfg(unix)]
#[test]
fn links_that_lead_nowhere_yet() {
    let folder = tempfile::tempdir().expect("a folder");
    let link = folder.path().join("link.svdat");
    std::os::unix::fs::symlink("there.svdat", &link).expect("a folder with room");
    let trace = Board::trace(2);
    let mut source = one_stream(&trace);
    let error = Recording::create(&link, &source, Existing::Refuse).expect_err("a link");
    assert!(matches!(error, CreateError::Exists { path } if path == link));
    let mut recording =
        Recording::create(&link, &source, Existing::Replace).expect("a folder with room");
    let (limits, interrupt) = (Limits::default(), Interrupt::default());
    recording.run(&mut source, &limits, &interrupt, &mut |_| {});
    recording.finish().expect("a disk with room");
    assert!(link.is_symlink());
    let file = fs::read(folder.path().join("there.svdat")).expect("the file");
    assert!(file.ends_with(&trace));
}

/// A chunk a look, and something that happens to the recording before the second one.
struct Meddled<F> {
    chunks: Chunks,
    looks: usize,
    meddle: F,
}

impl<F: FnMut() + Send> Source for Meddled<F> {
    fn name(&self) -> String {
        "chunks".to_owned()
    }

    fn next(&mut self, bytes: &mut Vec<u8>, timeout: Duration) -> Result<Item, SourceError> {
        self.looks += 1;
        if self.looks == 20 {
            (self.meddle)();
        }
        self.chunks.next(bytes, timeout)
    }

    fn stop(&mut self) -> Result<(), SourceError> {
        Ok(())
    }
}

/// Something that another program does to a file.
type Meddle = Box<dyn Fn(&Path) + Sync>;

/// Writes over a few bytes, at another moment than that of the last write.
fn patch(path: &Path, offset: u64) {
    let file = fs::OpenOptions::new().write(true).open(path);
    let mut file = file.expect("the file");
    file.seek(SeekFrom::Start(offset)).expect("the file");
    file.write_all(b"other bytes").expect("room");
    file.set_modified(std::time::UNIX_EPOCH)
        .expect("a file of ours");
}

/// Cut off at any place, or written over: the file is not what the device sent, and that is said.
#[test]
fn a_file_that_others_write_into() {
    let trace = Board::trace(100);
    let cut = |length| {
        move |path: &Path| {
            let file = fs::OpenOptions::new().write(true).open(path);
            file.and_then(|file| file.set_len(length))
                .expect("the file");
        }
    };
    let meddle: [(&str, Meddle); 6] = [
        (
            "written over at its beginning",
            Box::new(|path| patch(path, 0)),
        ),
        ("written over inside", Box::new(|path| patch(path, 1200))),
        ("cut off at its beginning", Box::new(cut(0))),
        ("cut off at its end", Box::new(cut(1500))),
        (
            "written over",
            Box::new(|path| fs::write(path, [7; 9000]).expect("the file")),
        ),
        ("let be", Box::new(|_| {})),
    ];
    for (what, meddle) in &meddle {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("heap.svdat");
        let mut source = Meddled {
            chunks: one_stream(&trace),
            looks: 0,
            meddle: || meddle(&path),
        };
        let mut recording =
            Recording::create(&path, &source, Existing::Refuse).expect("a new file");
        let (limits, interrupt) = (Limits::default(), Interrupt::default());
        recording.run(&mut source, &limits, &interrupt, &mut |_| {});
        let is_changed = recording.is_changed().expect("the file");
        assert_eq!(is_changed, *what != "let be", "{what}");
        match recording.finish() {
            Err(FinishError::Changed { path: changed }) => assert_eq!(changed, path, "{what}"),
            finished => assert!(
                *what == "let be" && matches!(finished, Ok(Finished::AsSent)),
                "{what}: {finished:?}"
            ),
        }
    }
}

/// Any of its parts may have gone, or be another one, and is named.
#[test]
#[cfg(unix)]
fn a_part_that_has_gone_is_missed() {
    let trace = Board::trace(100);
    let delete: Meddle = Box::new(|path| fs::remove_file(path).expect("a part"));
    let cut: Meddle = Box::new(|path| fs::write(path, "other").expect("a part"));
    let patch: Meddle = Box::new(|path| patch(path, 500));
    for (gone, meddle, is_gone) in [
        ("heap.0001.svdat", &delete, true),
        ("heap.0002.svdat", &delete, true),
        ("heap.0002.svdat", &cut, false),
        ("heap.0001.svdat", &patch, false),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut source = one_stream(&trace);
        let mut recording = Recording::create_in_parts(
            &folder.path().join("heap.svdat"),
            &source,
            Existing::Refuse,
            Rotation::Size(1000),
        )
        .expect("new files");
        let (limits, interrupt) = (Limits::default(), Interrupt::default());
        recording.run(&mut source, &limits, &interrupt, &mut |_| {});
        let part = folder.path().join(gone);
        meddle(&part);
        let missed = match recording.finish().expect_err("it has gone") {
            FinishError::Gone { path, .. } if is_gone => path,
            FinishError::Changed { path } if !is_gone => path,
            error => panic!("{error}"),
        };
        assert_eq!(missed, part);
    }
}

/// Who takes the file away meanwhile leaves no recording.
#[test]
#[cfg(unix)]
fn a_file_that_has_gone_is_missed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("heap.svdat");
    let moved = folder.path().join("moved.svdat");
    let trace = Board::trace(2);
    for replaced in [false, true] {
        let mut source = one_stream(&trace);
        let mut recording =
            Recording::create(&path, &source, Existing::Refuse).expect("a new file");
        let (limits, interrupt) = (Limits::default(), Interrupt::default());
        recording.run(&mut source, &limits, &interrupt, &mut |_| {});
        fs::rename(&path, &moved).expect("a file");
        if replaced {
            fs::write(&path, "another").expect("a folder with room");
        }
        let error = recording.finish().expect_err("it has gone");
        let expected = if replaced { Gone::Replaced } else { Gone::Away };
        assert!(
            matches!(error, FinishError::Gone { gone, .. } if gone == expected),
            "{error}"
        );
        assert!(fs::read(&moved).expect("the file").ends_with(&trace));
    }
}

/// The empty file at the name, too, in whose place the cores are put at the end: what somebody else put there stays.
#[test]
#[cfg(unix)]
fn another_file_is_not_replaced_by_the_joined_cores() {
    let trace = Board::trace(2);
    let delete: Meddle = Box::new(|path| fs::remove_file(path).expect("a file"));
    let replace: Meddle = Box::new(|path| {
        fs::remove_file(path).expect("a file");
        fs::write(path, "another").expect("a folder with room");
    });
    let write: Meddle = Box::new(|path| fs::write(path, "another").expect("a file"));
    for (meddle, expected) in [
        (delete, Some(Gone::Away)),
        (replace, Some(Gone::Replaced)),
        (write, None),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("heap.svdat");
        let mut source = Chunks {
            form: Form::Streams(2),
            chunks: vec![(0, trace.clone()), (1, trace.clone())],
        };
        let mut recording =
            Recording::create(&path, &source, Existing::Refuse).expect("a new file");
        let (limits, interrupt) = (Limits::default(), Interrupt::default());
        recording.run(&mut source, &limits, &interrupt, &mut |_| {});
        meddle(&path);
        let gone = match recording.finish().expect_err("another one lies there") {
            FinishError::Gone { gone, .. } => Some(gone),
            FinishError::Changed { .. } => None,
            error => panic!("{error}"),
        };
        assert_eq!(gone, expected);
        let others = fs::read(&path).ok();
        let is_kept = others.as_deref() == Some(b"another");
        assert_eq!(is_kept, expected != Some(Gone::Away));
        for core in ["_core0", "_core1"] {
            let file = fs::read(format!("{}{core}", path.display())).expect("a core's file");
            assert!(file.ends_with(&trace));
        }
    }
}
