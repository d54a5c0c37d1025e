//! Lists whose events only reading can tell: they are counted a little at a time, while the page looks at
//! what was found so far.

use std::io;
use std::ops::ControlFlow;

use super::parts::Part;
use super::row::ListRow;
use super::words::Words;
use crate::query::Filter;
use crate::reader::Reader;
use crate::replay::{Reached, Replay};

/// A search under way.
pub(crate) struct Search {
    filter: Filter,
    /// What the text of the filter is found in.
    words: Option<Words>,
    pub(crate) parts: Vec<Part>,
    /// The first event that was not looked at.
    pub(crate) searched_to: u64,
    replay: Option<Replay>,
    found: Vec<Found>,
    /// How many were found.
    total: u64,
    /// The first rows: what a page asks for again and again while it waits for more.
    pub(crate) rows: Vec<ListRow>,
}

/// The searches that were asked for, the last one last.
#[derive(Default)]
pub(crate) struct Searches(Vec<Search>);

/// Searches that are remembered.
const REMEMBERED: usize = 6;

/// Events that one slice of work looks at, and fewer for a text: some milliseconds.
const SLICE: u64 = 50_000;
const TEXT_SLICE: u64 = SLICE / 8;

impl Searches {
    /// The search for a filter, taken on by a slice; it is now the last one.
    pub(crate) fn up_to_date(
        &mut self,
        filter: &Filter,
        reader: &mut Reader<'_, '_>,
    ) -> io::Result<&Search> {
        let known = self.0.iter().position(|known| known.is_for(filter));
        let mut search = match known {
            Some(known) => self.0.remove(known),
            None => Search::new(filter),
        };
        let result = search.advance(reader);
        if self.0.len() >= REMEMBERED {
            self.0.remove(0);
        }
        self.0.push(search);
        result?;
        Ok(&self.0[self.0.len() - 1])
    }

    /// Goes on with the last search; returns whether there is more to look at.
    pub(crate) fn advance(&mut self, reader: &mut Reader<'_, '_>) -> io::Result<bool> {
        let Some(search) = self.0.last_mut() else {
            return Ok(false);
        };
        search.advance(reader)?;
        Ok(search.searched_to < reader.scan.sections.events)
    }
}

/// An event that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) index: u64,
    pub(crate) time: u64,
}

/// The length of a part, in events: a page is found by reading that many again.
const PART: u64 = 4096;

/// Found events that are remembered one by one: 4 MiB. Where there are more they stand close together, and
/// a page of them is found in few parts.
const FOUND: usize = 1 << 18;

/// Rows that are kept.
const ROWS: usize = 2000;

impl Search {
    /// A search for this. The window of the filter is of no concern here.
    fn new(filter: &Filter) -> Self {
        Self {
            filter: Filter {
                window: None,
                ..filter.clone()
            },
            words: filter.text.as_deref().map(Words::with),
            parts: Vec::new(),
            searched_to: 0,
            replay: None,
            found: Vec::new(),
            total: 0,
            rows: Vec::new(),
        }
    }

    /// All that was found, if it was not too much.
    pub(crate) fn found(&self) -> Option<&[Found]> {
        (self.total == self.found.len() as u64).then_some(&self.found)
    }

    /// Whether this search is the one for a filter.
    fn is_for(&self, filter: &Filter) -> bool {
        self.filter
            == Filter {
                window: None,
                ..filter.clone()
            }
    }

    /// Looks at a slice more of the events, if there are any.
    fn advance(&mut self, reader: &mut Reader<'_, '_>) -> io::Result<()> {
        let Reader {
            scan,
            source,
            names,
        } = reader;
        if self.searched_to >= scan.sections.events {
            return Ok(());
        }
        let section = scan.sections.of_index(self.searched_to);
        let mut replay = self
            .replay
            .take()
            .unwrap_or_else(|| Replay::from_section(scan, section));
        let Self {
            filter,
            words,
            parts,
            searched_to,
            found,
            total,
            rows,
            ..
        } = self;
        let slice = match filter.text {
            Some(_) => TEXT_SLICE,
            None => SLICE,
        };
        let reached = replay.run(scan, *source, slice, |seen| {
            if seen.index < *searched_to {
                return ControlFlow::Continue(());
            }
            *searched_to = seen.index + 1;
            if parts
                .last()
                .is_none_or(|part| seen.index >= part.first + PART)
            {
                parts.push(Part {
                    first: seen.index,
                    matches: 0,
                });
            }
            let has_words = |words: &mut Words| words.are_in(&seen.event, seen.trace, names);
            if filter.matches_but_for_text(seen, scan)
                && words.as_mut().is_none_or(has_words)
                && let Some(part) = parts.last_mut()
            {
                part.matches += 1;
                if rows.len() as u64 == *total && rows.len() < ROWS {
                    rows.push(ListRow::new(*total, seen, scan, names));
                }
                if found.len() as u64 == *total && found.len() < FOUND {
                    found.push(Found {
                        index: seen.index,
                        time: seen.event.time,
                    });
                }
                *total += 1;
            }
            ControlFlow::Continue(())
        })?;
        match reached {
            Reached::End => self.searched_to = replay.index.max(self.searched_to),
            _ => self.replay = Some(replay),
        }
        Ok(())
    }
}
