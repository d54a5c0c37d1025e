//! The other half of an allocation or of a free; of a double free, the two events before it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use leakscope_analysis::heap::{Effect, KnownBlock, UnknownFree};
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
    /// The event that frees it once more.
    again: Option<Moment>,
    address: String,
    size: Option<u64>,
    site: i64,
    lifetime: Option<u64>,
    missing: Option<Missing>,
}

/// Why a block has no free, or a free no allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Missing {
    /// The block lives.
    Lives,
    /// It lived when its session was over.
    Session,
    /// Its address was allocated again: its free is not in the trace.
    Reused,
    /// It was allocated before the trace began.
    Older,
    /// Its allocation was lost with data.
    Lost,
    /// It was freed before.
    Freed,
    /// No block begins there.
    Wrong,
    /// The other half is not among the events of the single file.
    Unlisted,
}

impl From<UnknownFree> for Missing {
    fn from(free: UnknownFree) -> Self {
        match free {
            UnknownFree::Older | UnknownFree::Paused { .. } => Self::Older,
            UnknownFree::AllocationLost => Self::Lost,
            UnknownFree::Double => Self::Freed,
            UnknownFree::Wrong => Self::Wrong,
        }
    }
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Moment {
    index: u64,
    time: u64,
    context: i64,
    core: u8,
}

impl Life {
    /// Of a block of which nothing is known but that it is freed.
    fn unknown(at: u64, free: Moment, why: UnknownFree) -> Self {
        Self {
            allocation: None,
            free: Some(free),
            again: None,
            address: address(at),
            size: None,
            site: -1,
            lifetime: None,
            missing: Some(why.into()),
        }
    }
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
    /// Of double frees, by time and address: when the block was freed first.
    first_frees: BTreeMap<(u64, u64), u64>,
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
        free: Option<Moment>,
    },
    /// The last event before a free that began its block.
    Begin {
        block: KnownBlock,
        free: Moment,
        /// Whether that was none, as a reallocation failed: its end is looked for, too.
        lives_on: bool,
        allocation: Option<Moment>,
        /// The free after it, which had no block any more.
        again: Option<Moment>,
    },
    /// The last end of a block at an address before an event frees it again.
    First {
        address: u64,
        again: Moment,
        known: Option<(KnownBlock, Moment)>,
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
    /// Of an event. `first_frees`: of double frees, by time and address, when the block was freed first, as far as that is known.
    pub(crate) fn new(
        scan: &Scan<'_>,
        index: u64,
        first_frees: BTreeMap<(u64, u64), u64>,
    ) -> Result<Self, Refusal> {
        if index >= scan.sections.events {
            return Err(Refusal::NotFound("event"));
        }
        let section = scan.sections.of_index(index);
        Ok(Self {
            index,
            replay: Replay::from_section(scan, section),
            looks_for: Sought::Event,
            first_frees,
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
        let first_frees = &self.first_frees;
        let reached = self.replay.run(scan, source, events, |seen| {
            next = match looks_for {
                Sought::Event if seen.index < index => None,
                Sought::Event => looks_for.begin(seen, scan, first_frees),
                Sought::First { .. } => looks_for.first(seen, scan),
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
                let section = scan.sections.of_time(time);
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
    fn begin(
        &mut self,
        seen: &Seen<'_>,
        scan: &Scan<'_>,
        first_frees: &BTreeMap<(u64, u64), u64>,
    ) -> Option<Next> {
        let now = Moment::of(seen, scan);
        if let Some(block) = seen.kept {
            *self = Self::Begin {
                block,
                free: now,
                lives_on: true,
                allocation: None,
                again: None,
            };
            return Some(Next::Back(block.block.time));
        }
        match (&seen.effect, seen.event.kind) {
            (Some(Effect::Free { ended }), _) => {
                *self = Self::Begin {
                    block: *ended,
                    free: now,
                    lives_on: false,
                    allocation: None,
                    again: None,
                };
                Some(Next::Back(ended.block.time))
            }
            (
                Some(Effect::UnknownFree(UnknownFree::Double)),
                EventKind::Heap(HeapEvent::Free { address, .. }),
            ) => {
                *self = Self::First {
                    address,
                    again: now,
                    known: None,
                };
                let first = first_frees.get(&(now.time, address));
                Some(Next::Back(first.copied().unwrap_or(0)))
            }
            (Some(Effect::UnknownFree(why)), EventKind::Heap(HeapEvent::Free { address, .. })) => {
                Some(Next::Done(Life::unknown(address, now, *why)))
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
        if seen.event.time > block.block.time
            && is_it(scan.heap.block(block.block.address).as_ref())
        {
            return self.done();
        }
        let effect = seen.effect.as_ref()?;
        if is_it(effect.ended()) {
            *free = Some(Moment::of(seen, scan));
            return self.done();
        }
        let missing = match effect {
            Effect::Restart => Missing::Session,
            _ if is_it(effect.lost()) => Missing::Reused,
            _ => return None,
        };
        let life = self.life()?;
        Some(Next::Done(Life {
            missing: Some(missing),
            ..life
        }))
    }

    /// Looks for the last end of a block at an address.
    fn first(&mut self, seen: &Seen<'_>, scan: &Scan<'_>) -> Option<Next> {
        let Self::First {
            address,
            again,
            known,
        } = self
        else {
            return None;
        };
        if seen.index < again.index {
            let ended = seen.effect.as_ref().and_then(Effect::ended);
            if let Some(ended) = ended.filter(|ended| ended.block.address == *address) {
                *known = Some((*ended, Moment::of(seen, scan)));
            }
            return None;
        }
        let Some((block, free)) = *known else {
            return self.done();
        };
        *self = Self::Begin {
            block,
            free,
            lives_on: false,
            allocation: None,
            again: Some(*again),
        };
        Some(Next::Back(block.block.time))
    }

    /// Looks for the begin of a block among the events of its time.
    fn back(&mut self, seen: &Seen<'_>, scan: &Scan<'_>) -> Option<Next> {
        let Self::Begin {
            block,
            free,
            lives_on,
            allocation,
            ..
        } = self
        else {
            return None;
        };
        if seen.index >= free.index || seen.event.time > block.block.time {
            let Some(allocation) = allocation.filter(|_| *lives_on) else {
                return self.done();
            };
            *self = Self::End {
                block: *block,
                allocation,
                free: None,
            };
            return self.end(seen, scan);
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
        let (KnownBlock { block, site }, allocation, free, again) = match *self {
            Self::Event => return None,
            Self::First { address, again, .. } => {
                return Some(Life::unknown(address, again, UnknownFree::Double));
            }
            Self::End {
                block,
                allocation,
                free,
            } => (block, Some(allocation), free, None),
            Self::Begin {
                block,
                allocation,
                free,
                lives_on,
                again,
            } => (block, allocation, (!lives_on).then_some(free), again),
        };
        Some(Life {
            allocation,
            free,
            again,
            address: address(block.address),
            size: Some(block.size),
            site: i64::from(site.number()),
            lifetime: free.map(|free| free.time.saturating_sub(block.time)),
            missing: match (allocation, free) {
                (None, _) => Some(Missing::Older),
                (_, None) => Some(Missing::Lives),
                _ => None,
            },
        })
    }
}
