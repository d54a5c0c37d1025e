//! What the order of cores can explain, where it is in doubt: a block that was freed before it seemed to be allocated, by another core.

use super::case::Case;
use super::damage::{self, without};
use super::{Confidence, Finding, Verdict, Word, older};

/// The accusation; less sure or withdrawn, if it needs blocks that may be freed already.
pub(super) fn weigh(case: &Case<'_>, mut finding: Finding) -> Finding {
    let freed = &case.history.early_frees;
    if freed.is_empty() || !finding.verdict.is_leak() {
        return finding;
    }
    let count = freed.len() as u64;
    let rest = without(case.history, case.span, freed);
    let rest = Case::new(&rest, case.span);
    let without_them = older::weigh(&rest, damage::weigh(&rest));
    if !without_them.verdict.is_leak() {
        return Finding {
            verdict: Verdict::Uncertain,
            confidence: Confidence::Low,
            reason: vec![
                Word::Count(count),
                Word::Text(" of "),
                Word::Count(case.outstanding()),
                Word::Text(
                    " outstanding blocks may be freed already: bytes were lost, and behind them it is not known which core came first",
                ),
            ],
        };
    }
    finding.confidence = finding.confidence.min(without_them.confidence);
    finding.reason.extend([
        Word::Text("; even if "),
        Word::Count(count),
        Word::Text(" of them "),
        Word::one_or(count, "was", "were"),
        Word::Text(" freed by another core, which was later than it seems"),
    ]);
    finding
}
