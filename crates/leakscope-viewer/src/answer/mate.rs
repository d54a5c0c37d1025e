//! The other half of an allocation or of a free.

use std::io;
use std::ops::ControlFlow;

use leakscope_analysis::trace::{EventKind, HeapEvent};
use serde::Serialize;

use super::address;
use crate::engine::Refusal;
use crate::index::ledger::{Fate, freed_address};
use crate::list::matching::site;
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
            context: (scan.index.contexts.known(seen.event.context)).map_or(-1, i64::from),
            core: seen.event.core,
        }
    }
}

/// A search for the other half.
pub(crate) struct Mate {
    index: u64,
    replay: Replay,
    known: Known,
}

enum Known {
    /// The event itself is still to be read.
    Nothing,
    /// It is an allocation: its free is looked for.
    Allocation {
        at: Moment,
        address: u64,
        size: u64,
        site: i64,
    },
    /// It is a free: the allocation is looked for among the events of this time.
    Free {
        at: Moment,
        address: u64,
        size: u64,
        site: i64,
        born: u64,
        last: Option<Moment>,
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
            known: Known::Nothing,
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
        let (index, known) = (self.index, &mut self.known);
        let reached: io::Result<Reached> = self.replay.run(scan, source, events, |seen| {
            if matches!(known, Known::Nothing) && seen.index < index {
                return ControlFlow::Continue(());
            }
            next = known.see(seen, scan);
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
            (None, Reached::End) => self
                .known
                .at_end()
                .map(Some)
                .ok_or(Refusal::NotFound("event")),
            (None, _) => Ok(None),
        }
    }
}

impl Known {
    fn see(&mut self, seen: &Seen<'_>, scan: &Scan<'_>) -> Option<Next> {
        let of_heap = match seen.event.kind {
            EventKind::Heap(of_heap) => of_heap,
            _ if matches!(self, Self::Nothing) => return Some(Next::Refused),
            _ => return None,
        };
        let site = site(seen, scan).map_or(-1, |site| i64::from(site.number()));
        let now = Moment::of(seen, scan);
        match self {
            Self::Nothing => match of_heap {
                HeapEvent::Allocation { address, size, .. }
                | HeapEvent::Reallocation { address, size, .. } => {
                    let lives = scan
                        .heap
                        .block(address)
                        .is_some_and(|known| known.block.time == now.time);
                    *self = Self::Allocation {
                        at: now,
                        address,
                        size,
                        site,
                    };
                    lives.then(|| self.at_end().map_or(Next::Refused, Next::Done))
                }
                HeapEvent::Free { address, .. } => match seen.fate {
                    Some(Fate::Block { size, site, born }) => {
                        *self = Self::Free {
                            at: now,
                            address,
                            size,
                            site: i64::from(site),
                            born,
                            last: None,
                        };
                        Some(Next::Back(born))
                    }
                    _ => Some(Next::Done(Life {
                        allocation: None,
                        free: Some(now),
                        address: super::address(address),
                        size: None,
                        site: -1,
                        lifetime: None,
                    })),
                },
                _ => Some(Next::Refused),
            },
            Self::Allocation { address, .. } => {
                let wanted = *address;
                let ends = freed_address(of_heap) == Some(wanted)
                    && matches!(seen.fate, Some(Fate::Block { .. }));
                let again =
                    matches!(of_heap, HeapEvent::Allocation { address, .. } if address == wanted);
                if ends {
                    self.with_free(now).map(Next::Done)
                } else if again {
                    // Its free was lost.
                    self.at_end().map(Next::Done)
                } else {
                    None
                }
            }
            Self::Free {
                at,
                address,
                born,
                last,
                ..
            } => {
                let is_it = matches!(of_heap,
                    HeapEvent::Allocation { address: new, .. }
                    | HeapEvent::Reallocation { address: new, .. } if new == *address);
                if now.index >= at.index || now.time > *born {
                    return self.at_end().map(Next::Done);
                }
                if is_it && now.time == *born {
                    *last = Some(now);
                }
                None
            }
        }
    }

    fn with_free(&self, free: Moment) -> Option<Life> {
        let life = self.at_end()?;
        let born = life.allocation?.time;
        Some(Life {
            free: Some(free),
            lifetime: Some(free.time.saturating_sub(born)),
            ..life
        })
    }

    /// What is known when there is nothing more to look at.
    fn at_end(&self) -> Option<Life> {
        match *self {
            Self::Nothing => None,
            Self::Allocation {
                at,
                address: place,
                size,
                site,
            } => Some(Life {
                allocation: Some(at),
                free: None,
                address: address(place),
                size: Some(size),
                site,
                lifetime: None,
            }),
            Self::Free {
                at,
                address: place,
                size,
                site,
                born,
                last,
            } => Some(Life {
                allocation: last,
                free: Some(at),
                address: address(place),
                size: Some(size),
                site,
                lifetime: Some(at.time.saturating_sub(born)),
            }),
        }
    }
}
