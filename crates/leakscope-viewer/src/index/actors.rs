//! Who runs, in numbers: contexts, and lanes (a context on a core), in order of first appearance.

use leakscope_analysis::trace::Context;
use rustc_hash::FxHashMap;

/// Somebody on a core, and the numbers that stand for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Actor {
    pub(crate) is: Sort,
    /// The number of the context.
    pub(crate) context: u16,
    /// The number of the lane.
    pub(crate) lane: u32,
}

/// Who can be ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    Task,
    Interrupt,
    Other,
}

impl Sort {
    #[inline(always)]
    const fn of(context: Context) -> Self {
        match context {
            Context::Task(_) => Self::Task,
            Context::Interrupt(_) => Self::Interrupt,
            _ => Self::Other,
        }
    }
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
    numbers: FxHashMap<Context, u16>,
    lanes: Vec<Lane>,
    /// By core, then by [`place`].
    known: Vec<Vec<Option<Actor>>>,
    /// Those that have no place.
    others: FxHashMap<(u8, Context), Actor>,
}

/// Number of [`Context::Unknown`].
pub(crate) const UNKNOWN: u16 = 0;

/// No chip has so many interrupts.
const INTERRUPTS: u32 = 1 << 12;

/// Where somebody is looked up. Only interrupts whose numbers are damaged have no place.
#[inline(always)]
fn place(context: Context) -> Option<usize> {
    // Almost all are tasks.
    if let Context::Task(task) = context {
        return Some(3 + 2 * task.index());
    }
    match context {
        Context::Unknown => Some(0),
        Context::Idle => Some(1),
        Context::Interrupt(number) => (number < INTERRUPTS).then_some(4 + 2 * number as usize),
        _ => Some(2),
    }
}

impl Default for Actors {
    fn default() -> Self {
        Self {
            contexts: vec![Context::Unknown],
            numbers: FxHashMap::from_iter([(Context::Unknown, UNKNOWN)]),
            lanes: Vec::new(),
            known: Vec::new(),
            others: FxHashMap::default(),
        }
    }
}

impl Actors {
    /// The numbers of somebody on a core; who is new gets the next ones.
    #[inline(always)]
    pub(crate) fn number(&mut self, core: u8, is: Context) -> Actor {
        match self.known(core, is) {
            Some(actor) => actor,
            None => self.add(core, is),
        }
    }

    /// The numbers of somebody on a core, if there are any.
    #[inline(always)]
    fn known(&self, core: u8, is: Context) -> Option<Actor> {
        match place(is) {
            Some(place) => *self.known.get(usize::from(core))?.get(place)?,
            None => self.others.get(&(core, is)).copied(),
        }
    }

    /// The numbers of somebody who was seen when the trace was read first, as all are that are read again.
    #[inline]
    pub(crate) fn numbered(&self, core: u8, is: Context) -> Actor {
        self.known(core, is).unwrap_or(Actor {
            is: Sort::of(is),
            context: UNKNOWN,
            lane: u32::MAX,
        })
    }

    /// The number of a context, if it has one.
    pub(crate) fn context(&self, context: Context) -> Option<u16> {
        self.numbers.get(&context).copied()
    }

    #[cold]
    fn add(&mut self, core: u8, is: Context) -> Actor {
        let actor = match self.add_context(is) {
            Some(context) => {
                self.lanes.push(Lane { core, context });
                let lane = self.lanes.len() as u32 - 1;
                Actor {
                    is: Sort::of(is),
                    context,
                    lane,
                }
            }
            None => Actor {
                is: Sort::of(is),
                ..self.number(core, Context::Unknown)
            },
        };
        let Some(place) = place(is) else {
            self.others.insert((core, is), actor);
            return actor;
        };
        let core = usize::from(core);
        if core >= self.known.len() {
            self.known.resize(core + 1, Vec::new());
        }
        let of_core = &mut self.known[core];
        if place >= of_core.len() {
            of_core.resize(place + 1, None);
        }
        of_core[place] = Some(actor);
        actor
    }

    /// The number of a context, which gets the next one if it has none; `None` if there are no more.
    fn add_context(&mut self, context: Context) -> Option<u16> {
        if let Some(known) = self.context(context) {
            return Some(known);
        }
        let number = u16::try_from(self.contexts.len()).ok()?;
        self.contexts.push(context);
        self.numbers.insert(context, number);
        Some(number)
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
