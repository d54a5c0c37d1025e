//! `top`: call sites by what they cost the fleet.

use super::Asked;
use crate::answer::Answer;
use crate::statistics::proportion::wilson;

pub(super) fn conclude(rows: &[Answer], _: &Asked) -> Answer {
    let table = &rows[0];
    let devices = |row: &[_]| table.count(row, "devices");
    let share = |row: &[_]| wilson(devices(row), table.count(row, "watched_devices"));
    let rate = |row: &[_]| table.number(row, "bytes_per_device_day").unwrap_or(0.0);
    let mut answer = Answer::of(
        &table.rows,
        &[
            ("site", &|row| table.cell(row, "site")),
            ("function", &|row| table.cell(row, "function")),
            ("devices", &|row| devices(row).into()),
            ("watched_devices", &|row| table.cell(row, "watched_devices")),
            ("share_low", &|row| share(row).0.into()),
            ("share_high", &|row| share(row).1.into()),
            ("bytes_per_device_day", &|row| rate(row).into()),
            ("bytes_per_day", &|row| {
                (rate(row) * devices(row) as f64).into()
            }),
        ],
    );
    let note = "bytes a day are a mean over the devices on which it leaks";
    answer.notes.push(note.to_owned());
    answer
}
