//! Pages of a list, and where in it a moment or an event stands.

use std::io;
use std::ops::ControlFlow;

use super::parts::Part;
use super::row::ListRow;
use super::search::Found;
use crate::names::Names;
use crate::query::{At, Filter, Window};
use crate::reader::Reader;
use crate::replay::{Reached, Replay, Seen};
use crate::scan::Scan;

/// A list, and how many of its events are where.
pub(crate) struct List<'l> {
    pub(crate) filter: &'l Filter,
    pub(crate) parts: &'l [Part],
    /// The first event that was not counted.
    pub(crate) end: u64,
    /// All of its events up to there, if they are known one by one.
    pub(crate) found: Option<&'l [Found]>,
    /// The first of its rows, as many as are at hand.
    pub(crate) rows: &'l [ListRow],
}

impl At {
    /// Whether it lies behind an event.
    fn is_behind(self, event: Found) -> bool {
        match self {
            Self::Index(index) => event.index < index,
            Self::Time(time) => event.time < time,
        }
    }
}

impl List<'_> {
    /// Where the list's window begins and ends among all that match without it.
    pub(crate) fn bounds(&self, reader: &mut Reader<'_, '_>) -> io::Result<(u64, u64)> {
        let all = || self.parts.iter().map(|part| part.matches).sum::<u64>();
        match self.filter.window {
            None => Ok((0, all())),
            Some(Window { from, to }) => Ok((
                self.rank(reader, At::Time(from))?,
                self.rank(reader, At::Time(to))?,
            )),
        }
    }

    /// How many events that match stand before a moment or an event.
    pub(crate) fn rank(&self, reader: &mut Reader<'_, '_>, at: At) -> io::Result<u64> {
        if let Some(found) = self.found {
            return Ok(found.partition_point(|&event| at.is_behind(event)) as u64);
        }
        let sections = &reader.scan.sections;
        let section = match at {
            At::Index(index) => sections.of_index(index),
            At::Time(time) => sections.of_time(time),
        };
        // The last part that begins before the section does: all before it are counted already.
        let first = sections.list()[section].first;
        let behind = self.parts.partition_point(|part| part.first <= first);
        let Some(place) = behind.checked_sub(1) else {
            return Ok(0);
        };
        let mut rank: u64 = self.parts[..place].iter().map(|part| part.matches).sum();
        let count = |_: &Scan<'_>, _: &mut Names<'_>, _: &Seen<'_>| {
            rank += 1;
            ControlFlow::Continue(())
        };
        let event = |seen: &Seen<'_>| Found {
            index: seen.index,
            time: seen.event.time,
        };
        self.read(reader, place, count, |seen| !at.is_behind(event(seen)))?;
        Ok(rank)
    }

    /// The rows from `offset` on, counted among all that match.
    pub(crate) fn rows(
        &self,
        reader: &mut Reader<'_, '_>,
        offset: u64,
        limit: u64,
    ) -> io::Result<Vec<ListRow>> {
        let at_hand = self.rows.iter().skip(offset as usize).take(limit as usize);
        let mut rows: Vec<ListRow> = at_hand.cloned().collect();
        let (offset, limit) = (offset + rows.len() as u64, limit - rows.len() as u64);
        match self.found {
            Some(found) => Self::rows_found(reader, found, offset, limit, &mut rows)?,
            None => self.rows_in_parts(reader, offset, limit, &mut rows)?,
        }
        Ok(rows)
    }

    /// As [`List::rows`], of events that are known.
    fn rows_found(
        reader: &mut Reader<'_, '_>,
        found: &[Found],
        offset: u64,
        limit: u64,
        rows: &mut Vec<ListRow>,
    ) -> io::Result<()> {
        let wanted = (offset..).zip(found.iter().skip(offset as usize));
        let mut wanted = wanted.take(limit as usize).peekable();
        while let Some((_, first)) = wanted.peek() {
            let sections = &reader.scan.sections;
            let section = sections.of_index(first.index);
            let end = sections.list()[section].first + sections.length(section);
            let mut replay = Replay::from_section(reader.scan, section);
            let (scan, names) = (reader.scan, &mut *reader.names);
            replay.run(scan, reader.source, u64::MAX, |seen| {
                let row = wanted.next_if(|(_, event)| event.index <= seen.index);
                if let Some((row, _)) = row {
                    rows.push(ListRow::new(row, seen, scan, names));
                }
                match wanted.peek() {
                    Some((_, next)) if next.index < end => ControlFlow::Continue(()),
                    _ => ControlFlow::Break(()),
                }
            })?;
        }
        Ok(())
    }

    /// As [`List::rows`], of events that are looked for in the parts that have some.
    fn rows_in_parts(
        &self,
        reader: &mut Reader<'_, '_>,
        offset: u64,
        limit: u64,
        rows: &mut Vec<ListRow>,
    ) -> io::Result<()> {
        let mut before = 0;
        let mut wanted = limit;
        for (place, part) in self.parts.iter().enumerate() {
            if before + part.matches <= offset || wanted == 0 {
                before += part.matches;
                continue;
            }
            let skip = offset.saturating_sub(before);
            let mut left = part.matches;
            let mut number = before;
            self.read_part(reader, place, |scan, names, seen| {
                if left == 0 {
                    return ControlFlow::Break(());
                }
                left -= 1;
                if number >= before + skip {
                    rows.push(ListRow::new(number, seen, scan, names));
                    wanted -= 1;
                }
                number += 1;
                if wanted == 0 || left == 0 {
                    return ControlFlow::Break(());
                }
                ControlFlow::Continue(())
            })?;
            before += part.matches;
        }
        Ok(())
    }

    /// Shows what matches in one part.
    fn read_part(
        &self,
        reader: &mut Reader<'_, '_>,
        place: usize,
        see: impl FnMut(&Scan<'_>, &mut Names<'_>, &Seen<'_>) -> ControlFlow<()>,
    ) -> io::Result<()> {
        let end = self.parts.get(place + 1).map(|next| next.first);
        self.read(reader, place, see, |seen| {
            end.is_some_and(|end| seen.index >= end)
        })
    }

    /// Shows what matches from one part on, until all was seen.
    fn read(
        &self,
        reader: &mut Reader<'_, '_>,
        place: usize,
        mut see: impl FnMut(&Scan<'_>, &mut Names<'_>, &Seen<'_>) -> ControlFlow<()>,
        mut is_behind: impl FnMut(&Seen<'_>) -> bool,
    ) -> io::Result<()> {
        let first = self.parts[place].first;
        let section = reader.scan.sections.of_index(first);
        let mut replay = Replay::from_section(reader.scan, section);
        let (scan, names) = (reader.scan, &mut *reader.names);
        let reached = replay.run(scan, reader.source, u64::MAX, |seen| {
            if seen.index < first {
                return ControlFlow::Continue(());
            }
            if seen.index >= self.end || is_behind(seen) {
                return ControlFlow::Break(());
            }
            if self.filter.matches(seen, scan, names) {
                return see(scan, names, seen);
            }
            ControlFlow::Continue(())
        })?;
        debug_assert_ne!(reached, Reached::Limit);
        Ok(())
    }
}
