//! `coverage`: how long each version was watched, how much was lost, and what can be claimed from that.

use super::Asked;
use crate::answer::Answer;
use crate::statistics::proportion::rule_of_three;

pub(super) fn conclude(rows: &[Answer], _: &Asked) -> Answer {
    let table = &rows[0];
    let mut answer = table.clone();
    answer.columns.push("excluded_per_hour".to_owned());
    for row in &mut answer.rows {
        let hours = table.number(row, "hours").filter(|&hours| hours > 0.0);
        row.push(hours.map(rule_of_three).into());
    }
    answer.notes.push(
        "excluded_per_hour: a leak that was never seen with this version happens on a device less often than that (rule of three)".to_owned(),
    );
    answer
}
