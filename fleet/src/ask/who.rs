//! `who SITE`: on which versions, hardware and labels a call site leaks, and a recording of each to open.

use super::Asked;
use crate::answer::Answer;
use crate::statistics::proportion::wilson;

pub(super) fn conclude(rows: &[Answer], _: &Asked) -> Answer {
    // Both tables have the same columns.
    let table = &rows[0];
    let rows: Vec<_> = rows.iter().flat_map(|table| &table.rows).collect();
    let leaking = |row: &[_]| table.count(row, "leaking");
    let share = |row: &[_]| wilson(leaking(row), table.count(row, "devices"));
    let mut answer = Answer::of(
        &rows,
        &[
            ("part", &|row| table.cell(row, "part")),
            ("which", &|row| table.cell(row, "which")),
            ("leaking", &|row| leaking(row).into()),
            ("devices", &|row| table.count(row, "devices").into()),
            ("share_low", &|row| share(row).0.into()),
            ("share_high", &|row| share(row).1.into()),
            ("hours", &|row| table.cell(row, "hours")),
            ("example", &|row| table.cell(row, "example")),
        ],
    );
    if rows.iter().all(|row| leaking(row) == 0) {
        let note = "it leaks nowhere, or no call site has this name: `top` lists names";
        answer.notes.push(note.to_owned());
    }
    answer
}
