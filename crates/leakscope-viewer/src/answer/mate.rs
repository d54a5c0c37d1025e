//! The other half of an allocation or of a free.

use std::ops::ControlFlow;

use leakscope_analysis::heap::{Effect, KnownBlock};
use leakscope_analysis::trace::{EventKind, HeapEvent};
use serde::Serialize;

use super::address;
use crate::refusal::Refusal;
use crate::replay::{Reached, Replay, Seen};
use crate::scan::Scan;
use crate::source::TraceInputs;

/// A block's life.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Life {
    allocation: Option<Moment>,
    free: Option<Moment>,
    address: String,
    size: Option<u64>,
    site: i64,
    lifetime: Option<u64>,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Moment {
    index: u64,
    time: u64,
    context: i64,
    core: u8,
}

impl Moment {
    fn of(seen: &Seen<'_>, scan: &Scan<'_>) -> Self {
        Self {
            index: seen.index,
            time: seen.event.time,
            context: scan.context_number(seen.event.context),
            core: seen.event.core,
        }
    }
}

/// A search for the other half.
pub(crate) struct Mate {
    index: u64,
    replay: Replay,
    looks_for: Sought,
}

/// What is looked for.
#[derive(Clone, Copy)]
enum Sought {
    /// The event itself.
    Event,
    /// The end of a block.
    End {
        block: KnownBlock,
        allocation: Moment,
        /// Its free, as long as it may turn out to have been none.
        free: Option<Moment>,
    },
    /// The last event before a free that began its block.
    Begin {
        block: KnownBlock,
        free: Moment,
        allocation: Option<Moment>,
    },
}

/// What to do next.
enum Next {
    Done(Life),
    /// The allocation was earlier: read again from there.
    Back(u64),
    Refused,
}

impl Mate {
    pub(crate) fn new(scan: &Scan<'_>, index: u64) -> Result<Self, Refusal> {
        if index >= scan.index.sections.events {
            return Err(Refusal::NotFound("event"));
        }
        let section = scan.index.sections.of_index(index);
        Ok(Self {
            index,
            replay: Replay::from_section(scan, section),
            looks_for: Sought::Event,
        })
    }

    /// Looks at so many more events; the answer, if it was found.
    pub(crate) fn advance(
        &mut self,
        scan: &Scan<'_>,
        source: &mut dyn TraceInputs,
        events: u64,
    ) -> Result<Option<Life>, Refusal> {
        let mut next = None;
        let (index, looks_for) = (self.index, &mut self.looks_for);
        let reached = self.replay.run(scan, source, events, |seen| {
            next = match looks_for {
                Sought::Event if seen.index < index => None,
                Sought::Event => looks_for.begin(seen, scan),
                Sought::End { .. } => looks_for.end(seen, scan),
                Sought::Begin { .. } => looks_for.back(seen, scan),
            };
            match next {
                None => ControlFlow::Continue(()),
                Some(_) => ControlFlow::Break(()),
            }
        });
        match (next, reached?) {
            (Some(Next::Done(life)), _) => Ok(Some(life)),
            (Some(Next::Refused), _) => Err(Refusal::NotFound("allocation or free")),
            (Some(Next::Back(time)), _) => {
                let section = scan.index.sections.of_time(time);
                self.replay = Replay::from_section(scan, section);
                Ok(None)
            }
            (None, Reached::End) => (self.looks_for.life())
                .map(Some)
                .ok_or(Refusal::NotFound("event")),
            (None, _) => Ok(None),
        }
    }
}

/// Whether two blocks are one. At one address, there may be several of one tick.
fn is_same(some: &KnownBlock, other: &KnownBlock) -> bool {
    (some.block.address, some.block.time) == (other.block.address, other.block.time)
}

impl Sought {
    /// The event whose other half is wanted.
    fn begin(&mut self, seen: &Seen<'_>, scan: &Scan<'_>) -> Option<Next> {
        let now = Moment::of(seen, scan);
        match (&seen.effect, seen.event.kind) {
            (Some(Effect::Free { ended }), _) => {
                *self = Self::Begin {
                    block: *ended,
                    free: now,
                    allocation: None,
                };
                Some(Next::Back(ended.block.time))
            }
            (Some(Effect::UnknownFree(_)), EventKind::Heap(HeapEvent::Free { address, .. })) => {
                Some(Next::Done(Life {
                    allocation: None,
                    free: Some(now),
                    address: super::address(address),
                    size: None,
                    site: -1,
                    lifetime: None,
                }))
            }
            (Some(effect), _) => match effect.began() {
                Some(began) => {
                    *self = Self::End {
                        block: *began,
                        allocation: now,
                        free: None,
                    };
                    None
                }
                None => Some(Next::Refused),
            },
            (None, _) => Some(Next::Refused),
        }
    }

    /// Looks for the end of a block among the events behind its begin.
    fn end(&mut self, seen: &Seen<'_>, scan: &Scan<'_>) -> Option<Next> {
        let Self::End { block, free, .. } = self else {
            return None;
        };
        let is_it = |known: Option<&KnownBlock>| known.is_some_and(|known| is_same(known, block));
        if let Some(freed) = free {
            // Only the next heap event of its core can show that it was none.
            return match &seen.effect {
                Some(effect) if is_it(effect.revived()) => {
                    *free = None;
                    None
                }
                Some(_) if seen.event.core == freed.core => self.done(),
                _ => None,
            };
        }
        if seen.event.time > block.block.time
            && is_it(scan.heap.block(block.block.address).as_ref())
        {
            return self.done();
        }
        let effect = seen.effect.as_ref()?;
        if is_it(effect.ended()) {
            *free = Some(Moment::of(seen, scan));
            return None;
        }
        if is_it(effect.lost()) || *effect == Effect::Restart {
            return self.done();
        }
        None
    }

    /// Looks for the begin of a block among the events of its time.
    fn back(&mut self, seen: &Seen<'_>, scan: &Scan<'_>) -> Option<Next> {
        let Self::Begin {
            block,
            free,
            allocation,
        } = self
        else {
            return None;
        };
        if seen.index >= free.index || seen.event.time > block.block.time {
            return self.done();
        }
        let began = seen.effect.as_ref().and_then(Effect::began);
        if began.is_some_and(|began| is_same(began, block)) {
            *allocation = Some(Moment::of(seen, scan));
        }
        None
    }

    fn done(&self) -> Option<Next> {
        self.life().map(Next::Done)
    }

    /// What is known by now.
    fn life(&self) -> Option<Life> {
        let (KnownBlock { block, site }, allocation, free) = match *self {
            Self::Event => return None,
            Self::End {
                block,
                allocation,
                free,
            } => (block, Some(allocation), free),
            Self::Begin {
                block,
                allocation,
                free,
            } => (block, allocation, Some(free)),
        };
        Some(Life {
            allocation,
            free,
            address: address(block.address),
            size: Some(block.size),
            site: i64::from(site.number()),
            lifetime: free.map(|free| free.time.saturating_sub(block.time)),
        })
    }
}
