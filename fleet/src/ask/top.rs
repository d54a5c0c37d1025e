//! `top`: call sites by what they cost the fleet.

use super::Asked;
use crate::answer::Answer;
use crate::statistics::proportion::wilson;

const COLUMNS: [&str; 8] = [
    "site",
    "function",
    "devices",
    "watched_devices",
    "share_low",
    "share_high",
    "bytes_per_device_day",
    "bytes_per_day",
];

pub(super) fn conclude(rows: &[Answer], _: &Asked) -> Answer {
    let table = &rows[0];
    let mut answer = Answer::new("", &COLUMNS);
    for row in &table.rows {
        let devices = table.count(row, "devices");
        let (low, high) = wilson(devices, table.count(row, "watched_devices"));
        let rate = table.number(row, "bytes_per_device_day").unwrap_or(0.0);
        answer.rows.push(vec![
            table.cell(row, "site").clone(),
            table.cell(row, "function").clone(),
            devices.into(),
            table.cell(row, "watched_devices").clone(),
            low.into(),
            high.into(),
            rate.into(),
            (rate * devices as f64).into(),
        ]);
    }
    answer
        .notes
        .push("bytes a day are a mean over the devices on which it leaks".to_owned());
    answer
}
