//! `trend SITE`: how fast a call site grows on a device, version by version.

use super::Asked;
use crate::answer::Answer;
use crate::statistics::bootstrap::mean_interval;
use crate::statistics::mean;

const COLUMNS: [&str; 7] = [
    "firmware",
    "devices",
    "leaking",
    "hours",
    "bytes_per_device_hour",
    "low",
    "high",
];

pub(super) fn conclude(rows: &[Answer], _: &Asked) -> Answer {
    let table = &rows[0];
    let mut answer = Answer::new("", &COLUMNS);
    for devices in table
        .rows
        .chunk_by(|one, next| table.text(one, "firmware") == table.text(next, "firmware"))
    {
        let hours = |row: &Vec<_>| table.number(row, "hours").unwrap_or(0.0);
        let rates: Vec<f64> = devices
            .iter()
            .map(|row| table.number(row, "left_bytes").unwrap_or(0.0) / hours(row))
            .collect();
        let (low, high) = mean_interval(&rates);
        let leaking = devices
            .iter()
            .filter(|row| table.count(row, "leaks") > 0)
            .count();
        answer.rows.push(vec![
            table.cell(&devices[0], "firmware").clone(),
            (devices.len() as u64).into(),
            (leaking as u64).into(),
            devices.iter().map(hours).sum::<f64>().into(),
            mean(&rates).into(),
            low.into(),
            high.into(),
        ]);
    }
    answer.notes.push(
        "versions are in the order in which they were first seen; bytes are those left behind while it was watched, leak or not".to_owned(),
    );
    answer
}
