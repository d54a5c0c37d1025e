//! Pages of events, and where in a list something stands.

use std::io;

use serde::Serialize;

use crate::list::page::List;
use crate::list::parts::counted;
use crate::list::row::ListRow;
use crate::list::search::{Search, Searches};
use crate::query::{At, Filter};
use crate::reader::Reader;

/// Some rows of a list.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Page {
    offset: u64,
    pub(crate) total: u64,
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
    /// Rows that were chosen one by one, among so many.
    pub(crate) fn of(rows: Vec<ListRow>, total: u64) -> Self {
        Self {
            offset: 0,
            total,
            complete: true,
            searched_to: rows.last().map_or(0, |row| row.index + 1),
            rows,
        }
    }
}

/// Brings the search for a list up to date, if it takes one; then shows the list. Also returns up to which event
/// it is known.
fn with_list<T>(
    filter: &Filter,
    searches: &mut Searches,
    reader: &mut Reader<'_, '_>,
    see: impl FnOnce(&List<'_>, &mut Reader<'_, '_>) -> io::Result<T>,
) -> io::Result<(T, u64)> {
    let search = if filter.is_searched() {
        Some(searches.up_to_date(filter, reader)?)
    } else {
        None
    };
    let (parts, end) = match search {
        Some(search) => (search.parts.clone(), search.searched_to),
        None => (counted(reader.scan, filter), reader.scan.sections.events),
    };
    let list = List {
        filter,
        parts: &parts,
        end,
        found: search.and_then(Search::found),
        rows: search.map_or(&[], |search| &search.rows),
    };
    Ok((see(&list, reader)?, end))
}

impl Page {
    /// At most `limit` rows of a list, from `offset` on.
    pub(crate) fn new(
        offset: u64,
        limit: u64,
        filter: &Filter,
        searches: &mut Searches,
        reader: &mut Reader<'_, '_>,
    ) -> io::Result<Self> {
        let ((total, rows), end) = with_list(filter, searches, reader, |list, reader| {
            let (first, behind) = list.bounds(reader)?;
            let total = behind.saturating_sub(first);
            let limit = limit.min(total.saturating_sub(offset));
            let mut rows = list.rows(reader, first.saturating_add(offset), limit)?;
            for row in &mut rows {
                row.row -= first;
            }
            Ok((total, rows))
        })?;
        Ok(Self {
            offset,
            total,
            complete: end >= reader.scan.sections.events,
            searched_to: end,
            rows,
        })
    }
}

impl Place {
    /// Where in a list a moment or an event stands.
    pub(crate) fn find(
        at: At,
        filter: &Filter,
        searches: &mut Searches,
        reader: &mut Reader<'_, '_>,
    ) -> io::Result<Self> {
        let (place, end) = with_list(filter, searches, reader, |list, reader| {
            let (first, behind) = list.bounds(reader)?;
            let rank = list.rank(reader, at)?.clamp(first, behind);
            let found = list.rows(reader, rank, u64::from(rank < behind))?;
            Ok(Self {
                row: rank - first,
                index: found.first().map(|row| row.index),
                total: behind - first,
                complete: true,
            })
        })?;
        Ok(Self {
            complete: end >= reader.scan.sections.events,
            ..place
        })
    }
}
