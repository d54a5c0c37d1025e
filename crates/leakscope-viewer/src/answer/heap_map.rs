//! The heap's map over time: address by time, and how much is free and can be had.

use std::io;
use std::ops::ControlFlow;

use leakscope_heap::{Cell, Columns, Film, Frame, HeapMap, Listener, Region};
use leakscope_report::document::heap_map::HeapMap as Document;
use leakscope_report::{Report, heap_map};
use serde::Serialize;

use super::address;
use crate::query::{Picture, Window};
use crate::replay::{Reached, Replay};
use crate::scan::Scan;
use crate::source::TraceInputs;

/// No row is lower than this: a block with its header takes more.
const LEAST_ROW_BYTES: u64 = 8;

/// The map, while the trace is read again for it.
pub(crate) struct Filming {
    regions: Vec<Region>,
    picture: Picture,
    window: Window,
    film: Film,
    listener: Listener,
    replay: Replay,
    /// The last moment that was taken into account.
    reached: u64,
    is_complete: bool,
}

impl Filming {
    /// Nothing is read yet.
    pub(crate) fn new(scan: &Scan<'_>, regions: &[Region], picture: Picture) -> Self {
        let window = scan.bounded(picture.window);
        let all: u64 = (regions.iter())
            .map(|region| region.range.end - region.range.start)
            .fold(0, u64::saturating_add);
        let row_bytes = all.div_ceil(picture.rows).max(LEAST_ROW_BYTES);
        let columns = Columns {
            from: window.from,
            ticks: (window.to - window.from).div_ceil(picture.width),
            most: picture.width as usize,
        };
        let map = HeapMap::new(regions, &[], u64::MAX);
        Self {
            regions: regions.to_vec(),
            picture,
            window,
            film: Film::new(map, columns, row_bytes.next_power_of_two()),
            listener: Listener::default(),
            replay: Replay::from_section(scan, 0),
            reached: 0,
            is_complete: regions.is_empty(),
        }
    }

    /// Whether it answers this question too, once it is brought up to date. A picture of all of a trace grows with it.
    pub(crate) fn answers(&self, scan: &Scan<'_>, regions: &[Region], picture: Picture) -> bool {
        let is_asked = self.picture == picture && self.regions == regions;
        is_asked && (picture.window.is_none() || self.window == scan.bounded(picture.window))
    }

    /// There may be more events by now.
    pub(crate) fn renew(&mut self, scan: &Scan<'_>) {
        if self.picture.window.is_none() {
            self.window = scan.bounded(None);
        }
        self.is_complete &= !self.replay.extend(scan) || self.regions.is_empty();
    }

    /// Reads so many more events; returns whether all were read. If `is_over`, the trace does not grow any more.
    pub(crate) fn advance(
        &mut self,
        scan: &Scan<'_>,
        source: &mut dyn TraceInputs,
        events: u64,
        is_over: bool,
    ) -> io::Result<bool> {
        if self.is_complete {
            return Ok(true);
        }
        let (film, listener, window) = (&mut self.film, &mut self.listener, self.window);
        let reached = self.replay.run(scan, source, events, |seen| {
            if seen.event.time >= window.to {
                return ControlFlow::Break(());
            }
            self.reached = seen.event.time;
            if let Some(effect) = &seen.effect {
                film.observe_event(&seen.event, effect);
            } else if let Some(told) = listener.told(&seen.event) {
                film.told(seen.event.time, told);
            }
            ControlFlow::Continue(())
        })?;
        self.is_complete = reached != Reached::Limit;
        if reached == Reached::Enough || self.is_complete && is_over {
            film.finish();
        }
        if self.is_complete {
            film.pass(window.to - 1);
        }
        Ok(self.is_complete)
    }
}

/// The answer.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct HeapOverTime {
    from: u64,
    to: u64,
    pub(crate) complete: bool,
    counted_to: u64,
    /// What `leakscope heap` says of the window's end; `None` if it is not known where the heap is.
    map: Option<Document>,
    column_ticks: u64,
    regions: Vec<RegionOverTime>,
}

/// A region, by column.
#[derive(Clone, Debug, Serialize)]
struct RegionOverTime {
    start: String,
    bytes: u64,
    rows: usize,
    /// Flat quadruples from the first byte on: rows, the call site (-1 free, -2 unknown), percent in use, and the oldest
    /// block's time. `None` if the column is as the one before it.
    columns: Vec<Option<Vec<i64>>>,
    free: Vec<u64>,
    least_free: Vec<u64>,
    largest: Vec<u64>,
    least_largest: Vec<u64>,
    holes: Vec<u64>,
}

impl HeapOverTime {
    pub(crate) fn new(filming: &Filming, report: &Report) -> Self {
        let Filming { film, window, .. } = filming;
        let is_known = !filming.regions.is_empty();
        let current = film.current();
        let frames = film.frames().iter().chain([&current]);
        let frames: Vec<&[Frame]> = frames.map(Vec::as_slice).collect();
        let regions = filming.regions.iter().enumerate();
        Self {
            from: window.from,
            to: window.to,
            complete: filming.is_complete,
            counted_to: if filming.is_complete {
                window.to
            } else {
                filming.reached.clamp(window.from, window.to)
            },
            map: is_known.then(|| heap_map::document(film.map(), report, None)),
            column_ticks: film.columns().ticks,
            regions: regions
                .map(|(place, region)| {
                    let frames = frames.iter().filter_map(|frames| frames.get(place));
                    RegionOverTime::new(region, &frames.collect::<Vec<_>>())
                })
                .collect(),
        }
    }
}

impl RegionOverTime {
    fn new(region: &Region, frames: &[&Frame]) -> Self {
        let each = |value: fn(&Frame) -> u64| frames.iter().map(|frame| value(frame)).collect();
        let mut last = Vec::new();
        let columns = frames.iter().map(|frame| {
            let runs = runs(&frame.cells);
            (runs != last).then(|| {
                last.clone_from(&runs);
                runs
            })
        });
        Self {
            start: address(region.range.start),
            bytes: region.range.end - region.range.start,
            rows: frames.first().map_or(0, |frame| frame.cells.len()),
            columns: columns.collect(),
            free: each(|frame| frame.level.free),
            least_free: each(|frame| frame.least_free),
            largest: each(|frame| frame.level.largest),
            least_largest: each(|frame| frame.least_largest),
            holes: each(|frame| frame.level.holes),
        }
    }
}

/// Rows that look alike, as one.
fn runs(cells: &[Cell]) -> Vec<i64> {
    let looks = cells.iter().map(look).collect::<Vec<_>>();
    let alike = looks.chunk_by(|look, next| look == next);
    alike
        .flat_map(|alike| {
            let [site, percent, oldest] = alike[0];
            [alike.len() as i64, site, percent, oldest]
        })
        .collect()
}

/// The call site, the percent in use, and since when.
fn look(cell: &Cell) -> [i64; 3] {
    let used = cell.bytes - cell.free - cell.unknown;
    match (cell.site, cell.oldest) {
        (Some(site), Some(oldest)) => {
            let percent = (used as f64 / cell.bytes as f64 * 100.0).ceil() as i64;
            [site.number().into(), percent, oldest as i64]
        }
        _ if cell.unknown > cell.free => [-2, 0, 0],
        _ => [-1, 0, 0],
    }
}
