//! The table of call sites.

use std::borrow::Cow;

use leakscope_analysis::outcome;
use leakscope_report::Standing;
use leakscope_report::document::call_site::CallSite;
use serde::Serialize;

use super::Subject;
use super::census::{Census, SiteSum};
use super::counting::Counting;
use super::frames::{Frames, ListedFrame, title};
use crate::index::exchange::Sum;
use crate::index::sites::SiteIndex;
use crate::index::sums::OwnSums;
use crate::query::Window;
use crate::scan::Scan;

/// All call sites, the worst first.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Sites {
    from: u64,
    to: u64,
    limited: bool,
    complete: bool,
    counted_to: u64,
    pub(crate) total: usize,
    others: Others,
    frames: Vec<ListedFrame>,
    pub(crate) sites: Vec<SiteRow>,
}

/// What is in no row: sums of what the rows would say.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Others {
    sites: usize,
    /// Those with blocks that live.
    outstanding_sites: usize,
    outstanding_bytes: u64,
    outstanding_blocks: u64,
    leaked_bytes: u64,
    leaked_blocks: u64,
    growth_bytes_per_second: f64,
    bytes_at_peak: u64,
    allocated_bytes: u64,
    allocations: u64,
    temporary_bytes: u64,
    temporary: u64,
}

impl Others {
    /// A call site of the report, and what the index knows of it; where only a window counts, its census.
    pub(super) fn add(
        &mut self,
        site: &CallSite,
        held: Option<&SiteIndex>,
        counted: Option<&SiteSum>,
    ) {
        let sum = |blocks, bytes| Sum { blocks, bytes };
        let [live, allocated, temporary] = counted.map_or_else(
            || {
                let live = sum(site.outstanding_blocks, site.outstanding_bytes);
                let allocated = sum(site.allocations, site.allocated_bytes);
                let temporary = held.map_or_else(Sum::default, SiteIndex::temporary);
                [live, allocated, temporary]
            },
            |counted| [counted.live, counted.sums.allocated, counted.sums.temporary],
        );
        self.sites += 1;
        self.outstanding_sites += usize::from(live.blocks > 0);
        self.outstanding_bytes += live.bytes;
        self.outstanding_blocks += live.blocks;
        if site.standing == Standing::Leak {
            self.leaked_bytes += live.bytes;
            self.leaked_blocks += live.blocks;
            self.growth_bytes_per_second += site.growth_bytes_per_second.unwrap_or_default();
        }
        self.bytes_at_peak += counted.map_or(site.bytes_at_peak, SiteSum::bytes_at_peak);
        self.allocated_bytes += allocated.bytes;
        self.allocations += allocated.blocks;
        self.temporary_bytes += temporary.bytes;
        self.temporary += temporary.blocks;
    }
}

/// One call site.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SiteRow {
    pub(crate) site: usize,
    pub(super) verdict: Cow<'static, str>,
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
    by_context: Vec<Own>,
}

/// What one of several contexts did.
#[derive(Clone, Debug, Serialize)]
struct Own {
    context: u16,
    outstanding_bytes: u64,
    outstanding_blocks: u64,
    allocations: u64,
    allocated_bytes: u64,
    temporary: u64,
    temporary_bytes: u64,
}

impl Own {
    /// What contexts did; nothing if that was all done by the only one there is.
    fn list<'o>(own: impl Iterator<Item = (u16, &'o OwnSums)>, contexts: &[u16]) -> Vec<Self> {
        let list: Vec<Self> = own.map(Self::of).collect();
        match list.as_slice() {
            [one] if contexts == [one.context] => Vec::new(),
            _ => list,
        }
    }

    fn of((context, sums): (u16, &OwnSums)) -> Self {
        let outstanding = sums.outstanding();
        Self {
            context,
            outstanding_bytes: outstanding.bytes,
            outstanding_blocks: outstanding.blocks,
            allocations: sums.allocated.blocks,
            allocated_bytes: sums.allocated.bytes,
            temporary: sums.temporary.blocks,
            temporary_bytes: sums.temporary.bytes,
        }
    }
}

impl SiteRow {
    pub(super) fn new(
        site: &CallSite,
        contexts: &outcome::CallSite,
        scan: &Scan<'_>,
        frames: &mut Frames,
    ) -> Self {
        let mut numbers = |list: &[leakscope_report::NamedFrame]| {
            list.iter().map(|frame| frames.number(frame)).collect()
        };
        let number = contexts.id.index();
        let of_index = scan.index.sites.get(number);
        let own = of_index.into_iter().flat_map(SiteIndex::by_context);
        let all = contexts.contexts.iter();
        let mut contexts: Vec<u16> = Vec::new();
        for context in all.filter_map(|&context| scan.actors.context(context)) {
            // A task has the same number after a reset.
            if !contexts.contains(&context) {
                contexts.push(context);
            }
        }
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
            growth: scan.clock().rate(site.growth_bytes, site.growth_ticks),
            outstanding_bytes: site.outstanding_bytes,
            outstanding_blocks: site.outstanding_blocks,
            peak_bytes: site.peak_bytes,
            bytes_at_peak: site.bytes_at_peak,
            allocations: site.allocations,
            allocated_bytes: site.allocated_bytes,
            frees: site.frees,
            temporary: of_index.map_or(0, |held| held.temporary().blocks),
            temporary_bytes: of_index.map_or(0, |held| held.temporary().bytes),
            reallocations: site.reallocations,
            failed: site.failed_allocations,
            smallest: site.smallest_bytes,
            largest: site.largest_bytes,
            first: site.first_allocation_ticks,
            last: site.last_allocation_ticks,
            by_context: Own::list(own, &contexts),
            contexts,
            cores: site.cores.clone(),
        }
    }

    /// What is only true of all of the trace gives way to what was counted in a window.
    fn limit_to(&mut self, sum: &SiteSum) {
        self.outstanding_bytes = sum.live.bytes;
        self.outstanding_blocks = sum.live.blocks;
        self.peak_bytes = sum.peak_bytes;
        self.bytes_at_peak = sum.bytes_at_peak();
        self.allocations = sum.sums.allocated.blocks;
        self.allocated_bytes = sum.sums.allocated.bytes;
        self.frees = sum.sums.freed.blocks;
        self.temporary = sum.sums.temporary.blocks;
        self.temporary_bytes = sum.sums.temporary.bytes;
        self.reallocations = sum.sums.reallocations;
        self.failed = sum.sums.failed;
        let spread = &sum.sums.spread;
        (self.smallest, self.largest) = spread.sizes();
        (self.first, self.last) = spread.times();
        self.contexts = sum.sums.contexts.iter().collect();
        self.cores = spread.cores.iter().map(|core| core as u8).collect();
        let own = sum.sums.own.iter().map(|(&context, own)| (context, own));
        let own = own.filter(|(_, own)| own.allocated.blocks > 0);
        self.by_context = Own::list(own, &self.contexts);
    }
}

impl Sites {
    /// Of a window if there is a census of it, otherwise of all of the trace; with so many rows.
    pub(crate) fn new(
        window: Window,
        census: Option<&Counting<Census>>,
        subject: Subject<'_, '_>,
        most: usize,
    ) -> Self {
        let Subject {
            outcome,
            report,
            scan,
            ..
        } = subject;
        let mut frames = Frames::default();
        let sites = outcome.call_sites.iter().zip(&report.call_sites);
        let mut chosen: Vec<_> = sites
            .map(|(contexts, site)| {
                let sum = census.and_then(|census| census.counter.sites.get(&contexts.id.index()));
                (contexts, site, sum)
            })
            .collect();
        if census.is_some() {
            chosen.retain(|(_, _, sum)| {
                sum.is_some_and(|sum| sum.sums.allocated.blocks + sum.sums.failed > 0)
            });
            chosen
                .sort_by_key(|(_, _, sum)| std::cmp::Reverse(sum.map_or(0, |sum| sum.live.bytes)));
        }
        let mut others = Others::default();
        for &(contexts, site, sum) in chosen.iter().skip(most) {
            others.add(site, scan.index.sites.get(contexts.id.index()), sum);
        }
        let total = chosen.len();
        let mut rows = Vec::with_capacity(total.min(most));
        for &(contexts, site, sum) in chosen.iter().take(most) {
            let mut row = SiteRow::new(site, contexts, scan, &mut frames);
            if let Some(sum) = sum {
                row.limit_to(sum);
            }
            rows.push(row);
        }
        Self {
            from: window.from,
            to: window.to,
            limited: census.is_some(),
            complete: census.is_none_or(Counting::is_complete),
            counted_to: census.map_or(window.to, Counting::counted_to),
            total,
            others,
            frames: frames.into_list(),
            sites: rows,
        }
    }
}
