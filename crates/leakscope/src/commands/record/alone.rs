//! The analysis of a growing file, where nobody looks at a page.

use std::io;

use leakscope_analysis::Analysis;
use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::trace::{Counts, Feed, Front, Step, Unwinder};
use leakscope_report::log::LogRow;
use leakscope_report::{Policy, Report, Symbolizer};
use leakscope_symbols::Symbols;
use leakscope_viewer::TraceInputs;

use super::live::{Line, Reader};
use super::queue::Sender;
use crate::cli;
use crate::firmware::{self, AllocatorFrames};
use crate::recording::OpenRecording;

/// One turn reads at most this much, and so many log messages; then others get theirs.
const TURN: usize = 8 << 20;
const TURN_ROWS: usize = super::MOST_LINES / 2;

/// An analysis that keeps up with a file.
pub(super) struct Alone<'s> {
    recording: OpenRecording,
    front: Front,
    analysis: Analysis<AllocatorFrames<'s>>,
    symbols: Option<&'s Symbols>,
    unwinder: Unwinder,
    symbolizer: Symbolizer<'s>,
    /// Where log messages are sent, if they are wanted.
    log: Option<Sender<Line>>,
}

impl<'s> Alone<'s> {
    pub(super) fn new(
        recording: OpenRecording,
        options: &cli::Symbols,
        symbols: Option<&'s Symbols>,
        log: Option<Sender<Line>>,
    ) -> Self {
        let front = Front::default();
        Self {
            analysis: Analysis::new(front.layout(), AllocatorFrames(symbols)),
            recording,
            front,
            symbols,
            unwinder: firmware::unwinder(options),
            symbolizer: firmware::symbolizer(options, symbols),
            log,
        }
    }

    /// Finds out how the file is laid out, as far as that can be seen yet.
    fn look_at_front(&mut self) -> io::Result<()> {
        let grows = self.recording.grows();
        if !self.front.is_open(grows) {
            return Ok(());
        }
        let heads = self.recording.heads()?;
        let has_packets = self.analysis.trace().counts().packets > 0;
        if self.front.look(&heads, grows, has_packets) {
            let layout = self.front.layout().clone();
            self.analysis = Analysis::new(
                &layout.unwound_by(self.unwinder.clone()),
                AllocatorFrames(self.symbols),
            );
        }
        Ok(())
    }
}

impl Reader for Alone<'_> {
    fn read(&mut self) -> anyhow::Result<(bool, Counts)> {
        self.look_at_front()?;
        let mut turn = Turn {
            recording: &mut self.recording,
            left: TURN,
        };
        let mut is_cut = false;
        if let Some(log) = &self.log {
            let mut rows = 0;
            while rows < TURN_ROWS
                && let Step::Event(event, trace) = self.analysis.step(&mut turn)?
            {
                if let Some(row) = LogRow::new(&event, trace, &self.symbolizer) {
                    log.offer(Line::Row(row));
                    rows += 1;
                }
            }
            is_cut = rows == TURN_ROWS;
        } else {
            self.analysis.run(&mut turn)?;
        }
        Ok((is_cut || turn.left == 0, self.analysis.trace().counts()))
    }

    fn report(&mut self) -> Report {
        let mut outcome = self.analysis.outcome_if_over();
        if let Some(symbols) = self.symbols {
            firmware::check(symbols, &mut outcome);
        }
        let names = self.recording.names();
        Report::new(&outcome, &mut self.symbolizer, &names, &Policy::default())
    }

    fn outcome_if_over(&mut self) -> Outcome {
        self.analysis.outcome_if_over()
    }

    fn head(&mut self) -> Vec<u8> {
        self.recording.head()
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
