//! Who ran and who was ready, from when to when.
//!
//! A task is ready from `TASK_START_READY` on, or from the moment in which something else takes its core from
//! it, until it runs (again) or `TASK_STOP_READY` says that it cannot.

use leakscope_analysis::trace::{Context, Event, EventKind, Start, Trace};
use leakscope_systemview::{id, varint};

use super::contexts::{Contexts, UNKNOWN};

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

#[derive(Clone, Copy, Debug, Default)]
struct Core {
    /// Nobody is known to run before the first event.
    begun: bool,
    now: u16,
    since: u64,
}

#[derive(Clone, Copy, Debug)]
struct Ready {
    since: u64,
    core: u8,
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
                for core in 0..trace.cores() {
                    self.switch(core as u8, UNKNOWN, event.time, false, &mut ended);
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
        let blocks = matches!(
            event.id,
            id::TASK_STOP_READY | id::TASK_STOP_EXEC | id::TASK_TERMINATE | id::IDLE
        );
        self.switch(event.core, now, event.time, !blocks, &mut ended);
        if matches!(event.id, id::TASK_START_READY | id::TASK_STOP_READY) {
            self.note_ready(event, trace, contexts, &mut ended);
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
            self.cores.resize(place + 1, Core::default());
        }
        let before = self.cores[place];
        if before.begun && before.now == now {
            return;
        }
        self.cores[place] = Core {
            begun: true,
            now,
            since: time,
        };
        if before.begun {
            ended(Span {
                core,
                context: before.now,
                ready: false,
                from: before.since,
                to: time,
            });
            if stays_ready && before.now != UNKNOWN {
                self.begin_ready(before.now, core, time);
            }
        }
        self.end_ready(now, time, ended);
    }

    fn begin_ready(&mut self, context: u16, core: u8, since: u64) {
        let place = usize::from(context);
        if place >= self.ready.len() {
            self.ready.resize(place + 1, None);
        }
        self.ready[place].get_or_insert(Ready { since, core });
    }

    fn end_ready(&mut self, context: u16, to: u64, ended: &mut impl FnMut(Span)) {
        let ready = self.ready.get_mut(usize::from(context));
        if let Some(Ready { since, core }) = ready.and_then(Option::take) {
            ended(Span {
                core,
                context,
                ready: true,
                from: since,
                to,
            });
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
