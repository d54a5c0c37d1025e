//! Who ran and who was ready, from when to when.
//!
//! A task is ready from `TASK_START_READY` on, or from the moment in which something else takes its core from
//! it, until it runs (again), or `TASK_STOP_READY` says that it cannot, or its core is idle. (Not every recorder
//! sends `TASK_STOP_READY`; but with a task that is ready, no core is idle.) An interrupt is ready while
//! another one interrupts it.

use leakscope_analysis::trace::{Context, Event, EventKind, Start, Trace};
use leakscope_systemview::{id, varint};

use super::contexts::Contexts;

/// Somebody ran on a core, or was ready to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) core: u8,
    pub(crate) context: u16,
    pub(crate) ready: bool,
    pub(crate) from: u64,
    pub(crate) to: u64,
}

/// The state at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Running {
    cores: Vec<Core>,
    /// By context: since when it is ready.
    ready: Vec<Option<Ready>>,
}

#[derive(Clone, Debug, Default)]
struct Core {
    /// Nobody is known to run before the first event.
    begun: bool,
    now: u16,
    since: u64,
    /// Who is ready, and ran here last, in no order.
    ready: Vec<u16>,
    /// How many of them are interrupts, at the most.
    interrupts: usize,
}

#[derive(Clone, Copy, Debug)]
struct Ready {
    since: u64,
    core: u8,
    /// Its place in the list of its core.
    place: u32,
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

impl Running {
    /// Takes an event into account; tells of what ended by it.
    #[inline]
    pub(crate) fn observe(
        &mut self,
        event: &Event<'_>,
        trace: &Trace,
        contexts: &mut Contexts,
        mut ended: impl FnMut(Span),
    ) {
        if event.id >= id::FIRST_API || event.id == id::PRINT_FORMATTED {
            return;
        }
        match event.kind {
            EventKind::Gap { .. } => {
                for core in 0..trace.cores() as u8 {
                    let now = contexts.number(trace.running(core));
                    self.switch(core, now, event.time, false, &mut ended);
                }
                self.forget_ready(event.time, &mut ended);
                return;
            }
            EventKind::Start(Start::AfterReset | Start::AfterStop) => {
                self.forget_ready(event.time, &mut ended);
            }
            _ => {}
        }
        let now = contexts.number(trace.running(event.core));
        self.switched(event.id, event.core, event.time, now, contexts, &mut ended);
        if matches!(event.id, id::TASK_START_READY | id::TASK_STOP_READY) {
            self.note_ready(event, trace, contexts, &mut ended);
        }
    }

    /// By an event with this id, `now` runs on a core from `time` on.
    #[inline]
    pub(crate) fn switched(
        &mut self,
        id: u32,
        core: u8,
        time: u64,
        now: u16,
        contexts: &Contexts,
        mut ended: impl FnMut(Span),
    ) {
        let before = self.cores.get(usize::from(core));
        let before = before.and_then(|core| contexts.list().get(usize::from(core.now)));
        let stays_ready = match before {
            Some(Context::Interrupt(_)) => id == id::ISR_ENTER,
            Some(Context::Task(_)) => !stops_task(id),
            _ => false,
        };
        self.switch(core, now, time, stays_ready, &mut ended);
        match id {
            id::IDLE => self.end_all_ready(core, time, |_| true, &mut ended),
            id::ISR_ENTER if stays_ready => self.cores[usize::from(core)].interrupts += 1,
            id::TASK_START_EXEC | id::ISR_TO_SCHEDULER
                if self.cores[usize::from(core)].interrupts > 0 =>
            {
                self.cores[usize::from(core)].interrupts = 0;
                let is_interrupt = |context: u16| {
                    matches!(contexts.list()[usize::from(context)], Context::Interrupt(_))
                };
                self.end_all_ready(core, time, is_interrupt, &mut ended);
            }
            _ => {}
        }
    }

    fn note_ready(
        &mut self,
        event: &Event<'_>,
        trace: &Trace,
        contexts: &mut Contexts,
        ended: &mut impl FnMut(Span),
    ) {
        let number = varint::read(event.payload, 0).map_or(0, |(number, _)| number);
        let Some(task) = trace.task_index(event, number) else {
            return;
        };
        let task = contexts.number(Context::Task(task));
        if event.id == id::TASK_STOP_READY {
            self.end_ready(task, event.time, ended);
        } else if !self.cores.iter().any(|core| core.begun && core.now == task) {
            self.begin_ready(task, event.core, event.time);
        }
    }

    /// From now on, this context runs on this core.
    #[inline(always)]
    fn switch(
        &mut self,
        core: u8,
        now: u16,
        time: u64,
        stays_ready: bool,
        ended: &mut impl FnMut(Span),
    ) {
        let place = usize::from(core);
        if place >= self.cores.len() {
            self.add_cores(place + 1);
        }
        let state = &mut self.cores[place];
        if state.begun && state.now == now {
            return;
        }
        let (had_begun, before, since) = (state.begun, state.now, state.since);
        (state.begun, state.now, state.since) = (true, now, time);
        if had_begun {
            ended(Span {
                core,
                context: before,
                ready: false,
                from: since,
                to: time,
            });
            if stays_ready {
                self.begin_ready(before, core, time);
            }
        }
        self.end_ready(now, time, ended);
    }

    #[cold]
    fn add_cores(&mut self, count: usize) {
        self.cores.resize(count, Core::default());
    }

    fn begin_ready(&mut self, context: u16, core: u8, since: u64) {
        let place = usize::from(context);
        if place >= self.ready.len() {
            self.ready.resize(place + 1, None);
        }
        if self.ready[place].is_none() {
            let on_core = &mut self.cores[usize::from(core)].ready;
            self.ready[place] = Some(Ready {
                since,
                core,
                place: on_core.len() as u32,
            });
            on_core.push(context);
        }
    }

    fn end_ready(&mut self, context: u16, to: u64, ended: &mut impl FnMut(Span)) {
        let ready = self.ready.get_mut(usize::from(context));
        let Some(Ready { since, core, place }) = ready.and_then(Option::take) else {
            return;
        };
        let on_core = &mut self.cores[usize::from(core)].ready;
        on_core.swap_remove(place as usize);
        if let Some(&moved) = on_core.get(place as usize)
            && let Some(moved) = &mut self.ready[usize::from(moved)]
        {
            moved.place = place;
        }
        ended(Span {
            core,
            context,
            ready: true,
            from: since,
            to,
        });
    }

    /// Those of a core for which that is true are no longer ready.
    fn end_all_ready(
        &mut self,
        core: u8,
        time: u64,
        ends: impl Fn(u16) -> bool,
        ended: &mut impl FnMut(Span),
    ) {
        let mut place = 0;
        while let Some(&context) = self.cores[usize::from(core)].ready.get(place) {
            if ends(context) {
                self.end_ready(context, time, ended);
            } else {
                place += 1;
            }
        }
    }

    fn forget_ready(&mut self, time: u64, ended: &mut impl FnMut(Span)) {
        for context in 0..self.ready.len() {
            self.end_ready(context as u16, time, ended);
        }
    }

    /// What lasts is told of up to this moment, and goes on from there.
    pub(crate) fn settle(&mut self, time: u64, mut ended: impl FnMut(Span)) {
        for (core, state) in (0..).zip(&mut self.cores) {
            if state.begun && state.since < time {
                ended(Span {
                    core,
                    context: state.now,
                    ready: false,
                    from: state.since,
                    to: time,
                });
                state.since = time;
            }
        }
        for (context, ready) in (0..).zip(&mut self.ready) {
            if let Some(ready) = ready.as_mut().filter(|ready| ready.since < time) {
                ended(Span {
                    core: ready.core,
                    context,
                    ready: true,
                    from: ready.since,
                    to: time,
                });
                ready.since = time;
            }
        }
    }
}
