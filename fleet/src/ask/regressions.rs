//! `regressions NEW --against OLD`: call sites that leave behind more, or fewer, blocks an hour on a device.
//!
//! Devices that were seen with both versions are compared with themselves; if these are few, all devices are compared with
//! others of the same product and hardware.

use std::collections::{BTreeMap, BTreeSet};

use leakscope_export::tables::Cell;

use super::Asked;
use crate::answer::Answer;
use crate::statistics::bootstrap::{paired_ratio, ratio};
use crate::statistics::paired::{FEWEST, signed_ranks};
use crate::statistics::permutation::stratified;
use crate::statistics::{LEVEL, Stratum, discoveries};

const COLUMNS: [&str; 12] = [
    "site",
    "function",
    "old_per_hour",
    "new_per_hour",
    "ratio",
    "ratio_low",
    "ratio_high",
    "method",
    "devices",
    "p",
    "q",
    "claim",
];

/// Product, hardware, device.
type Device = (String, String, String);

/// Hours that a device was watched with the old version, and with the new one.
type Watched = BTreeMap<Device, [Option<f64>; 2]>;

pub(super) fn conclude(rows: &[Answer], asked: &Asked) -> Answer {
    let [watched, found] = rows else {
        return Answer::default();
    };
    let firmware = asked.subject.as_deref().unwrap_or_default();
    let age = |table: &Answer, row: &[Cell<'static>]| {
        usize::from(table.text(row, "firmware") == firmware)
    };
    let device = |table: &Answer, row: &[Cell<'static>]| -> Device {
        let text = |column| table.text(row, column).to_owned();
        (text("product"), text("hardware"), text("device"))
    };
    let mut hours = Watched::new();
    for row in &watched.rows {
        hours.entry(device(watched, row)).or_default()[age(watched, row)] =
            watched.number(row, "hours");
    }
    let of_site = |row: &[Cell<'static>]| found.text(row, "site").to_owned();
    let sites = found
        .rows
        .chunk_by(|one, next| of_site(one) == of_site(next));
    let compared: Vec<(Compared, &Vec<Cell<'static>>)> = sites
        .map(|rows| {
            let mut blocks: BTreeMap<Device, [f64; 2]> = BTreeMap::new();
            for row in rows {
                blocks.entry(device(found, row)).or_default()[age(found, row)] +=
                    found.count(row, "left_blocks") as f64;
            }
            (Compared::new(&hours, &blocks), &rows[0])
        })
        .collect();
    let q = discoveries(
        &compared
            .iter()
            .map(|(compared, _)| compared.p)
            .collect::<Vec<_>>(),
    );
    let mut order: Vec<usize> = (0..compared.len()).collect();
    order.sort_by(|&one, &other| compared[one].0.p.total_cmp(&compared[other].0.p));
    let mut answer = Answer::new("", &COLUMNS);
    for place in order {
        let (compared, row) = &compared[place];
        let claim = match compared.ratio {
            Some((ratio, _)) if q[place] <= LEVEL => {
                if ratio > 1.0 {
                    "worse"
                } else {
                    "better"
                }
            }
            _ => "no difference seen",
        };
        answer.rows.push(vec![
            found.cell(row, "site").clone(),
            found.cell(row, "function").clone(),
            compared.rates.0.into(),
            compared.rates.1.into(),
            compared.ratio.map(|(ratio, _)| ratio).into(),
            compared.ratio.map(|(_, interval)| interval.0).into(),
            compared.ratio.map(|(_, interval)| interval.1).into(),
            compared.method.into(),
            (compared.devices as u64).into(),
            compared.p.into(),
            q[place].into(),
            claim.into(),
        ]);
    }
    answer.notes = notes(
        &hours,
        firmware,
        asked.against.as_deref().unwrap_or_default(),
    );
    answer
}

/// What can be said of one call site.
struct Compared {
    /// Blocks an hour on a device: old and new.
    rates: (f64, f64),
    ratio: Option<(f64, (f64, f64))>,
    method: &'static str,
    devices: usize,
    p: f64,
}

impl Compared {
    fn new(hours: &Watched, blocks: &BTreeMap<Device, [f64; 2]>) -> Self {
        let mut pairs = Vec::new();
        let mut strata: BTreeMap<(&str, &str), Stratum> = BTreeMap::new();
        for (device, watched) in hours {
            let blocks = blocks.get(device).copied().unwrap_or_default();
            let rate = |age: usize| watched[age].map(|hours| blocks[age] / hours);
            let stratum = strata.entry((&device.0, &device.1)).or_default();
            stratum.old.extend(rate(0));
            stratum.new.extend(rate(1));
            pairs.extend(rate(0).zip(rate(1)));
        }
        let mut strata: Vec<Stratum> = strata.into_values().collect();
        strata.retain(|stratum| !stratum.old.is_empty() && !stratum.new.is_empty());
        if pairs.len() >= FEWEST {
            let differences: Vec<f64> = pairs.iter().map(|(old, new)| new - old).collect();
            let mean =
                |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / pairs.len() as f64;
            return Self {
                rates: (mean(|pair| pair.0), mean(|pair| pair.1)),
                ratio: paired_ratio(&pairs),
                method: "same devices",
                devices: pairs.len(),
                p: signed_ranks(&differences),
            };
        }
        let weight: usize = strata.iter().map(|stratum| stratum.new.len()).sum();
        let mean = |of: fn(&Stratum) -> &Vec<f64>| {
            let sums = strata.iter().map(|stratum| {
                let rates = of(stratum);
                rates.iter().sum::<f64>() / rates.len() as f64 * stratum.new.len() as f64
            });
            sums.sum::<f64>() / weight.max(1) as f64
        };
        Self {
            rates: (mean(|stratum| &stratum.old), mean(|stratum| &stratum.new)),
            ratio: ratio(&strata),
            method: "within hardware",
            devices: strata
                .iter()
                .map(|stratum| stratum.old.len() + stratum.new.len())
                .sum(),
            p: stratified(&strata),
        }
    }
}

fn notes(hours: &Watched, new: &str, old: &str) -> Vec<String> {
    let mut notes = Vec::new();
    let sum = |age: usize| {
        hours
            .values()
            .filter_map(|watched| watched[age])
            .sum::<f64>()
    };
    let count = |age: usize| {
        hours
            .values()
            .filter(|watched| watched[age].is_some())
            .count()
    };
    for (age, firmware) in [(0, old), (1, new)] {
        let (devices, hours) = (count(age), sum(age));
        notes.push(format!(
            "{firmware}: {devices} devices, {hours:.0} device-hours"
        ));
    }
    let strata = |age: usize| -> BTreeSet<(&str, &str)> {
        let seen = hours.iter().filter(|(_, watched)| watched[age].is_some());
        seen.map(|((product, hardware, _), _)| (&**product, &**hardware))
            .collect()
    };
    for (product, hardware) in strata(1).difference(&strata(0)) {
        notes.push(format!(
            "{product}, {hardware} was never watched with {old}: nothing is said of it"
        ));
    }
    notes
}
