//! `trend SITE`: how fast a call site grows on a device, version by version.

use super::Asked;
use crate::answer::Answer;
use crate::statistics::mean;
use crate::statistics::ratio::mean_interval;

pub(super) fn conclude(rows: &[Answer], _: &Asked) -> Answer {
    let table = &rows[0];
    let versions = table.groups(&["firmware"]).map(|devices| {
        let rate = |row| Some(table.number(row, "left_bytes")? / table.number(row, "hours")?);
        let rates: Vec<f64> = devices.iter().filter_map(|row| rate(row)).collect();
        (devices, mean(&rates), mean_interval(&rates))
    });
    let leaking = |row: &&Vec<_>| table.count(row, "leaks") > 0;
    let hours = |row: &Vec<_>| table.number(row, "hours");
    let mut answer = Answer::of(
        &versions.collect::<Vec<_>>(),
        &[
            ("firmware", &|(devices, ..)| {
                table.cell(&devices[0], "firmware")
            }),
            ("devices", &|(devices, ..)| (devices.len() as u64).into()),
            ("leaking", &|(devices, ..)| {
                (devices.iter().filter(leaking).count() as u64).into()
            }),
            ("hours", &|(devices, ..)| {
                devices.iter().filter_map(hours).sum::<f64>().into()
            }),
            ("bytes_per_device_hour", &|(_, mean, _)| (*mean).into()),
            ("low", &|(.., interval)| interval.0.into()),
            ("high", &|(.., interval)| interval.1.into()),
        ],
    );
    answer.notes.push(
        "versions are in the order in which they were first seen; bytes are those left behind while it was watched, leak or not".to_owned(),
    );
    answer
}
