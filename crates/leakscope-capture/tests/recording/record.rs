//! Recording in a test.

use leakscope_capture::Interrupt;
use leakscope_capture::recording::{Ending, Existing, Finished, Limits, Recording};
use leakscope_capture::source::{Source, SourceEvent};
use leakscope_systemview::Header;
use tempfile::TempDir;

/// What came of a recording.
pub(crate) struct Recorded {
    pub(crate) ending: Ending,
    pub(crate) finished: Finished,
    pub(crate) events: Vec<SourceEvent>,
    /// The file, header and all.
    pub(crate) file: Vec<u8>,
    pub(crate) folder: TempDir,
}

impl Recorded {
    /// The file without its header.
    pub(crate) fn data(&self) -> &[u8] {
        &self.file[Header::parse(&self.file).data..]
    }

    /// Whether behind the header stands this.
    #[track_caller]
    pub(crate) fn check_data(&self, expected: &[u8]) {
        let data = self.data();
        let same = data
            .iter()
            .zip(expected)
            .take_while(|(a, b)| a == b)
            .count();
        assert!(
            data == expected,
            "{} bytes, of {} that were expected; they differ from byte {same} on",
            data.len(),
            expected.len()
        );
    }
}

/// Records until `enough`, which is asked after each event.
pub(crate) fn until(
    mut source: Box<dyn Source>,
    limits: &Limits,
    enough: impl Fn(&SourceEvent) -> bool,
) -> Recorded {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("trace.svdat");
    let mut recording = Recording::create(&path, &*source, Existing::Refuse).expect("a new file");
    let interrupt = Interrupt::default();
    let mut events = Vec::new();
    let mut tell = |event: SourceEvent| {
        if enough(&event) {
            interrupt.want();
        }
        events.push(event);
    };
    let ending = recording.run(&mut *source, limits, &interrupt, &mut tell);
    let finished = recording.finish().expect("a disk with room");
    Recorded {
        ending,
        finished,
        events,
        file: std::fs::read(&path).unwrap_or_default(),
        folder,
    }
}

/// Records until the device goes away.
pub(crate) fn until_lost(source: Box<dyn Source>) -> Recorded {
    until(source, &Limits::default(), |event| {
        matches!(event, SourceEvent::LinkLost(_))
    })
}

/// Records so many bytes.
pub(crate) fn so_many(source: Box<dyn Source>, bytes: usize) -> Recorded {
    let limits = Limits {
        bytes: Some(bytes as u64),
        ..Limits::default()
    };
    until(source, &limits, |_| false)
}
