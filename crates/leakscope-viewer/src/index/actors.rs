//! Who runs, in numbers: contexts, and lanes (a context on a core), in order of first appearance. A task has the number of those that
//! had its name before the target was reset.

use leakscope_analysis::trace::{Context, Namesakes, Task, TaskIndex};
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
    /// By task: what it is called; an empty name as long as it is not known.
    names: Vec<Named>,
    namesakes: Namesakes,
    lanes: Vec<Lane>,
    /// By core, then by [`place`].
    known: Vec<Vec<Option<Actor>>>,
    /// Those that have no place.
    others: FxHashMap<(u8, Context), Actor>,
}

/// What tells a task from others.
#[derive(Clone, Debug, Default)]
struct Named {
    name: String,
    address: u32,
    /// How often the target had been reset before it.
    resets: u32,
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
            names: Vec::new(),
            namesakes: Namesakes::default(),
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

    /// A task has got a name.
    pub(crate) fn learn(&mut self, index: TaskIndex, task: &Task) {
        let place = index.index();
        if place >= self.names.len() {
            self.names.resize(place + 1, Named::default());
        }
        if !self.names[place].name.is_empty() || task.name.is_empty() {
            return;
        }
        self.names[place] = Named {
            name: task.name.clone(),
            address: task.address,
            resets: task.resets,
        };
        if let Some(&number) = self.numbers.get(&Context::Task(index)) {
            let address = task.address.into();
            (self.namesakes).add(&task.name, address, task.resets, number.into());
        }
    }

    #[cold]
    fn add(&mut self, core: u8, is: Context) -> Actor {
        let actor = match self.add_context(is) {
            Some(context) => Actor {
                is: Sort::of(is),
                context,
                lane: self.lane(Lane { core, context }),
            },
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
        let next = u16::try_from(self.contexts.len()).ok()?;
        let number = self.joined(context, next);
        match self.contexts.get_mut(usize::from(number)) {
            Some(before) => *before = context,
            None => self.contexts.push(context),
        }
        self.numbers.insert(context, number);
        Some(number)
    }

    /// The number of a lane, which gets the next one if it has none.
    fn lane(&mut self, lane: Lane) -> u32 {
        let known = self.lanes.iter().rposition(|known| *known == lane);
        let place = known.unwrap_or_else(|| {
            self.lanes.push(lane);
            self.lanes.len() - 1
        });
        place as u32
    }

    /// The number of the task that this one was before a reset; `new`, if it was none or is no task.
    fn joined(&mut self, context: Context, new: u16) -> u16 {
        let Context::Task(task) = context else {
            return new;
        };
        let named = self.names.get(task.index());
        let Some(named) = named.filter(|named| !named.name.is_empty()) else {
            return new;
        };
        let (name, address) = (&named.name, named.address.into());
        let number = (self.namesakes).number(name, address, named.resets, || new.into());
        number as u16
    }

    /// All tasks that have a number.
    pub(crate) fn tasks(&self) -> impl Iterator<Item = TaskIndex> + '_ {
        self.numbers.keys().filter_map(|context| match context {
            Context::Task(task) => Some(*task),
            _ => None,
        })
    }

    /// All contexts, by number; of tasks with the same number, the last.
    pub(crate) fn contexts(&self) -> &[Context] {
        &self.contexts
    }

    /// All lanes, by number.
    pub(crate) fn lanes(&self) -> &[Lane] {
        &self.lanes
    }
}
