//! A leak in its plainest form: blocks are allocated again and again, and none is ever freed.

use super::case::Case;
use super::rhythm::Rhythm;
use super::{Confidence, Finding, Reason, Verdict, Word};

/// Occasions on which blocks were left behind, after start-up. Two can be two objects, or two groups of
/// them; three are the least that can be called a habit.
const LEAST_OCCASIONS: usize = 3;

/// With fewer than this many, the verdict is a hint: objects that are created when they are first needed
/// look the same.
pub(super) const FEW_OCCASIONS: usize = 6;

/// With this many, such objects are no likely explanation.
pub(super) const MANY_OCCASIONS: usize = 8;

/// Births that cover this share of the stretch are sure to be no passing phase.
const WIDE_SPREAD: f64 = 0.5;

/// Answers for sites that freed nothing before the end and still go on.
pub(super) fn check(case: &Case<'_>) -> Option<Finding> {
    let rhythm = Rhythm::new(case.births(), case.length(), case.to);
    let occasions = rhythm.occasions();
    let leaks = !case.freed_before_shutdown()
        && occasions >= LEAST_OCCASIONS
        && (occasions >= MANY_OCCASIONS || !has_most_from_start_up(case))
        && (case.loss.as_ref())
            .is_none_or(|loss| loss.is_habit(rhythm.bursts(), occasions < FEW_OCCASIONS))
        && rhythm.is_spread()
        && rhythm.goes_on()
        && rhythm.fading().is_none();
    leaks.then(|| Finding {
        verdict: Verdict::LeakSteady,
        confidence: confidence(&rhythm),
        reason: explain(case, &rhythm),
    })
}

/// Whether as many blocks came during start-up as since then. A pool that has one block for each that was ever in use at once
/// gets most of them soon, and one more ever more rarely.
fn has_most_from_start_up(case: &Case<'_>) -> bool {
    let since = case.births().len() as u64;
    case.outstanding() - since >= since
}

fn confidence(rhythm: &Rhythm<'_>) -> Confidence {
    let occasions = rhythm.occasions();
    let by_number = if occasions >= MANY_OCCASIONS && rhythm.coverage() >= WIDE_SPREAD {
        Confidence::High
    } else if occasions >= FEW_OCCASIONS {
        Confidence::Medium
    } else {
        Confidence::Low
    };
    by_number.min(rhythm.surest())
}

fn explain(case: &Case<'_>, rhythm: &Rhythm<'_>) -> Reason {
    let births = &case.history.live_births;
    let first = births.first().copied().unwrap_or_default();
    let last = births.last().copied().unwrap_or_default();
    let pauses = (births.len() as u64).saturating_sub(1).max(1);
    let mut reason = vec![
        Word::Count(case.outstanding()),
        Word::Text(" of "),
        Word::Count(case.history.allocations),
        Word::Text(" blocks never freed, one every "),
        Word::Duration(last.saturating_sub(first) / pauses),
        Word::Text(" from "),
        Word::Moment(first),
        Word::Text(" to "),
        Word::Moment(last),
    ];
    reason.extend(rhythm.why_unsure());
    if !case.is_idle
        && case.to < case.span.end
        && case.position(case.span.end) > 1.0 + NOTABLE_SILENCE
    {
        reason.extend(case.why_it_ends());
    }
    reason
}

/// A silence of the whole heap is worth mentioning from this share of the observed stretch on.
const NOTABLE_SILENCE: f64 = 0.05;
