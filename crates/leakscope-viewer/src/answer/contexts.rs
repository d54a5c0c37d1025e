//! How tasks and interrupts run, as SystemView's window Contexts has it: how often, how long each time, and how long they waited
//! for their core.

use leakscope_analysis::trace::{Context, EventKind};
use serde::Serialize;

use super::counting::{Counter, Counting};
use crate::index::actors::Lane;
use crate::index::running::{Running, Span, begins_run};
use crate::names::context_rank;
use crate::query::Window;
use crate::replay::Seen;
use crate::scan::Scan;

/// The runs in a window.
pub(crate) struct Runs {
    /// When the window begins.
    from: u64,
    /// By lane.
    lanes: Vec<LaneRuns>,
    /// The lanes of which no packet says that they begin to run: each stretch of these is a run.
    without_begin: Vec<bool>,
}

#[derive(Clone, Copy, Debug, Default)]
struct LaneRuns {
    run: Durations,
    blocked: Durations,
    /// What the run under way has taken so far, in pieces; `None` before the first begins.
    open: Option<u64>,
    /// What of the stretch under way belongs to runs that are over: who runs may begin again.
    counted: u64,
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Durations {
    count: u64,
    total: u64,
    shortest: u64,
    longest: u64,
}

impl Durations {
    fn add(&mut self, ticks: u64) {
        self.shortest = if self.count == 0 {
            ticks
        } else {
            self.shortest.min(ticks)
        };
        self.longest = self.longest.max(ticks);
        self.total += ticks;
        self.count += 1;
    }
}

impl LaneRuns {
    /// The stretch under way has so many ticks by now.
    fn reach(&mut self, ticks: u64) {
        *self.open.get_or_insert(0) += ticks.saturating_sub(self.counted);
        self.counted = ticks;
    }

    /// The run under way is over, or was none.
    fn close(&mut self) {
        if let Some(ticks) = self.open.take() {
            self.run.add(ticks);
        }
    }
}

impl Counter for Runs {
    fn new(scan: &Scan<'_>, window: Window) -> Self {
        let (lanes, contexts) = (scan.actors.lanes(), scan.actors.contexts());
        Self {
            from: window.from,
            lanes: vec![LaneRuns::default(); lanes.len()],
            without_begin: (lanes.iter())
                .map(|lane| {
                    let context = contexts.get(usize::from(lane.context));
                    matches!(context, Some(Context::Scheduler | Context::Unknown) | None)
                })
                .collect(),
        }
    }

    fn event(&mut self, seen: &Seen<'_>, scan: &Scan<'_>, running: &Running) {
        let event = &seen.event;
        if !matches!(event.kind, EventKind::System) || !begins_run(event.id) {
            return;
        }
        let lane = (scan.actors).numbered(event.core, event.context).lane;
        let since = running.since(event.core).unwrap_or(event.time);
        if let Some(runs) = self.lanes.get_mut(lane as usize) {
            let ran = event.time.saturating_sub(since.max(self.from));
            if ran > 0 {
                runs.reach(ran);
            }
            runs.close();
            runs.open = Some(0);
        }
    }

    fn span(&mut self, span: Span) {
        let lane = span.lane as usize;
        let Some(runs) = self.lanes.get_mut(lane) else {
            return;
        };
        if span.ready {
            runs.blocked.add(span.ticks());
        } else if self.without_begin[lane] {
            runs.run.add(span.ticks());
        } else {
            // A context that ran when the window began has a run, too.
            runs.reach(span.ticks());
            runs.counted = 0;
        }
    }

    fn finish(&mut self) {
        self.lanes.iter_mut().for_each(LaneRuns::close);
    }
}

/// The answer.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Contexts {
    from: u64,
    to: u64,
    complete: bool,
    counted_to: u64,
    contexts: Vec<Row>,
}

/// Somebody on a core.
#[derive(Clone, Debug, Serialize)]
struct Row {
    core: u8,
    context: u16,
    run: Durations,
    blocked: Durations,
}

impl Contexts {
    pub(crate) fn new(counting: &Counting<Runs>, scan: &Scan<'_>) -> Self {
        let lanes = scan.actors.lanes().iter();
        let lanes = lanes.zip(&counting.counter.lanes);
        let mut active: Vec<(&Lane, &LaneRuns)> = lanes
            .filter(|(_, runs)| runs.run.count + runs.blocked.count > 0)
            .collect();
        let contexts = scan.actors.contexts();
        active.sort_by_cached_key(|(lane, _)| {
            let context = contexts.get(usize::from(lane.context));
            let context = context.copied().unwrap_or(Context::Unknown);
            (lane.core, context_rank(context, &scan.trace))
        });
        Self {
            from: counting.window.from,
            to: counting.window.to,
            complete: counting.is_complete(),
            counted_to: counting.counted_to(),
            contexts: (active.into_iter())
                .map(|(lane, runs)| Row {
                    core: lane.core,
                    context: lane.context,
                    run: runs.run,
                    blocked: runs.blocked,
                })
                .collect(),
        }
    }
}
