//! `regressions NEW --against OLD`: call sites that leave behind more, or fewer, blocks an hour on a device.
//!
//! Devices that were seen with both versions are compared with themselves; if these are few, all devices are compared with
//! others of the same product and hardware.

use std::collections::HashMap;

use super::Asked;
use crate::answer::{Answer, Row};
use crate::statistics::paired::{FEWEST, signed_ranks};
use crate::statistics::ratio::{Ratio, of_pairs, of_strata};
use crate::statistics::{Stratum, Tested, permutation, tested};

/// Devices of one product and hardware.
const STRATUM: [&str; 2] = ["product", "hardware"];

/// What tells devices apart.
const DEVICE: [&str; 3] = ["product", "hardware", "device"];

pub(super) fn conclude(rows: &[Answer], asked: &Asked) -> Answer {
    let (watched, found) = (&rows[0], &rows[1]);
    let sites = found.groups(&["site"]).map(|rows| {
        let compared = Compared::of(watched, found, rows);
        let p = compared.p;
        ((&rows[0], compared), p)
    });
    let ratio =
        |of: fn(Ratio) -> f64| move |site: &Tested<Site<'_>>| site.of.1.ratio.map(of).into();
    let mut answer = Answer::of(
        &tested(sites),
        &[
            ("site", &|site| found.cell(site.of.0, "site")),
            ("function", &|site| found.cell(site.of.0, "function")),
            ("old_per_hour", &ratio(|ratio| ratio.old)),
            ("new_per_hour", &ratio(|ratio| ratio.new)),
            ("ratio", &ratio(|ratio| ratio.ratio)),
            ("ratio_low", &ratio(|ratio| ratio.interval.0)),
            ("ratio_high", &ratio(|ratio| ratio.interval.1)),
            ("method", &|site| site.of.1.method.into()),
            ("devices", &|site| (site.of.1.devices as u64).into()),
            ("p", &|site| site.p.into()),
            ("q", &|site| site.q.into()),
            ("claim", &|site| {
                let claim = match site.of.1.ratio {
                    Some(ratio) if site.holds() && ratio.ratio > 1.0 => "worse",
                    Some(_) if site.holds() => "better",
                    _ => "no difference seen",
                };
                claim.into()
            }),
        ],
    );
    answer.notes = notes(watched, asked);
    answer
}

/// The first row of a call site, and what can be said of it.
type Site<'r> = (&'r Row, Compared);

/// What can be said of one call site.
struct Compared {
    /// Of blocks an hour on a device.
    ratio: Option<Ratio>,
    method: &'static str,
    devices: usize,
    p: f64,
}

impl Compared {
    /// `rows` are what was found of it.
    fn of(watched: &Answer, found: &Answer, rows: &[Row]) -> Self {
        let device = |row| DEVICE.map(|column| found.text(row, column));
        let blocks: HashMap<[&str; 3], &Row> = rows.iter().map(|row| (device(row), row)).collect();
        let mut strata = Vec::new();
        let mut pairs = Vec::new();
        for devices in watched.groups(&STRATUM) {
            let mut stratum = Stratum::default();
            for row in devices {
                let found_here = blocks.get(&DEVICE.map(|column| watched.text(row, column)));
                let rate = |hours, blocks| {
                    let blocks = found_here.map_or(0, |row| found.count(row, blocks));
                    Some(blocks as f64 / watched.number(row, hours)?)
                };
                let rates = (
                    rate("old_hours", "old_blocks"),
                    rate("new_hours", "new_blocks"),
                );
                stratum.old.extend(rates.0);
                stratum.new.extend(rates.1);
                pairs.extend(rates.0.zip(rates.1));
            }
            if !stratum.old.is_empty() && !stratum.new.is_empty() {
                strata.push(stratum);
            }
        }
        if pairs.len() >= FEWEST {
            let differences: Vec<f64> = pairs.iter().map(|(old, new)| new - old).collect();
            return Self {
                ratio: of_pairs(&pairs),
                method: "same devices",
                devices: pairs.len(),
                p: signed_ranks(&differences),
            };
        }
        let devices = strata
            .iter()
            .map(|stratum| stratum.old.len() + stratum.new.len());
        Self {
            ratio: of_strata(&strata),
            method: "within hardware",
            devices: devices.sum(),
            p: permutation::stratified(&strata),
        }
    }
}

/// How much was watched, and what was watched with the new version alone.
fn notes(watched: &Answer, asked: &Asked) -> Vec<String> {
    let mut notes = Vec::new();
    let old = asked.against.as_deref().unwrap_or_default();
    let new = asked.subject.as_deref().unwrap_or_default();
    for (firmware, column) in [(old, "old_hours"), (new, "new_hours")] {
        let rows = watched.rows.iter();
        let hours: Vec<f64> = rows.filter_map(|row| watched.number(row, column)).collect();
        let (devices, sum) = (hours.len(), hours.iter().sum::<f64>());
        notes.push(format!(
            "{firmware}: {devices} devices, {sum:.0} device-hours"
        ));
    }
    for devices in watched.groups(&STRATUM) {
        let is_old = |row: &Row| watched.number(row, "old_hours").is_some();
        if !devices.iter().any(is_old) {
            let [product, hardware] = STRATUM.map(|column| watched.text(&devices[0], column));
            notes.push(format!(
                "{product}, {hardware} was never watched with {old}: nothing is said of it"
            ));
        }
    }
    notes
}
