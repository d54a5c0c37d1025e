//! Sums over the whole trace.

use leakscope_analysis::problem::ProblemKind;
use serde::{Deserialize, Serialize};

use super::Facts;
use super::call_site::CallSite;
use crate::policy::Standing;

/// Sums over the whole trace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    /// Packets read, on all cores.
    pub events: u64,
    /// Those of them that stand in the files of both cores.
    pub copies: u64,
    /// Log messages.
    pub log_messages: u64,
    /// Events of the heap, failed allocations and frees of nothing included.
    pub heap_events: u64,
    /// Blocks allocated.
    pub allocations: u64,
    /// Frees, but those of null: those of older blocks and wrong ones included.
    pub frees: u64,
    /// Blocks that got another size; each counts in `allocations` and `frees` too.
    pub reallocations: u64,
    /// Allocations that found no memory.
    pub failed_allocations: u64,
    /// Those of them after which the same request found memory in another region.
    pub failed_and_retried: u64,
    /// `free(NULL)`.
    pub frees_of_null: u64,
    /// Frees of blocks that were allocated before the trace began.
    pub frees_of_older_blocks: u64,
    /// Frees of blocks that had been freed already.
    pub double_frees: u64,
    /// Frees of addresses inside a block.
    pub wrong_frees: u64,
    /// Frees that are a double or a wrong one, unless an allocation before them went unseen or a free was none: they count as neither.
    #[serde(default)]
    pub doubtful_frees: u64,
    /// Bytes allocated.
    pub allocated_bytes: u64,
    /// Blocks that lived when their session ended.
    pub outstanding_blocks: u64,
    /// The bytes of those.
    pub outstanding_bytes: u64,
    /// The most bytes that lived at once.
    pub peak_bytes: u64,
    /// Packets that the target dropped, at the least.
    pub dropped_packets: u64,
    /// Bytes that could not be read as packets.
    pub skipped_bytes: u64,
    /// Whole cycles that were marked, after the first two of each session.
    #[serde(default)]
    pub cycles: u64,
    /// What those took, in ticks.
    #[serde(default)]
    pub cycle_ticks: u64,
    /// Stretches between restarts; `sessions` lists the first 256 and the last.
    #[serde(default)]
    pub sessions: u64,
    /// Call sites that allocated.
    pub call_sites: u64,
    /// Those of them that leak.
    pub leaks: u64,
    /// The blocks of those that are outstanding.
    pub leak_blocks: u64,
    /// The bytes of those.
    pub leak_bytes: u64,
    /// How fast they grow together.
    pub leak_bytes_per_second: Option<f64>,
}

impl Totals {
    pub(super) fn new(facts: &Facts<'_>, call_sites: &[CallSite]) -> Self {
        let totals = &facts.outcome.totals;
        let problems = facts.outcome.problems.iter();
        let skipped = problems.map(|problem| match problem.kind {
            ProblemKind::Skipped { bytes } => bytes,
            _ => 0,
        });
        let sites = call_sites.iter();
        let leaks: Vec<&CallSite> = sites
            .filter(|site| site.standing == Standing::Leak)
            .collect();
        let rates = leaks.iter().map(|site| site.growth_bytes_per_second);
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
            doubtful_frees: totals.doubtful_frees,
            allocated_bytes: totals.allocated_bytes,
            outstanding_blocks: totals.outstanding_blocks,
            outstanding_bytes: totals.outstanding_bytes,
            peak_bytes: totals.peak_bytes,
            dropped_packets: totals.dropped_packets,
            skipped_bytes: skipped.sum(),
            cycles: totals.cycles,
            cycle_ticks: totals.cycle_ticks,
            sessions: totals.sessions.max(facts.outcome.sessions.len() as u64),
            call_sites: call_sites.len() as u64,
            leaks: leaks.len() as u64,
            leak_blocks: leaks.iter().map(|site| site.outstanding_blocks).sum(),
            leak_bytes: leaks.iter().map(|site| site.outstanding_bytes).sum(),
            // Not `sum`: the sum of no floats at all is -0.0.
            leak_bytes_per_second: rates
                .into_iter()
                .try_fold(0.0, |sum, rate| Some(sum + rate?)),
        }
    }
}
