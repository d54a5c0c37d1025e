//! Blocks that count as outstanding and may be freed: no failure rests on them.

use std::collections::HashSet;

use leakscope_report::Report;
use leakscope_report::document::call_site::CallSite;
use leakscope_report::units::{bytes, counted};

use crate::doubt::Doubt;
use crate::gate::{Failure, FailureKind};

/// The problem that says why.
const CODE: &str = "addresses-reused";

/// What to do if the problem does not say that.
const HINT: &str =
    "save the log again, with the whole dump; HEAP_TRACE_LEAKS keeps no blocks that were freed";

/// The report as it would be if all of them were freed; nothing if there are none.
pub(crate) fn as_if_freed(report: &Report) -> Option<Report> {
    let is_sure = (report.call_sites.iter()).all(|site| site.doubtful_blocks == 0);
    if is_sure {
        return None;
    }
    let mut freed = report.clone();
    let take = |from: &mut u64, doubtful: u64| *from = from.saturating_sub(doubtful);
    for site in &mut freed.call_sites {
        let (blocks, bytes) = (site.doubtful_blocks, site.doubtful_bytes);
        take(&mut site.outstanding_blocks, blocks);
        take(&mut site.outstanding_bytes, bytes);
        take(&mut freed.totals.outstanding_blocks, blocks);
        take(&mut freed.totals.outstanding_bytes, bytes);
        // A dump is of one session.
        for session in &mut freed.sessions {
            take(&mut session.outstanding_bytes, bytes);
        }
    }
    Some(freed)
}

/// Leaves the failures that there are even if these blocks were freed, and says what rests on them instead.
pub(crate) fn weigh(report: &Report, failures: &mut Vec<Failure>, sure: &[Failure]) -> Vec<Doubt> {
    let sure: HashSet<_> = sure.iter().map(|sure| (sure.site, &sure.kind)).collect();
    let rests_on_them = |failure: &mut Failure| !sure.contains(&(failure.site, &failure.kind));
    let (of_sites, of_sums): (Vec<Failure>, Vec<Failure>) = failures
        .extract_if(.., rests_on_them)
        .partition(|failure| failure.site.is_some());
    let sites = &report.call_sites;
    for failure in failures {
        failure.message += &match (&failure.kind, failure.site) {
            (FailureKind::Leak(_), Some(site)) => may_be_freed(&sites[site..=site]),
            (FailureKind::Limit, _) => may_be_freed(sites),
            _ => String::new(),
        };
    }
    let mut doubts: Vec<String> = (of_sums.into_iter())
        .map(|failure| failure.message + &may_be_freed(sites))
        .collect();
    if !of_sites.is_empty() {
        let number = counted(of_sites.len() as u64, "call site");
        let accused = of_sites.iter().filter_map(|failure| failure.site);
        let may_be = may_be_freed(accused.map(|site| &sites[site]));
        doubts.push(format!(
            "{number} would fail if all of their blocks lived{may_be}"
        ));
    }
    let hint = doubt(report).map_or(HINT.into(), |doubt| doubt.hint);
    let of = |what: String| Doubt {
        message: what,
        hint: hint.clone(),
        // What is known, is not known to be less.
        is_of_more: true,
    };
    doubts.into_iter().map(of).collect()
}

/// What the report says of them.
pub(crate) fn doubt(report: &Report) -> Option<Doubt> {
    Doubt::of_problems(report, &[CODE], HINT).next()
}

/// How many blocks of these call sites may be freed, behind a sentence on what is outstanding.
fn may_be_freed<'s>(sites: impl IntoIterator<Item = &'s CallSite>) -> String {
    let (blocks, size) = sites.into_iter().fold((0, 0), |(blocks, size), site| {
        (blocks + site.doubtful_blocks, size + site.doubtful_bytes)
    });
    if blocks == 0 {
        return String::new();
    }
    let blocks = counted(blocks, "block");
    format!("; but part of it may be freed: {blocks}, {}", bytes(size))
}
