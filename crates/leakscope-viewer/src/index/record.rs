//! What the index is told of events: plain values, which can be kept until there are many of them.

use leakscope_analysis::heap::{Completes, Effect, KnownBlock, SiteId};
use leakscope_analysis::outcome::Block;
use leakscope_analysis::trace::{Context, Event, EventKind, Occasion, Switch, Trace};

use super::actors::{Actor, Actors};
use super::kind::Kind;
use super::running::Turn;

/// A block begins or is freed, in the heap without a name, and that is all.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeapRecord {
    pub(super) time: u64,
    pub(super) address: u64,
    /// When it began.
    pub(super) born: u64,
    pub(super) size: u32,
    pub(super) site: SiteId,
    /// Who allocates or frees it, and who had allocated it.
    pub(super) lane: u32,
    pub(super) owner_lane: u32,
    pub(super) by: u16,
    pub(super) owner: u16,
    pub(super) core: u8,
    pub(super) is_free: bool,
}

impl HeapRecord {
    /// The block; its owner is known by numbers only.
    #[inline(always)]
    pub(super) fn block(&self) -> KnownBlock {
        let block = Block {
            address: self.address,
            size: self.size.into(),
            time: self.born,
            context: Context::Unknown,
            core: self.core,
        };
        let site = self.site;
        KnownBlock { block, site }
    }

    pub(super) fn occasion(&self) -> Occasion {
        Occasion {
            time: self.time,
            context: Context::Unknown,
            core: self.core,
            input: 0,
            offset: 0,
        }
    }

    pub(super) fn effect(&self) -> Effect {
        let known = self.block();
        if self.is_free {
            return Effect::Free { ended: known };
        }
        Effect::Allocation {
            began: known,
            lost: None,
            completes: Completes::Nothing,
        }
    }
}

/// A packet of the system: from now on, somebody runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct SwitchRecord {
    pub(super) time: u64,
    pub(super) id: u32,
    pub(super) core: u8,
    /// Whether it also says of somebody, who is the next in the list of these, whether he is ready.
    pub(super) has_ready: bool,
    pub(super) lane: u32,
    pub(super) now: Actor,
}

/// An event that is only counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    pub(super) time: u64,
    pub(super) lane: u32,
    pub(super) kind: Kind,
}

/// What is seldom, or needs all that came before it.
#[derive(Debug)]
pub(crate) enum Other {
    /// The next of the effects.
    Effect,
    Event(Told),
    /// A section begins, at this time; whether each two have become one.
    Section {
        time: u64,
        joined: bool,
    },
    /// A section is full, and cannot begin here.
    Full,
    /// What lasts is to be summed up to this moment. There are so many lanes.
    Settle {
        time: u64,
        lanes: usize,
    },
}

/// What an event did to the heap that it names.
#[derive(Debug)]
pub(super) struct Affected {
    pub(super) now: Occasion,
    pub(super) actor: Actor,
    pub(super) named: u64,
    pub(super) effect: Effect,
    /// Who had allocated the blocks that end, are lost and are revived.
    owners: [Actor; 3],
}

impl Affected {
    fn new(now: Occasion, named: u64, effect: Effect, actors: &mut Actors) -> Self {
        let actor = actors.number(now.core, now.context);
        let blocks = [effect.ended(), effect.lost(), effect.revived()];
        let owners = blocks.map(|known| match known {
            Some(KnownBlock { block, .. }) => actors.number(block.core, block.context),
            None => actor,
        });
        Self {
            now,
            actor,
            named,
            effect,
            owners,
        }
    }

    /// Who has allocated one of its blocks.
    pub(super) fn owner(&self, block: &Block) -> Actor {
        let effect = &self.effect;
        let blocks = [effect.ended(), effect.lost(), effect.revived()];
        let mut owners = blocks.into_iter().zip(self.owners);
        let owner = owners.find(|(known, _)| {
            known.is_some_and(|known| {
                (known.block.core, known.block.context) == (block.core, block.context)
            })
        });
        owner.map_or(self.actor, |(_, owner)| owner)
    }
}

/// What there is to an event.
#[derive(Debug)]
pub(crate) struct Told {
    pub(super) time: u64,
    pub(super) core: u8,
    pub(super) id: u32,
    pub(super) lane: u32,
    pub(super) kind: Kind,
    /// Whether it has the next of the effects.
    pub(super) has_effect: bool,
    pub(super) is_start: bool,
    pub(super) is_unreadable: bool,
    pub(super) marker: Option<u32>,
    /// Since when data were lost, how many packets and how many bytes.
    pub(super) gap: Option<(u64, Option<u64>, u64)>,
    pub(super) turn: Option<Turn>,
}

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

    pub(crate) fn clear(&mut self) {
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
            id,
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
        let owner = if (block.core, block.context) == (now.core, now.context) {
            actor
        } else {
            actors.number(block.core, block.context)
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
            EventKind::Module | EventKind::Api | EventKind::Log(_) => 0,
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
}

impl Batch {
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
        if let (EventKind::System, Some(Turn::Event { now, ready, .. })) = (event.kind, &turn) {
            let (now, ready) = (*now, *ready);
            self.ready.extend(ready);
            return self.switches.push(SwitchRecord {
                time: event.time,
                id: event.id,
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
