//! From lines to dumps: which line belongs to which, and which were torn.

use super::anchor;
use super::code::is_data;
use super::grammar::{self, Line};
use super::scanner::Stop;
use super::torn::Stacks;
use super::{Dump, Interruption, Mode};

/// The dumps so far.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    dumps: Vec<Dump>,
    /// Whether the last dump still goes on.
    is_open: bool,
    /// Text that may be only the beginning of a line, where it begins, and what it says if that is all.
    pending: Option<Pending>,
    /// What a terminal or a logger has written before the last line of a dump.
    prefix: String,
    /// Whether the last line of a record had no end: what lacks its beginning may be that end.
    is_torn: bool,
    /// Whether the last record was torn: whoever freed a block, freed that of this one.
    is_record_lost: bool,
    /// The call stacks of the last dump, while it goes on.
    stacks: Stacks,
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
        let starts = anchor::all(text);
        let is_unfinished = (self.pending.as_ref()).is_some_and(|pending| pending.line.is_none());
        if starts.is_empty() || is_unfinished {
            let rest = anchor::without_prefix(&self.prefix, text).unwrap_or(text);
            if self.goes_on(rest) {
                return;
            }
            if starts.is_empty() {
                self.part(offset, rest);
                return;
            }
        }
        let first = starts.first().copied().unwrap_or_default();
        let (before, own) = text.split_at(first);
        let rest = anchor::without_prefix(&self.prefix, before).unwrap_or(before);
        // A colon alone is a prefix's, of which only the last line had lost it.
        if rest.trim() == ":" || !self.goes_on(rest) {
            self.settle();
            if !self.is_rest_of_callers(rest) && !self.is_part_of_record(before) {
                self.learn_prefix(before, own);
            }
        }
        let ends = starts.iter().skip(1).copied().chain([text.len()]);
        for (start, end) in starts.iter().zip(ends) {
            let part = &own[start - first..end - first];
            self.settle();
            if end < text.len() && is_record_without_callers(part) {
                // Its own line's end was lost, perhaps with its callers.
                self.skip(part);
            } else {
                self.part(offset + *start as u64, part);
            }
        }
    }

    /// The dumps.
    pub(super) fn finish(mut self) -> Vec<Dump> {
        self.settle();
        self.end_stacks();
        self.dumps
    }

    /// What stands before a line of a dump stands before its others too. Spaces at its end are part of it where
    /// the line begins with a word; sizes are padded with spaces by the device.
    fn learn_prefix(&mut self, before: &str, line: &str) {
        if !line.starts_with(|c: char| c.is_ascii_digit()) {
            before.clone_into(&mut self.prefix);
            return;
        }
        let rest = anchor::without_prefix(&self.prefix, before);
        if rest.is_some_and(|rest| rest.trim().is_empty()) {
            return;
        }
        before.trim_end().clone_into(&mut self.prefix);
        if !self.prefix.is_empty() && self.prefix.len() < before.len() {
            self.prefix.push(' ');
        }
    }

    /// Whether a text is the rest of the line before it, or more of it.
    fn goes_on(&mut self, text: &str) -> bool {
        let pending = self.pending.as_mut().filter(|_| !text.is_empty());
        let goes_on = pending.is_some_and(|pending| pending.is_continued_by(text));
        if goes_on {
            self.settle_if_whole();
        }
        goes_on
    }

    /// Takes a line of a dump, the beginning of one, or something else.
    fn part(&mut self, offset: u64, text: &str) {
        if text.trim().is_empty() {
            return;
        }
        self.settle();
        match grammar::read(text) {
            Ok((line, rest)) if !line.may_go_on() || !rest.is_empty() => {
                self.take(offset, line);
                self.stacks.rest(rest);
                self.notice(rest);
                self.is_part_of_record(rest);
            }
            Err(Stop::Other) => self.skip(text),
            other => {
                self.pending = Some(Pending {
                    text: text.chars().take(LONGEST).collect(),
                    offset,
                    line: other.ok().map(|(line, _)| line),
                });
            }
        }
    }

    /// What waited for the rest of its line was all of it.
    fn settle(&mut self) {
        if let Some(pending) = self.pending.take() {
            match pending.line {
                Some(line) => self.take(pending.offset, line),
                None => self.skip(&pending.text),
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

    /// A line that is not the dump's, or one of which a part is missing.
    fn skip(&mut self, text: &str) {
        self.notice(text);
        if !self.is_rest_of_callers(text)
            && !self.is_part_of_record(text)
            && let Some(dump) = self.open()
        {
            dump.other_lines += 1;
        }
    }

    /// Whether a text is the rest of the last record's callers, if that is not missing itself.
    fn is_rest_of_callers(&mut self, text: &str) -> bool {
        !self.is_torn && self.stacks.is_continued_by(text)
    }

    /// Whether a text is one part of a record, which is counted; the other may come, and belongs to it.
    fn is_part_of_record(&mut self, text: &str) -> bool {
        const ENDS: [&str; 3] = ["allocated CPU ", "ccount 0x", "caller 0x"];
        let is_begin = text.contains(" bytes (@ ") || text.starts_with("freed by");
        let is_end = ENDS.iter().any(|words| text.contains(words));
        let was_torn = self.is_torn;
        self.is_torn = is_begin || was_torn && !is_end;
        if is_begin || is_end {
            self.stacks.leave();
            self.is_record_lost |= !text.starts_with("freed by");
        }
        if (is_begin || is_end && !was_torn)
            && let Some(dump) = self.open()
        {
            dump.broken_lines += 1;
        }
        is_begin || is_end
    }

    /// What the device says besides: why it stopped printing, or that records gave way.
    fn notice(&mut self, text: &str) {
        if let Some(dump) = self.open() {
            if let Some(interruption) = Interruption::named_in(text) {
                dump.interruption.get_or_insert(interruption);
            }
            dump.has_overflowed |= grammar::tells_of_overflow(text);
        }
    }

    /// The dump that a line belongs to: a new one, if the first lines were not copied from the console.
    fn current(&mut self, offset: u64) -> &mut Dump {
        if !self.is_open || self.dumps.is_empty() {
            self.is_open = true;
            self.dumps.push(Dump {
                offset,
                ..Dump::default()
            });
        }
        let last = self.dumps.len() - 1;
        &mut self.dumps[last]
    }

    fn take(&mut self, offset: u64, line: Line) {
        self.is_torn = false;
        self.stacks.leave();
        match line {
            Line::Header { records, capacity } => {
                self.end_stacks();
                self.is_open = false;
                let dump = self.current(offset);
                dump.announced = Some(records);
                dump.capacity = Some(capacity);
            }
            Line::Record {
                record,
                freed_by,
                printed,
            } => {
                self.is_record_lost = false;
                self.current(offset).records.push(*record);
                self.stacks.add(printed);
                if let Some(stack) = freed_by {
                    self.freed_by(stack);
                }
            }
            Line::FreedBy(stack) => self.freed_by(stack),
            Line::SummaryHeader => {
                self.current(offset);
            }
            Line::Mode(mode) => self.current(offset).mode = Some(mode),
            Line::Sums { mode, sums } => {
                let dump = self.current(offset);
                dump.mode = Some(mode);
                dump.sums = Some(sums);
            }
            // The old form has no last line: its note on an overflow comes behind the totals.
            Line::Overflowed => {
                if let Some(dump) = self.dumps.last_mut() {
                    dump.has_overflowed = true;
                }
            }
            Line::End => self.close(),
            Line::Totals { allocations, frees } => {
                if let Some(dump) = self.open() {
                    dump.total_allocations = Some(allocations);
                    dump.total_frees = Some(frees);
                }
                self.close();
            }
            other => {
                let Some(dump) = self.open() else { return };
                match other {
                    Line::TotalAllocations(number) => dump.total_allocations = Some(number),
                    Line::TotalFrees(number) => dump.total_frees = Some(number),
                    Line::ChangedMeanwhile => dump.changed_meanwhile = true,
                    Line::FailedAllocations(count) => dump.failed_allocations = count,
                    Line::HashMap => dump.has_hash_map = true,
                    Line::Corrupt => dump.is_corrupt = true,
                    _ => {}
                }
            }
        }
    }

    fn freed_by(&mut self, stack: Vec<u64>) {
        if self.is_record_lost {
            return;
        }
        if let Some(record) = self.open().and_then(|dump| dump.records.last_mut()) {
            record.is_freed = true;
            record.freed_by = stack;
        }
    }

    fn end_stacks(&mut self) {
        if let Some(dump) = self.dumps.last_mut().filter(|_| self.is_open) {
            self.stacks.end(dump);
        }
    }

    fn close(&mut self) {
        self.end_stacks();
        if let Some(dump) = self.open() {
            // What was pasted without its first lines lacks records, too.
            dump.is_whole = dump.announced.is_some();
            // A mode that says "leaks" has no freed blocks; one that was not said has what is there.
            if dump.mode.is_none() && dump.records.iter().any(|record| record.is_freed) {
                dump.mode = Some(Mode::All);
            }
        }
        self.is_open = false;
    }
}

fn is_record_without_callers(text: &str) -> bool {
    let line = grammar::read(text).map(|(line, _)| line);
    matches!(line, Ok(Line::Record { record, .. }) if record.allocated_by.is_empty() && !record.is_freed)
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
        let has_callers = matches!(&self.line, Some(Line::Record { record, .. }) if !record.allocated_by.is_empty());
        if has_callers && is_data(text) {
            return false;
        }
        let joined = format!("{}{text}", self.text);
        match grammar::read(&joined) {
            Ok((line, "")) => self.line = Some(line),
            // Should no more come, what was whole before still is.
            Err(Stop::End) => {}
            Ok(_) | Err(Stop::Other) => return false,
        }
        self.text = joined;
        true
    }
}
