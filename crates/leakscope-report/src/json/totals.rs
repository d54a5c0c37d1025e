//! Sums over the whole trace.

use serde::Serialize;

use super::View;
use crate::conclusion::leaks;

#[derive(Serialize)]
pub(super) struct Totals {
    events: u64,
    copies: u64,
    log_messages: u64,
    heap_events: u64,
    allocations: u64,
    frees: u64,
    reallocations: u64,
    failed_allocations: u64,
    failed_and_retried: u64,
    frees_of_null: u64,
    frees_of_older_blocks: u64,
    double_frees: u64,
    wrong_frees: u64,
    allocated_bytes: u64,
    outstanding_blocks: u64,
    outstanding_bytes: u64,
    peak_bytes: u64,
    dropped_packets: u64,
    leaks: usize,
    leak_blocks: u64,
    leak_bytes: u64,
    leak_bytes_per_second: Option<f64>,
}

impl Totals {
    pub(super) fn new(view: View<'_>) -> Self {
        let totals = &view.outcome.totals;
        let leaks = || leaks(view.outcome);
        Self {
            events: totals.events,
            copies: totals.copies,
            log_messages: totals.log_messages,
            heap_events: totals.heap_events,
            allocations: totals.allocations,
            frees: totals.frees,
            reallocations: totals.reallocations,
            failed_allocations: totals.failed_allocations,
            failed_and_retried: totals.failed_and_retried,
            frees_of_null: totals.frees_of_null,
            frees_of_older_blocks: totals.frees_of_older_blocks,
            double_frees: totals.double_frees,
            wrong_frees: totals.wrong_frees,
            allocated_bytes: totals.allocated_bytes,
            outstanding_blocks: totals.outstanding_blocks,
            outstanding_bytes: totals.outstanding_bytes,
            peak_bytes: totals.peak_bytes,
            dropped_packets: totals.dropped_packets,
            leaks: leaks().count(),
            leak_blocks: leaks().map(|site| site.outstanding_blocks).sum(),
            leak_bytes: leaks().map(|site| site.outstanding_bytes).sum(),
            leak_bytes_per_second: leaks()
                .map(|site| {
                    view.clock
                        .bytes_per_second(site.growth.bytes, site.growth.ticks)
                })
                .sum(),
        }
    }
}
