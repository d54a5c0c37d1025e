//! What the blocks of a call site, a task or a heap did in a window: their live bytes in columns, and allocations and frees one by
//! one.
//!
//! A window of few events is read again, from the last moment before it at which a curve says how many bytes lived; a longer one is
//! made from that curve.

use std::io;
use std::ops::ControlFlow;

use leakscope_analysis::heap::{Effect, KnownBlock};
use serde::Serialize;

use super::columns::{self, Grid};
use super::drawing::{HeapMark, mark};
use super::heap::Heap;
use super::site;
use super::timeline::is_short;
use crate::index::curve::Curve;
use crate::index::levels::Bin;
use crate::index::live::Live;
use crate::names::address;
use crate::query::{Owner, Window};
use crate::reader::Reader;
use crate::replay::{Replay, Seen};
use crate::scan::Scan;

/// The answer.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Track {
    #[serde(flatten)]
    owner: Named,
    exact: bool,
    heap: Heap,
    marks: Option<Vec<HeapMark>>,
}

/// An owner, as the page knows it: one of the three.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Named {
    site: i64,
    context: i64,
    of_heap: Option<String>,
}

impl From<Owner> for Named {
    fn from(owner: Owner) -> Self {
        let (mut site, mut context, mut of_heap) = (-1, -1, None);
        match owner {
            Owner::Site(number) => site = number as i64,
            Owner::Context(number) => context = number.into(),
            Owner::Heap(at) => of_heap = Some(address(at)),
        }
        Self {
            site,
            context,
            of_heap,
        }
    }
}

/// How much of a context's or a heap's blocks lived when, for the single file.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct OwnerCurve {
    #[serde(flatten)]
    owner: Named,
    curve: site::Curve,
}

impl OwnerCurve {
    pub(crate) fn new(owner: Owner, curve: &Curve, end: u64) -> Self {
        Self {
            owner: owner.into(),
            curve: site::Curve::new(curve, end),
        }
    }
}

impl Track {
    /// Of a window within the bounds of the trace.
    pub(crate) fn new(
        owner: Owner,
        window: Window,
        width: u64,
        curve: &Curve,
        reader: &mut Reader<'_, '_>,
    ) -> io::Result<Self> {
        let (exact, heap, marks) = if is_short(reader.scan, window) {
            let (heap, marks) = read(owner, window, width, curve.before(window.from), reader)?;
            (true, heap, marks)
        } else {
            (false, summed(window, curve), None)
        };
        Ok(Self {
            owner: owner.into(),
            exact,
            heap,
            marks,
        })
    }
}

fn summed(window: Window, curve: &Curve) -> Heap {
    let (columns, step) = columns::of_stretches(window, curve.step());
    let (_, before) = curve.before(columns.from);
    let mut grid = Grid::new(columns, (columns.to - columns.from) / step);
    let mut level = before;
    for change in curve.steps().filter(|change| columns.has(change.time)) {
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
    Heap::new(columns, &grid.filled(before))
}

/// From `begin` on, when so much lived.
fn read(
    owner: Owner,
    window: Window,
    width: u64,
    (begin, mut level): (u64, Live),
    reader: &mut Reader<'_, '_>,
) -> io::Result<(Heap, Option<Vec<HeapMark>>)> {
    let scan = reader.scan;
    let mut grid = Grid::new(window, width);
    let mut marks = Some(Vec::new());
    let mut before = level;
    let section = scan.sections.of_time(begin);
    Replay::from_section(scan, section).run(scan, reader.source, u64::MAX, |seen| {
        let time = seen.event.time;
        if time >= window.to {
            return ControlFlow::Break(());
        }
        let change = Change::of(seen, owner, scan).filter(|_| time >= begin);
        let Some(change) = change else {
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
            if let Some((kind, size)) = change.told(seen) {
                mark(&mut marks, || HeapMark::new(seen, scan, kind, size));
            }
        }
        level = next;
        ControlFlow::Continue(())
    })?;
    Ok((Heap::new(window, &grid.filled(before)), marks))
}

/// What an event did to the blocks of one owner, in bytes.
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
    fn of(seen: &Seen<'_>, owner: Owner, scan: &Scan<'_>) -> Option<Self> {
        let effect = seen.effect.as_ref()?;
        let by = owner.by();
        let own = |known: Option<&KnownBlock>| {
            let own = known.filter(|known| by.owner(known, &seen.event, scan) == owner);
            own.map(|known| known.block.size)
        };
        let asker = by.asker(seen, scan).filter(|asker| asker.0 == owner);
        let change = Self {
            begun: own(effect.began()),
            freed: own(effect.ended()),
            lost: own(effect.lost()),
            revived: own(effect.revived()),
            failed: asker.map(|(_, size)| size),
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
    fn told(&self, seen: &Seen<'_>) -> Option<(&'static str, u64)> {
        match (self.begun, self.freed, self.failed) {
            (Some(size), ..) => seen.effect.as_ref().map(|effect| (effect.name(), size)),
            (None, Some(size), _) => Some(("free", size)),
            (None, None, failed) => failed.map(|size| ("failed", size)),
        }
    }
}
