//! Sums that must not be exceeded, and what must at least have been seen.

use leakscope_report::document::call_site::CallSite;
use leakscope_report::units::{bytes, duration_of_seconds, percent};
use leakscope_report::{Report, Standing};

use super::{Doubt, Failure, Judgement};
use crate::rate::Rate;

/// What to do about a recording with gaps …
const LESS_LOSS: &str =
    "record again with less loss: a larger trace buffer, a faster link, or fewer kinds of events";

/// … and about a short one.
const LONGER: &str = "record again, longer";

/// Limits; `None` for what is not limited.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Growth of all leaks together that no rule excuses and no baseline knows, hints included.
    pub max_growth: Option<Rate>,
    /// Bytes that are outstanding at the end of a session: a target that begins anew has none of those before.
    pub max_outstanding: Option<u64>,
    /// Bytes that live at once.
    pub max_peak: Option<u64>,
    /// The share of all packets or bytes that may be lost, from 0 to 1. More, and nothing is claimed.
    pub max_loss: f64,
    /// Seconds that a session covers, at least one. Less, and nothing is claimed.
    pub min_length: Option<f64>,
    /// Whole cycles after the first two. Fewer, and nothing is claimed.
    pub min_cycles: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_growth: None,
            max_outstanding: None,
            max_peak: None,
            max_loss: Self::MAX_LOSS,
            min_length: None,
            min_cycles: None,
        }
    }
}

impl Limits {
    /// What may be lost if nobody says otherwise: with more, one leak in three is overlooked (`docs/verdicts.md`).
    pub const MAX_LOSS: f64 = 0.1;

    pub(super) fn check(&self, report: &Report, judgement: &mut Judgement<'_>) {
        let totals = &report.totals;
        if let Some(most) = self.max_growth {
            check_growth(report, most, judgement);
        }
        let sums = [
            (
                self.max_outstanding,
                most_outstanding(report),
                "are outstanding",
                "--max-outstanding",
            ),
            (
                self.max_peak,
                totals.peak_bytes,
                "lived at once",
                "--max-peak",
            ),
        ];
        for (most, sum, what, option) in sums {
            if let Some(most) = most.filter(|&most| sum > most) {
                let message = format!("{} {what}, and {option} allows {}", bytes(sum), bytes(most));
                judgement.failures.push(Failure::of_limit(message));
            }
        }
        self.check_evidence(report, &mut judgement.inconclusive);
    }

    /// Whether a sum of all blocks is limited.
    pub(super) fn are_of_sums(&self) -> bool {
        self.max_growth.is_some() || self.max_outstanding.is_some() || self.max_peak.is_some()
    }

    /// What must at least have been seen.
    fn check_evidence(&self, report: &Report, inconclusive: &mut Vec<Doubt>) {
        let totals = &report.totals;
        let problems = report.problems.iter();
        let unreadable = problems.filter(|problem| problem.code == "unreadable-packet");
        let unreadable: u64 = unreadable.map(|problem| problem.count).sum();
        let lost = totals.dropped_packets.saturating_add(unreadable);
        let read = totals.events.saturating_sub(unreadable);
        let all = lost.saturating_add(read).max(1);
        let share = lost as f64 / all as f64;
        let skipped = totals.skipped_bytes as f64 / report.trace.read_bytes.max(1) as f64;
        let allowed = format!("--max-loss allows {} %", self.max_loss * 100.0);
        if share > self.max_loss {
            let lost = percent(lost, all);
            let what = format!("{lost} of all packets were lost, and {allowed}");
            inconclusive.push(Doubt::new(what, LESS_LOSS));
        } else if skipped > self.max_loss {
            let skipped = percent(totals.skipped_bytes, report.trace.read_bytes);
            let what = format!("{skipped} of all bytes could not be read, and {allowed}");
            inconclusive.push(Doubt::new(what, LESS_LOSS));
        }
        if let Some(least) = self.min_length {
            let length = longest(report);
            if length.is_none_or(|length| length < least) {
                let length = length.map_or("an unknown time".to_owned(), duration_of_seconds);
                let what = match report.sessions.len() {
                    ..2 => "it",
                    _ => "its longest session",
                };
                let least = duration_of_seconds(least);
                let what = format!("{what} covers {length}, and --min-length asks for {least}");
                inconclusive.push(Doubt::new(what, LONGER));
            }
        }
        if let Some(least) = self.min_cycles.filter(|&least| totals.cycles < least) {
            let what = format!(
                "{} whole cycles after the first two, and --min-cycles asks for {least}",
                totals.cycles
            );
            inconclusive.push(Doubt::new(what, LONGER));
        }
    }
}

/// The bytes outstanding at the end of the session that left most. Sessions that are not listed count as one.
fn most_outstanding(report: &Report) -> u64 {
    let listed = || {
        report
            .sessions
            .iter()
            .map(|session| session.outstanding_bytes)
    };
    let others = (report.totals.outstanding_bytes).saturating_sub(listed().sum());
    listed().max().unwrap_or(0).max(others)
}

/// The seconds of the longest session.
fn longest(report: &Report) -> Option<f64> {
    let lengths = report
        .sessions
        .iter()
        .map(|session| Some(session.end_s? - session.start_s?));
    lengths
        .flatten()
        .max_by(f64::total_cmp)
        .or(report.trace.length_s)
}

fn check_growth(report: &Report, most: Rate, judgement: &mut Judgement<'_>) {
    let sites = report.call_sites.iter().zip(&judgement.standings);
    let leaks: Vec<&CallSite> = sites
        .filter(|(_, standing)| **standing == Standing::Leak)
        .map(|(site, _)| site)
        .collect();
    let rates = leaks
        .iter()
        .map(|site| Rate::of(site, &report.totals, most.per));
    let sum = rates
        .into_iter()
        .try_fold(0.0, |sum, rate| Some(sum + rate?.bytes));
    match sum {
        Some(sum) if sum > most.bytes => {
            let (sum, most) = Rate { bytes: sum, ..most }.apart(most);
            let message = format!("leaks grow by {sum} together, and --max-growth allows {most}");
            judgement.failures.push(Failure::of_limit(message));
        }
        Some(_) if most.per == crate::rate::Per::Cycle && report.totals.cycles == 0 => {
            judgement.inconclusive.push(Doubt::new(
                "no cycle was marked: `--cycle TEXT`, or marks in the program, say where one begins",
                "name with --cycle a log message that begins each cycle",
            ));
        }
        Some(_) => {}
        None => judgement.inconclusive.push(Doubt::new(
            format!("growth cannot be compared with {most}: this recording has no such unit"),
            "give --max-growth in a unit that the recording has",
        )),
    }
}
