//! `outliers`: devices that leak far more than others of the same product, hardware and version.

use super::Asked;
use crate::answer::Answer;
use crate::statistics::median;

/// Beyond so many robust deviations (Iglewicz and Hoaglin).
const FAR: f64 = 3.5;

/// Fewer devices have no middle to be far from.
const FEWEST: usize = 5;

const COLUMNS: [&str; 7] = [
    "device",
    "product",
    "hardware",
    "firmware",
    "bytes_per_hour",
    "median_of_others",
    "deviations",
];

pub(super) fn conclude(rows: &[Answer], _: &Asked) -> Answer {
    let table = &rows[0];
    let mut answer = Answer::new("", &COLUMNS);
    let stratum = |row: &[_]| {
        ["product", "hardware", "firmware"].map(|column| table.text(row, column).to_owned())
    };
    let mut small = 0;
    for devices in table
        .rows
        .chunk_by(|one, next| stratum(one) == stratum(next))
    {
        if devices.len() < FEWEST {
            small += devices.len();
            continue;
        }
        let rate =
            |row: &Vec<_>| Some(table.number(row, "left_bytes")? / table.number(row, "hours")?);
        let rates: Vec<f64> = devices.iter().filter_map(rate).collect();
        let middle = median(&mut rates.clone()).unwrap_or(0.0);
        let mut distances: Vec<f64> = rates.iter().map(|rate| (rate - middle).abs()).collect();
        let mean_distance = distances.iter().sum::<f64>() / distances.len() as f64;
        // Of a normal distribution, these are its standard deviation. Where most are equal, the mean has to do.
        let deviation = match median(&mut distances) {
            Some(distance) if distance > 0.0 => distance * 1.4826,
            _ => mean_distance * 1.2533,
        };
        for (row, rate) in devices.iter().zip(&rates) {
            let far = (rate - middle) / deviation;
            if far > FAR && table.count(row, "leaks") > 0 {
                let cell = |column| table.cell(row, column).clone();
                answer.rows.push(vec![
                    cell("device"),
                    cell("product"),
                    cell("hardware"),
                    cell("firmware"),
                    (*rate).into(),
                    middle.into(),
                    far.into(),
                ]);
            }
        }
    }
    let order = |row: &Vec<_>| answer.number(row, "deviations").unwrap_or(0.0);
    let mut sorted = answer.rows.clone();
    sorted.sort_by(|one, other| order(other).total_cmp(&order(one)));
    answer.rows = sorted;
    if small > 0 {
        answer.notes.push(format!(
            "{small} devices have fewer than {} others like them: nothing is said of these",
            FEWEST - 1
        ));
    }
    answer
}
