//! What an image of memory makes of findings.
//!
//! | the trace says | memory says | what follows |
//! |---|---|---|
//! | a leak | nothing points at most of its blocks | one step surer |
//! | once, bounded, unclassified | nothing points at some, which are older than such blocks get | `lost` |
//! | uncertain | the allocator has them, and nothing points at some | `lost` |
//! | anything | the allocator does not have them | they were freed: outstanding no more |
//!
//! Without the allocator's own map, a block whose free was lost looks like one whose pointer was: as many as loss explains
//! make nothing surer.

use leakscope_analysis::findings::{Confidence, Finding, Growth, Reason, Verdict, Word};
use leakscope_analysis::outcome::{CallSite, Outcome};
use leakscope_analysis::problem::ProblemKind;

use leakscope_memory::reach::Block;

use super::{Examined, OfSite};

/// This many lost blocks of one call site are no accident.
const PATTERN: u64 = 3;

/// Frees that are reckoned with beside those that were seen, which are a sample.
const UNSEEN: u64 = 3;

/// How far above the expected number chance is allowed to go, in standard deviations.
const CHANCE: f64 = 3.0;

pub(super) fn judge(examined: &Examined<'_>, outcome: &mut Outcome) {
    let loss = Loss::of(outcome);
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
                let freed = if examined.has_map {
                    0
                } else {
                    loss.freed(site, found)
                };
                lose(site, found, examined.is_complete(), freed);
            }
            Verdict::Uncertain if is_lost && examined.has_map => {
                lose(site, found, examined.is_complete(), 0);
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
        Word::Count(found.reached.definite_blocks),
        Word::Text(" of them any more"),
    ]);
    reason.extend(lost_with_them(found.reached.indirect_blocks));
    if is_complete && lost * 2 >= all {
        finding.confidence = finding.confidence.raised();
    }
}

/// Blocks at which others point that are lost.
fn lost_with_them(blocks: u64) -> Reason {
    match blocks {
        0 => Vec::new(),
        blocks => vec![
            Word::Text(", and only lost blocks at "),
            Word::Count(blocks),
            Word::Text(" more"),
        ],
    }
}

/// Lost blocks, of which so many at most were freed unseen.
fn lose(site: &mut CallSite, found: &OfSite, is_complete: bool, freed: u64) {
    site.growth = Growth::NONE;
    let mut reason = vec![
        Word::Text("in the image nothing points at "),
        Word::Count(found.reached.definite_blocks),
        Word::Text(" of "),
        Word::Count(found.reached.blocks()),
        Word::Text(" blocks any more"),
    ];
    reason.extend(lost_with_them(found.reached.indirect_blocks));
    if found.old_lost < found.reached.lost_blocks() {
        reason.extend([
            Word::Text(", "),
            Word::Count(found.old_lost),
            Word::Text(" of these as old as any that was freed"),
        ]);
    }
    reason.push(Word::Text(": nobody can free them"));
    if freed > 0 {
        reason.extend([
            Word::Text("; up to "),
            Word::Count(freed),
            Word::Text(" may have been freed where data were lost"),
        ]);
    }
    site.finding = Finding {
        verdict: Verdict::Lost,
        confidence: match (is_complete, found.old_lost - freed) {
            (true, PATTERN..) => Confidence::High,
            (true, 1..) => Confidence::Medium,
            _ => Confidence::Low,
        },
        reason,
    };
}

/// What was lost of the recording.
struct Loss {
    packets_read: f64,
    packets_lost: f64,
    places: f64,
}

impl Loss {
    fn of(outcome: &Outcome) -> Self {
        let (mut lost, mut places) = (0, 0);
        for problem in &outcome.problems {
            match problem.kind {
                ProblemKind::Overflow { packets } => lost += packets,
                // At most one packet for four bytes, and one more.
                ProblemKind::Skipped { bytes } => lost += bytes / 4 + problem.count,
                _ => continue,
            }
            places += problem.count;
        }
        Self {
            packets_read: outcome.totals.events.max(1) as f64,
            packets_lost: lost as f64,
            places: places.max(1) as f64,
        }
    }

    /// How many blocks of a site that seem lost were freed unseen at most: of its frees as many were lost as of all
    /// packets, but for chance. What is lost in one place is lost together.
    fn freed(&self, site: &CallSite, found: &OfSite) -> u64 {
        let odds = self.packets_lost / self.packets_read;
        let together = self.packets_lost / self.places;
        let share = (site.allocations + site.frees) as f64 / self.packets_read;
        let expected = odds * (site.frees + UNSEEN) as f64;
        let scatter = 1.0 + (share * together).max(1.0);
        let most = expected + CHANCE * (scatter * expected).sqrt();
        found.unsure.min(most.ceil() as u64)
    }
}
