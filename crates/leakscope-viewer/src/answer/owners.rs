//! Whose blocks there are: a call site's, a task's or an interrupt's, a heap's; and how much of each lived when.
//!
//! The index keeps the curves of call sites. Those of contexts and heaps are read when somebody asks for them, and read on when the
//! trace has grown.

use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;

use leakscope_analysis::heap::{Effect, KnownBlock};
use leakscope_analysis::trace::Event;

use super::heaps::Heaps;
use crate::index::curve::Curve;
use crate::query::{By, Owner};
use crate::replay::{Reached, Replay, Seen};
use crate::scan::Scan;
use crate::source::TraceInputs;

impl By {
    /// Whose a block is that an event has to do with.
    pub(crate) fn owner(
        self,
        known: &KnownBlock,
        event: &Event<'_>,
        heaps: &Heaps,
        scan: &Scan<'_>,
    ) -> Owner {
        match self {
            Self::Site => Owner::Site(known.site.index()),
            Self::Context => {
                let context = scan.index.actors.context(known.block.context);
                Owner::Context(context.unwrap_or_default())
            }
            Self::Heap => Owner::Heap(heaps.of(known, event)),
        }
    }

    /// Who asks for memory in vain; `None` if the event is no such request.
    pub(crate) fn asker(
        self,
        seen: &Seen<'_>,
        heaps: &Heaps,
        scan: &Scan<'_>,
    ) -> Option<(Owner, u64)> {
        let Some(Effect::Failed { site, size, .. }) = &seen.effect else {
            return None;
        };
        let event = &seen.event;
        let owner = match self {
            Self::Site => Owner::Site(site.index()),
            Self::Context => Owner::Context(
                (scan.index.actors)
                    .numbered(event.core, event.context)
                    .context,
            ),
            Self::Heap => Owner::Heap(heaps.said(event)),
        };
        Some((owner, *size))
    }
}

/// The curves of contexts and heaps, while the trace is read for them.
pub(crate) struct Curves {
    by_owner: BTreeMap<Owner, Curve>,
    heaps: Heaps,
    replay: Replay,
    reached: u64,
    is_complete: bool,
}

impl Curves {
    /// Nothing is read yet.
    pub(crate) fn new(scan: &Scan<'_>) -> Self {
        Self {
            by_owner: BTreeMap::new(),
            heaps: Heaps::default(),
            replay: Replay::from_section(scan, 0),
            reached: 0,
            is_complete: false,
        }
    }

    /// Reads so many more events; returns whether all were read that there are by now.
    pub(crate) fn advance(
        &mut self,
        scan: &Scan<'_>,
        source: &mut dyn TraceInputs,
        events: u64,
    ) -> io::Result<bool> {
        if self.replay.extend(scan) {
            self.is_complete = false;
        }
        if self.is_complete {
            return Ok(true);
        }
        let Self {
            by_owner,
            heaps,
            replay,
            reached,
            ..
        } = self;
        let came = replay.run(scan, source, events, |seen| {
            *reached = seen.event.time;
            note(by_owner, heaps, seen, scan);
            ControlFlow::Continue(())
        })?;
        self.is_complete = came != Reached::Limit;
        Ok(self.is_complete)
    }

    /// Which heaps blocks lie in, as far as was read.
    pub(crate) fn heaps(&self) -> &Heaps {
        &self.heaps
    }

    /// Up to where they are known; `None`: all of the trace.
    pub(crate) fn reached(&self) -> Option<u64> {
        (!self.is_complete).then_some(self.reached)
    }

    /// The curve of a context or a heap that had blocks so far.
    pub(crate) fn of(&self, owner: Owner) -> Option<&Curve> {
        self.by_owner.get(&owner)
    }

    /// All contexts, or all heaps, in order of their numbers.
    pub(crate) fn all(&self, by: By) -> impl Iterator<Item = (Owner, &Curve)> {
        let curves = self.by_owner.iter().map(|(owner, curve)| (*owner, curve));
        curves.filter(move |(owner, _)| owner.by() == by)
    }
}

fn note(
    by_owner: &mut BTreeMap<Owner, Curve>,
    heaps: &mut Heaps,
    seen: &Seen<'_>,
    scan: &Scan<'_>,
) {
    let Some(effect) = &seen.effect else {
        return;
    };
    heaps.note(effect, &seen.event);
    let time = seen.event.time;
    if matches!(effect, Effect::Restart) {
        for curve in by_owner.values_mut() {
            curve.empty(time);
        }
    }
    for by in [By::Context, By::Heap] {
        let mut tell = |known: Option<&KnownBlock>, tell: fn(&mut Curve, u64, u64)| {
            if let Some(known) = known {
                let owner = by.owner(known, &seen.event, heaps, scan);
                tell(by_owner.entry(owner).or_default(), time, known.block.size);
            }
        };
        tell(effect.ended(), Curve::freed);
        tell(effect.lost(), Curve::lost);
        tell(effect.revived(), Curve::revived);
        tell(effect.began(), Curve::allocated);
    }
}
