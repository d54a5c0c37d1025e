//! Whether what is known has become worse: by the tests of [`diff`](crate::diff), of all that is known at once.

use leakscope_report::document::call_site::{CallSite, Left};
use leakscope_report::{Report, Standing};

use super::{Baseline, KnownSite};
use crate::diff::{
    Evidence, LEVEL, Method, Per, State, compare, discoveries, p_in_words, unsure_bytes,
};
use crate::full::Level;
use crate::rate::{self, Rate};

/// Growth above what was recorded that is no news: a share of it …
const MORE: f64 = 1.2;

/// … and bytes a minute.
const MORE_A_MINUTE: f64 = 16.0;

/// What a baseline knows of a call site.
#[derive(Clone, Debug)]
pub(crate) struct Known<'b> {
    pub(crate) site: &'b KnownSite,
    /// Why it is worse than it was known to be.
    pub(crate) worse: Option<String>,
}

/// Growth on both sides.
struct Compared {
    p: f64,
    /// Why it is worse, if chance does not explain it.
    worse: Option<String>,
}

impl Baseline {
    /// What is known of each call site of a report. Of many leaks, some grow faster by chance: `worse` is said of those that
    /// are discoveries among all.
    pub(crate) fn knows(&self, report: &Report) -> Vec<Option<Known<'_>>> {
        let is_judged =
            |site: &CallSite| site.standing == Standing::Leak || !report.trace.has_history;
        let find = |site: &CallSite| is_judged(site).then(|| self.find(report, site)).flatten();
        let mut known: Vec<Option<Known<'_>>> = (report.call_sites.iter())
            .map(|site| find(site).map(|site| Known { site, worse: None }))
            .collect();
        let mut tested = Vec::new();
        for (known, site) in known.iter_mut().zip(&report.call_sites) {
            // What another filter left is not compared (`gate::doubt`).
            let Some(known) = known
                .as_mut()
                .filter(|known| known.site.is_of_filter_of(report))
            else {
                continue;
            };
            if let Some(full) = known.site.full.filter(|_| report.trace.has_history) {
                let accused = Level::accused(report, site);
                if accused.is_some_and(|accused| full.knows_better(&accused)) {
                    continue;
                }
                // One of several sessions may look so by chance: all of them left no more than they did.
                let is_of_one = report.sessions.len() > 1
                    && accused.is_some_and(|accused| full.matches(&accused));
                if !is_of_one {
                    known.worse = Some(full.does_not_explain());
                    continue;
                }
            }
            let left = site.left.as_ref();
            let unsure = unsure_bytes(site, report);
            let sessions = report.sessions.len() as u64;
            match left.and_then(|left| known.site.grows_faster((left, sessions), unsure)) {
                Some(compared) => tested.push((known, compared)),
                None => known.worse = known.site.holds_more(site),
            }
        }
        let probabilities: Vec<f64> = tested.iter().map(|(_, compared)| compared.p).collect();
        for ((known, compared), level) in tested.into_iter().zip(discoveries(&probabilities)) {
            known.worse = compared.worse.filter(|_| level <= LEVEL);
        }
        known
    }
}

impl KnownSite {
    /// Without a history or a clock, blocks are all that can be compared.
    fn holds_more(&self, site: &CallSite) -> Option<String> {
        let more = site.outstanding_blocks as f64 > MORE * self.blocks as f64;
        more.then(|| {
            format!(
                "{} blocks are outstanding, and the baseline knows {}",
                site.outstanding_blocks, self.blocks
            )
        })
    }

    /// By cycles if both have them. `None` if it cannot be tested.
    fn grows_faster(&self, (left, sessions): (&Left, u64), unsure: u64) -> Option<Compared> {
        let known = self
            .left
            .clone()
            .unwrap_or_else(|| self.as_if_of_size(left));
        let has_cycles = known.cycle_group > 0 && left.cycle_group > 0;
        let (per, unit, units) = if has_cycles {
            (Per::Cycle, rate::Per::Cycle, 1.0)
        } else {
            (Per::Second, rate::Per::Minute, 60.0)
        };
        let state = if self.may_leak {
            State::Unclassified
        } else {
            State::Leak
        };
        let known_sessions = match self.sessions {
            0 => sessions,
            known => known,
        };
        let before = Evidence::of_left(state, (&known, known_sessions), self.unsure_bytes, per);
        let after = Evidence::of_left(State::Leak, (left, sessions), unsure, per);
        let (method, tested) = compare(&before, &after, per)?;
        let by_level = method == Method::Levels;
        let [before, now] = [before, after].map(|side| Rate {
            bytes: side.rate(by_level) * units,
            per: unit,
        });
        let least = if has_cycles { 0.0 } else { MORE_A_MINUTE };
        let is_more = tested.change.is_gt()
            && now.bytes > MORE * before.bytes
            && now.bytes > before.bytes + least;
        let p = p_in_words(tested.p);
        Some(Compared {
            p: tested.p,
            worse: is_more.then(|| {
                let (now, before) = now.apart(before);
                format!("it grows by {now}, and the baseline knows {before} ({p})")
            }),
        })
    }

    /// What an older baseline knows: blocks, and for how long.
    fn as_if_of_size(&self, left: &Left) -> Left {
        let size = left.bytes as f64 / left.blocks.max(1) as f64;
        Left {
            watched_s: self.length_s,
            blocks: self.blocks,
            bytes: (self.blocks as f64 * size) as u64,
            squared_bytes: self.blocks as f64 * size * size,
            ..Left::default()
        }
    }
}
