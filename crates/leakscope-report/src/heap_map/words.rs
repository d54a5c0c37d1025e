//! What a heap's map says, in sentences without full stops.

use leakscope_heap::{Candidate, Failure, HeapMap, Pin, Pool, Reason, Trend, TrendKind};

use super::{Names, judged};
use crate::units::{bytes, count, counted, estimated_bytes};

/// What there is to say of a heap: a sentence on each region whose largest block shrinks, and one on allocations that failed.
pub(crate) fn sentences(map: &HeapMap, names: &Names<'_>) -> Vec<String> {
    let best = map.best();
    let regions = 0..best.pools().len();
    let trends = regions.filter_map(|place| {
        let (trend, pins) = judged(map, place);
        Some(of_trend(&trend?, &pins, names))
    });
    trends.chain(of_failures(best, names)).collect()
}

/// "free 109 KiB (flat), largest block 61.0 KiB → 16.0 KiB in 20.0 min: fragmentation; …"
pub(crate) fn of_trend(trend: &Trend, pins: &[Pin], names: &Names<'_>) -> String {
    let (from, to) = (trend.from, trend.to);
    let free = match trend.kind {
        TrendKind::Fragmentation => format!("{} (flat)", estimated_bytes(to.free)),
        TrendKind::PinningLeak => {
            format!(
                "{} → {}",
                estimated_bytes(from.free),
                estimated_bytes(to.free)
            )
        }
    };
    let verdict = match trend.kind {
        TrendKind::Fragmentation => "fragmentation",
        TrendKind::PinningLeak => "a leak whose blocks split the free memory",
    };
    let who = pins
        .first()
        .map_or_else(String::new, |pin| format!("; {}", of_pin(pin, names)));
    format!(
        "free {free}, largest block {} → {} in {}: {verdict}{who}",
        estimated_bytes(from.largest),
        estimated_bytes(to.largest),
        names.clock.duration(to.time.saturating_sub(from.time)),
    )
}

/// "3 blocks of mqtt_connect, 72 B, split a hole of 61.0 KiB"
pub(crate) fn of_pin(pin: &Pin, names: &Names<'_>) -> String {
    let (verb, blocks) = match pin.blocks {
        1 => ("splits", "1 block".to_owned()),
        some => ("split", counted(some, "block")),
    };
    format!(
        "{blocks} of {}, {}, {verb} a hole of {}",
        names.site(pin.site),
        bytes(pin.bytes),
        estimated_bytes(pin.largest_after)
    )
}

fn of_failures(best: &Candidate, names: &Names<'_>) -> Option<String> {
    let (failures, more) = best.failures();
    let first = failures.first()?;
    let others = failures.len() as u64 - 1 + more;
    let others = match others {
        0 => String::new(),
        some => format!(" (and {} more)", count(some)),
    };
    let moment = names.clock.moment(first.time);
    Some(format!("at {moment}, {}{others}", of_failure(first, best)))
}

/// "4,096 B failed: 20,000 B are free, but in 35 holes, which give 3,000 B at most"
pub(crate) fn of_failure(failure: &Failure, best: &Candidate) -> String {
    let free = bytes(failure.free);
    let pool = best.pools().get(failure.region);
    let most = pool.map_or(0, Pool::most_ever);
    let why = match failure.reason {
        Reason::TooLarge => format!(
            "the heap could not give more than {} if it was empty",
            bytes(most)
        ),
        Reason::Full if failure.free < failure.size => {
            format!("the heap is full, only {free} are free")
        }
        Reason::Full => {
            let needed = bytes(pool.map_or(0, |pool| pool.needs(failure.size)));
            format!("the heap is full, only {free} are free, and with its header it needs {needed}")
        }
        Reason::Fragmented => format!(
            "{free} are free, but in {}, which {} {} at most",
            counted(failure.holes, "hole"),
            if failure.holes == 1 { "gives" } else { "give" },
            bytes(failure.largest)
        ),
        Reason::Overlooked => format!(
            "a hole of {} is large enough, but the allocator does not look at it",
            bytes(failure.largest_hole)
        ),
        Reason::Unexplained => format!(
            "by the map there is room for up to {}: another kind of memory was asked for, or the map is wrong",
            bytes(failure.largest)
        ),
    };
    format!("{} failed: {why}", bytes(failure.size))
}
