//! The table of call sites.

use leakscope_analysis::outcome;
use leakscope_report::Standing;
use leakscope_report::document::call_site::CallSite;
use leakscope_report::units::Clock;
use serde::Serialize;

use super::census::{Census, SiteSum};
use super::frames::{Frames, ListedFrame, title};
use crate::engine::Engine;
use crate::query::{SITES, Window};
use crate::scan::Scan;

/// All call sites, the worst first.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Sites {
    from: u64,
    to: u64,
    limited: bool,
    complete: bool,
    counted_to: u64,
    total: usize,
    others: Others,
    frames: Vec<ListedFrame>,
    pub(crate) sites: Vec<SiteRow>,
}

/// What is in no row.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Others {
    sites: usize,
    outstanding_bytes: u64,
    allocated_bytes: u64,
}

/// One call site.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SiteRow {
    pub(crate) site: usize,
    pub(super) verdict: String,
    pub(crate) standing: Standing,
    pub(super) confidence: &'static str,
    pub(super) reason: String,
    pub(super) title: String,
    stack: Vec<usize>,
    allocator: Vec<usize>,
    pub(super) growth_bytes_per_second: Option<f64>,
    pub(super) growth: String,
    pub(super) outstanding_bytes: u64,
    pub(super) outstanding_blocks: u64,
    peak_bytes: u64,
    bytes_at_peak: u64,
    allocations: u64,
    allocated_bytes: u64,
    frees: u64,
    temporary: u64,
    temporary_bytes: u64,
    reallocations: u64,
    failed: u64,
    smallest: u64,
    largest: u64,
    first: u64,
    last: u64,
    contexts: Vec<u16>,
    cores: Vec<u8>,
}

impl SiteRow {
    pub(super) fn new(
        site: &CallSite,
        contexts: &outcome::CallSite,
        clock: Clock,
        scan: &Scan<'_>,
        frames: &mut Frames,
    ) -> Self {
        let mut numbers = |list: &[leakscope_report::NamedFrame]| {
            list.iter().map(|frame| frames.number(frame)).collect()
        };
        let number = contexts.id.index();
        let of_index = scan.index.sites.get(number);
        let contexts = contexts.contexts.iter();
        Self {
            site: number,
            verdict: site.verdict.clone(),
            standing: site.standing.clone(),
            confidence: site.confidence.name(),
            reason: site.reason.clone(),
            title: title(&site.frames),
            stack: numbers(&site.frames),
            allocator: numbers(&site.allocator_frames),
            growth_bytes_per_second: site.growth_bytes_per_second,
            growth: clock.rate(site.growth_bytes, site.growth_ticks),
            outstanding_bytes: site.outstanding_bytes,
            outstanding_blocks: site.outstanding_blocks,
            peak_bytes: site.peak_bytes,
            bytes_at_peak: site.bytes_at_peak,
            allocations: site.allocations,
            allocated_bytes: site.allocated_bytes,
            frees: site.frees,
            temporary: of_index.map_or(0, |held| held.temporary),
            temporary_bytes: of_index.map_or(0, |held| held.temporary_bytes),
            reallocations: site.reallocations,
            failed: site.failed_allocations,
            smallest: site.smallest_bytes,
            largest: site.largest_bytes,
            first: site.first_allocation_ticks,
            last: site.last_allocation_ticks,
            contexts: contexts
                .filter_map(|&context| scan.index.contexts.known(context))
                .collect(),
            cores: site.cores.clone(),
        }
    }

    /// What is only true of all of the trace gives way to what was counted in a window.
    fn limit_to(&mut self, sum: &SiteSum) {
        self.outstanding_bytes = sum.live.bytes;
        self.outstanding_blocks = sum.live.blocks;
        self.peak_bytes = sum.peak_bytes;
        self.bytes_at_peak = sum.bytes_at_peak();
        self.allocations = sum.allocated.blocks;
        self.allocated_bytes = sum.allocated.bytes;
        self.frees = sum.freed.blocks;
        self.temporary = sum.temporary.blocks;
        self.temporary_bytes = sum.temporary.bytes;
        self.reallocations = sum.reallocations;
        self.failed = sum.failed;
        (self.smallest, self.largest) = sum.sizes;
        (self.first, self.last) = sum.times;
        self.contexts.clone_from(&sum.contexts);
        self.cores.clone_from(&sum.cores);
    }
}

impl Engine<'_> {
    pub(crate) fn sites(&mut self, window: Option<Window>) -> Sites {
        let window = self.bounded(window);
        let sums = self.census(window).map(|census| census.sites.clone());
        let census = self.census(window);
        let complete = census.is_none_or(Census::is_complete);
        let counted_to = census.map_or(window.to, Census::counted_to);
        let clock = self.clock();
        let (outcome, report, scan) = self.outcome();
        let mut frames = Frames::default();
        let sites = outcome.call_sites.iter().zip(&report.call_sites);
        let mut chosen: Vec<_> = sites
            .map(|(contexts, site)| {
                let sum = (sums.as_ref()).and_then(|sums| sums.get(&contexts.id.index()));
                (contexts, site, sum)
            })
            .collect();
        if sums.is_some() {
            chosen
                .retain(|(_, _, sum)| sum.is_some_and(|sum| sum.allocated.blocks + sum.failed > 0));
            chosen
                .sort_by_key(|(_, _, sum)| std::cmp::Reverse(sum.map_or(0, |sum| sum.live.bytes)));
        }
        let mut others = Others::default();
        for (_, site, sum) in chosen.iter().skip(SITES) {
            others.sites += 1;
            others.outstanding_bytes += sum.map_or(site.outstanding_bytes, |sum| sum.live.bytes);
            others.allocated_bytes += sum.map_or(site.allocated_bytes, |sum| sum.allocated.bytes);
        }
        let total = chosen.len();
        let mut rows = Vec::with_capacity(total.min(SITES));
        for &(contexts, site, sum) in chosen.iter().take(SITES) {
            let mut row = SiteRow::new(site, contexts, clock, scan, &mut frames);
            if let Some(sum) = sum {
                row.limit_to(sum);
            }
            rows.push(row);
        }
        Sites {
            from: window.from,
            to: window.to,
            limited: sums.is_some(),
            complete,
            counted_to,
            total,
            others,
            frames: frames.into_list(),
            sites: rows,
        }
    }

    /// What the ticks are.
    pub(crate) fn clock(&self) -> Clock {
        let target = self.scan.trace.target();
        Clock::new(target.timestamp_hz, self.scan.trace.end())
    }
}

impl Sites {
    /// Keeps the first rows, and says of the others how much they are.
    pub(crate) fn truncate(&mut self, rows: usize) {
        for row in self.sites.iter().skip(rows) {
            self.others.sites += 1;
            self.others.outstanding_bytes += row.outstanding_bytes;
            self.others.allocated_bytes += row.allocated_bytes;
        }
        self.sites.truncate(rows);
    }
}
