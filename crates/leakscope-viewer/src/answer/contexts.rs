//! How tasks and interrupts run, as SystemView's window Contexts has it: how often, how long each time, and how long they waited
//! for their core.

use std::io;
use std::ops::ControlFlow;

use leakscope_analysis::trace::{Context, EventKind};
use serde::Serialize;

use crate::index::actors::Lane;
use crate::index::running::{Running, Span, begins_run};
use crate::names::context_rank;
use crate::query::Window;
use crate::replay::{Reached, Replay, Seen};
use crate::scan::Scan;
use crate::source::TraceInputs;

/// The runs in a window, while it is read again.
pub(crate) struct Runs {
    pub(crate) window: Window,
    /// By lane.
    lanes: Vec<LaneRuns>,
    /// The lanes of which no packet says that they begin to run: each stretch of these is a run.
    without_begin: Vec<bool>,
    running: Running,
    reached: u64,
    replay: Option<Replay>,
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

impl Runs {
    pub(crate) fn new(scan: &Scan<'_>, window: Window) -> Self {
        let section = scan.index.sections.of_time(window.from);
        let mut replay = Replay::from_section(scan, section);
        let (lanes, contexts) = (scan.index.actors.lanes(), scan.index.actors.contexts());
        Self {
            window,
            lanes: vec![LaneRuns::default(); lanes.len()],
            without_begin: (lanes.iter())
                .map(|lane| {
                    let context = contexts.get(usize::from(lane.context));
                    matches!(context, Some(Context::Scheduler | Context::Unknown) | None)
                })
                .collect(),
            running: std::mem::take(&mut replay.running),
            reached: 0,
            replay: Some(replay),
        }
    }

    /// Reads so many more events; returns whether all were read.
    pub(crate) fn advance(
        &mut self,
        scan: &Scan<'_>,
        source: &mut dyn TraceInputs,
        events: u64,
    ) -> io::Result<bool> {
        let Some(mut replay) = self.replay.take() else {
            return Ok(true);
        };
        let reached = replay.run(scan, source, events, |seen| self.observe(seen, scan))?;
        if reached == Reached::Limit {
            self.replay = Some(replay);
            return Ok(false);
        }
        let mut running = std::mem::take(&mut self.running);
        let end = self.window.to.min(scan.trace.end());
        running.settle(end, |span| self.span(span));
        self.lanes.iter_mut().for_each(LaneRuns::close);
        Ok(true)
    }

    fn observe(&mut self, seen: &Seen<'_>, scan: &Scan<'_>) -> ControlFlow<()> {
        let event = &seen.event;
        if event.time >= self.window.to {
            return ControlFlow::Break(());
        }
        self.reached = event.time;
        let actors = &scan.index.actors;
        let mut running = std::mem::take(&mut self.running);
        let number = |core, is| actors.numbered(core, is);
        running.observe(event, seen.trace, number, |span| self.span(span));
        self.running = running;
        let begins = matches!(event.kind, EventKind::System) && begins_run(event.id);
        if begins && event.time >= self.window.from {
            let lane = actors.numbered(event.core, event.context).lane;
            let since = self.running.since(event.core).unwrap_or(event.time);
            if let Some(runs) = self.lanes.get_mut(lane as usize) {
                let ran = event.time.saturating_sub(since.max(self.window.from));
                if ran > 0 {
                    runs.reach(ran);
                }
                runs.close();
                runs.open = Some(0);
            }
        }
        ControlFlow::Continue(())
    }

    fn span(&mut self, span: Span) {
        let (from, to) = (span.from.max(self.window.from), span.to.min(self.window.to));
        let lane = span.lane as usize;
        let Some(runs) = self.lanes.get_mut(lane) else {
            return;
        };
        if from >= to {
            return;
        }
        if span.ready {
            runs.blocked.add(to - from);
        } else if self.without_begin[lane] {
            runs.run.add(to - from);
        } else {
            // A context that ran when the window began has a run, too.
            runs.reach(to - from);
            runs.counted = 0;
        }
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
    pub(crate) fn new(runs: &Runs, scan: &Scan<'_>) -> Self {
        let window = runs.window;
        let is_complete = runs.replay.is_none();
        let lanes = scan.index.actors.lanes().iter().zip(&runs.lanes);
        let mut active: Vec<(&Lane, &LaneRuns)> = lanes
            .filter(|(_, runs)| runs.run.count + runs.blocked.count > 0)
            .collect();
        let contexts = scan.index.actors.contexts();
        active.sort_by_cached_key(|(lane, _)| {
            let context = contexts.get(usize::from(lane.context));
            let context = context.copied().unwrap_or(Context::Unknown);
            (lane.core, context_rank(context, &scan.trace))
        });
        Self {
            from: window.from,
            to: window.to,
            complete: is_complete,
            counted_to: if is_complete {
                window.to
            } else {
                runs.reached.clamp(window.from, window.to)
            },
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
