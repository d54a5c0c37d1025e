//! Pages of events, and where in a list something stands.

use serde::Serialize;

use crate::engine::{Engine, Refusal};
use crate::list::page::{List, Reader};
use crate::list::parts::{Part, counted};
use crate::list::row::Row;
use crate::query::{At, Filter};

/// Some rows of a list.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Page {
    offset: u64,
    total: u64,
    complete: bool,
    searched_to: u64,
    pub(crate) rows: Vec<Row>,
}

/// A place in a list.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Place {
    row: u64,
    index: Option<u64>,
    total: u64,
    complete: bool,
}

impl Page {
    /// Rows that were chosen one by one.
    pub(crate) fn of(rows: Vec<Row>) -> Self {
        Self {
            offset: 0,
            total: rows.len() as u64,
            complete: true,
            searched_to: rows.last().map_or(0, |row| row.index + 1),
            rows,
        }
    }
}

impl Engine<'_> {
    /// How many events of a list are where, and up to which event they were counted.
    fn parts(&mut self, filter: &Filter) -> (Vec<Part>, u64) {
        if filter.is_searched() {
            let search = self.search_for(filter);
            (search.parts.clone(), search.searched_to)
        } else {
            let sections = &self.scan.index.sections;
            (counted(sections, filter), sections.events)
        }
    }

    pub(crate) fn page(
        &mut self,
        offset: u64,
        limit: u64,
        filter: &Filter,
    ) -> Result<Page, Refusal> {
        let (parts, end) = self.parts(filter);
        let events = self.events();
        let mut reader = Reader {
            scan: &self.scan,
            source: &mut *self.source,
            names: &mut self.names,
        };
        let list = List {
            filter,
            parts: &parts,
            end,
        };
        let (first, behind) = list.bounds(&mut reader)?;
        let total = behind.saturating_sub(first);
        let limit = limit.min(total.saturating_sub(offset));
        let mut rows = list.rows(&mut reader, first.saturating_add(offset), limit)?;
        for row in &mut rows {
            row.row -= first;
        }
        Ok(Page {
            offset,
            total,
            complete: end >= events,
            searched_to: end,
            rows,
        })
    }

    pub(crate) fn find(&mut self, at: At, filter: &Filter) -> Result<Place, Refusal> {
        let (parts, end) = self.parts(filter);
        let events = self.events();
        let mut reader = Reader {
            scan: &self.scan,
            source: &mut *self.source,
            names: &mut self.names,
        };
        let list = List {
            filter,
            parts: &parts,
            end,
        };
        let (first, behind) = list.bounds(&mut reader)?;
        let rank = list.rank(&mut reader, at)?.clamp(first, behind);
        let found = if rank < behind {
            list.rows(&mut reader, rank, 1)?
        } else {
            Vec::new()
        };
        Ok(Place {
            row: rank - first,
            index: found.first().map(|row| row.index),
            total: behind - first,
            complete: end >= events,
        })
    }
}

/// Allocations of the worst call sites.
impl Engine<'_> {
    /// How many log messages there are.
    pub(crate) fn log_messages(&self) -> u64 {
        self.scan.trace.counts().log_messages
    }
}
