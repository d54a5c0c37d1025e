//! The events that the single file lists: all of a short trace; of a long one those that are of most use.

use std::collections::BTreeMap;
use std::io;

use leakscope_analysis::heap::{Effect, KnownBlock, UnknownFree};
use leakscope_analysis::outcome::Block;
use leakscope_report::Standing;
use leakscope_report::units::{count, counted};
use serde::Serialize;

use crate::answer::Subject;
use crate::answer::events::Page;
use crate::answer::mate::Missing;
use crate::engine::Engine;
use crate::index::kind::Kind;
use crate::list::row::ListRow;
use crate::list::search::Searches;
use crate::query::{Filter, ROWS, Window};
use crate::refusal::Refusal;
use crate::scan::Scan;

/// Log messages from each end.
const LOGS: u64 = 1000;
/// Events that stand out.
const FLAGGED: usize = 500;
/// Leaks of which allocations are shown, and how many.
const LEAKS: usize = 50;
const ALLOCATIONS: usize = 10;

/// The numbers of an allocation and of its free.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Halves {
    Both(u64, u64),
    /// One of the two, and why there is no other.
    Alone(Option<u64>, Option<u64>, Missing),
    /// An allocation, why it has no free, and the event from which on its block is gone.
    Gone(u64, (), Missing, u64),
}

impl Halves {
    /// In this order, the last one in which an event stands is true of it.
    fn key(&self) -> (Option<u64>, u64) {
        match *self {
            Self::Both(allocation, free) => (Some(allocation), free),
            Self::Alone(allocation, free, _) => (allocation, free.unwrap_or(u64::MAX)),
            Self::Gone(allocation, ..) => (Some(allocation), u64::MAX),
        }
    }
}

/// From the event `from` on, up to the event `to`, so many log messages are not listed. All others are.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct LogGap {
    from: u64,
    to: u64,
    lines: u64,
}

/// Rows that are gathered from several lists, each once, in order.
struct Gathered<'e, 's> {
    engine: &'e mut Engine<'s>,
    rows: BTreeMap<u64, ListRow>,
}

impl Gathered<'_, '_> {
    fn add(&mut self, filter: &Filter, from: u64, number: u64) -> io::Result<()> {
        for row in rows_of(self.engine, filter, from, number)? {
            self.rows.insert(row.index, row);
        }
        Ok(())
    }

    /// Log messages of both ends; says where there are more.
    fn add_logs(&mut self) -> io::Result<Option<LogGap>> {
        let kinds = [Kind::Log, Kind::Warning, Kind::Error].map(|kind| 1 << kind as u16);
        let logs = Filter {
            kinds: kinds.iter().sum(),
            ..Filter::default()
        };
        let all = self.engine.counts().log_messages;
        self.add(&logs, 0, LOGS)?;
        self.add(&logs, all.saturating_sub(LOGS), LOGS)?;
        let Some(lines) = all.checked_sub(2 * LOGS).filter(|&lines| lines > 0) else {
            return Ok(None);
        };
        let mut index_of = |row| -> io::Result<Option<u64>> {
            let rows = rows_of(self.engine, &logs, row, 1)?;
            Ok(rows.first().map(|row| row.index))
        };
        let (last, next) = (index_of(LOGS - 1)?, index_of(all - LOGS)?);
        Ok(last.zip(next).map(|(last, to)| LogGap {
            from: last + 1,
            to,
            lines,
        }))
    }
}

/// The rows, and which log messages are not among them. Of a trace with more than `from_ends` events, so many of its
/// first and last ones, twice as many of the first.
pub(super) fn listed(
    engine: &mut Engine<'_>,
    from_ends: u64,
    left_out: &mut Vec<String>,
) -> Result<(Page, Option<LogGap>), Refusal> {
    let all = engine.events();
    let everything = Filter::default();
    let mut gathered = Gathered {
        engine,
        rows: BTreeMap::new(),
    };
    let mut log_gap = None;
    if all <= from_ends {
        gathered.add(&everything, 0, all)?;
    } else {
        let last = from_ends / 3;
        gathered.add(&everything, 0, from_ends - last)?;
        gathered.add(&everything, all - last, last)?;
        log_gap = gathered.add_logs()?;
        let flagged = &gathered.engine.reader().scan.index.flags;
        let flagged: Vec<u64> = flagged.iter().take(FLAGGED).map(|row| row.index).collect();
        let leaking = allocations_of_leaks(gathered.engine)?;
        for index in flagged.into_iter().chain(leaking) {
            gathered.add(&everything, index, 1)?;
        }
        left_out.push(format!(
            "{} of {} are listed: the first and the last ones (more with --html-events), log messages from both \
             ends, what stands out, and allocations of leaks",
            count(gathered.rows.len() as u64),
            counted(all, "event")
        ));
    }
    let mut rows: Vec<_> = gathered.rows.into_values().collect();
    for (place, row) in (0..).zip(&mut rows) {
        row.row = place;
    }
    Ok((Page::of(rows, all), log_gap))
}

/// Rows of a list that takes no search.
fn rows_of(
    engine: &mut Engine<'_>,
    filter: &Filter,
    from: u64,
    number: u64,
) -> io::Result<Vec<ListRow>> {
    let mut searches = Searches::default();
    let page = Page::new(from, number, filter, &mut searches, &mut engine.reader())?;
    Ok(page.rows)
}

/// The events that allocated blocks which leak.
fn allocations_of_leaks(engine: &mut Engine<'_>) -> io::Result<Vec<u64>> {
    let Subject {
        outcome, report, ..
    } = engine.subject();
    let leaking = outcome.call_sites.iter().zip(&report.call_sites);
    let leaking = leaking.filter(|(_, site)| site.standing == Standing::Leak);
    let blocks: Vec<Block> = leaking
        .take(LEAKS)
        .flat_map(|(site, _)| site.blocks.iter().take(ALLOCATIONS).copied())
        .collect();
    let mut found = Vec::new();
    for block in blocks {
        let filter = Filter {
            kinds: 1 << Kind::Heap as u16,
            window: Some(Window {
                from: block.time,
                to: block.time + 1,
            }),
            ..Filter::default()
        };
        let began = |row: &ListRow| {
            let began = row.effect.as_ref().and_then(Effect::began);
            began.is_some_and(|began| began.block.address == block.address)
        };
        let rows = rows_of(engine, &filter, 0, ROWS)?;
        found.extend(rows.into_iter().rfind(began).map(|row| row.index));
    }
    Ok(found)
}

/// Of each double free that is listed, the free before it.
pub(super) fn again(events: &Page) -> Vec<(u64, u64)> {
    let mut freed: BTreeMap<&str, u64> = BTreeMap::new();
    let mut again = Vec::new();
    for row in &events.rows {
        let (Some(effect), Some(address)) = (&row.effect, row.address.as_deref()) else {
            continue;
        };
        if effect.ended().is_some() {
            freed.insert(address, row.index);
        } else if *effect == Effect::UnknownFree(UnknownFree::Double) {
            again.extend(freed.get(address).map(|&first| (row.index, first)));
        }
    }
    again
}

/// Of each event of a reallocation that failed, the allocation of the block that lives on.
pub(super) fn kept(events: &Page) -> Vec<(u64, u64)> {
    let mut begun: BTreeMap<(u64, u64), u64> = BTreeMap::new();
    let key = |known: &KnownBlock| (known.block.address, known.block.time);
    let mut kept = Vec::new();
    for row in &events.rows {
        if let Some(began) = row.effect.as_ref().and_then(Effect::began) {
            begun.insert(key(began), row.index);
        }
        let allocation = row.kept.as_ref().and_then(|block| begun.get(&key(block)));
        kept.extend(allocation.map(|&allocation| (row.index, allocation)));
    }
    kept
}

/// Of each block of which one half is listed, both.
pub(super) fn blocks(events: &Page, scan: &Scan<'_>) -> Vec<Halves> {
    let mut halves = Vec::new();
    // Two blocks at one address do not live at once.
    let mut begun: BTreeMap<(u64, u64), u64> = BTreeMap::new();
    let is_all = events.rows.len() as u64 == events.total;
    let key = |known: &KnownBlock| (known.block.address, known.block.time);
    let unlisted = |index| Halves::Alone(Some(index), None, Missing::Unlisted);
    for row in &events.rows {
        let Some(effect) = &row.effect else {
            continue;
        };
        if *effect == Effect::Restart {
            let over = std::mem::take(&mut begun).into_values();
            halves.extend(over.map(|index| {
                if is_all {
                    Halves::Gone(index, (), Missing::Session, row.index)
                } else {
                    unlisted(index)
                }
            }));
        }
        if let Some(why) = effect.unknown_free() {
            halves.push(Halves::Alone(None, Some(row.index), why.into()));
        }
        if let Some(ended) = effect.ended() {
            let allocation = begun.remove(&key(ended));
            halves.push(match allocation {
                Some(allocation) => Halves::Both(allocation, row.index),
                None => Halves::Alone(None, Some(row.index), Missing::Unlisted),
            });
        }
        if let Some(lost) = effect.lost()
            && let Some(index) = begun.remove(&key(lost))
        {
            halves.push(Halves::Gone(index, (), Missing::Reused, row.index));
        }
        if let Some(began) = effect.began() {
            let before = begun.insert(key(began), row.index);
            halves.extend(before.map(unlisted));
        }
    }
    halves.extend(begun.into_iter().map(|((address, time), index)| {
        let now = scan.heap.block(address);
        if now.is_some_and(|known| known.block.time == time) {
            Halves::Alone(Some(index), None, Missing::Lives)
        } else {
            unlisted(index)
        }
    }));
    halves.sort_unstable_by_key(Halves::key);
    halves
}
