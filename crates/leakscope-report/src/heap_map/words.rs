//! What a heap's map says, in sentences without full stops.

use leakscope_heap::{Candidate, Failure, HeapMap, Pin, Pool, Reason, Trend, TrendKind};

use super::{Names, judged};
use crate::units::{bytes, count, counted, estimated_bytes};

/// What there is to say of a heap: a sentence on each region that is split, one on what leaks then mean, and one on allocations
/// that failed.
pub(crate) fn sentences(map: &HeapMap, names: &Names<'_>) -> Vec<String> {
    let best = map.best();
    let regions = 0..best.pools().len();
    let judged: Vec<_> = regions.map(|place| judged(map, place)).collect();
    let trends = judged.iter().filter_map(|(trend, pins)| {
        let trend = trend.as_ref()?;
        Some(of_trend(trend, pins, names))
    });
    let largest = best.pools().iter().map(Pool::largest_request).max();
    let is_split = judged.iter().any(|(trend, _)| trend.is_some());
    let outlook = largest.filter(|_| is_split && names.is_filled_by_leaks());
    let pause = map.since_pause().filter(|_| !map.is_sure());
    (pause.map(of_pause).into_iter().chain(trends))
        .chain(outlook.map(of_outlook))
        .chain(of_failures(best, names))
        .collect()
}

/// That what is free was known better before the recording paused.
fn of_pause((predicted, addresses): (u64, u64)) -> String {
    format!(
        "The recording paused, and what was allocated and freed meanwhile is not known: {} of {} since then {} where expected",
        count(predicted),
        counted(addresses, "block"),
        if predicted == 1 { "lies" } else { "lie" }
    )
}

/// That a map of which no address was predicted says nothing.
pub(crate) fn of_nothing(map: &HeapMap) -> String {
    match map.addresses() {
        0 => "No block was allocated in it: how the allocator works nobody knows".to_owned(),
        addresses => format!(
            "Of the addresses of {}, no allocator that is known predicts one: what of it is free nobody knows",
            counted(addresses, "block")
        ),
    }
}

/// "free 24.0 KiB in 35 holes, the largest block 3.00 KiB: fragmented, 4,096 B as the program has asked for would fail; …"
fn of_split(trend: &Trend, who: &str) -> String {
    format!(
        "free {} in {}, largest block {}: fragmented, {} as the program has asked for would fail{who}",
        estimated_bytes(trend.to.free),
        counted(trend.to.holes, "hole"),
        estimated_bytes(trend.to.largest),
        bytes(trend.wanted)
    )
}

/// "free 109 KiB (flat), largest block 61.0 KiB → 16.0 KiB in 20.0 min: fragmentation; …"
pub(crate) fn of_trend(trend: &Trend, pins: &[Pin], names: &Names<'_>) -> String {
    let (from, to) = (trend.from, trend.to);
    let who = pins
        .first()
        .map_or_else(String::new, |pin| format!("; {}", of_pin(pin, names)));
    let (free, verdict) = match trend.kind {
        TrendKind::Fragmented => return of_split(trend, &who),
        TrendKind::Fragmentation => {
            let free = format!("{} (flat)", estimated_bytes(to.free));
            (free, "fragmentation")
        }
        TrendKind::PinningLeak => {
            let (from, to) = (estimated_bytes(from.free), estimated_bytes(to.free));
            let verdict = "a leak whose blocks split the free memory";
            (format!("{from} → {to}"), verdict)
        }
    };
    format!(
        "free {free}, largest block {} → {} in {}: {verdict}{who}",
        estimated_bytes(from.largest),
        estimated_bytes(to.largest),
        names.clock.duration(to.time.saturating_sub(from.time)),
    )
}

/// That a heap which leaks fill fails before it is full.
fn of_outlook(largest: u64) -> String {
    format!(
        "allocations of more than {} fail already, before leaks have used the heap up",
        estimated_bytes(largest)
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
