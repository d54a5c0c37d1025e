//! Call sites with their verdicts.

use leakscope_analysis::outcome;
use serde::Serialize;

use super::stack::FrameObject;
use super::{Address, View};
use crate::symbolizer::Symbolizer;
use crate::words::phrase;

#[derive(Serialize)]
pub(super) struct CallSite {
    verdict: &'static str,
    confidence: &'static str,
    reason: String,
    session: usize,
    growth_bytes_per_second: Option<f64>,
    growth_bytes: i64,
    growth_ticks: u64,
    allocations: u64,
    frees: u64,
    reallocations: u64,
    failed_allocations: u64,
    allocated_bytes: u64,
    outstanding_blocks: u64,
    outstanding_bytes: u64,
    peak_bytes: u64,
    bytes_at_peak: u64,
    smallest_bytes: u64,
    largest_bytes: u64,
    first_allocation_s: Option<f64>,
    first_allocation_ticks: u64,
    last_allocation_s: Option<f64>,
    last_allocation_ticks: u64,
    tasks: Vec<String>,
    cores: Vec<u8>,
    frames: Vec<FrameObject>,
    allocator_frames: Vec<FrameObject>,
    blocks: Vec<Block>,
}

impl CallSite {
    pub(super) fn new(
        view: View<'_>,
        symbolizer: &mut Symbolizer<'_>,
        site: &outcome::CallSite,
    ) -> Self {
        let stack = symbolizer.stack(&site.allocator_frames, &site.stack);
        let growth = site.growth;
        // After a restart, a task of the same name is another one.
        let mut tasks: Vec<String> = Vec::new();
        for name in site.contexts.iter().map(|&context| view.context(context)) {
            if !tasks.contains(&name) {
                tasks.push(name);
            }
        }
        Self {
            verdict: site.finding.verdict.name(),
            confidence: site.finding.confidence.name(),
            reason: phrase(&site.finding.reason, view.clock),
            session: site.session,
            growth_bytes_per_second: view.clock.bytes_per_second(growth.bytes, growth.ticks),
            growth_bytes: growth.bytes,
            growth_ticks: growth.ticks,
            allocations: site.allocations,
            frees: site.frees,
            reallocations: site.reallocations,
            failed_allocations: site.failed_allocations,
            allocated_bytes: site.allocated_bytes,
            outstanding_blocks: site.outstanding_blocks,
            outstanding_bytes: site.outstanding_bytes,
            peak_bytes: site.peak_bytes,
            bytes_at_peak: site.bytes_at_peak,
            smallest_bytes: site.smallest,
            largest_bytes: site.largest,
            first_allocation_s: view.seconds(site.first_allocation),
            first_allocation_ticks: site.first_allocation,
            last_allocation_s: view.seconds(site.last_allocation),
            last_allocation_ticks: site.last_allocation,
            tasks,
            cores: site.cores.clone(),
            frames: stack.frames.iter().map(FrameObject::new).collect(),
            allocator_frames: stack.allocator.iter().map(FrameObject::new).collect(),
            blocks: site
                .blocks
                .iter()
                .map(|block| Block::new(view, block))
                .collect(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct Block {
    address: Address,
    size_bytes: u64,
    time_s: Option<f64>,
    time_ticks: u64,
    context: String,
    core: u8,
}

impl Block {
    pub(super) fn new(view: View<'_>, block: &outcome::Block) -> Self {
        Self {
            address: Address(block.address),
            size_bytes: block.size,
            time_s: view.seconds(block.time),
            time_ticks: block.time,
            context: view.context(block.context),
            core: block.core,
        }
    }
}
