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
    let [devices, spells] = rows else {
        return Answer::default();
    };
    let mut answer = devices.clone();
    let versions = survival(spells);
    for (place, version) in versions.iter().enumerate() {
        let failed = version.spells.iter().filter(|spell| spell.failed).count();
        let hours: f64 = version
            .spells
            .iter()
            .map(|spell| (spell.to - spell.from) / 3600.0)
            .sum();
        let mut parts = vec![format!(
            "{}: in {hours:.0} device-hours, {failed} recordings ended in a failed allocation",
            version.firmware
        )];
        if let Some(last) = version.curve.last() {
            let (low, high) = last.interval;
            parts.push(format!(
                "{:.0} % of devices last longer than {:.1} h (95 %: {:.0} to {:.0} %)",
                last.share * 100.0,
                last.time / 3600.0,
                low * 100.0,
                high * 100.0
            ));
        }
        if let Some(before) = place.checked_sub(1).map(|before| &versions[before])
            && !(before.curve.is_empty() && version.curve.is_empty())
        {
            let p = log_rank(&version.spells, &before.spells);
            parts.push(format!(
                "against {}: p = {p:.3} (log-rank)",
                before.firmware
            ));
        }
        answer.notes.push(parts.join("; "));
    }
    answer
}

/// How long devices of each version last, by the rows of the second statement.
pub fn survival(spells: &Answer) -> Vec<Survival> {
    let versions = spells
        .rows
        .chunk_by(|one, next| spells.text(one, "firmware") == spells.text(next, "firmware"));
    let versions = versions.map(|rows| {
        let spell = |row: &Vec<_>| Spell {
            from: spells.number(row, "from_s").unwrap_or(0.0),
            to: spells.number(row, "to_s").unwrap_or(0.0),
            failed: spells.count(row, "failed") > 0,
        };
        let watched: Vec<Spell> = rows.iter().map(spell).collect();
        Survival {
            firmware: spells.text(&rows[0], "firmware").to_owned(),
            curve: kaplan_meier(&watched),
            spells: watched,
        }
    });
    versions.collect()
}
