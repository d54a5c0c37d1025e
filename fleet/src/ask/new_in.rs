//! `new-in FIRMWARE`: call sites that leak in a version, and on no device with a version that was seen before it.

use super::Asked;
use crate::answer::Answer;
use crate::statistics::exact::{Counts, stratified};
use crate::statistics::proportion::{rule_of_three, wilson};
use crate::statistics::{LEVEL, discoveries};

const COLUMNS: [&str; 10] = [
    "site",
    "function",
    "leaking",
    "devices",
    "share_low",
    "share_high",
    "before",
    "p",
    "q",
    "claim",
];

pub(super) fn conclude(rows: &[Answer], asked: &Asked) -> Answer {
    let table = &rows[0];
    let mut answer = Answer::new("", &COLUMNS);
    let of_site = |row: &[_]| table.text(row, "site").to_owned();
    let sites: Vec<_> = table
        .rows
        .chunk_by(|one, next| of_site(one) == of_site(next))
        .collect();
    let counts = |row: &Vec<_>| {
        let new = (
            table.count(row, "new_leaking"),
            table.count(row, "new_devices"),
        );
        Counts {
            new,
            old: (0, table.count(row, "old_devices")),
        }
    };
    let strata: Vec<Vec<Counts>> = sites
        .iter()
        .map(|rows| rows.iter().map(counts).collect())
        .collect();
    let p: Vec<f64> = strata.iter().map(|strata| stratified(strata)).collect();
    let q = discoveries(&p);
    let mut order: Vec<usize> = (0..sites.len()).collect();
    order.sort_by(|&one, &other| p[one].total_cmp(&p[other]));
    for place in order {
        let row = &sites[place][0];
        let sum = |of: fn(&Counts) -> u64| strata[place].iter().map(of).sum::<u64>();
        let (leaking, devices) = (sum(|counts| counts.new.0), sum(|counts| counts.new.1));
        let before = sum(|counts| counts.old.1);
        let (low, high) = wilson(leaking, devices);
        let claim = if q[place] <= LEVEL {
            "new"
        } else {
            "may be chance"
        };
        answer.rows.push(vec![
            table.cell(row, "site").clone(),
            table.cell(row, "function").clone(),
            leaking.into(),
            devices.into(),
            low.into(),
            high.into(),
            before.into(),
            p[place].into(),
            q[place].into(),
            claim.into(),
        ]);
    }
    let firmware = asked.subject.as_deref().unwrap_or_default();
    let hours: f64 = sites.first().map_or(0.0, |rows| {
        rows.iter()
            .filter_map(|row| table.number(row, "old_hours"))
            .sum()
    });
    answer.notes.push(match hours {
        _ if sites.is_empty() => format!("no call site leaks in {firmware} alone, as far as was watched: `coverage` says how far"),
        0.0 => format!("nothing was watched before {firmware}: all of its leaks are new"),
        hours => format!(
            "before {firmware}, {hours:.0} device-hours showed none of these: a rate below {:.2e} an hour is not excluded",
            rule_of_three(hours)
        ),
    });
    answer.notes.push(
        "p: exact, within product and hardware; q: the level at which one in as many claims is false (5 in 100 are accepted)".to_owned(),
    );
    answer
}
