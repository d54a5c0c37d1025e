//! Who ran, who was ready, and what happened to the heap, in a window.
//!
//! A window of few events is read again, and shows each switch; a longer one is made from the sums that the
//! index keeps.

use std::io;
use std::ops::ControlFlow;

use leakscope_report::sanitise;
use serde::Serialize;

use super::drawing::{Drawing, Lane, Marks};
use super::heap::{self, Heap};
use super::spans::Spans;
use crate::index::levels::Bin;
use crate::index::running::unknown_since;
use crate::index::stretches::{Layers, Stretch};
use crate::names::context_rank;
use crate::query::Window;
use crate::reader::Reader;
use crate::replay::Replay;
use crate::scan::Scan;

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

/// Whether a window has so few events that they are read again, if they can be.
pub(crate) fn is_short(scan: &Scan<'_>, window: Window) -> bool {
    if scan.is_gone {
        return false;
    }
    let sections = &scan.sections;
    let (first, last) = (sections.of_time(window.from), sections.of_time(window.to));
    let list = sections.list();
    let events = list[last].first + sections.length(last) - list[first].first;
    let bins = (window.to - window.from) >> scan.index.lanes.shift;
    events <= SHORT || (events <= MODERATE && bins < FEW_BINS)
}

impl Timeline {
    /// Of a window within the bounds of the trace. For one that [is not short](is_short), the lanes must have been
    /// [coarsened](crate::index::lanes::Lanes::coarsen). Stretches are told apart that are as long as `column`.
    pub(crate) fn new(
        window: Window,
        width: u64,
        column: u64,
        reader: &mut Reader<'_, '_>,
    ) -> io::Result<Self> {
        if is_short(reader.scan, window) {
            Self::exact(window, width, column, reader)
        } else {
            Ok(Self::summed(window, width, column, reader.scan))
        }
    }

    fn exact(
        window: Window,
        width: u64,
        column: u64,
        reader: &mut Reader<'_, '_>,
    ) -> io::Result<Self> {
        let Reader {
            scan,
            source,
            names,
        } = reader;
        let section = scan.sections.of_time(window.from);
        let mut replay = Replay::from_section(scan, section);
        let mut drawing = Drawing::new(scan, window, width, column);
        let mut running = std::mem::take(&mut replay.running);
        let number = |core, is| scan.actors.numbered(core, is);
        let mut level = scan.index.begins.list()[section].live;
        let mut before = level;
        replay.run(scan, *source, u64::MAX, |seen| {
            if unknown_since(&seen.event) >= window.to {
                return ControlFlow::Break(());
            }
            running.observe(&seen.event, seen.trace, number, |span| drawing.span(span));
            if seen.event.time >= window.to {
                // The end of the window was lost.
                return ControlFlow::Break(());
            }
            if seen.event.time >= window.from {
                drawing.event(seen, scan, &names.symbolizer, level);
            } else {
                before = seen.live;
            }
            level = seen.live;
            ControlFlow::Continue(())
        })?;
        let end = window.to.min(scan.trace.end());
        running.settle(end, |span| drawing.span(span));
        let Drawing {
            lanes, grid, marks, ..
        } = drawing;
        let bins = grid.filled(before);
        Ok(Self::assembled(
            scan,
            window,
            true,
            column,
            lanes,
            (window, &bins),
            marks,
        ))
    }

    fn summed(window: Window, width: u64, column: u64, scan: &Scan<'_>) -> Self {
        let index = &scan.index;
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
        let lanes = scan.actors.lanes().iter().zip(index.lanes.list());
        let lanes = lanes.map(|(lane, sums)| Lane {
            core: lane.core,
            context: lane.context,
            run: spans(&sums.run),
            ready: spans(&sums.ready),
        });
        let (columns, bins) = heap::from_levels(&index.levels, window, width);
        Self::assembled(
            scan,
            window,
            false,
            column,
            lanes.collect(),
            (columns, &bins),
            Marks::default(),
        )
    }

    fn assembled(
        scan: &Scan<'_>,
        window: Window,
        exact: bool,
        resolution: u64,
        mut lanes: Vec<Lane>,
        (columns, bins): (Window, &[Bin]),
        marks: Marks,
    ) -> Self {
        let index = &scan.index;
        lanes.sort_by_cached_key(|lane| {
            let context = scan.actors.contexts()[usize::from(lane.context)];
            let rank = context_rank(context, &scan.trace);
            (lane.core, rank, lane.context)
        });
        let gaps = index.gaps.iter();
        let gaps = gaps.filter(|gap| gap.from < window.to && gap.to >= window.from);
        let user_marks = index.marks.iter();
        let user_marks = user_marks.filter(|mark| window.has(mark.time));
        Self {
            from: window.from,
            to: window.to,
            width: bins.len() as u64,
            exact,
            resolution,
            lanes,
            heap: Heap::new(columns, bins),
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
                    name: (scan.trace.marker(mark.marker)).map_or_else(
                        || format!("mark {}", mark.marker),
                        |name| sanitise(name).into_owned(),
                    ),
                })
                .collect(),
        }
    }
}
