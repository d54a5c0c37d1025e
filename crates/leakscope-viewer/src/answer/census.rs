//! What was allocated in a window, what of it still lives at its end, and who ran: counted by reading the
//! window again.

use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;

use leakscope_analysis::heap::SiteId;
use leakscope_analysis::trace::{EventKind, HeapEvent};
use rustc_hash::FxHashMap;

use crate::index::contexts::Contexts;
use crate::index::exchange::{Exchange, Sum};
use crate::index::ledger::Fate;
use crate::index::running::{Running, Span, begins_run};
use crate::query::Window;
use crate::replay::{Reached, Replay, Seen};
use crate::scan::Scan;
use crate::source::TraceInputs;

/// The sums of a window.
#[derive(Default)]
pub(crate) struct Census {
    pub(crate) window: Window,
    pub(crate) sites: BTreeMap<usize, SiteSum>,
    pub(crate) contexts: BTreeMap<u16, ContextSum>,
    pub(crate) exchange: Exchange,
    /// By core and context: ticks, and how often it began to run.
    pub(crate) runs: BTreeMap<(u8, u16), (u64, u64)>,
    /// Blocks that were allocated in the window and live. Never listed.
    blocks: FxHashMap<u64, Held>,
    live_bytes: u64,
    peak_bytes: u64,
    peaks: u64,
    /// The last moment that was counted.
    reached: u64,
    replay: Option<Replay>,
    running: Running,
    numbers: Contexts,
}

#[derive(Clone, Copy)]
struct Held {
    site: usize,
    owner: u16,
    size: u64,
}

/// The sums of one call site.
#[derive(Clone, Debug, Default)]
pub(crate) struct SiteSum {
    pub(crate) allocated: Sum,
    pub(crate) freed: Sum,
    pub(crate) live: Sum,
    pub(crate) temporary: Sum,
    pub(crate) reallocations: u64,
    pub(crate) failed: u64,
    pub(crate) peak_bytes: u64,
    /// Which of the window's peaks was the last that it has heard of, and what lived then.
    at_peak: (u64, u64),
    /// The smallest and the largest.
    pub(crate) sizes: (u64, u64),
    /// The first and the last.
    pub(crate) times: (u64, u64),
    pub(crate) contexts: Vec<u16>,
    pub(crate) cores: Vec<u8>,
}

/// The sums of one context.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ContextSum {
    pub(crate) allocated: Sum,
    pub(crate) freed: Sum,
    pub(crate) live_bytes: u64,
}

impl Default for Window {
    fn default() -> Self {
        Self { from: 0, to: 1 }
    }
}

impl SiteSum {
    pub(crate) fn bytes_at_peak(&self) -> u64 {
        self.at_peak.1
    }

    fn settle(&mut self, peaks: u64) {
        if self.at_peak.0 < peaks {
            self.at_peak = (peaks, self.live.bytes);
        }
    }
}

impl Census {
    pub(crate) fn new(scan: &Scan<'_>, window: Window) -> Self {
        let section = scan.index.sections.of_time(window.from);
        let mut replay = Replay::from_section(scan, section);
        Self {
            window,
            running: std::mem::take(&mut replay.running),
            replay: Some(replay),
            numbers: scan.index.contexts.clone(),
            ..Self::default()
        }
    }

    /// Whether all of the window was counted.
    pub(crate) fn is_complete(&self) -> bool {
        self.replay.is_none()
    }

    /// Up to where it was counted.
    pub(crate) fn counted_to(&self) -> u64 {
        match self.replay {
            Some(_) => self.reached.clamp(self.window.from, self.window.to),
            None => self.window.to,
        }
    }

    /// Counts so many more events; returns whether all are counted.
    pub(crate) fn advance(
        &mut self,
        scan: &Scan<'_>,
        source: &mut dyn TraceInputs,
        events: u64,
    ) -> io::Result<bool> {
        let Some(mut replay) = self.replay.take() else {
            return Ok(true);
        };
        let reached = replay.run(scan, source, events, |seen| self.observe(seen, scan))?;
        if reached == Reached::Limit {
            self.replay = Some(replay);
            return Ok(false);
        }
        let mut running = std::mem::take(&mut self.running);
        let end = self.window.to.min(scan.trace.end());
        running.settle(end, |span| self.span(span));
        for site in self.sites.values_mut() {
            site.settle(self.peaks);
        }
        self.blocks = FxHashMap::default();
        Ok(true)
    }

    fn observe(&mut self, seen: &Seen<'_>, scan: &Scan<'_>) -> ControlFlow<()> {
        let event = &seen.event;
        if event.time >= self.window.to {
            return ControlFlow::Break(());
        }
        self.reached = event.time;
        let mut running = std::mem::take(&mut self.running);
        let mut numbers = std::mem::take(&mut self.numbers);
        running.observe(event, seen.trace, &mut numbers, |span| self.span(span));
        self.running = running;
        let context = numbers.known(event.context).unwrap_or_default();
        self.numbers = numbers;
        if event.time < self.window.from {
            return ControlFlow::Continue(());
        }
        match event.kind {
            EventKind::Heap(of_heap) => self.observe_heap(of_heap, seen, scan, context),
            EventKind::System if begins_run(event.id) => {
                self.runs.entry((event.core, context)).or_default().1 += 1;
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn span(&mut self, span: Span) {
        let (from, to) = (span.from.max(self.window.from), span.to.min(self.window.to));
        if !span.ready && from < to {
            self.runs.entry((span.core, span.context)).or_default().0 += to - from;
        }
    }

    fn observe_heap(&mut self, of_heap: HeapEvent, seen: &Seen<'_>, scan: &Scan<'_>, context: u16) {
        match of_heap {
            HeapEvent::Allocation {
                address,
                size,
                stack,
                ..
            } => {
                let site = scan.heap.site_of(stack).map_or(0, SiteId::index);
                self.allocate(site, address, size, seen, context);
            }
            HeapEvent::Reallocation {
                old_address,
                address,
                size,
                stack,
            } => {
                let site = scan.heap.site_of(stack).map_or(0, SiteId::index);
                self.free(old_address, seen, context);
                self.sites.entry(site).or_default().reallocations += 1;
                self.allocate(site, address, size, seen, context);
            }
            HeapEvent::Free { address, .. } => self.free(address, seen, context),
            HeapEvent::Failed { stack, .. } => {
                let site = scan.heap.site_of(stack).map_or(0, SiteId::index);
                self.sites.entry(site).or_default().failed += 1;
            }
            HeapEvent::Define { .. } | HeapEvent::FreeOfNull { .. } => {}
        }
    }

    fn allocate(&mut self, site: usize, address: u64, size: u64, seen: &Seen<'_>, context: u16) {
        let held = Held {
            site,
            owner: context,
            size,
        };
        if let Some(lost) = self.blocks.insert(address, held) {
            self.lose(lost);
        }
        self.exchange.allocated(context, address);
        let by = self.contexts.entry(context).or_default();
        by.allocated.add(size);
        by.live_bytes += size;
        let (peaks, event) = (self.peaks, &seen.event);
        let sum = self.sites.entry(site).or_default();
        sum.settle(peaks);
        if sum.allocated.blocks == 0 {
            sum.sizes = (size, size);
            sum.times.0 = event.time;
        }
        sum.sizes = (sum.sizes.0.min(size), sum.sizes.1.max(size));
        sum.times.1 = event.time;
        sum.allocated.add(size);
        sum.live.add(size);
        sum.peak_bytes = sum.peak_bytes.max(sum.live.bytes);
        if !sum.contexts.contains(&context) {
            sum.contexts.push(context);
        }
        if !sum.cores.contains(&event.core) {
            sum.cores.push(event.core);
            sum.cores.sort_unstable();
        }
        self.live_bytes += size;
        if self.live_bytes > self.peak_bytes {
            self.peak_bytes = self.live_bytes;
            self.peaks += 1;
        }
    }

    /// A block of the window is gone.
    fn lose(&mut self, lost: Held) {
        let peaks = self.peaks;
        let sum = self.sites.entry(lost.site).or_default();
        sum.settle(peaks);
        sum.live.blocks -= 1;
        sum.live.bytes -= lost.size;
        self.contexts.entry(lost.owner).or_default().live_bytes -= lost.size;
        self.live_bytes -= lost.size;
    }

    fn free(&mut self, address: u64, seen: &Seen<'_>, context: u16) {
        let Some(Fate::Block { size, .. }) = seen.fate else {
            return;
        };
        self.contexts.entry(context).or_default().freed.add(size);
        let Some(held) = self.blocks.remove(&address) else {
            return;
        };
        let is_temporary = self.exchange.freed(context, held.owner, address, size);
        self.lose(held);
        let sum = self.sites.entry(held.site).or_default();
        sum.freed.add(size);
        if is_temporary {
            sum.temporary.add(size);
        }
    }
}
