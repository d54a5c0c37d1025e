//! What was allocated in a window, what of it still lives at its end, and who ran.

use std::collections::BTreeMap;

use leakscope_analysis::heap::{Completes, Effect, KnownBlock};
use leakscope_analysis::trace::EventKind;

use super::counting::Counter;
use crate::index::exchange::{Exchange, Sum};
use crate::index::parts::{Older, Part};
use crate::index::running::{Running, Span, begins_run};
use crate::index::sums::{Run, SiteSums};
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

/// The sums of one call site.
#[derive(Clone, Debug, Default)]
pub(crate) struct SiteSum {
    pub(crate) sums: SiteSums,
    /// What was allocated in the window and lives.
    pub(crate) live: Sum,
    pub(crate) peak_bytes: u64,
    /// Which of the window's peaks was the last that it has heard of, and what lived then.
    at_peak: (u64, u64),
}

/// The sums of one context.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ContextSum {
    pub(crate) allocated: Sum,
    pub(crate) freed: Sum,
    pub(crate) live_bytes: u64,
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

impl Counter for Census {
    fn new(scan: &Scan<'_>, window: Window) -> Self {
        Self {
            from: window.from,
            runs: vec![Run::default(); scan.actors.lanes().len()],
            ..Self::default()
        }
    }

    fn event(&mut self, seen: &Seen<'_>, scan: &Scan<'_>, _running: &Running) {
        let event = &seen.event;
        let actor = scan.actors.numbered(event.core, event.context);
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

    const PASSES: bool = true;

    /// The highest levels of parts that are passed are those of each call site within them, and those of all at their ends.
    fn pass(&mut self, parts: &[Part]) {
        for part in parts {
            self.add(part);
        }
        if let Some(last) = parts.last() {
            self.exchange.resume(&last.last);
        }
    }

    fn finish(&mut self) {
        for site in self.sites.values_mut() {
            site.settle(self.peaks);
        }
    }
}

impl Census {
    /// All that happened in a part of the window, but for what became of blocks that are older than the window.
    fn add(&mut self, part: &Part) {
        let from = self.from;
        let older = part.older.iter().filter(|older| older.born < from);
        for (&site, sums) in &part.sites {
            let sum = self.sites.entry(site).or_default();
            sum.settle(self.peaks);
            let rise = sums.most - sums.before;
            sum.peak_bytes = sum.peak_bytes.max(sum.live.bytes + rise);
            sum.sums.join(sums);
            sum.live.join(sums.allocated);
        }
        for older in older.clone() {
            let sum = self.sites.entry(older.site as usize).or_default();
            sum.live.add(older.size);
            sum.sums.leave_out(older);
        }
        for (site, sums) in &part.sites {
            if let Some(sum) = self.sites.get_mut(site) {
                sum.live = sum.live.since(sums.freed).since(sums.lost);
            }
        }
        self.add_contexts(part, older);
        if part.restarts {
            self.cut(part);
        }
        for (&lane, &run) in &part.runs {
            if let Some(held) = self.runs.get_mut(lane) {
                held.join(run);
            }
        }
        self.live_bytes = self.sites.values().map(|sum| sum.live.bytes).sum();
        if self.live_bytes > self.peak_bytes {
            self.peak_bytes = self.live_bytes;
            self.peaks += 1;
        }
    }

    /// The target restarted in this part: what lives at its end was allocated since.
    fn cut(&mut self, part: &Part) {
        self.restart();
        for (site, sums) in &part.sites {
            let sum = self.sites.entry(*site).or_default();
            for (&context, own) in &sums.own {
                sum.live.join(own.left);
                sum.sums.own.entry(context).or_default().leave(own.left);
                self.contexts.entry(context).or_default().live_bytes += own.left.bytes;
            }
        }
    }

    fn add_contexts<'p>(&mut self, part: &Part, older: impl Iterator<Item = &'p Older>) {
        for (&context, [allocated, _]) in &part.contexts {
            let by = self.contexts.entry(context).or_default();
            by.allocated.join(*allocated);
            by.live_bytes += allocated.bytes;
        }
        for (&(owner, by), &sum) in &part.freed {
            self.exchange.pair(owner, by).join(sum);
            self.contexts.entry(by).or_default().freed.join(sum);
        }
        for (&by, &sum) in &part.unknown {
            self.contexts.entry(by).or_default().freed.join(sum);
        }
        for older in older {
            let owner = self.contexts.entry(older.owner).or_default();
            owner.live_bytes += older.size;
        }
        for (&(owner, _), sum) in &part.freed {
            let owner = self.contexts.entry(owner).or_default();
            owner.live_bytes = owner.live_bytes.saturating_sub(sum.bytes);
        }
        for (&owner, [_, lost]) in &part.contexts {
            let owner = self.contexts.entry(owner).or_default();
            owner.live_bytes = owner.live_bytes.saturating_sub(lost.bytes);
        }
    }

    fn affected(&mut self, effect: &Effect, seen: &Seen<'_>, scan: &Scan<'_>, context: u16) {
        if let Some(ended) = effect.ended() {
            self.free(ended, seen, scan, context);
        }
        if let Some(why) = effect.unknown_free() {
            let by = self.contexts.entry(context).or_default();
            by.freed.add(why.known_size());
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
            } => self.site(began).sums.reallocations += 1,
            Effect::Failed { site, .. } => {
                self.sites.entry(site.index()).or_default().sums.failed += 1;
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
        self.exchange.allocated(context, block);
        let by = self.contexts.entry(context).or_default();
        by.allocated.add(block.size);
        by.live_bytes += block.size;
        let sums = &mut self.live(began, true).sums;
        sums.allocate(block, context);
        let own = sums.own.entry(context).or_default();
        own.allocated.add(block.size);
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
        let size = ended.block.size;
        let owner = scan.actors.context(ended.block.context);
        let owner = owner.unwrap_or_default();
        self.contexts.entry(owner).or_default().live_bytes -= size;
        let sum = self.live(ended, false);
        sum.sums.own.entry(owner).or_default().ended.add(size);
        sum
    }

    fn free(&mut self, ended: &KnownBlock, seen: &Seen<'_>, scan: &Scan<'_>, context: u16) {
        let (block, event) = (&ended.block, &seen.event);
        self.contexts
            .entry(context)
            .or_default()
            .freed
            .add(block.size);
        let owner = scan.actors.context(block.context).unwrap_or_default();
        let freed = (self.exchange).freed(context, owner, block, event.time);
        if self.is_of_window(ended) {
            let sums = &mut self.end(ended, scan).sums;
            sums.freed.add(block.size);
            if freed.is_temporary {
                sums.temporary.add(block.size);
                let own = sums.own.entry(owner).or_default();
                own.temporary.add(block.size);
            }
        }
    }

    /// What lives ends with its session.
    fn restart(&mut self) {
        self.live_bytes = 0;
        for sum in self.sites.values_mut() {
            sum.settle(self.peaks);
            sum.live = Sum::default();
            let own = sum.sums.own.values_mut();
            own.for_each(|own| own.leave(Sum::default()));
        }
        for context in self.contexts.values_mut() {
            context.live_bytes = 0;
        }
    }
}
