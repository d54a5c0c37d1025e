//! Blocks that count as outstanding and may be freed: no failure rests on them.

use std::ops::Range;

use leakscope_report::Report;
use leakscope_report::units::{bytes, counted};

use crate::doubt::Doubt;
use crate::gate::Failure;

/// The problem that says why.
const CODE: &str = "addresses-reused";

/// What to do if it does not say that.
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
    let rests_on_them = |failure: &mut Failure| {
        let is_same = |sure: &Failure| (sure.site, &sure.kind) == (failure.site, &failure.kind);
        !sure.iter().any(is_same)
    };
    let (of_sites, of_sums): (Vec<Failure>, Vec<Failure>) = failures
        .extract_if(.., rests_on_them)
        .partition(|failure| failure.site.is_some());
    for failure in failures {
        let sites = (failure.site).map_or(0..report.call_sites.len(), |site| site..site + 1);
        failure.message += &may_be_freed(report, sites);
    }
    let mut doubts: Vec<String> = (of_sums.into_iter())
        .map(|failure| failure.message)
        .collect();
    if !of_sites.is_empty() {
        let number = counted(of_sites.len() as u64, "call site");
        doubts.push(format!("{number} would fail if all of their blocks lived"));
    }
    let hint = doubt(report).map_or(HINT.into(), |doubt| doubt.hint);
    let of = |what: String| Doubt {
        message: what + &may_be_freed(report, 0..report.call_sites.len()),
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
fn may_be_freed(report: &Report, sites: Range<usize>) -> String {
    let sites = &report.call_sites[sites];
    let blocks = sites.iter().map(|site| site.doubtful_blocks).sum();
    let size = sites.iter().map(|site| site.doubtful_bytes).sum();
    if blocks == 0 {
        return String::new();
    }
    let blocks = counted(blocks, "block");
    format!("; but part of it may be freed: {blocks}, {}", bytes(size))
}
