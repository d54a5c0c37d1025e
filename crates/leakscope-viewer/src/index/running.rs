//! Who ran and who was ready, from when to when.
//!
//! A task is ready from `TASK_START_READY` on, or from the moment in which something else takes its core from
//! it, until it runs (again), or `TASK_STOP_READY` or `TASK_TERMINATE` says that it cannot, or its core is idle, or the target is
//! reset. (Not every recorder sends `TASK_STOP_READY`; but with a task that is ready, no core is idle.) An interrupt is ready while
//! another one interrupts it. Nobody knows what happens from a stop of the recording to its start, where data were lost, and on a
//! core behind a reset before it is heard of: who ran did so up to then, as far as is known, and who waited did.

use leakscope_analysis::trace::{Context, Event, EventKind, Start, Trace};
use leakscope_systemview::{id, varint};

use super::actors::{Actor, Sort};

/// Somebody ran on a core, or was ready to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) lane: u32,
    pub(crate) ready: bool,
    pub(crate) from: u64,
    pub(crate) to: u64,
}

impl Span {
    /// How long it lasted.
    #[inline]
    pub(crate) fn ticks(&self) -> u64 {
        self.to.saturating_sub(self.from)
    }
}

/// The state at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Running {
    cores: Vec<Core>,
    /// By context.
    ready: Vec<Readiness>,
}

#[derive(Clone, Debug, Default)]
struct Core {
    /// Nobody is known to run before the first event.
    now: Option<Actor>,
    since: u64,
    /// The contexts that are ready and ran here last: a bit each.
    ready: Vec<u64>,
    /// How many of them are interrupts, at the most.
    interrupts: usize,
}

/// How a context is ready.
#[derive(Clone, Copy, Debug, Default)]
struct Readiness {
    is_ready: bool,
    is_interrupt: bool,
    core: u8,
    lane: u32,
    since: u64,
}

/// The state at one moment, without room for those who are not ready: there are as many as tasks ever were.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunningThen {
    cores: Vec<Core>,
    /// With their numbers.
    ready: Vec<(u16, Readiness)>,
}

/// Whether packets with this id say that somebody begins to run.
pub(crate) const fn begins_run(id: u32) -> bool {
    matches!(id, id::TASK_START_EXEC | id::ISR_ENTER | id::IDLE)
}

/// Whether packets with this id say that the running task cannot go on.
const fn stops_task(id: u32) -> bool {
    matches!(
        id,
        id::TASK_STOP_READY | id::TASK_STOP_EXEC | id::TASK_TERMINATE | id::IDLE
    )
}

/// Whether who ran before an event with this id could have gone on.
const fn stays_ready(id: u32, before: Sort) -> bool {
    match before {
        Sort::Interrupt => id == id::ISR_ENTER,
        Sort::Task => !stops_task(id),
        Sort::Other => false,
    }
}

/// Since when an event leaves it unknown who ran: a gap is told of at its end.
pub(crate) fn unknown_since(event: &Event<'_>) -> u64 {
    match event.kind {
        EventKind::Gap { from, .. } => from.min(event.time),
        _ => event.time,
    }
}

/// What an event says of who runs.
#[derive(Clone, Debug)]
pub(crate) enum Turn {
    /// After a loss, with a stop or a reset: who runs on each core, and since when that is not known.
    Lost { since: u64, running: Vec<Actor> },
    Event {
        now: Actor,
        /// The task that is ready from now on, or is not.
        ready: Option<Actor>,
    },
}

impl Turn {
    /// When it begins to hold, of an event at `time`.
    pub(super) fn begin(&self, time: u64) -> u64 {
        match *self {
            Self::Lost { since, .. } => since,
            Self::Event { .. } => time,
        }
    }

    /// `None` if it says nothing. `number` finds somebody's numbers.
    #[inline]
    pub(crate) fn of(
        event: &Event<'_>,
        trace: &Trace,
        mut number: impl FnMut(u8, Context) -> Actor,
    ) -> Option<Self> {
        if event.id >= id::FIRST_API || event.id == id::PRINT_FORMATTED {
            return None;
        }
        if let EventKind::Gap { .. }
        | EventKind::Stop
        | EventKind::Start(Start::AfterReset | Start::PerhapsAfterReset | Start::AfterStop) =
            event.kind
        {
            let cores = 0..trace.cores() as u8;
            let running = cores.map(|core| number(core, trace.running(core)));
            return Some(Self::Lost {
                since: unknown_since(event),
                running: running.collect(),
            });
        }
        let now = number(event.core, trace.running(event.core));
        let mut ready = None;
        if matches!(
            event.id,
            id::TASK_START_READY | id::TASK_STOP_READY | id::TASK_TERMINATE
        ) {
            let address = varint::read(event.payload, 0).map_or(0, |(number, _)| number);
            let task = trace.task_index(event, address).map(Context::Task);
            ready = task.map(|task| number(event.core, task));
        }
        Some(Self::Event { now, ready })
    }
}

impl Running {
    /// Takes an event into account; tells of what ended by it. `number` finds somebody's numbers.
    #[inline]
    pub(crate) fn observe(
        &mut self,
        event: &Event<'_>,
        trace: &Trace,
        number: impl FnMut(u8, Context) -> Actor,
        ended: impl FnMut(Span),
    ) {
        if let Some(turn) = Turn::of(event, trace, number) {
            self.take(&turn, event.id, event.core, event.time, ended);
        }
    }

    /// As [`Running::observe`], of an event with this id.
    #[inline]
    pub(super) fn take(
        &mut self,
        turn: &Turn,
        id: u32,
        core: u8,
        time: u64,
        mut ended: impl FnMut(Span),
    ) {
        let (now, ready) = match turn {
            Turn::Lost { since, running } => {
                for (core, &now) in (0..).zip(running) {
                    // What was told of a core meanwhile stays as it is: another core may be heard of in a gap.
                    let since = self.since(core).map_or(*since, |told| told.max(*since));
                    self.switch(core, now, since, |_| false, &mut ended);
                }
                return self.forget_ready(*since, &mut ended);
            }
            &Turn::Event { now, ready } => (now, ready),
        };
        self.switched(id, core, time, now, &mut ended);
        if let Some(task) = ready {
            self.note_ready(id, core, time, task, &mut ended);
        }
    }

    /// The state as it is now.
    pub(crate) fn now(&self) -> RunningThen {
        let cores = self.cores.iter().map(|core| Core {
            ready: Vec::new(),
            ..*core
        });
        let ready = (0..).zip(&self.ready);
        let ready = ready.filter(|(_, context)| context.is_ready);
        RunningThen {
            cores: cores.collect(),
            ready: ready.map(|(number, &context)| (number, context)).collect(),
        }
    }

    /// Since when somebody runs on a core.
    pub(crate) fn since(&self, core: u8) -> Option<u64> {
        self.cores.get(usize::from(core)).map(|core| core.since)
    }

    /// By an event with this id, `now` runs on a core from `time` on.
    #[inline(always)]
    pub(crate) fn switched(
        &mut self,
        id: u32,
        core: u8,
        time: u64,
        now: Actor,
        mut ended: impl FnMut(Span),
    ) {
        self.switch(
            core,
            now,
            time,
            |before| stays_ready(id, before),
            &mut ended,
        );
        match id {
            id::IDLE => self.end_all_ready(core, time, false, &mut ended),
            id::TASK_START_EXEC | id::ISR_TO_SCHEDULER
                if self.cores[usize::from(core)].interrupts > 0 =>
            {
                self.cores[usize::from(core)].interrupts = 0;
                self.end_all_ready(core, time, true, &mut ended);
            }
            _ => {}
        }
    }

    pub(super) fn note_ready(
        &mut self,
        id: u32,
        core: u8,
        time: u64,
        task: Actor,
        ended: &mut impl FnMut(Span),
    ) {
        let runs = |core: &Core| core.now.is_some_and(|now| now.context == task.context);
        if id != id::TASK_START_READY {
            self.end_ready(task.context, time, ended);
        } else if !self.cores.iter().any(runs) {
            self.begin_ready(task, core, time);
        }
    }

    /// From now on, `now` runs on this core.
    #[inline(always)]
    fn switch(
        &mut self,
        core: u8,
        now: Actor,
        time: u64,
        stays_ready: impl Fn(Sort) -> bool,
        ended: &mut impl FnMut(Span),
    ) {
        let place = usize::from(core);
        if place >= self.cores.len() {
            self.add_cores(place + 1);
        }
        let state = &mut self.cores[place];
        let before = state.now;
        if before.is_some_and(|before| before.context == now.context) {
            return;
        }
        let since = state.since;
        (state.now, state.since) = (Some(now), time);
        if let Some(before) = before {
            ended(Span {
                lane: before.lane,
                ready: false,
                from: since,
                to: time,
            });
            if stays_ready(before.is) {
                state.interrupts += usize::from(before.is == Sort::Interrupt);
                self.begin_ready(before, core, time);
            }
        }
        self.end_ready(now.context, time, ended);
    }

    #[cold]
    fn add_cores(&mut self, count: usize) {
        self.cores.resize(count, Core::default());
    }

    #[inline(always)]
    fn begin_ready(&mut self, actor: Actor, core: u8, since: u64) {
        let place = usize::from(actor.context);
        if place >= self.ready.len() {
            self.add_contexts(place + 1);
        }
        if self.ready[place].is_ready {
            return;
        }
        let ready = Readiness {
            is_ready: true,
            is_interrupt: actor.is == Sort::Interrupt,
            core,
            lane: actor.lane,
            since,
        };
        self.set_ready(place, ready);
    }

    /// Who has this number is ready; there is room for it.
    #[inline(always)]
    fn set_ready(&mut self, place: usize, ready: Readiness) {
        self.ready[place] = ready;
        let on_core = &mut self.cores[usize::from(ready.core)].ready;
        match on_core.get_mut(place / 64) {
            Some(bits) => *bits |= 1 << (place % 64),
            None => add_bit(on_core, place),
        }
    }

    #[cold]
    fn add_contexts(&mut self, count: usize) {
        self.ready.resize(count, Readiness::default());
    }

    #[inline(always)]
    fn end_ready(&mut self, context: u16, to: u64, ended: &mut impl FnMut(Span)) {
        let place = usize::from(context);
        let Some(ready) = self.ready.get_mut(place).filter(|ready| ready.is_ready) else {
            return;
        };
        ready.is_ready = false;
        if let Some(bits) = self.cores[usize::from(ready.core)]
            .ready
            .get_mut(place / 64)
        {
            *bits &= !(1 << (place % 64));
        }
        ended(Span {
            lane: ready.lane,
            ready: true,
            from: ready.since,
            to,
        });
    }

    /// Those of a core are no longer ready: all of them, or interrupts only.
    #[inline(never)]
    fn end_all_ready(
        &mut self,
        core: u8,
        time: u64,
        interrupts_only: bool,
        ended: &mut impl FnMut(Span),
    ) {
        let Self { cores, ready } = self;
        for (place, bits) in cores[usize::from(core)].ready.iter_mut().enumerate() {
            for context in ones(*bits) {
                let state = &mut ready[64 * place + context];
                if interrupts_only && !state.is_interrupt {
                    continue;
                }
                state.is_ready = false;
                *bits &= !(1 << context);
                ended(Span {
                    lane: state.lane,
                    ready: true,
                    from: state.since,
                    to: time.max(state.since),
                });
            }
        }
    }

    fn forget_ready(&mut self, time: u64, ended: &mut impl FnMut(Span)) {
        for core in 0..self.cores.len() {
            self.end_all_ready(core as u8, time, false, ended);
        }
    }

    /// What lasts is told of up to this moment, and goes on from there.
    pub(crate) fn settle(&mut self, time: u64, mut ended: impl FnMut(Span)) {
        let Self { cores, ready } = self;
        for core in cores {
            if let Some(now) = core.now.filter(|_| core.since < time) {
                ended(Span {
                    lane: now.lane,
                    ready: false,
                    from: core.since,
                    to: time,
                });
                core.since = time;
            }
            for (place, &bits) in core.ready.iter().enumerate() {
                for context in ones(bits) {
                    let state = &mut ready[64 * place + context];
                    if state.since < time {
                        ended(Span {
                            lane: state.lane,
                            ready: true,
                            from: state.since,
                            to: time,
                        });
                        state.since = time;
                    }
                }
            }
        }
    }
}

impl RunningThen {
    /// The state from then on.
    pub(crate) fn resume(&self) -> Running {
        let mut running = Running {
            cores: self.cores.clone(),
            ready: Vec::new(),
        };
        for &(number, ready) in &self.ready {
            let place = usize::from(number);
            running.add_contexts(place + 1);
            running.set_ready(place, ready);
        }
        running
    }
}

#[cold]
fn add_bit(bits: &mut Vec<u64>, place: usize) {
    bits.resize(place / 64 + 1, 0);
    bits[place / 64] |= 1 << (place % 64);
}

/// The places of the bits that are set, ascending.
fn ones(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = bits.trailing_zeros();
        bits &= bits.wrapping_sub(1);
        (place < u64::BITS).then_some(place as usize)
    })
}
