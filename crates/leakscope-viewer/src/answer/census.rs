//! What was allocated in a window, what of it still lives at its end, and who ran.

use std::collections::BTreeMap;

use leakscope_analysis::heap::{Completes, Effect, KnownBlock};
use leakscope_analysis::trace::EventKind;

use super::counting::Counter;
use crate::index::exchange::{Exchange, Sum};
use crate::index::running::{Running, Span, begins_run};
use crate::query::Window;
use crate::replay::Seen;
use crate::scan::Scan;

/// The sums of a window.
#[derive(Default)]
pub(crate) struct Census {
    /// When the window begins.
    from: u64,
    pub(crate) sites: BTreeMap<usize, SiteSum>,
    pub(crate) contexts: BTreeMap<u16, ContextSum>,
    pub(crate) exchange: Exchange,
    /// By lane.
    pub(crate) runs: Vec<Run>,
    /// Of what was allocated in the window.
    live_bytes: u64,
    peak_bytes: u64,
    peaks: u64,
}

/// How long somebody ran on a core, in ticks, and how often it began to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Run {
    pub(crate) ticks: u64,
    pub(crate) switches: u64,
}

/// The sums of one call site.
#[derive(Clone, Debug, Default)]
pub(crate) struct SiteSum {
    pub(crate) allocated: Sum,
    pub(crate) freed: Sum,
    /// Of what was allocated in the window and not freed: in the session under way, and in those before.
    live: Sum,
    outstanding: Sum,
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

impl SiteSum {
    pub(crate) fn bytes_at_peak(&self) -> u64 {
        self.at_peak.1
    }

    /// What was allocated in the window, and nobody has freed.
    pub(crate) fn outstanding(&self) -> Sum {
        let mut sum = self.outstanding;
        sum.join(self.live);
        sum
    }

    fn settle(&mut self, peaks: u64) {
        if self.at_peak.0 < peaks {
            self.at_peak = (peaks, self.live.bytes);
        }
    }
}

impl Counter for Census {
    fn new(scan: &Scan<'_>, window: Window) -> Self {
        Self {
            from: window.from,
            runs: vec![Run::default(); scan.index.actors.lanes().len()],
            ..Self::default()
        }
    }

    fn event(&mut self, seen: &Seen<'_>, scan: &Scan<'_>, _running: &Running) {
        let event = &seen.event;
        let actor = scan.index.actors.numbered(event.core, event.context);
        if matches!(event.kind, EventKind::System) && begins_run(event.id) {
            if let Some(run) = self.runs.get_mut(actor.lane as usize) {
                run.switches += 1;
            }
        } else if let Some(effect) = &seen.effect {
            self.affected(effect, seen, scan, actor.context);
        }
    }

    fn span(&mut self, span: Span) {
        if !span.ready
            && let Some(run) = self.runs.get_mut(span.lane as usize)
        {
            run.ticks += span.ticks();
        }
    }

    fn finish(&mut self) {
        for site in self.sites.values_mut() {
            site.settle(self.peaks);
        }
    }
}

impl Census {
    fn affected(&mut self, effect: &Effect, seen: &Seen<'_>, scan: &Scan<'_>, context: u16) {
        if let Some(ended) = effect.ended() {
            self.free(ended, seen, scan, context);
        }
        if let Some(lost) = effect.lost()
            && self.is_of_window(lost)
        {
            self.end(lost, scan);
        }
        if let Some(began) = effect.began() {
            self.allocate(began, context);
        }
        match effect {
            Effect::Reallocation { began, .. }
            | Effect::Allocation {
                began,
                completes: Completes::Reallocation | Completes::RetriedReallocation,
                ..
            } => self.site(began).reallocations += 1,
            Effect::Failed { site, revived, .. } => {
                self.sites.entry(site.index()).or_default().failed += 1;
                if let Some(revived) = revived {
                    self.revive(revived, seen);
                }
            }
            Effect::Restart => self.restart(),
            _ => {}
        }
    }

    fn is_of_window(&self, known: &KnownBlock) -> bool {
        known.block.time >= self.from
    }

    fn site(&mut self, known: &KnownBlock) -> &mut SiteSum {
        self.sites.entry(known.site.index()).or_default()
    }

    fn allocate(&mut self, began: &KnownBlock, context: u16) {
        let block = &began.block;
        self.exchange.allocated(context, block.address);
        let by = self.contexts.entry(context).or_default();
        by.allocated.add(block.size);
        by.live_bytes += block.size;
        let sum = self.live(began, true);
        if sum.allocated.blocks == 0 {
            sum.sizes = (block.size, block.size);
            sum.times.0 = block.time;
        }
        sum.sizes = (sum.sizes.0.min(block.size), sum.sizes.1.max(block.size));
        sum.times.1 = block.time;
        sum.allocated.add(block.size);
        if !sum.contexts.contains(&context) {
            sum.contexts.push(context);
        }
        if !sum.cores.contains(&block.core) {
            sum.cores.push(block.core);
            sum.cores.sort_unstable();
        }
    }

    /// A block of the window lives from now on, or lives no more.
    fn live(&mut self, known: &KnownBlock, lives: bool) -> &mut SiteSum {
        let size = known.block.size;
        let peaks = self.peaks;
        if lives {
            self.live_bytes += size;
            if self.live_bytes > self.peak_bytes {
                self.peak_bytes = self.live_bytes;
                self.peaks += 1;
            }
        } else {
            self.live_bytes -= size;
        }
        let sum = self.sites.entry(known.site.index()).or_default();
        sum.settle(peaks);
        if lives {
            sum.live.add(size);
            sum.peak_bytes = sum.peak_bytes.max(sum.live.bytes);
        } else {
            sum.live.remove(size);
        }
        sum
    }

    /// A block of the window is gone.
    fn end(&mut self, ended: &KnownBlock, scan: &Scan<'_>) -> &mut SiteSum {
        let owner = scan.index.actors.context(ended.block.context);
        let owner = self.contexts.entry(owner.unwrap_or_default()).or_default();
        owner.live_bytes -= ended.block.size;
        self.live(ended, false)
    }

    fn free(&mut self, ended: &KnownBlock, seen: &Seen<'_>, scan: &Scan<'_>, context: u16) {
        let (block, event) = (&ended.block, &seen.event);
        self.contexts
            .entry(context)
            .or_default()
            .freed
            .add(block.size);
        let owner = scan.index.actors.context(block.context).unwrap_or_default();
        let owner = self.is_of_window(ended).then_some(owner);
        let freed = (self.exchange).freed(event.core, context, owner, block, event.time);
        if owner.is_some() {
            let sum = self.end(ended, scan);
            sum.freed.add(block.size);
            if freed.is_temporary {
                sum.temporary.add(block.size);
            }
        }
    }

    /// The free before this was none.
    fn revive(&mut self, revived: &KnownBlock, seen: &Seen<'_>) {
        let size = revived.block.size;
        let Some(freed) = self.exchange.revived(seen.event.core, &revived.block) else {
            return;
        };
        self.contexts
            .entry(freed.by)
            .or_default()
            .freed
            .remove(size);
        if let Some(owner) = freed.owner {
            self.contexts.entry(owner).or_default().live_bytes += size;
            let sum = self.live(revived, true);
            sum.freed.remove(size);
            if freed.is_temporary {
                sum.temporary.remove(size);
            }
        }
    }

    /// What lives is outstanding in the session that is over.
    fn restart(&mut self) {
        self.live_bytes = 0;
        for sum in self.sites.values_mut() {
            sum.settle(self.peaks);
            let live = std::mem::take(&mut sum.live);
            sum.outstanding.join(live);
        }
    }
}
