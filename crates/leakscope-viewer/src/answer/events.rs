//! Pages of events, and where in a list something stands.

use std::io;

use leakscope_report::document::call_site::Block;
use serde::Serialize;

use crate::engine::{Engine, Refusal};
use crate::index::kind::Kind;
use crate::list::page::{List, Reader};
use crate::list::parts::counted;
use crate::list::row::ListRow;
use crate::list::search::Search;
use crate::query::{At, Filter, ROWS, Window};

/// Some rows of a list.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Page {
    offset: u64,
    total: u64,
    complete: bool,
    searched_to: u64,
    pub(crate) rows: Vec<ListRow>,
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
    pub(crate) fn of(rows: Vec<ListRow>) -> Self {
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
    /// Brings the search for a list up to date, if it takes one; then shows the list. Also returns up to which
    /// event it is known.
    fn with_list<T>(
        &mut self,
        filter: &Filter,
        see: impl FnOnce(&List<'_>, &mut Reader<'_, '_>) -> io::Result<T>,
    ) -> Result<(T, u64), Refusal> {
        if filter.is_searched() && self.search_for(filter).searched_to < self.events() {
            self.search()?;
        }
        let mut reader = Reader {
            scan: &self.scan,
            source: &mut *self.source,
            names: &mut self.names,
        };
        let sections = &reader.scan.index.sections;
        // The one that was asked for last is the last.
        let search = self.searches.last().filter(|_| filter.is_searched());
        let (parts, end) = match search {
            Some(search) => (search.parts.clone(), search.searched_to),
            None => (counted(sections, filter), sections.events),
        };
        let list = List {
            filter,
            parts: &parts,
            end,
            found: search.and_then(Search::found),
            rows: search.map_or(&[], |search| &search.rows),
        };
        Ok((see(&list, &mut reader)?, end))
    }

    pub(crate) fn page(
        &mut self,
        offset: u64,
        limit: u64,
        filter: &Filter,
    ) -> Result<Page, Refusal> {
        let events = self.events();
        let ((total, rows), end) = self.with_list(filter, |list, reader| {
            let (first, behind) = list.bounds(reader)?;
            let total = behind.saturating_sub(first);
            let limit = limit.min(total.saturating_sub(offset));
            let mut rows = list.rows(reader, first.saturating_add(offset), limit)?;
            for row in &mut rows {
                row.row -= first;
            }
            Ok((total, rows))
        })?;
        Ok(Page {
            offset,
            total,
            complete: end >= events,
            searched_to: end,
            rows,
        })
    }

    pub(crate) fn find(&mut self, at: At, filter: &Filter) -> Result<Place, Refusal> {
        let events = self.events();
        let (place, end) = self.with_list(filter, |list, reader| {
            let (first, behind) = list.bounds(reader)?;
            let rank = list.rank(reader, at)?.clamp(first, behind);
            let found = list.rows(reader, rank, u64::from(rank < behind))?;
            Ok(Place {
                row: rank - first,
                index: found.first().map(|row| row.index),
                total: behind - first,
                complete: true,
            })
        })?;
        Ok(Place {
            complete: end >= events,
            ..place
        })
    }
}

impl Engine<'_> {
    /// How many log messages there are.
    pub(crate) fn log_messages(&self) -> u64 {
        self.scan.trace.counts().log_messages
    }

    /// The events that allocated blocks which leak: those of so many call sites, and so many of each.
    pub(crate) fn allocations_of_leaks(
        &mut self,
        leaks: usize,
        allocations: usize,
    ) -> Result<Vec<u64>, Refusal> {
        let (_, report, _) = self.outcome();
        let leaking = report.leaks().take(leaks);
        let blocks: Vec<Block> = leaking
            .flat_map(|site| site.blocks.iter().take(allocations).cloned())
            .collect();
        let mut found = Vec::new();
        for block in blocks {
            let filter = Filter {
                kinds: 1 << Kind::Heap as u16,
                window: Some(Window {
                    from: block.time_ticks,
                    to: block.time_ticks + 1,
                }),
                ..Filter::default()
            };
            let address = block.address.to_string();
            let page = self.page(0, ROWS, &filter)?;
            let rows = page.rows.iter();
            let mut rows = rows.filter(|row| row.address.as_ref() == Some(&address));
            found.extend(rows.next().map(|row| row.index));
        }
        Ok(found)
    }
}
