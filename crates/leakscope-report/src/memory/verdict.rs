//! What an image of memory makes of findings.
//!
//! | the trace says | memory says | what follows |
//! |---|---|---|
//! | a leak | nothing points at most of its blocks | one step surer |
//! | once, bounded, unclassified | nothing points at some, which are older than such blocks get | `lost` |
//! | uncertain | the allocator has them, and nothing points at some | `lost` |
//! | anything | the allocator does not have them | they were freed: outstanding no more |

use leakscope_analysis::findings::{Confidence, Finding, Growth, Verdict, Word};
use leakscope_analysis::outcome::{CallSite, Outcome};

use leakscope_memory::reach::Block;

use super::{Examined, OfSite};

/// This many lost blocks of one call site are no accident.
const PATTERN: u64 = 3;

pub(super) fn judge(examined: &Examined<'_>, outcome: &mut Outcome) {
    for site in &mut outcome.call_sites {
        let Some(found) = examined.sites.get(&site.id.number()) else {
            continue;
        };
        forget_gone(site, &found.gone);
        let is_lost = found.old_definite > 0;
        match site.finding.verdict {
            verdict if verdict.is_leak() => {
                confirm(&mut site.finding, found, examined.is_complete());
            }
            Verdict::Once | Verdict::Bounded | Verdict::Unclassified if is_lost => {
                lose(site, found, examined.is_complete());
            }
            Verdict::Uncertain if is_lost && examined.has_map => {
                lose(site, found, examined.is_complete());
            }
            _ => {}
        }
    }
    // Blocks of earlier sessions are in no image: what is left is taken off the last one.
    let gone = examined.sites.values().flat_map(|found| &found.gone);
    let (blocks, bytes) = gone.fold((0, 0), |(blocks, bytes), block| {
        (blocks + 1, bytes + block.size)
    });
    let totals = &mut outcome.totals;
    totals.outstanding_blocks = totals.outstanding_blocks.saturating_sub(blocks);
    totals.outstanding_bytes = totals.outstanding_bytes.saturating_sub(bytes);
    if let Some(last) = outcome.sessions.last_mut() {
        last.outstanding_blocks = last.outstanding_blocks.saturating_sub(blocks);
        last.outstanding_bytes = last.outstanding_bytes.saturating_sub(bytes);
    }
    outcome.rank_again();
}

/// Takes blocks away that the allocator does not have.
fn forget_gone(site: &mut CallSite, gone: &[Block]) {
    if gone.is_empty() {
        return;
    }
    let bytes: u64 = gone.iter().map(|block| block.size).sum();
    site.outstanding_blocks = site.outstanding_blocks.saturating_sub(gone.len() as u64);
    site.outstanding_bytes = site.outstanding_bytes.saturating_sub(bytes);
    site.blocks
        .retain(|block| !gone.iter().any(|gone| gone.start == block.address));
    if site.outstanding_blocks == 0 {
        site.growth = Growth::NONE;
        site.finding = Finding {
            verdict: Verdict::AllFreed,
            confidence: Confidence::Medium,
            reason: vec![
                Word::Text("in the image the allocator has none of its "),
                Word::Count(gone.len() as u64),
                Word::Text(" blocks any more: the trace did not see their frees"),
            ],
        };
    }
}

/// A leak is surer if nobody can free most of what it left behind.
fn confirm(finding: &mut Finding, found: &OfSite, is_complete: bool) {
    let (lost, all) = (found.reached.lost_blocks(), found.reached.blocks());
    if lost == 0 {
        return;
    }
    let reason = &mut finding.reason;
    reason.extend([
        Word::Text("; in the image nothing points at "),
        Word::Count(lost),
        Word::Text(" of them any more"),
    ]);
    if is_complete && lost * 2 >= all {
        finding.confidence = finding.confidence.raised();
    }
}

fn lose(site: &mut CallSite, found: &OfSite, is_complete: bool) {
    let lost = found.old_lost;
    site.growth = Growth::NONE;
    site.finding = Finding {
        verdict: Verdict::Lost,
        confidence: match (is_complete, lost) {
            (true, PATTERN..) => Confidence::High,
            (true, _) => Confidence::Medium,
            (false, _) => Confidence::Low,
        },
        reason: vec![
            Word::Text("in the image nothing points at "),
            Word::Count(lost),
            Word::Text(" of "),
            Word::Count(found.reached.blocks()),
            Word::Text(" blocks any more: nobody can free them"),
        ],
    };
}
