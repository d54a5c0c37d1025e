//! `leak-by-uptime`: heap dumps have no history, but those of many devices have: what a call site holds, against how long
//! each device had run.
//!
//! A leak grows with the uptime all along, a cache fills up and stays, and start-up objects are the same at any time. Devices
//! that have run for long may be idle ones, so that growth against the allocations of a device is asked for as well.

use std::collections::HashMap;

use super::Asked;
use crate::answer::Answer;
use crate::statistics::slope::{Slope, theil_sen};
use crate::statistics::{LEVEL, median, tested};

/// Devices that a claim takes.
const FEWEST: usize = 20;

/// Slopes between all pairs of more devices would cost more than they say: so many are taken, evenly among their names.
const MOST: usize = 2000;

/// The longest uptime must be so many times the shortest.
const RATIO: f64 = 4.0;

/// In the upper half of uptimes, a leak grows at least by this share of how it grows in the lower half.
const STILL_GROWS: f64 = 0.5;

pub(super) fn conclude(rows: &[Answer], _: &Asked) -> Answer {
    let (devices, sites) = (&rows[0], &rows[1]);
    let versions: HashMap<_, _> = devices
        .groups(&["firmware"])
        .map(|rows| (devices.text(&rows[0], "firmware"), rows))
        .collect();
    let judged = sites.groups(&["firmware", "site"]).map(|rows| {
        let blocks = rows.iter().map(|row| {
            let count = sites.count(row, "blocks") as f64;
            (sites.text(row, "device"), count)
        });
        let blocks: HashMap<&str, f64> = blocks.collect();
        let of_version = versions.get(sites.text(&rows[0], "firmware"));
        let of_version = of_version.copied().unwrap_or_default();
        let step = of_version.len().div_ceil(MOST).max(1);
        let points = of_version.iter().step_by(step).map(|row| Point {
            hours: devices.number(row, "uptime_s").unwrap_or(0.0) / 3600.0,
            allocations: devices.number(row, "allocations").unwrap_or(0.0),
            // A device whose dump does not name the call site holds nothing of it.
            blocks: blocks
                .get(devices.text(row, "device"))
                .copied()
                .unwrap_or(0.0),
        });
        let growth = Growth::of(&points.collect::<Vec<_>>());
        let p = growth.p();
        ((&rows[0], growth), p)
    });
    let mut judged = tested(judged);
    // The others stay in their order.
    judged.sort_by_key(|site| site.of.1.verdict(site.q) != LEAK);
    let mut answer = Answer::of(
        &judged,
        &[
            ("firmware", &|site| sites.cell(site.of.0, "firmware")),
            ("site", &|site| sites.cell(site.of.0, "site")),
            ("function", &|site| sites.cell(site.of.0, "function")),
            ("devices", &|site| (site.of.1.devices as u64).into()),
            ("blocks_per_hour", &|site| {
                site.of.1.by_uptime.map(|slope| slope.slope).into()
            }),
            ("low", &|site| {
                site.of.1.by_uptime.map(|slope| slope.interval.0).into()
            }),
            ("high", &|site| {
                site.of.1.by_uptime.map(|slope| slope.interval.1).into()
            }),
            ("q", &|site| site.q.into()),
            ("verdict", &|site| site.of.1.verdict(site.q).into()),
        ],
    );
    answer.notes.push(format!(
        "a claim takes {FEWEST} devices, uptimes that differ by a factor of {RATIO}, and growth with both uptime and allocations"
    ));
    answer
}

const LEAK: &str = "leak-by-uptime";

/// What a device holds of a call site, and what it has been through.
#[derive(Clone, Copy)]
struct Point {
    hours: f64,
    allocations: f64,
    blocks: f64,
}

/// How the blocks of a call site grow over devices.
struct Growth {
    devices: usize,
    is_enough: bool,
    by_uptime: Option<Slope>,
    by_allocations: Option<Slope>,
    /// Slopes in the lower and the upper half of uptimes.
    halves: (f64, f64),
}

impl Growth {
    fn of(points: &[Point]) -> Self {
        let mut hours: Vec<f64> = points.iter().map(|point| point.hours).collect();
        let middle = median(&mut hours).unwrap_or(0.0);
        let is_spread = hours.last() >= hours.first().map(|first| first * RATIO).as_ref();
        let by_uptime = |points: &[Point]| {
            let points = points.iter().map(|point| (point.hours, point.blocks));
            theil_sen(&points.collect::<Vec<_>>())
        };
        let by_allocations = points.iter().map(|point| (point.allocations, point.blocks));
        let (lower, upper): (Vec<_>, Vec<_>) =
            points.iter().partition(|point| point.hours <= middle);
        let slope = |half: &[Point]| by_uptime(half).map_or(0.0, |slope| slope.slope);
        Self {
            devices: points.len(),
            is_enough: points.len() >= FEWEST && is_spread,
            by_uptime: by_uptime(points),
            by_allocations: theil_sen(&by_allocations.collect::<Vec<_>>()),
            halves: (slope(&lower), slope(&upper)),
        }
    }

    fn p(&self) -> f64 {
        let both = [self.by_uptime, self.by_allocations];
        let p = both.map(|slope| slope.map_or(1.0, |slope| slope.p));
        if self.is_enough { p[0].max(p[1]) } else { 1.0 }
    }

    fn verdict(&self, q: f64) -> &'static str {
        let grows = |slope: Option<Slope>| slope.is_some_and(|slope| slope.interval.0 > 0.0);
        let (lower, upper) = self.halves;
        if !self.is_enough {
            "too few devices"
        } else if q > LEVEL || !grows(self.by_uptime) || !grows(self.by_allocations) {
            "no growth"
        } else if upper < STILL_GROWS * lower || upper <= 0.0 {
            "saturates"
        } else {
            LEAK
        }
    }
}
