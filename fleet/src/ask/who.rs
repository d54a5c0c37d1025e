//! `who SITE`: on which versions, hardware and labels a call site leaks, and a recording of each to open.

use super::Asked;
use crate::answer::Answer;
use crate::statistics::proportion::wilson;

const COLUMNS: [&str; 8] = [
    "part",
    "which",
    "leaking",
    "devices",
    "share_low",
    "share_high",
    "hours",
    "example",
];

pub(super) fn conclude(rows: &[Answer], _: &Asked) -> Answer {
    let mut answer = Answer::new("", &COLUMNS);
    let rows = rows
        .iter()
        .flat_map(|table| table.rows.iter().map(move |row| (table, row)));
    for (table, row) in rows {
        let (leaking, devices) = (table.count(row, "leaking"), table.count(row, "devices"));
        let (low, high) = wilson(leaking, devices);
        let cell = |column| table.cell(row, column).clone();
        answer.rows.push(vec![
            cell("part"),
            cell("which"),
            leaking.into(),
            devices.into(),
            low.into(),
            high.into(),
            cell("hours"),
            cell("example"),
        ]);
    }
    let leaks = answer
        .rows
        .iter()
        .any(|row| answer.count(row, "leaking") > 0);
    if !leaks {
        answer
            .notes
            .push("it leaks nowhere, or no call site has this name: `top` lists names".to_owned());
    }
    answer
}
