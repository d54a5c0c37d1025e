//! A window of the timeline that is read again: each switch, each mark.

use leakscope_analysis::heap::Effect;
use leakscope_report::Symbolizer;
use leakscope_report::log::LogRow;
use serde::Serialize;

use super::columns::Grid;
use super::spans::Spans;
use crate::index::kind::Kind;
use crate::index::live::Live;
use crate::index::running::Span;
use crate::index::stretches::Stretch;
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

/// A heap event: an allocation, a reallocation, a free, or a failed allocation.
#[derive(Clone, Debug, Serialize)]
pub(super) struct HeapMark {
    index: u64,
    time: u64,
    kind: &'static str,
    size: u64,
    /// When a block was allocated that ends here.
    since: Option<u64>,
    site: i64,
    context: i64,
    core: u8,
}

impl HeapMark {
    pub(super) fn new(seen: &Seen<'_>, scan: &Scan<'_>, kind: &'static str, size: u64) -> Self {
        Self {
            index: seen.index,
            time: seen.event.time,
            kind,
            size,
            since: (seen.effect.as_ref())
                .and_then(Effect::ended)
                .map(|ended| ended.block.time),
            site: seen.site_number(),
            context: scan.context_number(seen.event.context),
            core: seen.event.core,
        }
    }
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
        let lanes = scan.actors.lanes().iter().map(|lane| Lane {
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

    pub(super) fn span(&mut self, span: Span) {
        let (from, to) = (span.from.max(self.window.from), span.to.min(self.window.to));
        if from >= to {
            return;
        }
        if let Some(lane) = self.lanes.get_mut(span.lane as usize) {
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
        level: Live,
    ) {
        let event = &seen.event;
        let kind = Kind::of(event);
        let bin = self.grid.at(event.time, level);
        bin.count(kind);
        if let Some(effect) = &seen.effect {
            bin.affected(effect, seen.live);
            let (kind, size) = match effect {
                Effect::Allocation { began, .. } | Effect::Reallocation { began, .. } => {
                    (effect.name(), began.block.size)
                }
                Effect::Free { ended } => ("free", ended.block.size),
                Effect::UnknownFree(_) => ("free", 0),
                Effect::Failed { size, .. } => ("failed", *size),
                Effect::FreeOfNull
                | Effect::EmptyAllocation
                | Effect::HeapDefined
                | Effect::Restart => return,
            };
            let new = || HeapMark::new(seen, scan, kind, size);
            mark(&mut self.marks.heap, new);
        } else if kind.is_log() {
            mark(&mut self.marks.logs, || LogMark {
                index: seen.index,
                time: event.time,
                kind: kind.name(),
                context: scan.context_number(event.context),
                core: event.core,
                text: LogRow::new(event, seen.trace, program)
                    .map(|row| lines(&row.text))
                    .unwrap_or_default(),
            });
        }
    }
}

/// Adds a mark, unless there are too many already.
pub(super) fn mark<M>(marks: &mut Option<Vec<M>>, new: impl FnOnce() -> M) {
    match marks {
        Some(list) if list.len() >= MARKS => *marks = None,
        Some(list) => list.push(new()),
        None => {}
    }
}
