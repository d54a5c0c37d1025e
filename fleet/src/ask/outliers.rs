//! `outliers`: devices that leak far more than others of the same product, hardware and version.

use super::Asked;
use crate::answer::Answer;
use crate::statistics::{mean, median};

/// Beyond so many robust deviations (Iglewicz and Hoaglin).
const FAR: f64 = 3.5;

/// Fewer devices have no middle to be far from.
const FEWEST: usize = 5;

pub(super) fn conclude(rows: &[Answer], _: &Asked) -> Answer {
    let table = &rows[0];
    let rate = |row: &[_]| Some(table.number(row, "left_bytes")? / table.number(row, "hours")?);
    let mut small = 0;
    let mut outliers = Vec::new();
    for devices in table.groups(&["product", "hardware", "firmware"]) {
        if devices.len() < FEWEST {
            small += devices.len();
            continue;
        }
        let rates: Vec<f64> = devices.iter().filter_map(|row| rate(row)).collect();
        let middle = median(&mut rates.clone()).unwrap_or(0.0);
        let mut distances: Vec<f64> = rates.iter().map(|rate| (rate - middle).abs()).collect();
        // Of a normal distribution, these are its standard deviation. Where most are equal, the mean has to do.
        let deviation = match median(&mut distances) {
            Some(distance) if distance > 0.0 => distance * 1.4826,
            _ => mean(&distances) * 1.2533,
        };
        for (row, rate) in devices.iter().zip(rates) {
            let far = (rate - middle) / deviation;
            if far > FAR && table.count(row, "leaks") > 0 {
                outliers.push((row, rate, middle, far));
            }
        }
    }
    outliers.sort_by(|one, other| other.3.total_cmp(&one.3));
    let mut answer = Answer::of(
        &outliers,
        &[
            ("device", &|(row, ..)| table.cell(row, "device")),
            ("product", &|(row, ..)| table.cell(row, "product")),
            ("hardware", &|(row, ..)| table.cell(row, "hardware")),
            ("firmware", &|(row, ..)| table.cell(row, "firmware")),
            ("bytes_per_hour", &|(_, rate, ..)| (*rate).into()),
            ("median_of_others", &|(.., middle, _)| (*middle).into()),
            ("deviations", &|(.., far)| (*far).into()),
        ],
    );
    if small > 0 {
        answer.notes.push(format!(
            "{small} devices have fewer than {} others like them: nothing is said of these",
            FEWEST - 1
        ));
    }
    answer
}
