//! Many events, in plain values: each kind for itself, so that each can be taken in by a loop of its own.

use leakscope_analysis::heap::{Completes, Effect};
use leakscope_analysis::trace::{Event, EventKind, Occasion, Switch, Trace};

use super::actors::{Actor, Actors};
use super::kind::Kind;
use super::record::{Affected, Counted, HeapRecord, Other, SwitchRecord, Told};
use super::running::Turn;

/// Some events, and what of each kind came before each of the others.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(super) heap: Vec<HeapRecord>,
    pub(super) switches: Vec<SwitchRecord>,
    pub(super) ready: Vec<Actor>,
    pub(super) counted: Vec<Counted>,
    pub(super) effects: Vec<Affected>,
    pub(super) others: Vec<(Place, Other)>,
}

/// How many there are of each.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    pub(super) heap: usize,
    pub(super) switches: usize,
    pub(super) ready: usize,
    pub(super) counted: usize,
}

impl Batch {
    pub(super) fn end(&self) -> Place {
        Place {
            heap: self.heap.len(),
            switches: self.switches.len(),
            ready: self.ready.len(),
            counted: self.counted.len(),
        }
    }

    pub(super) fn clear(&mut self) {
        self.heap.clear();
        self.switches.clear();
        self.ready.clear();
        self.counted.clear();
    }

    #[inline(always)]
    pub(crate) fn switched(&mut self, switch: &Switch, actors: &mut Actors) {
        let Switch { time, core, id, .. } = *switch;
        let of_event = actors.number(core, switch.context);
        let now = if switch.running == switch.context {
            of_event
        } else {
            actors.number(core, switch.running)
        };
        self.switches.push(SwitchRecord {
            time,
            id: id as u8,
            core,
            has_ready: false,
            lane: of_event.lane,
            now,
        });
    }

    /// What an event did to the heap that it names.
    #[inline(always)]
    pub(crate) fn affected(
        &mut self,
        now: &Occasion,
        named: u64,
        effect: &Effect,
        actors: &mut Actors,
    ) {
        let (known, is_free) = match effect {
            Effect::Allocation {
                began,
                lost: None,
                completes: Completes::Nothing,
            } if named == 0 => (began, false),
            Effect::Free { ended } if named == 0 => (ended, true),
            // Copies: no other effect needs to lie in memory.
            effect => {
                let (now, effect) = (*now, *effect);
                return self.other_effect(now, named, effect, actors);
            }
        };
        let block = &known.block;
        let actor = actors.number(now.core, now.context);
        let owner = if is_free {
            actors.number(block.core, block.context)
        } else {
            actor
        };
        self.heap.push(HeapRecord {
            time: now.time,
            address: block.address,
            born: block.time,
            // Sizes of blocks have 32 bits.
            size: block.size as u32,
            site: known.site,
            lane: actor.lane,
            owner_lane: owner.lane,
            by: actor.context,
            owner: owner.context,
            core: now.core,
            is_free,
        });
    }

    #[inline(never)]
    fn other_effect(&mut self, now: Occasion, named: u64, effect: Effect, actors: &mut Actors) {
        (self.effects).push(Affected::new(now, named, effect, actors));
        self.other(Other::Effect);
    }

    pub(crate) fn other(&mut self, other: Other) {
        self.others.push((self.end(), other));
    }

    /// Any event that the model has observed.
    pub(crate) fn event(
        &mut self,
        event: &Event<'_>,
        effect: Option<&Effect>,
        trace: &Trace,
        actors: &mut Actors,
    ) {
        let named = match event.kind {
            EventKind::Heap(of_heap) => of_heap.named(),
            EventKind::Module
            | EventKind::FreeOfOther { .. }
            | EventKind::Api
            | EventKind::Log(_) => 0,
            _ => return self.of_system(event, effect, trace, actors),
        };
        match effect {
            Some(effect) => self.affected(&event.occasion(), named, effect, actors),
            None => self.counted.push(Counted {
                time: event.time,
                lane: actors.number(event.core, event.context).lane,
                kind: Kind::of(event),
            }),
        }
    }

    fn of_system(
        &mut self,
        event: &Event<'_>,
        effect: Option<&Effect>,
        trace: &Trace,
        actors: &mut Actors,
    ) {
        let lane = actors.number(event.core, event.context).lane;
        if let Some(effect) = effect {
            (self.effects).push(Affected::new(event.occasion(), 0, *effect, actors));
        }
        let turn = Turn::of(event, trace, |core, is| actors.number(core, is));
        if let (EventKind::System, Some(Turn::Event { now, ready })) = (event.kind, &turn) {
            let (now, ready) = (*now, *ready);
            self.ready.extend(ready);
            return self.switches.push(SwitchRecord {
                time: event.time,
                id: event.id as u8,
                core: event.core,
                has_ready: ready.is_some(),
                lane,
                now,
            });
        }
        self.other(Other::Event(Told {
            time: event.time,
            core: event.core,
            id: event.id,
            lane,
            kind: Kind::of(event),
            has_effect: effect.is_some(),
            is_start: matches!(event.kind, EventKind::Start(_)),
            is_unreadable: matches!(event.kind, EventKind::Unreadable),
            marker: match event.kind {
                EventKind::Mark { marker } => Some(marker),
                _ => None,
            },
            gap: match event.kind {
                EventKind::Gap {
                    from,
                    packets,
                    bytes,
                } => Some((from, packets, bytes)),
                _ => None,
            },
            turn,
        }));
    }
}
