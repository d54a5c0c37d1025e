//! Who ran, who was ready, and what happened to the heap, in a window.
//!
//! A window of few events is read again, and shows each switch; a longer one is made from the sums that the
//! index keeps.

use std::ops::ControlFlow;

use leakscope_report::sanitise;
use serde::Serialize;

use super::drawing::{Drawing, Lane, Marks};
use super::heap::{self, Heap};
use super::spans::Spans;
use crate::engine::{Engine, Refusal};
use crate::index::levels::Bin;
use crate::index::stretches::{Layers, Stretch};
use crate::names::context_rank;
use crate::query::{Columns, Window};
use crate::replay::Replay;

/// A window of so many events is read again.
const SHORT: u64 = 120_000;

/// So is one of so many events, if it has few bins: it takes some tens of milliseconds.
const MODERATE: u64 = 300_000;
const FEW_BINS: u64 = 500;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Timeline {
    from: u64,
    to: u64,
    width: u64,
    exact: bool,
    resolution: u64,
    lanes: Vec<Lane>,
    pub(super) heap: Heap,
    marks: Marks,
    logs: Vec<u32>,
    warnings: Vec<u32>,
    errors: Vec<u32>,
    gaps: Vec<Gap>,
    user_marks: Vec<UserMark>,
}

#[derive(Clone, Debug, Serialize)]
struct Gap {
    from: u64,
    to: u64,
    packets: Option<u64>,
    bytes: u64,
}

#[derive(Clone, Debug, Serialize)]
struct UserMark {
    time: u64,
    index: u64,
    name: String,
}

impl Timeline {
    /// How many stretches there are in it.
    pub(crate) fn stretches(&self) -> usize {
        self.lanes
            .iter()
            .map(|lane| lane.run.len() + lane.ready.len())
            .sum()
    }

    /// The ticks that stretches cannot be told apart in.
    pub(crate) fn resolution(&self) -> u64 {
        self.resolution
    }

    /// Drops the marks of single heap events.
    pub(crate) fn without_heap_marks(mut self) -> Self {
        self.marks.heap = None;
        self
    }
}

impl Engine<'_> {
    /// Whether a window has so few events that they are read again.
    pub(super) fn is_short(&self, window: Window) -> bool {
        let sections = &self.scan.index.sections;
        let (first, last) = (sections.of_time(window.from), sections.of_time(window.to));
        let list = sections.list();
        let events = list[last].first + sections.length(last) - list[first].first;
        let bins = (window.to - window.from) >> self.scan.index.lanes.shift;
        events <= SHORT || (events <= MODERATE && bins < FEW_BINS)
    }

    pub(crate) fn timeline(&mut self, columns: Columns) -> Result<Timeline, Refusal> {
        let window = self.bounded(columns.window);
        let column = (window.to - window.from).div_ceil(columns.width);
        self.timeline_with(window, columns.width, column)
    }

    /// With stretches that are told apart if they are as long as `column`.
    pub(crate) fn timeline_with(
        &mut self,
        window: Window,
        width: u64,
        column: u64,
    ) -> Result<Timeline, Refusal> {
        if self.is_short(window) {
            self.exact(window, width, column)
        } else {
            self.scan.index.lanes.coarsen();
            Ok(self.summed(window, width, column))
        }
    }

    fn exact(&mut self, window: Window, width: u64, column: u64) -> Result<Timeline, Refusal> {
        let scan = &self.scan;
        let section = scan.index.sections.of_time(window.from);
        let mut replay = Replay::from_section(scan, section);
        let mut drawing = Drawing::new(scan, window, width, column);
        let mut running = std::mem::take(&mut replay.running);
        let mut contexts = scan.index.contexts.clone();
        let mut level = scan.index.sections.list()[section].live_bytes;
        let mut before = level;
        replay.run(scan, &mut *self.source, u64::MAX, |seen| {
            if seen.event.time >= window.to {
                return ControlFlow::Break(());
            }
            running.observe(&seen.event, seen.trace, &mut contexts, |span| {
                drawing.span(scan, span);
            });
            if seen.event.time >= window.from {
                drawing.event(seen, scan, &self.names.symbolizer, level);
            } else {
                before = seen.live_bytes;
            }
            level = seen.live_bytes;
            ControlFlow::Continue(())
        })?;
        running.settle(window.to.min(scan.trace.end()), |span| {
            drawing.span(scan, span);
        });
        let Drawing {
            lanes, grid, marks, ..
        } = drawing;
        let bins = grid.filled(before);
        Ok(self.assembled(window, true, column, lanes, &bins, marks))
    }

    fn summed(&self, window: Window, width: u64, column: u64) -> Timeline {
        let index = &self.scan.index;
        let column = column.max(1 << index.lanes.shift.max(index.levels.shift));
        let cut = |stretch: Stretch| -> Stretch {
            if stretch.from >= window.from && stretch.to <= window.to {
                return stretch;
            }
            let (from, to) = (stretch.from.max(window.from), stretch.to.min(window.to));
            let whole = u128::from(stretch.to - stretch.from);
            let part = u128::from(stretch.ticks) * u128::from(to - from) / whole.max(1);
            Stretch {
                from,
                to,
                ticks: part as u64,
            }
        };
        let spans = |sums: &Layers| {
            let mut spans = Spans::default();
            for stretch in sums.within(window.from, window.to, column) {
                spans.add(cut(stretch), column);
            }
            spans
        };
        let lanes = index.lanes.list().iter().map(|lane| Lane {
            core: lane.core,
            context: lane.context,
            run: spans(&lane.run),
            ready: spans(&lane.ready),
        });
        let bins = heap::from_levels(&index.levels, window, width);
        self.assembled(
            window,
            false,
            column,
            lanes.collect(),
            &bins,
            Marks::default(),
        )
    }

    fn assembled(
        &self,
        window: Window,
        exact: bool,
        resolution: u64,
        mut lanes: Vec<Lane>,
        bins: &[Bin],
        marks: Marks,
    ) -> Timeline {
        let index = &self.scan.index;
        lanes.sort_by_cached_key(|lane| {
            let context = index.contexts.list()[usize::from(lane.context)];
            let rank = context_rank(context, &self.scan.trace);
            (lane.core, rank, lane.context)
        });
        let gaps = index.gaps.iter();
        let gaps = gaps.filter(|gap| gap.from < window.to && gap.to >= window.from);
        let user_marks = index.marks.iter();
        let user_marks = user_marks.filter(|mark| (window.from..window.to).contains(&mark.time));
        Timeline {
            from: window.from,
            to: window.to,
            width: bins.len() as u64,
            exact,
            resolution,
            lanes,
            heap: Heap::new(window, bins),
            marks,
            logs: bins.iter().map(|bin| bin.logs).collect(),
            warnings: bins.iter().map(|bin| bin.warnings).collect(),
            errors: bins.iter().map(|bin| bin.errors).collect(),
            gaps: gaps
                .map(|gap| Gap {
                    from: gap.from,
                    to: gap.to,
                    packets: gap.packets,
                    bytes: gap.bytes,
                })
                .collect(),
            user_marks: user_marks
                .map(|mark| UserMark {
                    time: mark.time,
                    index: mark.index,
                    name: (self.scan.trace.marker(mark.marker)).map_or_else(
                        || format!("mark {}", mark.marker),
                        |name| sanitise(name).into_owned(),
                    ),
                })
                .collect(),
        }
    }
}
