//! The analysis of a growing file, where nobody looks at a page.

use std::io;

use leakscope_analysis::Analysis;
use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::trace::{Counts, Feed, Front, Step, Unwinder};
use leakscope_report::log::LogRow;
use leakscope_report::{Report, Symbolizer};
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

    /// Finds out how the file is laid out, as far as that can be seen yet. If it is otherwise than was thought, reading begins
    /// again; whether that is so.
    fn look_at_front(&mut self) -> io::Result<bool> {
        let grows = self.recording.grows();
        if !self.front.is_open(grows) {
            return Ok(false);
        }
        let heads = self.recording.heads()?;
        let has_packets = self.analysis.trace().counts().packets > 0;
        let is_other = self.front.look(&heads, grows, has_packets);
        if is_other {
            let layout = self.front.layout().clone();
            self.analysis = Analysis::new(
                &layout.unwound_by(self.unwinder.clone()),
                AllocatorFrames(self.symbols),
            );
        }
        Ok(is_other)
    }

    /// Reads for one turn, and adds the log messages if they are wanted; whether there is more to read at once.
    fn turn(&mut self, rows: &mut Vec<LogRow>) -> io::Result<bool> {
        let mut turn = Turn {
            recording: &mut self.recording,
            left: TURN,
        };
        if self.log.is_some() {
            while rows.len() < TURN_ROWS
                && let Step::Event(event, trace) = self.analysis.step(&mut turn)?
            {
                rows.extend(LogRow::new(&event, trace, &self.symbolizer));
            }
        } else {
            self.analysis.run(&mut turn)?;
        }
        Ok(rows.len() == TURN_ROWS || turn.left == 0)
    }
}

impl Reader for Alone<'_> {
    fn read(&mut self) -> anyhow::Result<(bool, Counts)> {
        self.look_at_front()?;
        loop {
            let mut rows = Vec::new();
            let read = self.turn(&mut rows);
            // The file has grown since its front was looked at: what was read may have begun in the midst of its header.
            if read.is_ok() && self.look_at_front()? {
                continue;
            }
            if let Some(log) = &self.log {
                for row in rows {
                    log.offer(Line::Row(row));
                }
            }
            return Ok((read?, self.analysis.trace().counts()));
        }
    }

    fn report(&mut self) -> Report {
        let mut outcome = self.analysis.outcome_if_over();
        if let Some(symbols) = self.symbols {
            firmware::check(symbols, &mut outcome);
        }
        let names = self.recording.names();
        Report::new(&outcome, &mut self.symbolizer, &names)
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
