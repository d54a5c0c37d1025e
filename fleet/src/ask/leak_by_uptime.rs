//! `leak-by-uptime`: heap dumps have no history, but those of many devices have: what a call site holds, against how long
//! each device had run.
//!
//! A leak grows with the uptime all along, a cache fills up and stays, and start-up objects are the same at any time. Devices
//! that have run for long may be idle ones, so that growth against the allocations of a device is asked for as well.

use std::collections::BTreeMap;

use leakscope_export::tables::Cell;

use super::Asked;
use crate::answer::Answer;
use crate::statistics::slope::{Slope, theil_sen};
use crate::statistics::{LEVEL, discoveries, median};

/// Devices that a claim takes.
const FEWEST: usize = 20;

/// The longest uptime must be so many times the shortest.
const RATIO: f64 = 4.0;

/// In the upper half of uptimes, a leak grows at least by this share of how it grows in the lower half.
const STILL_GROWS: f64 = 0.5;

const COLUMNS: [&str; 9] = [
    "firmware",
    "site",
    "function",
    "devices",
    "blocks_per_hour",
    "low",
    "high",
    "q",
    "verdict",
];

/// Uptime in hours and allocations of a device.
type Exposure = (f64, f64);

pub(super) fn conclude(rows: &[Answer], _: &Asked) -> Answer {
    let [devices, sites] = rows else {
        return Answer::default();
    };
    let mut watched: BTreeMap<&str, BTreeMap<&str, Exposure>> = BTreeMap::new();
    for row in &devices.rows {
        let number = |column| devices.number(row, column).unwrap_or(0.0);
        let of_version = watched.entry(devices.text(row, "firmware")).or_default();
        of_version.insert(
            devices.text(row, "device"),
            (number("uptime_s") / 3600.0, number("allocations")),
        );
    }
    let key = |row: &[Cell<'static>]| {
        (
            sites.text(row, "firmware").to_owned(),
            sites.text(row, "site").to_owned(),
        )
    };
    let mut judged = Vec::new();
    for rows in sites.rows.chunk_by(|one, next| key(one) == key(next)) {
        let Some(devices) = watched.get(sites.text(&rows[0], "firmware")) else {
            continue;
        };
        let blocks: BTreeMap<&str, f64> = rows
            .iter()
            .map(|row| (sites.text(row, "device"), sites.count(row, "blocks") as f64))
            .collect();
        // A device whose dump does not name the call site holds nothing of it.
        let points: Vec<(Exposure, f64)> = devices
            .iter()
            .map(|(device, exposure)| (*exposure, blocks.get(device).copied().unwrap_or(0.0)))
            .collect();
        judged.push((&rows[0], Growth::of(&points)));
    }
    let q = discoveries(
        &judged
            .iter()
            .map(|(_, growth)| growth.p())
            .collect::<Vec<_>>(),
    );
    let mut answer = Answer::new("", &COLUMNS);
    for ((row, growth), q) in judged.iter().zip(q) {
        let slope = growth.by_uptime;
        answer.rows.push(vec![
            sites.cell(row, "firmware").clone(),
            sites.cell(row, "site").clone(),
            sites.cell(row, "function").clone(),
            (growth.devices as u64).into(),
            slope.map(|slope| slope.slope).into(),
            slope.map(|slope| slope.interval.0).into(),
            slope.map(|slope| slope.interval.1).into(),
            q.into(),
            growth.verdict(q).into(),
        ]);
    }
    let is_leak = |row: &Vec<Cell<'static>>| answer.text(row, "verdict") == "leak-by-uptime";
    let (mut leaks, others): (Vec<_>, Vec<_>) = answer.rows.iter().cloned().partition(is_leak);
    leaks.extend(others);
    answer.rows = leaks;
    answer.notes.push(format!(
        "a claim takes {FEWEST} devices, uptimes that differ by a factor of {RATIO}, and growth with both uptime and allocations"
    ));
    answer
}

/// How the blocks of a call site grow over devices.
struct Growth {
    devices: usize,
    is_enough: bool,
    by_uptime: Option<Slope>,
    by_allocations: Option<Slope>,
    /// In the lower and the upper half of uptimes.
    halves: (Option<Slope>, Option<Slope>),
}

impl Growth {
    fn of(points: &[(Exposure, f64)]) -> Self {
        let mut uptimes: Vec<f64> = points.iter().map(|((uptime, _), _)| *uptime).collect();
        let middle = median(&mut uptimes).unwrap_or(0.0);
        let spread = uptimes
            .last()
            .zip(uptimes.first())
            .map_or(0.0, |(last, first)| last / first);
        let by_uptime: Vec<(f64, f64)> = points
            .iter()
            .map(|((uptime, _), blocks)| (*uptime, *blocks))
            .collect();
        let by_allocations: Vec<(f64, f64)> = points
            .iter()
            .map(|((_, allocations), blocks)| (*allocations, *blocks))
            .collect();
        let (lower, upper): (Vec<_>, Vec<_>) = by_uptime
            .iter()
            .copied()
            .partition(|(uptime, _)| *uptime <= middle);
        Self {
            devices: points.len(),
            is_enough: points.len() >= FEWEST && spread >= RATIO,
            by_uptime: theil_sen(&by_uptime),
            by_allocations: theil_sen(&by_allocations),
            halves: (theil_sen(&lower), theil_sen(&upper)),
        }
    }

    fn p(&self) -> f64 {
        let of = |slope: Option<Slope>| slope.map_or(1.0, |slope| slope.p);
        if self.is_enough {
            of(self.by_uptime).max(of(self.by_allocations))
        } else {
            1.0
        }
    }

    fn verdict(&self, q: f64) -> &'static str {
        let grows = |slope: Option<Slope>| slope.is_some_and(|slope| slope.interval.0 > 0.0);
        let slope_of = |slope: Option<Slope>| slope.map_or(0.0, |slope| slope.slope);
        let (lower, upper) = self.halves;
        if !self.is_enough {
            "too few devices"
        } else if q > LEVEL || !grows(self.by_uptime) || !grows(self.by_allocations) {
            "no growth"
        } else if slope_of(upper) < STILL_GROWS * slope_of(lower) || slope_of(upper) <= 0.0 {
            "saturates"
        } else {
            "leak-by-uptime"
        }
    }
}
