//! A model of the heap that is slow and plain: it keeps everything that ever happened, and counts when
//! it is asked.

use std::collections::{BTreeMap, BTreeSet};

use leakscope_analysis::findings::{
    CycleSteps, Cycles, Lifetimes, LossCounts, Losses, MissingCores, OlderFrees, SiteHistory, Span,
    Unseen, UnsureEnds,
};

use leakscope_testing::scenario::HZ;

/// Return addresses; the last site has no call stack.
pub(crate) const SITES: [&[u32]; 5] = [
    &[0x4008_1EFF, 0x400D_A018],
    &[0x4008_1EFF, 0x400D_A100],
    &[0x4008_2000],
    &[0x4008_2000, 0x4008_2000, 0x400D_4000],
    &[],
];

/// What happened.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    Allocate { block: u32, size: u32, site: usize },
    Free { block: u32, site: usize },
    Fail { size: u32, site: usize },
    Mark,
    Switch { task: usize },
    Wait,
}

impl Event {
    fn is_of_the_heap(self) -> bool {
        matches!(
            self,
            Self::Allocate { .. } | Self::Free { .. } | Self::Fail { .. }
        )
    }
}

/// One change of the live bytes of a site.
#[derive(Clone, Copy, Debug)]
struct Change {
    time: u64,
    live: u64,
    /// What counts as live until the next one: with a block that is being reallocated.
    level: u64,
}

/// All that is known of a call site.
#[derive(Clone, Debug, Default)]
pub(crate) struct Site {
    pub(crate) allocations: Vec<(u64, u64)>,
    /// Birth and death of each block that was freed.
    pub(crate) freed: Vec<(u64, u64)>,
    /// How many lived when the first of them was.
    pub(crate) at_first_free: u64,
    /// The last free of a block; one that was taken back counts, as long as there are others.
    pub(crate) last_free: u64,
    /// Birth and end of each block whose address was used again.
    reused: Vec<(u64, u64)>,
    changes: Vec<Change>,
    at_marks: Vec<u64>,
    pub(crate) failed: u64,
    failures: Vec<u64>,
    pub(crate) reallocations: u64,
    pub(crate) tasks: BTreeSet<usize>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    pub(crate) size: u64,
    pub(crate) time: u64,
    pub(crate) site: usize,
    pub(crate) task: usize,
}

/// The last event of the heap of one task.
#[derive(Clone, Copy, Debug, Default)]
enum Last {
    #[default]
    Other,
    Free {
        site: usize,
        block: u32,
        /// What lived there.
        was: Option<Block>,
        time: u64,
        /// The size that could not be had just before, if this block was to be reallocated to it.
        failed: Option<u64>,
    },
    Failed {
        size: u64,
        kept: Option<u32>,
    },
}

/// The naive model.
#[derive(Debug, Default)]
pub(crate) struct Twin {
    pub(crate) live: BTreeMap<u32, Block>,
    /// The site, birth and death of the block that was freed at an address and not followed by another.
    pub(crate) freed: BTreeMap<u32, (usize, u64, u64)>,
    pub(crate) sites: BTreeMap<usize, Site>,
    /// When each mark was.
    pub(crate) marks: Vec<u64>,
    pub(crate) heap_events: Vec<u64>,
    pub(crate) frees: u64,
    pub(crate) frees_by: [u64; 2],
    pub(crate) reallocations: u64,
    pub(crate) retried: u64,
    pub(crate) failed: u64,
    pub(crate) double_frees: u64,
    pub(crate) wrong_frees: u64,
    pub(crate) older: u64,
    pub(crate) free_lost: u64,
    free_times: Vec<u64>,
    /// When blocks were freed that nobody saw begin, and from which site's stack.
    older_times: Vec<(u64, usize)>,
    /// From which stack which site's blocks were freed since the first of those, and how long they lived.
    freed_from: Vec<(usize, usize, u64)>,
    returned: u64,
    pub(crate) peak: (u64, u64, BTreeMap<usize, u64>),
    pub(crate) end: u64,
    task: usize,
    last: [Last; 2],
}

impl Twin {
    pub(crate) fn of(events: &[(u64, Event)]) -> Self {
        let mut twin = Self::default();
        for &(ticks, event) in events {
            twin.end += ticks;
            twin.observe(event);
        }
        twin
    }

    fn observe(&mut self, event: Event) {
        if event.is_of_the_heap() {
            self.end += 1;
            self.heap_events.push(self.end);
        }
        match event {
            Event::Allocate { block, size, site } => {
                self.pair(u64::from(size), site);
                self.allocate(block, u64::from(size), site);
                self.last[self.task] = Last::Other;
            }
            Event::Free { block, site } => {
                let failed = match self.last[self.task] {
                    Last::Failed {
                        size,
                        kept: Some(kept),
                    } if kept == block => Some(size),
                    _ => None,
                };
                let was = self.free(block, site);
                self.last[self.task] = Last::Free {
                    site,
                    block,
                    was,
                    time: self.end,
                    failed,
                };
            }
            Event::Fail { size, site } => {
                let kept = self.fail(site);
                self.last[self.task] = Last::Failed {
                    size: u64::from(size),
                    kept,
                };
            }
            Event::Mark => self.mark(),
            Event::Switch { task } => self.task = task,
            Event::Wait => {}
        }
    }

    /// What the task did before an allocation may have been the first half of it.
    fn pair(&mut self, size: u64, site: usize) {
        match self.last[self.task] {
            Last::Free {
                site: from,
                failed,
                was,
                ..
            } if from == site && !SITES[site].is_empty() => {
                self.reallocations += 1;
                self.site(site).reallocations += 1;
                self.retried += u64::from(failed == Some(size));
                if let Some(block) = was.filter(|block| block.site == site) {
                    self.site(site).forget_dip(block.size);
                }
            }
            Last::Failed { size: failed, .. } if failed == size => self.retried += 1,
            _ => {}
        }
    }

    /// Returns the block that was to be reallocated, if it was a reallocation that failed.
    fn fail(&mut self, site: usize) -> Option<u32> {
        let task = self.task;
        self.failed += 1;
        let end = self.end;
        self.site(site).failed += 1;
        self.site(site).failures.push(end);
        self.site(site).tasks.insert(task);
        match self.last[task] {
            Last::Free {
                site: from,
                block,
                was,
                time,
                ..
            } if from == site && !SITES[site].is_empty() => {
                if let Some(was) = was {
                    self.revive(block, was, time);
                }
                Some(block)
            }
            _ => None,
        }
    }

    fn mark(&mut self) {
        let before = self.marks.len();
        self.marks.push(self.end);
        for site in self.sites.values_mut() {
            let live = site.live();
            site.at_marks.resize(before, 0);
            site.at_marks.push(live);
        }
    }

    fn site(&mut self, site: usize) -> &mut Site {
        self.sites.entry(site).or_default()
    }

    fn allocate(&mut self, address: u32, size: u64, site: usize) {
        let (time, task) = (self.end, self.task);
        let block = Block {
            size,
            time,
            site,
            task,
        };
        self.returned += u64::from(self.freed.remove(&address).is_some());
        if let Some(lost) = self.live.insert(address, block) {
            self.free_lost += 1;
            let site = self.site(lost.site);
            site.change(time, -(lost.size as i64));
            site.reused.push((lost.time, time));
        }
        let site = self.site(site);
        if site.is_enlarged(size, time) {
            site.forget_dip(site.max_live());
        }
        site.allocations.push((time, size));
        site.tasks.insert(task);
        site.change(time, size as i64);
        self.note_peak(time);
    }

    fn note_peak(&mut self, time: u64) {
        let live: u64 = self.live.values().map(|block| block.size).sum();
        if live > self.peak.0 {
            let mut holders = BTreeMap::new();
            for block in self.live.values() {
                *holders.entry(block.site).or_default() += block.size;
            }
            self.peak = (live, time, holders);
        }
    }

    fn free(&mut self, address: u32, from: usize) -> Option<Block> {
        self.frees += 1;
        self.frees_by[self.task] += 1;
        let Some(block) = self.live.remove(&address) else {
            if self.freed.contains_key(&address) {
                self.double_frees += 1;
            } else {
                // Blocks of this scenario are too short to reach the next address.
                self.older += 1;
                self.older_times.push((self.end, from));
            }
            return None;
        };
        let now = self.end;
        self.freed.insert(address, (block.site, block.time, now));
        self.free_times.push(now);
        if self.older > 0 {
            self.freed_from.push((from, block.site, now - block.time));
        }
        let site = self.site(block.site);
        if site.freed.is_empty() {
            site.at_first_free = (site.allocations.len() - site.reused.len()) as u64;
        }
        site.freed.push((block.time, now));
        site.last_free = now;
        site.change(now, -(block.size as i64));
        Some(block)
    }

    /// The free of a block was none, if no other came to live in its place since.
    fn revive(&mut self, address: u32, block: Block, freed: u64) {
        if self.freed.get(&address) != Some(&(block.site, block.time, freed)) {
            return;
        }
        self.frees -= 1;
        self.frees_by[self.task] -= 1;
        self.freed.remove(&address);
        self.live.insert(address, block);
        let now = self.end;
        let site = self.site(block.site);
        site.freed.retain(|life| *life != (block.time, freed));
        site.forget_dip(block.size);
        site.change(now, block.size as i64);
        self.note_peak(now);
    }

    pub(crate) fn span(&self) -> Span {
        // The shortest windows of a power of two of which no more than 32 hold all heap events.
        let last = *self.heap_events.last().unwrap_or(&0);
        let window = (0..64)
            .map(|shift| 1_u64 << shift)
            .find(|window| last / window < 32);
        let whole_cycles = self.marks.len().saturating_sub(1);
        Span {
            start: 0,
            end: self.end,
            warm_up_end: self.end / 20,
            stopped: None,
            window: window.unwrap_or(1),
            last_heap_event: last,
            cycles: whole_cycles.saturating_sub(2) as u64,
            cycles_from: self.marks.get(2.min(whole_cycles)).copied().unwrap_or(0),
            cycles_to: self.marks.last().copied().unwrap_or(0),
            second: HZ.into(),
            frees: self.some_free_times(),
            unseen: Unseen::default(),
            gaps: Vec::new(),
            losses: None,
            missing: MissingCores::default(),
        }
    }

    /// At most 128 moments of frees: every first, second, fourth …
    fn some_free_times(&self) -> Vec<u64> {
        some(&self.free_times).0
    }

    /// Of each stack that frees this site's blocks, or no site's, or older ones when those that it is known to free were gone.
    pub(crate) fn older_frees(&self, site: usize) -> OlderFrees {
        let mut older = OlderFrees::default();
        for (from, stack) in SITES.iter().enumerate() {
            let own = self.older_times.iter().filter(|&&(_, by)| by == from);
            let own: Vec<u64> = own.map(|&(time, _)| time).collect();
            let known = || self.freed_from.iter().filter(|&&(by, ..)| by == from);
            let longest = known().map(|&(.., life)| life).max().unwrap_or(0);
            let last = own.last().copied().unwrap_or(0);
            let tells = stack.is_empty()
                || known().next().is_none()
                || known().any(|&(_, of, _)| of == site)
                || last > longest + longest / 2;
            if tells {
                let (moments, each) = some(&own);
                older
                    .moments
                    .extend(moments.iter().map(|&moment| (moment, each as u64)));
                older.last = older.last.max(last);
            }
        }
        older.moments.sort_unstable();
        older
    }

    /// How old the freed blocks of a site would be that no other has followed, if lost frees are of interest. Of how
    /// long they lived, only the power of two is known.
    pub(crate) fn unreturned(&self, number: usize) -> Lifetimes {
        let mut ages = Lifetimes::default();
        let own = self.freed.values().filter(|&&(site, ..)| site == number);
        for &(_, birth, death) in own.take_while(|_| self.free_lost > 0) {
            let longest = (death - birth + 1).next_power_of_two() - 1;
            ages.add(self.end - death + longest);
        }
        ages
    }

    /// As [`Twin::span`], with what reused addresses prove to be lost.
    pub(crate) fn judged_span(&self, packets: u64, histories: &[SiteHistory]) -> Span {
        let mut span = self.span();
        let counts = LossCounts {
            packets,
            returned: self.returned,
            reused: self.free_lost,
            unknown_frees: 0,
            has_forgotten: false,
        };
        span.losses = Losses::of(&span, counts, histories.iter().cloned());
        span
    }
}

impl Site {
    fn live(&self) -> u64 {
        self.changes.last().map_or(0, |change| change.live)
    }

    fn change(&mut self, time: u64, bytes: i64) {
        let live = self
            .live()
            .checked_add_signed(bytes)
            .expect("no negative sizes");
        let level = live;
        self.changes.push(Change { time, live, level });
    }

    /// A block of so many bytes, or some, did not end: it was being reallocated.
    fn forget_dip(&mut self, bytes: u64) {
        let change = self.changes.last_mut().expect("it was allocated");
        change.level = change.live + bytes;
    }

    fn max_live(&self) -> u64 {
        let live = self.changes.iter().map(|change| change.live);
        live.max().unwrap_or(0)
    }

    /// Whether the free after which nothing lived was of the largest block ever, and a larger one comes within a quarter of its life.
    fn is_enlarged(&self, size: u64, time: u64) -> bool {
        let Some(&(born, last)) = self.allocations.last() else {
            return false;
        };
        let sizes = self.allocations.iter().map(|&(_, size)| size);
        let was_alone = self.changes.iter().all(|change| change.live <= last);
        let was_largest = sizes.clone().filter(|&other| other >= last).count() == 1;
        let life = self.last_free.checked_sub(born);
        let is_soon = life.is_some_and(|life| (time - self.last_free) * 4 <= life);
        let is_dip = self.live() == 0 && !self.freed.is_empty();
        is_dip && was_alone && was_largest && size > last && is_soon
    }

    /// The level as of the end of a moment.
    fn level_at(&self, time: u64) -> u64 {
        let before = self.changes.iter().take_while(|change| change.time <= time);
        before.last().map_or(0, |change| change.level)
    }

    /// The lowest number of live bytes from `from` up to, but not at, `to`.
    fn floor(&self, from: u64, to: u64) -> u64 {
        let at_start = match from {
            0 => 0,
            from => self.level_at(from - 1),
        };
        let within = self
            .changes
            .iter()
            .filter(|change| (from..to).contains(&change.time));
        within
            .map(|change| change.level)
            .min()
            .map_or(at_start, |low| low.min(at_start))
    }

    pub(crate) fn history(
        &self,
        twin: &Twin,
        (births, sizes): (Vec<u64>, Vec<u64>),
    ) -> SiteHistory {
        let span = twin.span();
        let mut lifetimes = Lifetimes::default();
        for (birth, death) in &self.freed {
            lifetimes.add(death - birth);
        }
        let mut unsure_ends = UnsureEnds::default();
        for (birth, end) in &self.reused {
            unsure_ends.add(0, end - birth, true);
        }
        let times: Vec<u64> = self.allocations.iter().map(|&(time, _)| time).collect();
        let max_live_bytes = self.max_live();
        let first_reached = self
            .changes
            .iter()
            .find(|change| change.live == max_live_bytes);
        let windows = (span.end / span.window).min(31) + 1;
        let floors = (0..windows)
            .map(|window| {
                let end = if window == 31 {
                    u64::MAX
                } else {
                    (window + 1) * span.window
                };
                self.floor(window * span.window, end)
            })
            .collect();
        let mut at_marks = self.at_marks.clone();
        at_marks.resize(twin.marks.len(), 0);
        let after_warm_up = at_marks.get(2).copied().unwrap_or(0);
        let cycles = Cycles {
            grown: at_marks.get(2..).map_or(0, |marks| {
                marks.windows(2).filter(|pair| pair[1] > pair[0]).count() as u64
            }),
            net_bytes: match at_marks.len() {
                ..=2 => 0,
                _ => at_marks[at_marks.len() - 1] as i64 - after_warm_up as i64,
            },
        };
        SiteHistory {
            allocations: self.allocations.len() as u64,
            frees: self.freed.len() as u64,
            allocated_bytes: self.allocations.iter().map(|&(_, size)| size).sum(),
            live_bytes: self.live(),
            live_births: births,
            live_sizes: sizes,
            largest: self
                .allocations
                .iter()
                .map(|&(_, size)| size)
                .max()
                .unwrap_or(0),
            max_live_bytes,
            max_first_reached: first_reached.map_or(0, |change| change.time),
            first_allocation: times.first().copied().unwrap_or(0),
            last_allocation: times.last().copied().unwrap_or(0),
            failing_since: (self.failures.iter().copied())
                .find(|failure| times.last().is_none_or(|last| failure > last)),
            longest_silence: times
                .windows(2)
                .map(|pair| pair[1] - pair[0])
                .max()
                .unwrap_or(0),
            first_free: self.freed.iter().map(|&(_, death)| death).min(),
            last_free: (!self.freed.is_empty()).then_some(self.last_free),
            at_first_free: if self.freed.is_empty() {
                0
            } else {
                self.at_first_free
            },
            lifetimes,
            floors,
            cycles,
            cycle_steps: steps(&at_marks),
            reused: self.reused.len() as u64,
            first_reuse: self.reused.first().map(|&(_, end)| end),
            unsure_ends,
            unreturned: Lifetimes::default(),
            older_frees: OlderFrees::default(),
            early_frees: Vec::new(),
        }
    }
}

/// What the levels at the marks say of groups of cycles after the first two: the smallest groups of which there are 32
/// at most.
fn steps(at_marks: &[u64]) -> CycleSteps {
    let levels = at_marks.get(2..).unwrap_or_default();
    let cycles = levels.len().saturating_sub(1);
    if cycles == 0 {
        return CycleSteps::default();
    }
    let mut group = 1;
    while cycles.div_ceil(group) > 32 {
        group *= 2;
    }
    let gained = (0..cycles / group)
        .map(|index| levels[(index + 1) * group] as i64 - levels[index * group] as i64);
    CycleSteps {
        bytes: gained.collect(),
        cycles: group as u64,
    }
}

/// At most 128 of these times: every first, second, fourth …
fn some(times: &[u64]) -> (Vec<u64>, usize) {
    let mut step = 1;
    while times.len().div_ceil(step) > 128 {
        step *= 2;
    }
    (times.iter().copied().step_by(step).collect(), step)
}
