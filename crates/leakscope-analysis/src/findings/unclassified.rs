//! The last resort: says what keeps the other rules from answering.

use super::case::Case;
use super::rhythm::Rhythm;
use super::{Confidence, Finding, Reason, Verdict, Word};

/// On fewer occasions than this, there is nothing to see a pattern in.
const FEW_OCCASIONS: usize = 3;

/// The finding for a site that fits no pattern.
pub(super) fn explain(case: &Case<'_>) -> Finding {
    Finding {
        verdict: Verdict::Unclassified,
        confidence: Confidence::Low,
        reason: obstacle(case),
    }
}

fn obstacle(case: &Case<'_>) -> Reason {
    let rhythm = Rhythm::new(case.births(), case.length(), case.to);
    if case.length() == 0.0 {
        no_time(case)
    } else if case.is_growing_block() {
        growing_block(case)
    } else if rhythm.occasions() < FEW_OCCASIONS {
        few_occasions(case)
    } else if !rhythm.is_spread() {
        short_time(case, &rhythm)
    } else if let Some((first, last)) = rhythm.fading() {
        fading(case, first, last)
    } else {
        no_pattern(case)
    }
}

fn no_time(case: &Case<'_>) -> Reason {
    vec![
        Word::Count(case.outstanding()),
        Word::one_or(case.outstanding(), " block", " blocks"),
        Word::Text(", in a trace in which no time passes"),
    ]
}

fn growing_block(case: &Case<'_>) -> Reason {
    vec![
        Word::Text("one block, allocated anew "),
        Word::Count(case.history.frees),
        Word::Text(" times and larger than ever, "),
        Word::Bytes(case.history.live_bytes),
        Word::Text(", since "),
        Word::Moment(case.history.last_allocation),
        Word::Text("; whether it goes on, a longer trace tells"),
    ]
}

fn few_occasions(case: &Case<'_>) -> Reason {
    vec![
        Word::Count(case.outstanding()),
        Word::Text(" of "),
        Word::Count(case.history.allocations),
        Word::Text(
            " blocks outstanding, left on too few occasions after start-up to show a pattern",
        ),
    ]
}

fn short_time(case: &Case<'_>, rhythm: &Rhythm<'_>) -> Reason {
    vec![
        Word::Count(case.outstanding()),
        Word::Text(" of "),
        Word::Count(case.history.allocations),
        Word::Text(" blocks outstanding, all allocated within "),
        Word::Duration(rhythm.spread()),
        Word::Text(", too short a time to show a pattern"),
    ]
}

fn fading(case: &Case<'_>, first: u64, last: u64) -> Reason {
    vec![
        Word::Count(case.outstanding()),
        Word::one_or(case.outstanding(), " block", " blocks"),
        Word::Text(", ever more slowly: the first quarter came within "),
        Word::Duration(first),
        Word::Text(", the last within "),
        Word::Duration(last),
    ]
}

fn no_pattern(case: &Case<'_>) -> Reason {
    vec![
        Word::Count(case.outstanding()),
        Word::Text(" of "),
        Word::Count(case.history.allocations),
        Word::Text(" blocks outstanding; they neither keep growing nor stop"),
    ]
}
