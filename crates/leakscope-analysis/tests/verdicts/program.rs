//! A program that uses the heap at one call site, and what its trace says, worked out the slow way.

use leakscope_analysis::findings::{
    CycleSteps, Cycles, Gap, LossCounts, Losses, MissingCores, OlderFrees, SiteHistory, Span,
    Unseen,
};

/// The life of one block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    pub(crate) birth: u64,
    /// Later than the end of the trace, or never, if it is not freed within it.
    pub(crate) death: Option<u64>,
    pub(crate) size: u64,
}

/// The blocks of one call site, and the trace around them.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) blocks: Vec<Block>,
    pub(crate) end: u64,
    /// The last event of any other call site.
    pub(crate) others_until: u64,
    /// The moments that the user marked.
    pub(crate) marks: Vec<u64>,
    pub(crate) gaps: Vec<Gap>,
    /// Frees of blocks that nobody knows: many of them mean that addresses do not return.
    pub(crate) unknown_frees: u64,
    /// Moments at which so much is sent that the link loses what follows.
    pub(crate) floods: Vec<u64>,
    /// When other call sites free blocks.
    pub(crate) others_free: Vec<u64>,
    /// Frees of blocks that were allocated before the recording began, in order, of whatever call site.
    pub(crate) older_frees: Vec<u64>,
    /// Since when its allocations fail.
    pub(crate) fails_since: Option<u64>,
}

/// Packets in each trace, whatever the program does.
pub(crate) const PACKETS: u64 = 10_000;

impl Program {
    /// A trace of so many ticks, in which other call sites are at work all the time.
    pub(crate) fn new(ticks: u64) -> Self {
        Self {
            blocks: Vec::new(),
            end: ticks,
            others_until: ticks,
            marks: Vec::new(),
            gaps: Vec::new(),
            unknown_frees: 0,
            floods: Vec::new(),
            others_free: Vec::new(),
            older_frees: Vec::new(),
            fails_since: None,
        }
    }

    pub(crate) fn tick(&self, share: f64) -> u64 {
        (share * self.end as f64) as u64
    }

    /// The same program, which takes so many ticks.
    pub(crate) fn stretch(&mut self, ticks: u64) {
        let scale = ticks as f64 / self.end as f64;
        let scaled = |time: u64| (time as f64 * scale) as u64;
        for block in &mut self.blocks {
            block.birth = scaled(block.birth);
            block.death = block.death.map(scaled);
        }
        self.others_until = scaled(self.others_until);
        self.end = ticks;
    }

    /// A block that is allocated and freed at these shares of the trace.
    pub(crate) fn freed(&mut self, birth: f64, death: f64, size: u64) {
        let (birth, death) = (self.tick(birth), self.tick(death));
        let death = Some(death.max(birth));
        self.blocks.push(Block { birth, death, size });
    }

    /// A block that nobody will ever free.
    pub(crate) fn kept(&mut self, birth: f64, size: u64) {
        let birth = self.tick(birth);
        self.blocks.push(Block {
            birth,
            death: None,
            size,
        });
    }

    /// What is recorded of it from this moment on: blocks from before are not in it, but for their frees.
    pub(crate) fn recorded_from(mut self, begin: u64) -> Self {
        let since = |time: u64| time.saturating_sub(begin);
        let older = self.blocks.extract_if(.., |block| block.birth < begin);
        let deaths = older.filter_map(|block| block.death);
        let recorded = deaths.filter(|death| (begin..=self.end).contains(death));
        self.older_frees = recorded.map(since).collect();
        self.older_frees.sort_unstable();
        for block in &mut self.blocks {
            block.birth = since(block.birth);
            block.death = block.death.map(since);
        }
        self.end = since(self.end);
        self.others_until = since(self.others_until);
        self
    }

    /// The trace as a whole.
    pub(crate) fn span(&self) -> Span {
        let whole = self.marks.len().saturating_sub(3) as u64;
        let mut span = Span {
            end: self.end,
            start: 0,
            warm_up_end: self.end / 20,
            stopped: None,
            window: self.window(),
            last_heap_event: self.last_heap_event(),
            cycles: whole,
            cycles_from: if whole > 0 { self.marks[2] } else { 0 },
            cycles_to: if whole > 0 {
                self.marks[self.marks.len() - 1]
            } else {
                0
            },
            second: 0,
            frees: self.others_free.clone(),
            unseen: Unseen::default(),
            gaps: self.gaps.clone(),
            losses: None,
            missing: MissingCores::default(),
        };
        let counts = LossCounts {
            packets: PACKETS,
            returned: 1000,
            unknown_frees: self.unknown_frees,
            ..LossCounts::default()
        };
        span.losses = Losses::of(&span, counts, std::iter::empty());
        span
    }

    fn last_heap_event(&self) -> u64 {
        let births = self.blocks.iter().map(|block| block.birth);
        let deaths = self.blocks.iter().filter_map(|block| block.death);
        let events = births.chain(deaths).filter(|&time| time <= self.end);
        events.max().unwrap_or_default().max(self.others_until)
    }

    /// The shortest window, by doubling from one tick, of which 32 cover the trace.
    fn window(&self) -> u64 {
        let mut window = 1;
        while self.end / window >= 32 {
            window *= 2;
        }
        window
    }

    /// How the number of live bytes changes within the trace, in order of time. What happens at the same
    /// time is one change: a block that takes the place of another leaves no moment without both. Neither does one that is larger
    /// than ever and comes soon after the largest so far.
    fn changes(&self) -> Vec<(u64, i64)> {
        let mut changes = Vec::new();
        for block in self.blocks.iter().filter(|block| block.birth <= self.end) {
            changes.push((block.birth, block.size as i64));
            if let Some(death) = block.death.filter(|&death| death <= self.end) {
                changes.push((death, -(block.size as i64)));
            }
        }
        changes.sort_unstable();
        changes.dedup_by(|next, change| {
            let same = next.0 == change.0;
            if same {
                change.1 += next.1;
            }
            same
        });
        let (mut level, mut highest, mut reached) = (0, 0, 0);
        let mut without_dips: Vec<(u64, i64)> = Vec::new();
        for (time, bytes) in changes {
            let freed = without_dips.last().copied().unwrap_or_default();
            let is_soon = (time - freed.0) * 4 <= freed.0.saturating_sub(reached);
            level += bytes;
            if level > highest && bytes == level && freed.1 == -highest && is_soon {
                without_dips.pop();
                without_dips.push((time, bytes - highest));
            } else {
                without_dips.push((time, bytes));
            }
            if level > highest {
                (highest, reached) = (level, time);
            }
        }
        without_dips
    }

    /// The call site.
    pub(crate) fn history(&self) -> SiteHistory {
        let mut history = SiteHistory {
            failing_since: self.fails_since,
            older_frees: OlderFrees {
                moments: self.older_frees.iter().map(|&moment| (moment, 1)).collect(),
                last: self.older_frees.last().copied().unwrap_or_default(),
                may_be_others: false,
            },
            ..SiteHistory::default()
        };
        let mut births = Vec::new();
        let mut live = Vec::new();
        for block in self.blocks.iter().filter(|block| block.birth <= self.end) {
            history.allocations += 1;
            history.allocated_bytes += block.size;
            history.largest = history.largest.max(block.size);
            births.push(block.birth);
            match block.death.filter(|&death| death <= self.end) {
                None => {
                    live.push((block.birth, block.size));
                    history.live_bytes += block.size;
                }
                Some(death) => {
                    history.frees += 1;
                    history.lifetimes.add(death - block.birth);
                    let first = history.first_free.map_or(death, |first| first.min(death));
                    let last = history.last_free.map_or(death, |last| last.max(death));
                    history.first_free = Some(first);
                    history.last_free = Some(last);
                }
            }
        }
        if let Some(first) = history.first_free {
            let lived = |block: &&Block| {
                block.birth <= first && block.death.is_none_or(|death| death >= first)
            };
            history.at_first_free = self.blocks.iter().filter(lived).count() as u64;
        }
        births.sort_unstable();
        live.sort_unstable();
        (history.live_births, history.live_sizes) = live.into_iter().unzip();
        history.first_allocation = births.first().copied().unwrap_or_default();
        history.last_allocation = births.last().copied().unwrap_or_default();
        history.longest_silence = births
            .windows(2)
            .map(|pair| pair[1] - pair[0])
            .max()
            .unwrap_or_default();
        self.levels(&mut history);
        history
    }

    /// What follows from the number of live bytes over time.
    fn levels(&self, history: &mut SiteHistory) {
        let window = self.window();
        let mut level = 0_i64;
        let mut floors: Vec<i64> = vec![0];
        let mut at_marks = vec![0_i64; self.marks.len()];
        for (time, bytes) in self.changes() {
            while (floors.len() as u64) <= time / window {
                floors.push(level);
            }
            level += bytes;
            for (&mark, at_mark) in self.marks.iter().zip(&mut at_marks) {
                if time <= mark {
                    *at_mark = level;
                }
            }
            if level as u64 > history.max_live_bytes {
                history.max_live_bytes = level as u64;
                history.max_first_reached = time;
            }
            if let Some(floor) = floors.last_mut() {
                *floor = level.min(*floor);
            }
        }
        while (floors.len() as u64) <= self.end / window {
            floors.push(level);
        }
        history.floors = floors.into_iter().map(|floor| floor as u64).collect();
        if let Some(counted) = at_marks.get(2..).filter(|counted| counted.len() > 1) {
            history.cycles = Cycles {
                grown: counted.windows(2).filter(|pair| pair[1] > pair[0]).count() as u64,
                net_bytes: counted[counted.len() - 1] - counted[0],
            };
            history.cycle_steps = CycleSteps {
                bytes: counted.windows(2).map(|pair| pair[1] - pair[0]).collect(),
                cycles: 1,
            };
        }
    }
}
