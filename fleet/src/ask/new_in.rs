//! `new-in FIRMWARE`: call sites that leak in a version, and on no device with a version that was seen before it.

use super::Asked;
use crate::answer::Answer;
use crate::statistics::exact::{Counts, stratified};
use crate::statistics::proportion::{rule_of_three, wilson};
use crate::statistics::tested;

pub(super) fn conclude(rows: &[Answer], asked: &Asked) -> Answer {
    let table = &rows[0];
    let counts = |row: &Vec<_>| {
        let count = |column| table.count(row, column);
        Counts {
            new: (count("new_leaking"), count("new_devices")),
            old: (0, count("old_devices")),
        }
    };
    let sites = table.groups(&["site"]).map(|rows| {
        let strata: Vec<Counts> = rows.iter().map(counts).collect();
        let sum = strata
            .iter()
            .fold(Counts::default(), |sum, stratum| Counts {
                new: (sum.new.0 + stratum.new.0, sum.new.1 + stratum.new.1),
                old: (0, sum.old.1 + stratum.old.1),
            });
        ((&rows[0], sum), stratified(&strata))
    });
    let sites = tested(sites);
    let share = |sum: &Counts| wilson(sum.new.0, sum.new.1);
    let mut answer = Answer::of(
        &sites,
        &[
            ("site", &|site| table.cell(site.of.0, "site")),
            ("function", &|site| table.cell(site.of.0, "function")),
            ("leaking", &|site| site.of.1.new.0.into()),
            ("devices", &|site| site.of.1.new.1.into()),
            ("share_low", &|site| share(&site.of.1).0.into()),
            ("share_high", &|site| share(&site.of.1).1.into()),
            ("before", &|site| site.of.1.old.1.into()),
            ("p", &|site| site.p.into()),
            ("q", &|site| site.q.into()),
            ("claim", &|site| {
                if site.holds() { "new" } else { "may be chance" }.into()
            }),
        ],
    );
    let firmware = asked.subject.as_deref().unwrap_or_default();
    // Each call site has the same strata.
    let of_first = table.groups(&["site"]).next().unwrap_or_default();
    let hours = of_first
        .iter()
        .filter_map(|row| table.number(row, "old_hours"));
    answer.notes.push(match hours.sum::<f64>() {
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
