//! `exhaustion`: devices by the time that is left until their heap is used up; and how long devices of each version last
//! until an allocation fails.

use super::Asked;
use crate::answer::Answer;
use crate::statistics::survival::{Spell, Step, kaplan_meier, log_rank};

/// How long devices of a version last.
#[derive(Clone, Debug, PartialEq)]
pub struct Survival {
    /// The version.
    pub firmware: String,
    /// How they were watched.
    pub spells: Vec<Spell>,
    /// The share that lasts, over time since the start.
    pub curve: Vec<Step>,
}

pub(super) fn conclude(rows: &[Answer], _: &Asked) -> Answer {
    let mut answer = rows[0].clone();
    let versions = survival(&rows[1]);
    for (place, version) in versions.iter().enumerate() {
        let failed = version.spells.iter().filter(|spell| spell.failed).count();
        let watched = version.spells.iter().map(|spell| spell.to - spell.from);
        let mut note = vec![format!(
            "{}: in {:.0} device-hours, {failed} recordings ended in a failed allocation",
            version.firmware,
            watched.sum::<f64>() / 3600.0,
        )];
        if let Some(last) = version.curve.last() {
            note.push(format!(
                "{:.0} % of devices last longer than {:.1} h (95 %: {:.0} to {:.0} %)",
                last.share * 100.0,
                last.time / 3600.0,
                last.interval.0 * 100.0,
                last.interval.1 * 100.0
            ));
        }
        if let Some(before) = place.checked_sub(1).map(|before| &versions[before])
            && !(before.curve.is_empty() && version.curve.is_empty())
        {
            let p = log_rank(&version.spells, &before.spells);
            note.push(format!(
                "against {}: p = {p:.3} (log-rank)",
                before.firmware
            ));
        }
        answer.notes.push(note.join("; "));
    }
    answer
}

/// How long devices of each version last, by the rows of the second statement.
pub fn survival(table: &Answer) -> Vec<Survival> {
    let spell = |row: &Vec<_>| Spell {
        from: table.number(row, "from_s").unwrap_or(0.0),
        to: table.number(row, "to_s").unwrap_or(0.0),
        failed: table.count(row, "failed") > 0,
    };
    let versions = table.groups(&["firmware"]).map(|rows| {
        let spells: Vec<Spell> = rows.iter().map(spell).collect();
        Survival {
            firmware: table.text(&rows[0], "firmware").to_owned(),
            curve: kaplan_meier(&spells),
            spells,
        }
    });
    versions.collect()
}
