//! What stands in the file of a recording, and what is never overwritten.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use leakscope_capture::recording::{CreateError, Finished, Limits, Recording};
use leakscope_capture::source::{Form, Item, Source, SourceError, SourceEvent, growing};
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
        let file = fs::read(self.path).expect("the file");
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
    let mut recording = Recording::create(&path, &source, false).expect("a new file");
    let ending = recording.run(&mut source, &Limits::default(), &false.into(), &mut |_| {});
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
    let mut recording = Recording::create(&path, &source, false).expect("a new file");
    recording.run(&mut source, &Limits::default(), &false.into(), &mut |_| {});
    drop(recording);
    let mut inputs = leakscope_capture::open(&[path.display().to_string()]).expect("files");
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
    let error = Recording::create(&path, &source, false).expect_err("it exists");
    assert!(matches!(error, CreateError::Exists { .. }));
    assert_eq!(error.hint(), Some("--force overwrites it"));
    assert_eq!(fs::read(&path).expect("the file"), b"precious");
    Recording::create(&path, &source, true).expect("it may be overwritten");
    assert_eq!(fs::read(&path).expect("the file"), b"");

    // Nor is the file of a core.
    let path = folder.path().join("other.svdat");
    let core = folder.path().join("other.svdat_core1");
    fs::write(&core, "precious").expect("a folder with room");
    let source = Chunks {
        form: Form::Streams(2),
        chunks: Vec::new(),
    };
    Recording::create(&path, &source, false).expect_err("it exists");
    assert_eq!(fs::read(&core).expect("the file"), b"precious");
}

#[cfg(unix)]
#[test]
fn only_plain_files_will_do() {
    let source = one_stream(&[]);
    let error = Recording::create(Path::new("/dev/null"), &source, true).expect_err("a device");
    assert!(matches!(error, CreateError::NotPlain { .. }));
}

/// A file that another program writes is followed, and read anew when it is written anew.
#[test]
fn a_file_that_grows() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("growing.svdat");
    let mut source = growing::open(&path).expect("it need not exist");
    let mut next = |bytes: &mut Vec<u8>| {
        bytes.clear();
        source.next(bytes, Duration::ZERO).expect("a file")
    };
    let mut bytes = Vec::new();
    assert!(matches!(
        next(&mut bytes),
        Item::Event(SourceEvent::Waiting(_))
    ));
    assert_eq!(next(&mut bytes), Item::Nothing);
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(&path)
        .expect("a folder with room");
    assert_eq!(next(&mut bytes), Item::Event(SourceEvent::Started));
    assert_eq!(next(&mut bytes), Item::Nothing);
    for part in [b"one", b"two"] {
        file.write_all(part).expect("room");
        assert_eq!(next(&mut bytes), Item::Bytes { stream: 0 });
        assert_eq!(bytes, part);
        assert_eq!(next(&mut bytes), Item::Nothing);
    }
    fs::write(&path, "new").expect("room");
    assert!(matches!(
        next(&mut bytes),
        Item::Event(SourceEvent::Notice(_))
    ));
    assert_eq!(next(&mut bytes), Item::Bytes { stream: 0 });
    assert_eq!(bytes, b"new");
    file.write_all(b"end").expect("room");
    source.stop().expect("a file");
    for item in [Item::Bytes { stream: 0 }, Item::Ended] {
        bytes.clear();
        let next = source.next(&mut bytes, Duration::ZERO);
        assert_eq!(next.expect("a file"), item);
    }
}
