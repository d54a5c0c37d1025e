//! Who runs, in numbers: contexts, and lanes (a context on a core), in order of first appearance.

use leakscope_analysis::trace::Context;
use rustc_hash::FxHashMap;

/// Somebody on a core, and the numbers that stand for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Actor {
    pub(crate) is: Context,
    /// The number of the context.
    pub(crate) context: u16,
    /// The number of the lane.
    pub(crate) lane: u32,
}

/// A lane of the timeline: a core and who runs on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lane {
    pub(crate) core: u8,
    pub(crate) context: u16,
}

/// All numbers that were given. No program has so many contexts that 16 bits are too few; those beyond count as
/// unknown.
#[derive(Clone, Debug)]
pub(crate) struct Actors {
    contexts: Vec<Context>,
    /// By task: the number of the context, or [`NONE`].
    tasks: Vec<u16>,
    /// Of contexts that are no task.
    others: FxHashMap<Context, u16>,
    lanes: Vec<Lane>,
    /// By core, then by context: the number of the lane, or [`NO_LANE`].
    numbers: Vec<Vec<u32>>,
    /// By core: who was looked up last.
    last: Vec<Option<Actor>>,
}

/// Number of [`Context::Unknown`].
pub(crate) const UNKNOWN: u16 = 0;

const NONE: u16 = u16::MAX;
const NO_LANE: u32 = u32::MAX;

impl Default for Actors {
    fn default() -> Self {
        Self {
            contexts: vec![Context::Unknown],
            tasks: Vec::new(),
            others: FxHashMap::from_iter([(Context::Unknown, UNKNOWN)]),
            lanes: Vec::new(),
            numbers: Vec::new(),
            last: Vec::new(),
        }
    }
}

impl Actors {
    /// The numbers of somebody on a core; who is new gets the next ones.
    #[inline(always)]
    pub(crate) fn number(&mut self, core: u8, is: Context) -> Actor {
        match self.last.get(usize::from(core)) {
            Some(Some(actor)) if actor.is == is => *actor,
            _ => self.number_another(core, is),
        }
    }

    #[inline(never)]
    fn number_another(&mut self, core: u8, is: Context) -> Actor {
        let actor = match self.known(core, is) {
            Some(actor) => actor,
            None => self.add(core, is),
        };
        let place = usize::from(core);
        if place >= self.last.len() {
            self.last.resize(place + 1, None);
        }
        self.last[place] = Some(actor);
        actor
    }

    /// The numbers of somebody on a core, if there are any.
    #[inline(always)]
    pub(crate) fn known(&self, core: u8, is: Context) -> Option<Actor> {
        let context = self.context(is)?;
        let of_core = self.numbers.get(usize::from(core))?;
        let lane = *of_core.get(usize::from(context))?;
        (lane != NO_LANE).then_some(Actor { is, context, lane })
    }

    /// The numbers of somebody who was seen when the trace was read first, as all are that are read again.
    #[inline]
    pub(crate) fn numbered(&self, core: u8, is: Context) -> Actor {
        self.known(core, is).unwrap_or(Actor {
            is,
            context: UNKNOWN,
            lane: NO_LANE,
        })
    }

    /// The number of a context, if it has one.
    #[inline]
    pub(crate) fn context(&self, context: Context) -> Option<u16> {
        match context {
            Context::Task(task) => {
                let number = self.tasks.get(task.index()).copied();
                number.filter(|&number| number != NONE)
            }
            other => self.others.get(&other).copied(),
        }
    }

    #[cold]
    fn add(&mut self, core: u8, is: Context) -> Actor {
        let context = match self.context(is) {
            Some(context) => context,
            None => self.add_context(is),
        };
        let (of_core, place) = (usize::from(core), usize::from(context));
        if of_core >= self.numbers.len() {
            self.numbers.resize(of_core + 1, Vec::new());
        }
        let numbers = &mut self.numbers[of_core];
        if place >= numbers.len() {
            numbers.resize(place + 1, NO_LANE);
        }
        if numbers[place] == NO_LANE {
            numbers[place] = self.lanes.len() as u32;
            self.lanes.push(Lane { core, context });
        }
        let lane = numbers[place];
        Actor { is, context, lane }
    }

    fn add_context(&mut self, context: Context) -> u16 {
        if self.contexts.len() >= usize::from(NONE) {
            return UNKNOWN;
        }
        let number = self.contexts.len() as u16;
        self.contexts.push(context);
        match context {
            Context::Task(task) => {
                if task.index() >= self.tasks.len() {
                    self.tasks.resize(task.index() + 1, NONE);
                }
                self.tasks[task.index()] = number;
            }
            other => {
                self.others.insert(other, number);
            }
        }
        number
    }

    /// All contexts, by number.
    pub(crate) fn contexts(&self) -> &[Context] {
        &self.contexts
    }

    /// All lanes, by number.
    pub(crate) fn lanes(&self) -> &[Lane] {
        &self.lanes
    }
}
