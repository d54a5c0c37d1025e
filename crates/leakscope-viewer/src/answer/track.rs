//! What a call site did in a window: its live bytes in columns, and its allocations and frees one by one.
//!
//! A window of few events is read again, from the last moment before it at which the curve that the index keeps says how
//! many bytes lived; a longer one is made from that curve.

use std::io;
use std::ops::ControlFlow;

use leakscope_analysis::heap::{Effect, KnownBlock};
use serde::Serialize;

use super::columns::Grid;
use super::drawing::{HeapMark, mark};
use super::heap::Heap;
use super::timeline::is_short;
use crate::index::levels::Bin;
use crate::index::live::Live;
use crate::index::sites::SiteIndex;
use crate::query::Window;
use crate::reader::Reader;
use crate::refusal::Refusal;
use crate::replay::Replay;

/// The answer.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Track {
    site: usize,
    exact: bool,
    heap: Heap,
    marks: Option<Vec<HeapMark>>,
}

impl Track {
    /// Of a window within the bounds of the trace.
    pub(crate) fn new(
        site: usize,
        window: Window,
        width: u64,
        reader: &mut Reader<'_, '_>,
    ) -> Result<Self, Refusal> {
        let held = reader.scan.index.sites.get(site);
        let held = held.ok_or(Refusal::NotFound("call site"))?;
        if !is_short(reader.scan, window) {
            return Ok(Self::summed(site, window, held));
        }
        let (begin, level) = held.before(window.from);
        Ok(Self::read(site, window, width, (begin, level), reader)?)
    }

    fn summed(site: usize, window: Window, held: &SiteIndex) -> Self {
        let step = held.step();
        let columns = Window {
            from: window.from / step * step,
            to: window.to.next_multiple_of(step),
        };
        let (_, before) = held.before(columns.from);
        let mut grid = Grid::new(columns, (columns.to - columns.from) / step);
        let mut level = before;
        for change in held.curve().filter(|change| columns.has(change.time)) {
            grid.join(
                change.time,
                &Bin {
                    min: level.bytes.min(change.last.bytes),
                    max: change.max,
                    last: change.last,
                    allocations: change.allocations,
                    frees: change.frees,
                    ..Bin::default()
                },
            );
            level = change.last;
        }
        Self {
            site,
            exact: false,
            heap: Heap::new(columns, &grid.filled(before)),
            marks: None,
        }
    }

    /// From `begin` on, when so much lived.
    fn read(
        site: usize,
        window: Window,
        width: u64,
        (begin, mut level): (u64, Live),
        reader: &mut Reader<'_, '_>,
    ) -> io::Result<Self> {
        let scan = reader.scan;
        let mut grid = Grid::new(window, width);
        let mut marks = Some(Vec::new());
        let mut before = level;
        let section = scan.index.sections.of_time(begin);
        Replay::from_section(scan, section).run(scan, reader.source, u64::MAX, |seen| {
            let time = seen.event.time;
            if time >= window.to {
                return ControlFlow::Break(());
            }
            let change = (seen.effect.as_ref()).and_then(|effect| Change::of(effect, site));
            let Some(change) = change.filter(|_| time >= begin) else {
                return ControlFlow::Continue(());
            };
            let next = change.applied_to(level);
            if time < window.from {
                before = next;
            } else {
                let bin = grid.at(time, level);
                bin.allocations += u32::from(change.begun.is_some());
                bin.allocated_bytes += change.begun.unwrap_or(0);
                bin.frees += u32::from(change.freed.is_some());
                bin.failed += u32::from(change.failed.is_some());
                bin.reach(next);
                if let Some((kind, size)) = change.told() {
                    mark(&mut marks, || HeapMark::new(seen, scan, kind, size));
                }
            }
            level = next;
            ControlFlow::Continue(())
        })?;
        Ok(Self {
            site,
            exact: true,
            heap: Heap::new(window, &grid.filled(before)),
            marks,
        })
    }
}

/// What an effect did to the blocks of one call site, in bytes.
struct Change {
    begun: Option<u64>,
    freed: Option<u64>,
    /// A block ended, nobody saw how.
    lost: Option<u64>,
    /// A block lives on.
    revived: Option<u64>,
    /// The bytes that were asked for in vain.
    failed: Option<u64>,
    /// All that lived has gone.
    is_restart: bool,
}

impl Change {
    /// `None` if it did nothing.
    fn of(effect: &Effect, site: usize) -> Option<Self> {
        let own = |known: Option<&KnownBlock>| {
            let own = known.filter(|known| known.site.index() == site);
            own.map(|known| known.block.size)
        };
        let change = Self {
            begun: own(effect.began()),
            freed: own(effect.ended()),
            lost: own(effect.lost()),
            revived: own(effect.revived()),
            failed: match effect {
                Effect::Failed { site: by, size, .. } if by.index() == site => Some(*size),
                _ => None,
            },
            is_restart: matches!(effect, Effect::Restart),
        };
        let Self {
            begun,
            freed,
            lost,
            revived,
            failed,
            ..
        } = change;
        let is_some = begun.or(freed).or(lost).or(revived).or(failed).is_some();
        (is_some || change.is_restart).then_some(change)
    }

    /// What lives after it.
    fn applied_to(&self, level: Live) -> Live {
        if self.is_restart {
            return Live::default();
        }
        let gone = [self.freed, self.lost].into_iter().flatten();
        let come = [self.begun, self.revived].into_iter().flatten();
        come.fold(gone.fold(level, Live::without), Live::with)
    }

    /// What a mark says of it.
    fn told(&self) -> Option<(&'static str, u64)> {
        match (self.begun, self.freed, self.failed) {
            (Some(size), Some(_), _) => Some(("reallocation", size)),
            (Some(size), None, _) => Some(("allocation", size)),
            (None, Some(size), _) => Some(("free", size)),
            (None, None, failed) => failed.map(|size| ("failed", size)),
        }
    }
}
