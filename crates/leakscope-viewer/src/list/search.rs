//! Lists whose events only reading can tell: they are counted a little at a time, while the page looks at
//! what was found so far.

use std::io;
use std::ops::ControlFlow;

use super::page::Reader;
use super::parts::Part;
use crate::query::Filter;
use crate::replay::{Reached, Replay};

/// A search under way.
pub(crate) struct Search {
    pub(crate) filter: Filter,
    pub(crate) parts: Vec<Part>,
    /// The first event that was not looked at.
    pub(crate) searched_to: u64,
    replay: Option<Replay>,
}

/// The length of a part, in events: a page is found by reading that many again.
const PART: u64 = 4096;

impl Search {
    /// A search for this. The window of the filter is of no concern here.
    pub(crate) fn new(filter: &Filter) -> Self {
        Self {
            filter: Filter {
                window: None,
                ..filter.clone()
            },
            parts: Vec::new(),
            searched_to: 0,
            replay: None,
        }
    }

    /// Whether this search is the one for a filter.
    pub(crate) fn is_for(&self, filter: &Filter) -> bool {
        self.filter
            == Filter {
                window: None,
                ..filter.clone()
            }
    }

    /// Looks at so many more events.
    pub(crate) fn advance(&mut self, reader: &mut Reader<'_, '_>, events: u64) -> io::Result<()> {
        let Reader {
            scan,
            source,
            names,
        } = reader;
        if self.searched_to >= scan.index.sections.events {
            return Ok(());
        }
        let section = scan.index.sections.of_index(self.searched_to);
        let mut replay = self
            .replay
            .take()
            .unwrap_or_else(|| Replay::from_section(scan, section));
        let Self {
            filter,
            parts,
            searched_to,
            ..
        } = self;
        let reached = replay.run(scan, *source, events, |seen| {
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
            if filter.matches(seen, scan, names)
                && let Some(part) = parts.last_mut()
            {
                part.matches += 1;
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
