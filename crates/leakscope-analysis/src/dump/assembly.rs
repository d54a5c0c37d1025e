//! From lines to dumps: which line belongs to which, and which were cut in two.

use super::grammar::{self, Line};
use super::scanner::Stop;
use super::{Dump, Mode};

/// The dumps so far.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    dumps: Vec<Dump>,
    /// Whether the last dump still goes on.
    is_open: bool,
    /// Text that may be only the beginning of a line, where it begins, and what it says if that is all.
    pending: Option<Pending>,
}

#[derive(Debug)]
struct Pending {
    text: String,
    offset: u64,
    line: Option<Line>,
}

/// No line of a dump is longer: it has at most 32 frames.
const LONGEST: usize = 1024;

impl Assembly {
    /// Takes the next line, or what is left of it without decorations. A monitor prints a line that the
    /// device has not finished, and then goes on in a new one.
    pub(super) fn line(&mut self, offset: u64, text: &str) {
        if let Some(pending) = &mut self.pending
            && !text.is_empty()
            && pending.is_continued_by(text)
        {
            return;
        }
        if text.trim().is_empty() {
            return;
        }
        self.settle();
        match grammar::read(text) {
            Ok(line) if !line.may_go_on() => self.take(offset, line),
            Err(Stop::Other) => self.skip(),
            other => {
                self.pending = Some(Pending {
                    text: text.chars().take(LONGEST).collect(),
                    offset,
                    line: other.ok(),
                });
            }
        }
        self.settle_if_whole();
    }

    /// The dumps.
    pub(super) fn finish(mut self) -> Vec<Dump> {
        self.settle();
        self.dumps
    }

    /// What waited for the rest of its line was all of it.
    fn settle(&mut self) {
        if let Some(pending) = self.pending.take() {
            match pending.line {
                Some(line) => self.take(pending.offset, line),
                None => self.break_off(&pending.text),
            }
        }
    }

    /// A line that was joined may now be one that cannot go on.
    fn settle_if_whole(&mut self) {
        let line = self
            .pending
            .as_ref()
            .and_then(|pending| pending.line.as_ref());
        if line.is_some_and(|line| !line.may_go_on()) {
            self.settle();
        }
    }

    fn open(&mut self) -> Option<&mut Dump> {
        self.dumps.last_mut().filter(|_| self.is_open)
    }

    fn skip(&mut self) {
        if let Some(dump) = self.open() {
            dump.other_lines += 1;
        }
    }

    /// The beginning of one of the dump's lines, without its end.
    fn break_off(&mut self, text: &str) {
        let is_record = text.contains("bytes (@ ") || text.contains("freed by");
        if let Some(dump) = self.open() {
            if is_record {
                dump.broken_lines += 1;
            } else {
                dump.other_lines += 1;
            }
        }
    }

    fn take(&mut self, offset: u64, line: Line) {
        if let Line::Header { records, capacity } = line {
            self.is_open = true;
            self.dumps.push(Dump {
                offset,
                announced: records,
                capacity,
                ..Dump::default()
            });
            return;
        }
        // The old form has no last line: its note on an overflow comes behind the totals.
        if line == Line::Overflowed
            && let Some(dump) = self.dumps.last_mut()
        {
            dump.has_overflowed = true;
            return;
        }
        let Some(dump) = self.open() else {
            return;
        };
        match line {
            Line::Record(record) => dump.records.push(record),
            Line::FreedBy(stack) => {
                if let Some(record) = dump.records.last_mut() {
                    record.is_freed = true;
                    record.freed_by = stack;
                }
            }
            Line::Alive(mode) => dump.mode = Some(mode),
            Line::TotalAllocations(number) => dump.total_allocations = Some(number),
            Line::TotalFrees(number) => dump.total_frees = Some(number),
            Line::Totals { allocations, frees } => {
                dump.total_allocations = Some(allocations);
                dump.total_frees = Some(frees);
                self.close();
            }
            Line::ChangedMeanwhile => dump.changed_meanwhile = true,
            Line::Corrupt => dump.is_corrupt = true,
            Line::End => self.close(),
            Line::Header { .. } | Line::Overflowed | Line::SummaryHeader | Line::Known => {}
        }
    }

    fn close(&mut self) {
        if let Some(dump) = self.open() {
            dump.is_whole = true;
            // A mode that says "leaks" has no freed blocks; one that was not said has what is there.
            if dump.mode.is_none() && dump.records.iter().any(|record| record.is_freed) {
                dump.mode = Some(Mode::All);
            }
        }
        self.is_open = false;
    }
}

impl Pending {
    /// Whether `text` is the rest of the line, or more of it; then it was appended.
    fn is_continued_by(&mut self, text: &str) -> bool {
        if self.text.len() + text.len() > LONGEST {
            return false;
        }
        // An address of eight digits is whole: what follows is something else.
        let last = self.text.rsplit("0x").next().unwrap_or_default();
        let is_whole_address = last.len() >= 8 && last.bytes().all(|byte| byte.is_ascii_hexdigit());
        if self.line.is_some()
            && is_whole_address
            && text.starts_with(|c: char| c.is_ascii_hexdigit() || c == 'x')
        {
            return false;
        }
        let joined = format!("{}{text}", self.text);
        match grammar::read(&joined) {
            Ok(line) => self.line = Some(line),
            // Should no more come, what was whole before still is.
            Err(Stop::End) => {}
            Err(Stop::Other) => return false,
        }
        self.text = joined;
        true
    }
}
