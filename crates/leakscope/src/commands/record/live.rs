//! What is known of a recording while it is being made. One reader follows the file; all others ask it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::trace::Counts;
use leakscope_report::Report;
use leakscope_report::log::LogRow;

use super::queue::Queue;
use super::recognise::{self, Data};

/// If no packet was found in so many bytes, or after so much time, it is looked what comes instead.
const DOUBT_BYTES: u64 = 4096;
const DOUBT_TIME: Duration = Duration::from_secs(3);

/// What a device says, as it is shown.
pub(super) enum Line {
    /// A log message of its trace.
    Row(LogRow),
    /// What it has printed beside its trace; that has no time.
    Printed(String),
    /// How many found no room; may be none.
    LeftOut(u64),
}

/// What reads the file as it grows, and analyses it.
pub(super) trait Reader {
    /// Reads for one turn; whether there is more to read at once, and what was counted.
    fn read(&mut self) -> anyhow::Result<(bool, Counts)>;

    /// The answer as of now.
    fn report(&mut self) -> Report;

    /// The outcome, if nothing more should come.
    fn outcome_if_over(&mut self) -> Outcome;

    /// The first bytes of the first file.
    fn head(&mut self) -> Vec<u8>;
}

/// A recording that is being followed.
pub(super) struct Live<'r> {
    reader: Box<dyn Reader + 'r>,
    /// What the device says, if that is wanted.
    lines: Queue<Line>,
    /// By input and core: an offset that the last message that was printed begins before.
    printed: BTreeMap<(usize, u8), u64>,
    counts: Counts,
    first_byte: Option<Instant>,
    warned: bool,
}

impl<'r> Live<'r> {
    pub(super) fn new(reader: Box<dyn Reader + 'r>, lines: Queue<Line>) -> Self {
        Self {
            reader,
            lines,
            printed: BTreeMap::new(),
            counts: Counts::default(),
            first_byte: None,
            warned: false,
        }
    }

    /// From now on, this is read: the file has become another one.
    pub(super) fn turn_to(&mut self, reader: Box<dyn Reader + 'r>) {
        self.reader = reader;
    }

    /// Takes into account what has been written since the last time, or some of it: whether there is more. `log` is
    /// shown what the device says. What failed can be tried again.
    pub(super) fn follow(&mut self, log: &mut dyn FnMut(Line)) -> anyhow::Result<bool> {
        let read = self.reader.read();
        // Where nothing is recorded, there is no file to read; what the device prints is shown all the same.
        for line in self.lines.waiting() {
            let Line::Row(row) = &line else {
                log(line);
                continue;
            };
            let printed = self.printed.entry((row.input, row.core)).or_default();
            // Reading may have begun again at the front.
            if row.offset >= *printed {
                *printed = row.offset + 1;
                log(line);
            }
        }
        log(Line::LeftOut(self.lines.left_out()));
        let (is_behind, counts) = read?;
        self.counts = counts;
        Ok(is_behind)
    }

    /// The answer as of now.
    pub(super) fn report(&mut self) -> Report {
        self.reader.report()
    }

    /// The first bytes of the first file.
    pub(super) fn head(&mut self) -> Vec<u8> {
        self.reader.head()
    }

    /// Packets that were read.
    pub(super) fn packets(&self) -> u64 {
        self.counts.packets
    }

    /// Bytes that were read.
    pub(super) fn bytes(&self) -> u64 {
        self.counts.bytes
    }

    /// Whether the device has stopped tracing, and not begun again, if nothing more should come.
    pub(super) fn would_be_stopped(&mut self) -> bool {
        let outcome = self.reader.outcome_if_over();
        outcome.sessions.last().is_some_and(|last| last.stopped)
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
        recognise::what_else(&self.head())
    }
}
