//! A window of the timeline that is read again: each switch, each mark.

use leakscope_analysis::trace::{EventKind, HeapEvent};
use leakscope_report::Symbolizer;
use leakscope_report::log::LogRow;
use serde::Serialize;

use super::columns::Grid;
use super::spans::Spans;
use crate::index::kind::Kind;
use crate::index::ledger::Fate;
use crate::index::running::Span;
use crate::index::stretches::Stretch;
use crate::list::matching::site;
use crate::names::lines;
use crate::query::Window;
use crate::replay::Seen;
use crate::scan::Scan;

/// The most marks of each kind.
const MARKS: usize = 2000;

/// A core and who runs on it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Lane {
    pub(super) core: u8,
    pub(super) context: u16,
    pub(super) run: Spans,
    pub(super) ready: Spans,
}

/// Single events in a window; none of a kind if there are too many.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Marks {
    pub(super) heap: Option<Vec<HeapMark>>,
    pub(super) logs: Option<Vec<LogMark>>,
}

/// A heap event.
#[derive(Clone, Debug, Serialize)]
pub(super) struct HeapMark {
    index: u64,
    time: u64,
    kind: &'static str,
    size: u64,
    site: i64,
    context: i64,
    core: u8,
}

/// A log message.
#[derive(Clone, Debug, Serialize)]
pub(super) struct LogMark {
    index: u64,
    time: u64,
    kind: &'static str,
    context: i64,
    core: u8,
    text: String,
}

/// A window that is being read again.
pub(super) struct Drawing {
    window: Window,
    column: u64,
    pub(super) lanes: Vec<Lane>,
    pub(super) grid: Grid,
    pub(super) marks: Marks,
}

impl Drawing {
    /// With the same lanes as everywhere, all of them empty.
    pub(super) fn new(scan: &Scan<'_>, window: Window, width: u64, column: u64) -> Self {
        let lanes = scan.index.lanes.list().iter().map(|lane| Lane {
            core: lane.core,
            context: lane.context,
            run: Spans::default(),
            ready: Spans::default(),
        });
        Self {
            window,
            column,
            lanes: lanes.collect(),
            grid: Grid::new(window, width),
            marks: Marks {
                heap: Some(Vec::new()),
                logs: Some(Vec::new()),
            },
        }
    }

    pub(super) fn span(&mut self, scan: &Scan<'_>, span: Span) {
        let (from, to) = (span.from.max(self.window.from), span.to.min(self.window.to));
        if from >= to {
            return;
        }
        let lane = scan.index.lanes.known(span.core, span.context);
        if let Some(lane) = lane.and_then(|lane| self.lanes.get_mut(lane)) {
            let spans = if span.ready {
                &mut lane.ready
            } else {
                &mut lane.run
            };
            let ticks = to - from;
            spans.add(Stretch { from, to, ticks }, self.column);
        }
    }

    pub(super) fn event(
        &mut self,
        seen: &Seen<'_>,
        scan: &Scan<'_>,
        program: &Symbolizer<'_>,
        level: u64,
    ) {
        let event = &seen.event;
        let kind = Kind::of(event);
        let bin = self.grid.at(event.time, level);
        bin.count(kind);
        bin.reach(seen.live_bytes);
        if let EventKind::Heap(of_heap) = event.kind {
            let (kind, size) = match of_heap {
                HeapEvent::Allocation { size, .. } => ("allocation", size),
                HeapEvent::Reallocation { size, .. } => ("reallocation", size),
                HeapEvent::Free { .. } => ("free", seen.fate.map_or(0, Fate::size)),
                HeapEvent::Failed { size, .. } => ("failed", size),
                HeapEvent::Define { .. } | HeapEvent::FreeOfNull { .. } => return,
            };
            match kind {
                "free" => bin.frees += 1,
                "failed" => bin.failed += 1,
                _ => {
                    bin.frees += u32::from(kind == "reallocation");
                    bin.allocations += 1;
                    bin.allocated_bytes += size;
                }
            }
            mark(&mut self.marks.heap, || HeapMark {
                index: seen.index,
                time: event.time,
                kind,
                size,
                site: site(seen, scan).map_or(-1, |site| i64::from(site.number())),
                context: (scan.index.contexts.known(event.context)).map_or(-1, i64::from),
                core: event.core,
            });
        } else if kind.is_log() {
            mark(&mut self.marks.logs, || LogMark {
                index: seen.index,
                time: event.time,
                kind: kind.name(),
                context: (scan.index.contexts.known(event.context)).map_or(-1, i64::from),
                core: event.core,
                text: LogRow::new(event, seen.trace, program)
                    .map(|row| lines(&row.text))
                    .unwrap_or_default(),
            });
        }
    }
}

/// Adds a mark, unless there are too many already.
fn mark<M>(marks: &mut Option<Vec<M>>, new: impl FnOnce() -> M) {
    match marks {
        Some(list) if list.len() >= MARKS => *marks = None,
        Some(list) => list.push(new()),
        None => {}
    }
}
