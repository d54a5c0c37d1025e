//! The analysis of a recording while it is being made: it reads the file as it grows.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use leakscope_analysis::Analysis;
use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::trace::{Feed, HEAD, Step};
use leakscope_report::log::LogRow;
use leakscope_report::{FrameSource, Policy, Report, Symbolizer};
use leakscope_symbols::Symbols;

use super::recognise::{self, Data};
use crate::firmware::{self, AllocatorFrames};
use crate::recording::OpenRecording;

/// One turn reads at most this much; then others get theirs.
const TURN: usize = 8 << 20;
/// If no packet was found in so many bytes, or after so much time, it is looked what comes instead.
const DOUBT_BYTES: u64 = 4096;
const DOUBT_TIME: Duration = Duration::from_secs(3);

/// An analysis that keeps up with a file.
pub(super) struct Live<'s> {
    recording: OpenRecording,
    analysis: Analysis<AllocatorFrames<'s>>,
    symbols: Option<&'s Symbols>,
    /// Whether log messages are printed.
    log: bool,
    front: Front,
    first_byte: Option<Instant>,
    warned: bool,
    /// Reading failed; recording goes on.
    failed: Option<anyhow::Error>,
}

/// The front of the file, which says how it is laid out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Front {
    /// It is not all there yet.
    Grows,
    Known,
    /// It was passed over, up to the first start sequence.
    Skipped,
}

impl<'s> Live<'s> {
    /// Of a file that has become another one.
    pub(super) fn again(path: &Path, symbols: Option<&'s Symbols>) -> anyhow::Result<Self> {
        let recording = OpenRecording::open(&[path.display().to_string()])?;
        Ok(Self::new(recording, symbols, false))
    }

    pub(super) fn new(recording: OpenRecording, symbols: Option<&'s Symbols>, log: bool) -> Self {
        Self {
            analysis: Analysis::new(&recording.layout, AllocatorFrames(symbols)),
            recording,
            symbols,
            log,
            front: Front::Grows,
            first_byte: None,
            warned: false,
            failed: None,
        }
    }

    /// Takes into account what has been written since the last time, or some of it: whether there is more. `log` is
    /// shown log messages, if they are wanted.
    pub(super) fn follow(&mut self, log: &mut dyn FnMut(LogRow)) -> bool {
        if self.failed.is_some() {
            return false;
        }
        match self.read(log) {
            Ok(is_behind) => is_behind,
            Err(error) => {
                self.failed = Some(error);
                false
            }
        }
    }

    /// Takes all of it into account: nothing more will be written.
    pub(super) fn complete(&mut self, log: &mut dyn FnMut(LogRow)) -> anyhow::Result<()> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        if self.front == Front::Skipped {
            self.front = Front::Grows;
            // They were printed already.
            self.log = false;
        }
        while self.read(log)? {}
        Ok(())
    }

    /// The answer as of now.
    pub(super) fn report(&self, symbolizer: &mut Symbolizer<'_>) -> Report {
        let mut outcome = self.outcome_if_over();
        if let Some(symbols) = self.symbols {
            firmware::check(symbols, &mut outcome);
        }
        Report::new(
            &outcome,
            symbolizer,
            &self.recording.names(),
            &Policy::default(),
        )
    }

    /// The program's, if it was named.
    pub(super) fn symbols(&self) -> Option<&'s Symbols> {
        self.symbols
    }

    /// The first bytes of the first file.
    pub(super) fn head(&mut self) -> Vec<u8> {
        self.recording.head()
    }

    /// Packets that were read.
    pub(super) fn packets(&self) -> u64 {
        self.analysis.trace().counts().packets
    }

    /// Bytes that were read.
    pub(super) fn bytes(&self) -> u64 {
        self.analysis.trace().counts().bytes
    }

    /// Whether the device has stopped tracing, and not begun again, if nothing more should come: the last
    /// packets are believed only when it is known that they are.
    pub(super) fn would_be_stopped(&self) -> bool {
        let outcome = self.outcome_if_over();
        outcome.sessions.last().is_some_and(|last| last.stopped)
    }

    /// The answer if nothing more should come.
    fn outcome_if_over(&self) -> Outcome {
        let mut analysis = self.analysis.clone();
        let nothing: &[&[u8]] = &[];
        let Ok(_) = analysis.run(nothing);
        analysis.outcome()
    }

    /// Says once what comes if it does not look like packets.
    pub(super) fn what_is_no_trace(&mut self) -> Option<Data> {
        if self.warned || self.packets() > 0 {
            return None;
        }
        let bytes = self.bytes();
        if bytes == 0 {
            return None;
        }
        let first = *self.first_byte.get_or_insert_with(Instant::now);
        if bytes < DOUBT_BYTES && first.elapsed() < DOUBT_TIME {
            return None;
        }
        self.warned = true;
        recognise::what_else(&self.recording.head())
    }

    /// Reads for one turn; whether there is more to read at once.
    fn read(&mut self, log: &mut dyn FnMut(LogRow)) -> anyhow::Result<bool> {
        if self.front == Front::Grows {
            self.look_at_front()?;
        }
        let mut turn = Turn {
            recording: &mut self.recording,
            left: TURN,
        };
        if self.log {
            let program = Symbolizer::new(self.symbols.map(|symbols| symbols as &dyn FrameSource));
            while let Step::Event(event, trace) = self.analysis.step(&mut turn)? {
                if let Some(row) = LogRow::new(&event, trace, &program) {
                    log(row);
                }
            }
        } else {
            self.analysis.run(&mut turn)?;
        }
        Ok(turn.left == 0)
    }

    /// Finds out how the file is laid out, as far as that can be seen yet.
    ///
    /// A stream that was caught in the middle is searched at length for its beginning by the analysis, which
    /// has to wait for that. Here, the first beginning that comes will do; the report at the end is made
    /// without this short cut.
    fn look_at_front(&mut self) -> anyhow::Result<()> {
        let is_whole = self.recording.head().len() >= HEAD;
        let changed = self.recording.look_again()?;
        let skipped =
            self.recording.grows() && self.packets() == 0 && self.recording.skip_to_start();
        if changed || skipped {
            self.analysis = Analysis::new(&self.recording.layout, AllocatorFrames(self.symbols));
        }
        self.front = match (skipped, is_whole) {
            (true, _) => Front::Skipped,
            (false, true) => Front::Known,
            (false, false) => Front::Grows,
        };
        Ok(())
    }
}

/// The recording, of which only so many bytes are to be read.
struct Turn<'r> {
    recording: &'r mut OpenRecording,
    left: usize,
}

impl Feed for Turn<'_> {
    type Error = io::Error;

    fn read_at(&mut self, input: usize, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.left);
        let count = (self.recording).read_at(input, offset, &mut buffer[..most])?;
        self.left -= count;
        Ok(count)
    }

    fn grows(&self) -> bool {
        self.left == 0 || self.recording.grows()
    }
}
