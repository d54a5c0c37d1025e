//! A call site of whose blocks some were being reallocated when they were last heard of: nobody knows that these were freed.

use super::{Confidence, Finding, Verdict, Word};

/// Blocks that seem freed because they were reallocated, and nothing says what they became.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct UnendedMoves {
    /// The recording, or the boot, ends before the reallocation does.
    pub(crate) under_way: u64,
    /// The device left that out: the new address is in no sample, the new size is too small, another task did it.
    pub(crate) left_out: u64,
}

/// What is freed moves some times before that, and each of these may lead out of a sample; what grows ever more is never freed. If one
/// block in so many is known to be freed, the others were perhaps as well.
const FREED_AFTER_ALL: u64 = 20;

/// The verdict on a call site of whose blocks so many seem freed, these among them.
pub(crate) fn unended(mut finding: Finding, moves: UnendedMoves, freed: u64) -> Finding {
    let excuses = matches!(
        finding.verdict,
        Verdict::AllFreed
            | Verdict::LateRelease
            | Verdict::InFlight
            | Verdict::Bounded
            | Verdict::Once
    );
    let reason = match moves {
        UnendedMoves { left_out, .. } if excuses && left_out > 0 => vec![
            Word::Count(left_out),
            Word::Text(if left_out == 1 {
                " block was reallocated, and the device left out what became of it: whether it grows ever more is not known"
            } else {
                " blocks were reallocated, and the device left out what became of them: whether they grow ever more is not known"
            }),
        ],
        UnendedMoves { under_way, .. } if finding.verdict == Verdict::AllFreed && under_way > 0 => {
            vec![
                Word::Count(under_way),
                Word::Text(if under_way == 1 {
                    " block was being reallocated at the end: whether it grows ever more is not known"
                } else {
                    " blocks were being reallocated at the end: whether they grow ever more is not known"
                }),
            ]
        }
        _ => return finding,
    };
    let freed_for_sure = freed.saturating_sub(moves.left_out);
    let is_freed = freed_for_sure.saturating_mul(FREED_AFTER_ALL) > moves.left_out;
    if moves.left_out > 0 && is_freed {
        finding.confidence = Confidence::Low;
        finding.reason.push(Word::Text("; "));
        finding.reason.extend(reason);
        return finding;
    }
    Finding {
        verdict: Verdict::Uncertain,
        confidence: Confidence::Low,
        reason,
    }
}
