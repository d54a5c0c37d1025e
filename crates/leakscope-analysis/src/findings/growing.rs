//! A leak behind ordinary use: blocks are freed, and yet the lowest level rises and does not come back.

use std::borrow::Cow;

use super::case::Case;
use super::damage::without;
use super::loss::Loss;
use super::rise::Rise;
use super::{Confidence, Finding, SiteHistory, Verdict, Word};

/// From this share of the stretch on, a block that may have been freed unseen leaves enough before it.
const LATE: f64 = 0.75;

/// Where nothing is known to have lived in more than this share of the windows, too little is known.
const EMPTY: f64 = 0.5;

/// With this many windows the verdict is sure.
const MANY_WINDOWS: usize = 16;

/// Answers for sites whose floor rises to the end of the observed stretch.
pub(super) fn check(case: &Case<'_>) -> Option<Finding> {
    let floors = case.floors();
    let slack = slack(case, floors.window);
    let rise = Rise::of(&known_floors(case, case.loss.as_ref()), slack)?;
    if !case.freed_before_shutdown() || !rise.is_lasting(case.scatter()) {
        return None;
    }
    if let Some(loss) = &case.loss {
        rises_for_sure(case, loss, slack)?;
    }
    Some(Finding {
        verdict: Verdict::LeakGrowing,
        confidence: if floors.bytes.len() >= MANY_WINDOWS {
            Confidence::High
        } else {
            Confidence::Medium
        },
        reason: vec![
            Word::Text("the lowest level rose from "),
            Word::Bytes(floors.bytes.first().copied().unwrap_or_default()),
            Word::Text(" to "),
            Word::Bytes(floors.bytes.last().copied().unwrap_or_default()),
            Word::Text(", to a new height in "),
            Word::Count(rise.new_heights as u64),
            Word::Text(" of "),
            Word::Count(floors.bytes.len() as u64),
            Word::Text(" windows of "),
            Word::Duration(floors.window),
            Word::Text(" since "),
            Word::Moment(floors.start),
        ],
    })
}

/// The floors; where an allocation that was lost may be why nothing is known to have lived, the floor before. An
/// array that is enlarged has one block, which is unknown until the next time if the news of it is lost. At the end there is no next
/// time: what has come down to nothing there may as well have been freed.
fn known_floors<'a>(case: &Case<'a>, loss: Option<&Loss<'_>>) -> Cow<'a, [u64]> {
    let floors = case.floors().bytes;
    let begun = floors.iter().take_while(|&&floor| floor == 0).count();
    let empty = floors[begun..].iter().filter(|&&floor| floor == 0).count() as f64;
    let explained = loss.is_some_and(|loss| {
        empty <= loss.windows_hit(case.history.allocations, floors.len())
            && empty <= EMPTY * floors.len() as f64
    });
    if !explained {
        return floors.into();
    }
    let mut known = floors.to_vec();
    let last = floors.iter().rposition(|&floor| floor > 0);
    for window in begun + 1..last.unwrap_or_default() {
        if known[window] == 0 {
            known[window] = known[window - 1];
        }
    }
    known.into()
}

/// How far the floors flicker, in bytes, because blocks whose free was lost are found out later.
fn slack(case: &Case<'_>, window: u64) -> f64 {
    let history = case.history;
    let size = history.allocated_bytes as f64 / history.allocations.max(1) as f64;
    (case.loss.as_ref()).map_or(0.0, |loss| size * loss.flicker(window))
}

/// Whether the floors also rise without as many blocks as were freed unseen at most; or up to the birth of the first
/// that may have been, if that is late: what rose before has ended, and so was no phantom.
fn rises_for_sure(case: &Case<'_>, loss: &Loss<'_>, slack: f64) -> Option<()> {
    let window = case.floors().window;
    let suspects = loss.suspects(window);
    let lasts = |history: &SiteHistory, until: u64| {
        let case = Case {
            to: until,
            ..Case::without_loss(history, case.span)
        };
        let rise = Rise::of(&known_floors(&case, Some(loss)), slack);
        rise.is_some_and(|rise| rise.is_lasting(case.scatter()))
    };
    let rest = without(case.history, case.span, &suspects);
    let rises = !loss.is_no_chance(0)
        && (lasts(&rest, case.to)
            || loss.first_unsure().is_some_and(|birth| {
                case.position(birth) >= LATE && lasts(case.history, birth.min(case.to))
            }));
    rises.then_some(())
}
