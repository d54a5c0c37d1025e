//! The analysis of a recording while it is being made: it reads the file as it grows.

use std::path::Path;
use std::time::{Duration, Instant};

use leakscope_analysis::Analysis;
use leakscope_analysis::trace::{HEAD, Pause, Step};
use leakscope_capture::Input;
use leakscope_report::log::LogRow;
use leakscope_report::{FrameSource, Policy, Report, Symbolizer};
use leakscope_symbols::Symbols;

use super::recognise;
use super::status::Status;
use crate::firmware::{self, AllocatorFrames};
use crate::recording::Recording;

/// So much is read before somebody else gets a turn.
const TURN: u64 = 8 << 20;
/// If no packet was found in so many bytes, or after so much time, it is looked what comes instead.
const DOUBT_BYTES: u64 = 4096;
const DOUBT_TIME: Duration = Duration::from_secs(3);

/// An analysis that keeps up with a file.
pub(super) struct Live<'s> {
    recording: Recording,
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
    pub(super) fn new(
        inputs: Vec<Input>,
        symbols: Option<&'s Symbols>,
        log: bool,
    ) -> anyhow::Result<Self> {
        Ok(Self::of(Recording::of(inputs)?, symbols, log))
    }

    /// Of a file that has become another one.
    pub(super) fn again(path: &Path, symbols: Option<&'s Symbols>) -> anyhow::Result<Self> {
        let recording = Recording::open(&[path.display().to_string()])?;
        Ok(Self::of(recording, symbols, false))
    }

    fn of(recording: Recording, symbols: Option<&'s Symbols>, log: bool) -> Self {
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

    /// Takes into account what has been written since the last time, or some of it: whether there is more.
    pub(super) fn follow(&mut self, status: &mut Status) -> bool {
        if self.failed.is_some() {
            return false;
        }
        match self.read(false, status) {
            Ok(is_behind) => is_behind,
            Err(error) => {
                self.failed = Some(error);
                false
            }
        }
    }

    /// Takes all of it into account: nothing more will be written.
    pub(super) fn complete(&mut self, status: &mut Status) -> anyhow::Result<()> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        if self.front == Front::Skipped {
            self.front = Front::Grows;
            // They were printed already.
            self.log = false;
        }
        while self.read(true, status)? {}
        Ok(())
    }

    /// The answer as of now.
    pub(super) fn report(&self, symbolizer: &mut Symbolizer<'_>) -> Report {
        let mut outcome = self.analysis.outcome();
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
        let mut analysis = self.analysis.clone();
        while let Pause::NeedBytes(stream) = analysis.run() {
            analysis.supply(stream, 0);
        }
        let outcome = analysis.outcome();
        outcome.sessions.last().is_some_and(|last| last.stopped)
    }

    /// Says once what comes if it does not look like packets.
    pub(super) fn warn_of_what_is_no_trace(&mut self, status: &mut Status) {
        if self.warned || self.packets() > 0 {
            return;
        }
        let bytes = self.bytes();
        if bytes == 0 {
            return;
        }
        let first = *self.first_byte.get_or_insert_with(Instant::now);
        if bytes < DOUBT_BYTES && first.elapsed() < DOUBT_TIME {
            return;
        }
        self.warned = true;
        let head = self.recording.head();
        if let Some(data) = recognise::what_else(&head) {
            status.note(&data.to_string());
            status.hint(data.hint());
        }
    }

    fn read(&mut self, is_complete: bool, status: &mut Status) -> anyhow::Result<bool> {
        if self.front == Front::Grows {
            self.look_at_front(is_complete)?;
        }
        let mut taken = 0;
        while taken < TURN {
            let Some(stream) = self.advance(status) else {
                return Ok(false);
            };
            let count = self.recording.read(stream, self.analysis.space(stream))?;
            if count == 0 && !is_complete {
                return Ok(false);
            }
            self.analysis.supply(stream, count);
            taken += count as u64;
        }
        Ok(true)
    }

    /// Finds out how the file is laid out, as far as that can be seen yet.
    ///
    /// A stream that was caught in the middle is searched at length for its beginning by the analysis, which
    /// has to wait for that. Here, the first beginning that comes will do; the report at the end is made
    /// without this short cut.
    fn look_at_front(&mut self, is_complete: bool) -> anyhow::Result<()> {
        let is_whole = self.recording.head().len() >= HEAD;
        let changed = self.recording.look_again()?;
        let skipped = !is_complete && self.packets() == 0 && self.recording.skip_to_start();
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

    /// Reads what can be read; the stream that needs bytes, if any.
    fn advance(&mut self, status: &mut Status) -> Option<usize> {
        if !self.log {
            return match self.analysis.run() {
                Pause::NeedBytes(stream) => Some(stream),
                Pause::Enough | Pause::Finished => None,
            };
        }
        let program = Symbolizer::new(self.symbols.map(|symbols| symbols as &dyn FrameSource));
        loop {
            match self.analysis.step() {
                Step::Event(event, trace) => {
                    if let Some(row) = LogRow::new(&event, trace, &program) {
                        status.log(row);
                    }
                }
                Step::NeedBytes(stream) => return Some(stream),
                Step::Finished => return None,
            }
        }
    }
}
