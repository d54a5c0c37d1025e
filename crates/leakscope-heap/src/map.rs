//! The map of a heap over a recording: each allocator that could be it is tried, and the one that predicts most addresses
//! is believed.

use std::collections::BTreeSet;

use leakscope_analysis::heap::{Completes, Effect, HeapModel, KnownBlock, Watcher};
use leakscope_analysis::trace::{Event, EventKind, HeapEvent, Occasion, Start, Switch, Trace};

use crate::allocator::Allocator;
use crate::failure::{Failure, Reason};
use crate::history::{History, Level};
use crate::image::Memory;
use crate::pool::Pool;
use crate::region::Region;
use crate::space::Block;
use crate::told::{Check, Listener, Told};
use crate::trend::Trend;

/// From this share of predicted addresses on, holes are known; below they are estimates.
pub const SURE: f64 = 0.95;

/// Allocators that are behind are given up after this many addresses …
const TRIAL: u64 = 2000;
/// … if the best has predicted more of them, by at least one in this many.
const BEHIND: u64 = 50;

/// This many addresses behind a pause show that little happened meanwhile, if they are where they were expected.
const SINCE_PAUSE: u64 = 20;

/// A heap's memory, as each allocator that could be it would have it.
#[derive(Debug)]
pub struct HeapMap {
    /// At least one.
    candidates: Vec<Candidate>,
    /// Those that were given up though they had predicted as many addresses as the best.
    equals: Vec<Allocator>,
    /// A block that was freed, while the next event may say that it was reallocated.
    moving: Option<KnownBlock>,
    /// Addresses in the regions.
    addresses: u64,
    /// Addresses elsewhere.
    outside: u64,
    /// Of the addresses, those before the recording paused last; `None` if it never did.
    before_pause: Option<u64>,
    /// Up to when events are taken into account.
    until: u64,
    end: u64,
    is_over: bool,
    /// What the target said of its heap, the first ones, and how much more it said.
    checks: Vec<Check>,
    more_checks: u64,
    listener: Listener,
    image: Option<Check>,
}

/// A heap as one allocator would have it.
#[derive(Debug)]
pub struct Candidate {
    allocator: Allocator,
    pools: Vec<Pool>,
    histories: Vec<History>,
    failures: Vec<Failure>,
    /// Failures that are not in the list.
    more_failures: u64,
    predicted: u64,
    /// Of these, those before the recording paused last.
    before_pause: u64,
}

impl HeapMap {
    /// The map of these regions, which do not overlap, under some allocators; under all that are known if these are none.
    /// It takes events up to a moment, in ticks, into account.
    pub fn new(regions: &[Region], tried: &[Allocator], until: u64) -> Self {
        // Of one region, there is nothing to take together.
        let is_tried = |allocator: &&Allocator| regions.len() > 1 || !allocator.is_together;
        let all: Vec<Allocator> = if tried.is_empty() {
            Allocator::ALL.iter().filter(is_tried).copied().collect()
        } else {
            tried.to_vec()
        };
        Self {
            candidates: (all.into_iter())
                .map(|allocator| Candidate::new(allocator, regions))
                .collect(),
            equals: Vec::new(),
            moving: None,
            addresses: 0,
            outside: 0,
            before_pause: None,
            until,
            end: 0,
            is_over: false,
            checks: Vec::new(),
            more_checks: 0,
            listener: Listener::default(),
            image: None,
        }
    }

    /// Takes into account what an event did.
    pub fn observe(&mut self, time: u64, effect: &Effect) {
        self.is_over |= time > self.until;
        if self.is_over {
            return;
        }
        self.settle_before(effect);
        self.end = time;
        let moved = self.moving.take();
        match *effect {
            Effect::Allocation {
                began,
                lost,
                completes,
            } => {
                if matches!(completes, Completes::Retry | Completes::RetriedReallocation) {
                    self.each(Candidate::found_elsewhere);
                }
                self.begin(time, &began, lost, moved);
            }
            Effect::Reallocation { began, lost, ended } => {
                self.begin(time, &began, lost, ended.ok());
            }
            Effect::Free { ended } => self.moving = Some(ended),
            // Why it failed, the map cannot say: how much was asked for is not known.
            Effect::Failed { size: 0, .. } => {}
            Effect::Failed { size, .. } => self.each(|candidate| candidate.fail(time, size)),
            Effect::Restart => {
                self.before_pause = None;
                self.each(Candidate::clear);
            }
            _ => {}
        }
    }

    /// Takes into account what an event did. Beside what its effect says: behind a pause memory is what it was, and a block
    /// from before it may be freed.
    pub fn observe_event(&mut self, event: &Event<'_>, effect: &Effect) {
        let is_reset = matches!(event.kind, EventKind::Start(Start::AfterReset));
        if *effect == Effect::Restart && !is_reset {
            return self.pause(event.time);
        }
        self.observe(event.time, effect);
        if self.before_pause.is_none() || self.is_over {
            return;
        }
        if let Some(pointer) = unknown_end(event, effect) {
            self.each(|candidate| candidate.free(event.time, pointer));
        }
    }

    /// The recording pauses. What happens meanwhile, nobody knows.
    fn pause(&mut self, time: u64) {
        self.is_over |= time > self.until;
        if self.is_over {
            return;
        }
        self.finish();
        self.end = time;
        self.before_pause = Some(self.addresses);
        self.each(|candidate| {
            candidate.before_pause = candidate.predicted;
            candidate.pools.iter_mut().for_each(Pool::pause);
        });
    }

    /// A block that was freed was not reallocated.
    fn settle(&mut self, time: u64, freed: Option<KnownBlock>) {
        if let Some(freed) = freed {
            self.each(|candidate| candidate.free(time, freed.block.address));
        }
    }

    fn begin(
        &mut self,
        time: u64,
        began: &KnownBlock,
        lost: Option<KnownBlock>,
        moved: Option<KnownBlock>,
    ) {
        self.settle(time, lost);
        let pointer = began.block.address;
        let is_inside = |candidate: &Candidate| candidate.pool_of(pointer).is_some();
        if !self.candidates.first().is_some_and(is_inside) {
            self.outside += 1;
            return self.settle(time, moved);
        }
        self.addresses += 1;
        let block = Block {
            pointer,
            size: began.block.size,
            site: began.site,
            time: began.block.time,
        };
        self.each(|candidate| candidate.begin(time, block, moved));
        if self.addresses == TRIAL {
            self.give_up();
        }
    }

    /// Gives up allocators that are behind; and all others, if one is sure.
    fn give_up(&mut self) {
        let (most, id) = (self.best().predicted, self.best().allocator.id);
        let is_sure = self.is_sure();
        self.equals = self.others_of(most, id).collect();
        self.candidates.retain(|candidate| {
            let is_behind = candidate.predicted + TRIAL / BEHIND <= most;
            !is_behind && (!is_sure || candidate.allocator.id == id)
        });
    }

    fn each(&mut self, act: impl FnMut(&mut Candidate)) {
        self.candidates.iter_mut().for_each(act);
    }

    /// Settles what the last event has left open, unless that is what this effect, the next, is about.
    pub(crate) fn settle_before(&mut self, next: &Effect) {
        let goes_on = match next {
            Effect::Allocation { completes, .. } => matches!(
                completes,
                Completes::Reallocation | Completes::RetriedReallocation
            ),
            Effect::Failed { revived, .. } => revived.is_some(),
            _ => false,
        };
        if !goes_on {
            self.finish();
        }
    }

    /// Compares with what the target says of its heap.
    pub fn told(&mut self, time: u64, told: Told) {
        if time > self.until {
            return;
        }
        self.finish();
        if self.checks.len() < Check::KEPT {
            self.checks
                .push(Check::new(time, told, self.best().pools()));
        } else {
            self.more_checks += 1;
        }
    }

    /// From now on the regions are as an image of memory has them, as far as one of the allocators' own maps is in it: the one
    /// that predicts most addresses, if it is that. Nothing comes after that.
    pub fn follow(&mut self, memory: &dyn Memory) {
        self.finish();
        let best = self.best();
        let (id, mut check) = (
            best.allocator.name,
            Check::new(self.end, Told::default(), best.pools()),
        );
        let is_in = |candidate: &Candidate| candidate.pools.iter().any(|pool| pool.is_in(memory));
        self.candidates
            .sort_by_key(|candidate| candidate.allocator.name != id);
        let Some(place) = self.candidates.iter().position(is_in) else {
            return;
        };
        let mut found = self.candidates.swap_remove(place);
        found.pools.iter_mut().for_each(|pool| pool.follow(memory));
        let now = Check::new(self.end, Told::default(), &found.pools);
        check.told = Told {
            free: Some(now.free),
            largest: Some(now.largest),
        };
        self.image = Some(check);
        self.candidates = vec![found];
        self.equals.clear();
    }

    /// What an image of memory has, and what the map had without it.
    pub fn image(&self) -> Option<Check> {
        self.image
    }

    /// What the target said of its heap, the first ones, and how much more it said.
    pub fn checks(&self) -> (&[Check], u64) {
        (&self.checks, self.more_checks)
    }

    /// Nothing more comes.
    pub fn finish(&mut self) {
        let moved = self.moving.take();
        self.settle(self.end, moved);
    }

    /// The allocator that predicts most addresses; of several the first one.
    pub fn best(&self) -> &Candidate {
        let most = |best: usize, (place, candidate): (usize, &Candidate)| {
            if candidate.predicted > self.candidates[best].predicted {
                place
            } else {
                best
            }
        };
        &self.candidates[self.candidates.iter().enumerate().fold(0, most)]
    }

    /// What else it may be: the [ids](Allocator::id) of other allocators that predict as many addresses, or did as long as
    /// they were tried.
    pub fn may_be(&self) -> Vec<&'static str> {
        let best = self.best();
        let others = self.others_of(best.predicted, best.allocator.id);
        let equals = self.equals.iter().copied();
        let ids = others.chain(equals).map(|allocator| allocator.id);
        let ids: BTreeSet<_> = ids.filter(|id| *id != best.allocator.id).collect();
        ids.into_iter().collect()
    }

    fn others_of(&self, predicted: u64, id: &'static str) -> impl Iterator<Item = Allocator> {
        let others = self.candidates.iter();
        let others = others.filter(move |other| predicted > 0 && other.predicted == predicted);
        others
            .map(|other| other.allocator)
            .filter(move |other| other.id != id)
    }

    /// Whether enough addresses were predicted for holes to be known; and enough since the recording paused last.
    pub fn is_sure(&self) -> bool {
        let is_enough =
            |predicted: u64, addresses: u64| predicted as f64 >= SURE * addresses as f64;
        let since_pause = self.since_pause();
        self.addresses > 0
            && is_enough(self.best().predicted, self.addresses)
            && since_pause.is_none_or(|(predicted, addresses)| {
                addresses >= SINCE_PAUSE && is_enough(predicted, addresses)
            })
    }

    /// How many addresses were predicted since the recording paused last, and of how many; `None` if it never did.
    pub fn since_pause(&self) -> Option<(u64, u64)> {
        let best = self.best();
        self.before_pause
            .map(|before| (best.predicted - best.before_pause, self.addresses - before))
    }

    /// How many blocks began in the regions.
    pub fn addresses(&self) -> u64 {
        self.addresses
    }

    /// How many blocks began elsewhere.
    pub fn outside(&self) -> u64 {
        self.outside
    }

    /// The last moment that was taken into account, in ticks.
    pub fn end(&self) -> u64 {
        self.end
    }
}

impl Candidate {
    fn new(allocator: Allocator, regions: &[Region]) -> Self {
        let pools = regions.iter().map(|region| {
            let model = allocator.model(&region.range);
            Pool::new(region.clone(), model)
        });
        Self {
            allocator,
            pools: pools.collect(),
            histories: vec![History::default(); regions.len()],
            failures: Vec::new(),
            more_failures: 0,
            predicted: 0,
            before_pause: 0,
        }
    }

    /// Which allocator.
    pub fn allocator(&self) -> &Allocator {
        &self.allocator
    }

    /// How many addresses it has predicted.
    pub fn predicted(&self) -> u64 {
        self.predicted
    }

    /// The regions as they are now.
    pub fn pools(&self) -> &[Pool] {
        &self.pools
    }

    /// How each region went.
    pub fn histories(&self) -> &[History] {
        &self.histories
    }

    /// What happens to a region, by its place; `None` if its free memory is no more split than it has to be.
    pub fn trend(&self, place: usize) -> Option<Trend> {
        Trend::of(self.histories.get(place)?, self.pools.get(place)?)
    }

    /// Allocations that failed, the first ones, and how many more there were.
    pub fn failures(&self) -> (&[Failure], u64) {
        (&self.failures, self.more_failures)
    }

    fn pool_of(&self, pointer: u64) -> Option<usize> {
        let mut pools = self.pools.iter();
        pools.position(|pool| pool.region().range.contains(&pointer))
    }

    fn begin(&mut self, time: u64, block: Block, moved: Option<KnownBlock>) {
        let Some(place) = self.pool_of(block.pointer) else {
            return;
        };
        let old = moved.map(|known| known.block.address);
        let is_chosen = !self.allocator.is_together || self.is_first(place, block.size);
        let is_right = match old {
            Some(old) if self.pool_of(old) == Some(place) => {
                self.pools[place].reallocate(old, block)
            }
            Some(old) => {
                let is_right = self.pools[place].allocate(block);
                self.free(time, old);
                is_right
            }
            None => self.pools[place].allocate(block),
        };
        self.predicted += u64::from(is_right && is_chosen);
        self.histories[place].allocated(block.size);
        self.note(time, place);
    }

    /// Whether no region at lower addresses has room for so many bytes.
    fn is_first(&self, place: usize, size: u64) -> bool {
        let start = self.pools[place].region().range.start;
        let lower = self.pools.iter();
        let mut lower = lower.filter(|pool| pool.region().range.start < start);
        lower.all(|pool| pool.place_of(size).is_none())
    }

    fn free(&mut self, time: u64, pointer: u64) {
        if let Some(place) = self.pool_of(pointer) {
            self.pools[place].free(pointer);
            self.note(time, place);
        }
    }

    fn note(&mut self, time: u64, place: usize) {
        self.histories[place].note(Level::of(&self.pools[place], time));
    }

    fn fail(&mut self, time: u64, size: u64) {
        let failure = Failure::new(time, size, &self.pools);
        if failure.reason == Reason::Fragmented {
            self.histories[failure.region].wanted(size);
        }
        if self.failures.len() < Failure::KEPT {
            self.failures.push(failure);
        } else {
            self.more_failures += 1;
        }
        self.pools.iter_mut().for_each(|pool| pool.fail(size));
    }

    /// The last failure was that of one region, and another had room.
    fn found_elsewhere(&mut self) {
        match self.more_failures.checked_sub(1) {
            Some(fewer) => self.more_failures = fewer,
            None => _ = self.failures.pop(),
        }
    }

    fn clear(&mut self) {
        self.pools.iter_mut().for_each(Pool::clear);
        self.histories.fill(History::default());
    }
}

/// Where a block ends that the heap's history does not know.
fn unknown_end(event: &Event<'_>, effect: &Effect) -> Option<u64> {
    match (effect, event.kind) {
        (Effect::UnknownFree(_), EventKind::Heap(HeapEvent::Free { address, .. })) => Some(address),
        (
            Effect::Reallocation {
                ended: Err(_),
                began,
                ..
            },
            EventKind::Heap(
                HeapEvent::Reallocation { old_address, .. } | HeapEvent::Moved { old_address, .. },
            ),
        ) => Some(old_address).filter(|old| *old != began.block.address),
        _ => None,
    }
}

impl Watcher for HeapMap {
    const ALL: bool = true;

    fn is_full(&self) -> bool {
        self.is_over
    }

    fn affected(&mut self, now: &Occasion, _: u32, _: u64, effect: &Effect, _: &HeapModel) {
        self.observe(now.time, effect);
    }

    fn switched(&mut self, _: &Switch) {}

    fn takes_plain(&self, _: u32) -> bool {
        // Of a block from before a pause, the event alone says which it is.
        self.before_pause.is_none()
    }

    fn event(&mut self, event: &Event<'_>, effect: Option<&Effect>, _: &Trace, _: &HeapModel) {
        if let Some(effect) = effect {
            self.observe_event(event, effect);
        } else if let Some(told) = self.listener.told(event) {
            self.told(event.time, told);
        }
    }
}
