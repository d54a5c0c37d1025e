//! What a report says in sentences: its headline, what limits it, and what else the program did wrong.

use leakscope_analysis::findings::Verdict;
use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::problem::{ProblemKind, Silence};

use crate::conclusion::{Conclusion, Grounds, has, is_loss};
use crate::document::Facts;
use crate::document::call_site::CallSite;
use crate::document::totals::Totals;
use crate::document::usage::Exhaustion;
use crate::policy::Standing;
use crate::units::{bytes, counted, duration_of_seconds, estimated_bytes, rate_per_second};

/// The answer in one sentence, without a full stop. What stands before its first colon, or else comma, says
/// what kind of answer it is.
pub(crate) fn headline(outcome: &Outcome, conclusion: Conclusion, grounds: Grounds<'_>) -> String {
    let is_dump = has(outcome, |kind| matches!(kind, ProblemKind::NoHistory));
    match conclusion {
        Conclusion::NothingKnown => nothing_known(outcome),
        Conclusion::NoLeakSeen if is_dump => {
            "Leak or not, a dump cannot tell: every block in it was freed".to_owned()
        }
        Conclusion::Uncertain if is_dump => {
            "Leak or not, a dump cannot tell: look first at call sites that hold many blocks, and compare \
             with a later dump, or record a trace"
                .to_owned()
        }
        Conclusion::Uncertain => {
            let mut later = outcome.sessions.iter().skip(1);
            uncertain(grounds, later.any(|session| !session.after_reset))
        }
        Conclusion::NoLeakSeen => "No leak seen, as far as this trace can tell".to_owned(),
        Conclusion::Leak => leaks(grounds.totals, grounds.is_a_part()),
    }
}

fn nothing_known(outcome: &Outcome) -> String {
    let silence = outcome
        .problems
        .iter()
        .find_map(|problem| match problem.kind {
            ProblemKind::NoHeapEvents(why) => Some(why),
            _ => None,
        });
    let why = match silence {
        Some(Silence::Unnamed) => "no heap event could be named in this trace",
        Some(Silence::OfRecorder | Silence::Untraced) => "this trace has no heap events",
        Some(Silence::InPart) => "this part has no heap events",
        None => "this trace is empty",
    };
    format!("Nothing can be said about leaks: {why}")
}

fn uncertain(grounds: Grounds<'_>, has_pauses: bool) -> String {
    let why = match grounds.uncertain_sites() {
        _ if grounds.is_mostly_lost() => "more was lost than could be read".to_owned(),
        _ if grounds.is_mixed() => {
            "two inputs are of the same core, so that they are no one recording".to_owned()
        }
        0 if grounds.is_often_torn() => {
            "many events of the heap are missing, and what is left shows no pattern".to_owned()
        }
        0 if grounds.is_too_short() => {
            "it is too short, and programs that start up look the same".to_owned()
        }
        0 if grounds.totals.allocations == 0 => "no block was allocated in it".to_owned(),
        0 => format!(
            "hardly a block of {} was freed, and they fit no pattern",
            counted(grounds.never_freed_sites(), "call site")
        ),
        sites if grounds.has_loss() => format!(
            "data were lost, and frees of blocks of {} may be among them",
            counted(sites, "call site")
        ),
        sites if has_pauses => format!(
            "what was freed in its pauses is not known, and {} cannot be judged",
            counted(sites, "call site")
        ),
        sites if grounds.totals.frees_of_older_blocks > 0 => format!(
            "blocks that nobody saw begin were freed, and those of {} may only have taken their places",
            counted(sites, "call site")
        ),
        sites => format!("{} cannot be judged", counted(sites, "call site")),
    };
    format!("Leak or not, this trace cannot tell: {why}")
}

/// Nobody knows how much the device left out: a sample of addresses is none of call sites.
const OF_THE_RECORDED: &str = ", of the blocks that the device was told to record";

fn leaks(totals: &Totals, is_a_part: bool) -> String {
    let together = if totals.leaks > 1 { " together" } else { "" };
    let rate = totals.leak_bytes_per_second.filter(|&rate| rate > 0.0);
    let growth = match rate {
        Some(rate) => format!(", growing by {}{together}", rate_per_second(rate)),
        None => String::new(),
    };
    let of_all = if is_a_part { OF_THE_RECORDED } else { "" };
    format!(
        "{}: {}, {} outstanding{growth}{of_all}",
        counted(totals.leaks, "leak"),
        counted(totals.leak_blocks, "block"),
        bytes(totals.leak_bytes)
    )
}

/// What becomes of the heap if leaks go on, without a full stop; `None` if nothing grows.
pub(crate) fn outlook(
    exhaustion: Option<&Exhaustion>,
    totals: &Totals,
    is_a_part: bool,
) -> Option<String> {
    const HOUR: f64 = 3600.0;
    let rate = totals.leak_bytes_per_second.filter(|&rate| rate > 0.0)?;
    let in_hours = |hours: f64| estimated_bytes((rate * HOUR * hours).round() as u64);
    Some(match exhaustion {
        Some(exhaustion) => format!(
            "At this rate the heap of {} is used up in {} after the end of the trace, or earlier",
            bytes(exhaustion.heap_size_bytes),
            duration_of_seconds(exhaustion.after_end_s)
        ),
        // Nobody knows how much there is.
        None => format!(
            "At this rate {} {} an hour, {} a day",
            if is_a_part {
                "what was recorded of the leaks takes"
            } else {
                "leaks take"
            },
            in_hours(1.0),
            in_hours(24.0)
        ),
    })
}

/// A size of the heap that cannot be, without a full stop.
pub(crate) fn too_small_a_heap(size: u64, held: u64) -> String {
    format!(
        "The heap is larger than {}: blocks of {} live in it at the end",
        bytes(size),
        bytes(held)
    )
}

/// What else the program did wrong: it stands further down, behind what may be a long list.
pub(crate) fn also_wrong(totals: &Totals) -> Vec<String> {
    let failed = totals
        .failed_allocations
        .saturating_sub(totals.failed_and_retried);
    let faults = [
        (failed, "failed allocation"),
        (totals.double_frees, "double free"),
        (totals.wrong_frees, "wrong free"),
        (totals.doubtful_frees, "doubtful free"),
    ];
    let faults = faults.into_iter().filter(|(number, _)| *number > 0);
    faults.map(|(number, name)| counted(number, name)).collect()
}

/// What a trace without a leak does not prove; nothing of others.
pub(crate) fn limits(
    facts: &Facts<'_>,
    conclusion: Conclusion,
    call_sites: &[CallSite],
) -> Vec<String> {
    let outcome = facts.outcome;
    let is_dump = has(outcome, |kind| matches!(kind, ProblemKind::NoHistory));
    if !matches!(conclusion, Conclusion::NoLeakSeen | Conclusion::Uncertain) || is_dump {
        return Vec::new();
    }
    let lengths = (outcome.sessions.iter()).map(|session| session.end - session.start);
    let (covers, ticks) = match (outcome.sessions.len(), lengths.max()) {
        (2.., Some(longest)) => ("its longest session covers", longest),
        _ => ("it covers", outcome.length()),
    };
    let length = facts.clock.duration(ticks);
    let mut limits = vec![format!(
        "{covers} {length}: what leaves fewer than 3 blocks behind in that time does not show; fewer than 10 may not, nor \
         may more beside blocks that live long"
    )];
    if conclusion == Conclusion::NoLeakSeen
        && outcome
            .problems
            .iter()
            .any(|problem| is_loss(problem.kind.code()))
    {
        limits.push("data were lost: what happened there is not known".to_owned());
    }
    let open = call_sites.iter().filter(|site| {
        site.standing == Standing::Unknown && site.verdict == Verdict::Unclassified.name()
    });
    match open.count() as u64 {
        0 => {}
        unclassified => limits.push(format!(
            "no pattern fits {}: a longer trace may tell",
            counted(unclassified, "call site")
        )),
    }
    if has(outcome, |kind| matches!(kind, ProblemKind::Filtered { .. })) {
        limits.push(
            "the device was told to leave blocks out: what leaks of those does not show".to_owned(),
        );
    }
    if has(outcome, |kind| matches!(kind, ProblemKind::NoCallStacks)) {
        limits.push("without call stacks, small leaks hide among other allocations".to_owned());
    }
    if has(outcome, |kind| matches!(kind, ProblemKind::ClockStands)) {
        limits.push("without a clock, growth over time cannot be seen".to_owned());
    }
    limits
}
