//! A call site whose last block is being reallocated where the recording, or the boot, ends: it was not freed.

use super::{Confidence, Finding, Verdict, Word};

/// The verdict on a call site of whose blocks so many are being reallocated where the recording, or the boot, ends: nobody has freed
/// these, and how large they would be then is not known.
pub(crate) fn under_way(finding: Finding, moves: u64) -> Finding {
    if moves == 0 || finding.verdict != Verdict::AllFreed {
        return finding;
    }
    Finding {
        verdict: Verdict::Uncertain,
        confidence: Confidence::Low,
        reason: vec![
            Word::Count(moves),
            Word::Text(if moves == 1 {
                " block was being reallocated at the end: whether it grows ever more is not known"
            } else {
                " blocks were being reallocated at the end: whether they grow ever more is not known"
            }),
        ],
    }
}
