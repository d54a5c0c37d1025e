//! A second model of the heap, slow and plain, that must come to the same answers.
//!
//! It keeps everything that ever happened, and counts when it is asked.

use std::collections::{BTreeMap, BTreeSet};

use leakscope_analysis::findings::{self, Cycles, Lifetimes, SiteHistory, Span};
use leakscope_analysis::outcome::Outcome;
use proptest::prelude::*;

use crate::reading::read_one;
use crate::scenario::{MAIN, Recording, WORKER};

/// Return addresses; the last site has no call stack.
const SITES: [&[u32]; 5] = [
    &[0x4008_1EFF, 0x400D_A018],
    &[0x4008_1EFF, 0x400D_A100],
    &[0x4008_2000],
    &[0x4008_2000, 0x4008_2000, 0x400D_4000],
    &[],
];

/// What happened.
#[derive(Clone, Copy, Debug)]
enum Event {
    Allocate { block: u32, size: u32, site: usize },
    Free { block: u32, site: usize },
    Fail { size: u32, site: usize },
    Mark,
    Switch { task: usize },
    Wait,
}

fn address(block: u32) -> u32 {
    0x3FFB_0000 + 0x1000 * block
}

/// Events with the ticks before each.
fn events() -> impl Strategy<Value = Vec<(u64, Event)>> {
    let event = prop_oneof![
        8 => (0..60_u32, 1..4000_u32, 0..SITES.len())
            .prop_map(|(block, size, site)| Event::Allocate { block, size, site }),
        6 => (0..60_u32, 0..SITES.len()).prop_map(|(block, site)| Event::Free { block, site }),
        1 => (1..4000_u32, 0..SITES.len()).prop_map(|(size, site)| Event::Fail { size, site }),
        1 => Just(Event::Mark),
        2 => (0..2_usize).prop_map(|task| Event::Switch { task }),
        1 => Just(Event::Wait),
    ];
    let ticks = prop_oneof![8 => 0..500_u64, 1 => 0..100_000_u64];
    prop::collection::vec((ticks, event), 1..400)
}

fn recorded(events: &[(u64, Event)]) -> Recording {
    let mut recording = Recording::begun();
    for &(ticks, event) in events {
        recording.after(ticks);
        match event {
            Event::Allocate { block, size, site } => {
                recording.allocate(address(block), size, SITES[site])
            }
            Event::Free { block, site } => recording.free(address(block), SITES[site]),
            Event::Fail { size, site } => recording.allocate(0, size, SITES[site]),
            Event::Mark => recording.mark(1),
            Event::Switch { task } => recording.run([MAIN, WORKER][task]),
            Event::Wait => recording.print("nothing happens\n"),
        };
    }
    recording
}

/// One change of the live bytes of a site.
#[derive(Clone, Copy, Debug)]
struct Change {
    time: u64,
    live: u64,
}

/// All that is known of a call site.
#[derive(Clone, Debug, Default)]
struct Site {
    allocations: Vec<(u64, u64)>,
    /// Birth and death of each block that was freed.
    freed: Vec<(u64, u64)>,
    /// The last free of a block; one that was taken back counts, as long as there are others.
    last_free: u64,
    changes: Vec<Change>,
    at_marks: Vec<u64>,
    failed: u64,
    reallocations: u64,
    tasks: BTreeSet<usize>,
}

#[derive(Clone, Copy, Debug)]
struct Block {
    size: u64,
    time: u64,
    site: usize,
    task: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Last {
    Other,
    /// Who freed which block, from where, and how it was.
    Free { task: usize, site: usize, block: u32, was: Option<Block> },
    Failed { task: usize, size: u64, kept: Option<u32> },
}

impl PartialEq for Block {
    fn eq(&self, other: &Self) -> bool {
        (self.time, self.site) == (other.time, other.site)
    }
}

/// The naive model.
#[derive(Debug, Default)]
struct Twin {
    live: BTreeMap<u32, Block>,
    freed: BTreeSet<u32>,
    sites: BTreeMap<usize, Site>,
    /// When each mark was.
    marks: Vec<u64>,
    heap_events: Vec<u64>,
    frees: u64,
    frees_by: [u64; 2],
    reallocations: u64,
    retried: u64,
    failed: u64,
    double_frees: u64,
    wrong_frees: u64,
    older: u64,
    free_lost: u64,
    peak: (u64, u64, BTreeMap<usize, u64>),
    end: u64,
}

impl Twin {
    fn of(events: &[(u64, Event)]) -> Self {
        let mut twin = Self::default();
        let (mut now, mut task) = (0, 0);
        let mut last = Last::Other;
        let mut carried: Option<u64> = None;
        for &(ticks, event) in events {
            now += ticks;
            if let Event::Allocate { .. } | Event::Free { .. } | Event::Fail { .. } = event {
                now += 1;
                twin.heap_events.push(now);
            }
            twin.end = now;
            match event {
                Event::Allocate { block, size, site } => {
                    let size = u64::from(size);
                    match last {
                        Last::Free { task: by, site: from, .. }
                            if by == task && from == site && !SITES[site].is_empty() =>
                        {
                            twin.reallocations += 1;
                            twin.site(site).reallocations += 1;
                            twin.retried += u64::from(carried == Some(size));
                        }
                        Last::Failed { task: by, size: failed, .. } if by == task && failed == size => {
                            twin.retried += 1;
                        }
                        _ => {}
                    }
                    twin.allocate(block, Block { size, time: now, site, task });
                    last = Last::Other;
                }
                Event::Free { block, site } => {
                    carried = match last {
                        Last::Failed { task: by, size, kept } if by == task && kept == Some(block) => {
                            Some(size)
                        }
                        _ => None,
                    };
                    let was = twin.free(block, now, task);
                    last = Last::Free { task, site, block, was };
                }
                Event::Fail { size, site } => {
                    twin.failed += 1;
                    twin.site(site).failed += 1;
                    twin.site(site).tasks.insert(task);
                    let mut kept = None;
                    if let Last::Free { task: by, site: from, block, was } = last
                        && by == task
                        && from == site
                        && !SITES[site].is_empty()
                    {
                        kept = Some(block);
                        if let Some(was) = was {
                            twin.revive(block, was, now, task);
                        }
                    }
                    last = Last::Failed { task, size: u64::from(size), kept };
                }
                Event::Mark => {
                    twin.marks.push(now);
                    let live: Vec<(usize, u64)> =
                        twin.sites.iter().map(|(&site, of)| (site, of.live())).collect();
                    for (site, live) in live {
                        let marks = twin.marks.len();
                        let at_marks = &mut twin.site(site).at_marks;
                        at_marks.resize(marks - 1, 0);
                        at_marks.push(live);
                    }
                }
                Event::Switch { task: next } => task = next,
                Event::Wait => {}
            }
        }
        twin
    }

    fn site(&mut self, site: usize) -> &mut Site {
        self.sites.entry(site).or_default()
    }

    fn allocate(&mut self, address: u32, block: Block) {
        self.freed.remove(&address);
        if let Some(lost) = self.live.insert(address, block) {
            self.free_lost += 1;
            self.site(lost.site).change(block.time, -(lost.size as i64));
        }
        let site = self.site(block.site);
        site.allocations.push((block.time, block.size));
        site.tasks.insert(block.task);
        site.change(block.time, block.size as i64);
        let live: u64 = self.live.values().map(|block| block.size).sum();
        if live > self.peak.0 {
            let mut holders = BTreeMap::new();
            for block in self.live.values() {
                *holders.entry(block.site).or_default() += block.size;
            }
            self.peak = (live, block.time, holders);
        }
    }

    fn free(&mut self, address: u32, now: u64, task: usize) -> Option<Block> {
        self.frees += 1;
        self.frees_by[task] += 1;
        let Some(block) = self.live.remove(&address) else {
            if self.freed.contains(&address) {
                self.double_frees += 1;
            } else {
                // Blocks of this scenario are too short to reach the next address.
                self.older += 1;
            }
            return None;
        };
        self.freed.insert(address);
        let site = self.site(block.site);
        site.freed.push((block.time, now));
        site.last_free = now;
        site.change(now, -(block.size as i64));
        Some(block)
    }

    fn revive(&mut self, address: u32, block: Block, now: u64, task: usize) {
        self.frees -= 1;
        self.frees_by[task] -= 1;
        self.freed.remove(&address);
        self.live.insert(address, block);
        let site = self.site(block.site);
        site.freed.pop();
        site.change(now, block.size as i64);
    }

    fn span(&self) -> Span {
        // The shortest windows of a power of two of which no more than 32 hold all heap events.
        let last = *self.heap_events.last().unwrap_or(&0);
        let window = (0..64).map(|shift| 1_u64 << shift).find(|window| last / window < 32);
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
            gaps: Vec::new(),
        }
    }
}

impl Site {
    fn live(&self) -> u64 {
        self.changes.last().map_or(0, |change| change.live)
    }

    fn change(&mut self, time: u64, bytes: i64) {
        let live = self.live().checked_add_signed(bytes).expect("no negative sizes");
        self.changes.push(Change { time, live });
    }

    /// The live bytes as of the end of a moment.
    fn live_at(&self, time: u64) -> u64 {
        let before = self.changes.iter().take_while(|change| change.time <= time);
        before.last().map_or(0, |change| change.live)
    }

    /// The lowest number of live bytes from `from` up to, but not at, `to`.
    fn floor(&self, from: u64, to: u64) -> u64 {
        let at_start = match from {
            0 => 0,
            from => self.live_at(from - 1),
        };
        let within = self.changes.iter().filter(|change| (from..to).contains(&change.time));
        within.map(|change| change.live).min().map_or(at_start, |low| low.min(at_start))
    }

    fn history(&self, twin: &Twin, births: Vec<u64>) -> SiteHistory {
        let span = twin.span();
        let mut lifetimes = Lifetimes::default();
        for (birth, death) in &self.freed {
            lifetimes.add(death - birth);
        }
        let times: Vec<u64> = self.allocations.iter().map(|&(time, _)| time).collect();
        let max_live_bytes = self.changes.iter().map(|change| change.live).max().unwrap_or(0);
        let first_reached = self.changes.iter().find(|change| change.live == max_live_bytes);
        let windows = (span.end / span.window).min(31) + 1;
        let floors = (0..windows)
            .map(|window| {
                let end = if window == 31 { u64::MAX } else { (window + 1) * span.window };
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
            largest: self.allocations.iter().map(|&(_, size)| size).max().unwrap_or(0),
            max_live_bytes,
            max_first_reached: first_reached.map_or(0, |change| change.time),
            first_allocation: times.first().copied().unwrap_or(0),
            last_allocation: times.last().copied().unwrap_or(0),
            longest_silence: times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0),
            first_free: self.freed.iter().map(|&(_, death)| death).min(),
            last_free: (!self.freed.is_empty()).then_some(self.last_free),
            lifetimes,
            floors,
            cycles,
        }
    }
}

fn compare(twin: &Twin, outcome: &Outcome) {
    let totals = &outcome.totals;
    let live_bytes: u64 = twin.live.values().map(|block| block.size).sum();
    let sum = |count: fn(&Site) -> u64| twin.sites.values().map(count).sum::<u64>();
    assert_eq!(totals.heap_events, twin.heap_events.len() as u64, "heap events");
    assert_eq!(totals.allocations, sum(|site| site.allocations.len() as u64), "allocations");
    assert_eq!(totals.frees, twin.frees, "frees");
    assert_eq!(totals.reallocations, twin.reallocations, "reallocations");
    assert_eq!(totals.failed_allocations, twin.failed, "failed");
    assert_eq!(totals.failed_and_retried, twin.retried, "retried");
    assert_eq!(totals.double_frees, twin.double_frees, "double frees");
    assert_eq!(totals.wrong_frees, twin.wrong_frees, "wrong frees");
    assert_eq!(totals.frees_of_older_blocks, twin.older, "frees of older blocks");
    assert_eq!(totals.outstanding_blocks, twin.live.len() as u64, "outstanding blocks");
    assert_eq!(totals.outstanding_bytes, live_bytes, "outstanding bytes");
    assert_eq!(totals.end, twin.end, "end");
    let free_lost = outcome.problems.iter().find(|problem| problem.kind.code() == "free-lost");
    assert_eq!(free_lost.map_or(0, |problem| problem.count), twin.free_lost, "lost frees");

    assert_eq!((outcome.peak.bytes, outcome.peak.time), (twin.peak.0, twin.peak.1), "peak");
    let site_number = |stack: &[u64]| {
        let is_it = |site: &&[u32]| site.iter().copied().map(u64::from).eq(stack.iter().copied());
        SITES.iter().position(is_it).expect("a site of the scenario")
    };
    let holders: BTreeMap<usize, u64> = outcome
        .peak
        .holders
        .iter()
        .map(|&(site, bytes)| (site_number(&outcome.call_sites[site].stack), bytes))
        .collect();
    assert_eq!(holders, twin.peak.2, "holders of the peak");

    for (name, task) in [("main", 0), ("worker", 1)] {
        let usage = outcome
            .contexts
            .iter()
            .find(|usage| outcome.context_name(usage.context) == name);
        let own = twin.live.values().filter(|block| block.task == task);
        let bytes: u64 = own.map(|block| block.size).sum();
        assert_eq!(usage.map_or(0, |usage| usage.outstanding_bytes), bytes, "bytes of {name}");
        let frees = usage.map_or(0, |usage| usage.frees);
        assert_eq!(frees, twin.frees_by[task], "frees by {name}");
    }

    assert_eq!(outcome.call_sites.len(), twin.sites.len(), "call sites");
    let span = twin.span();
    for (&number, site) in &twin.sites {
        let real = outcome
            .call_sites
            .iter()
            .find(|real| site_number(&real.stack) == number)
            .expect("the call site");
        assert_eq!(real.failed_allocations, site.failed);
        assert_eq!(real.reallocations, site.reallocations);
        assert_eq!(real.contexts.len(), site.tasks.len());
        if site.allocations.is_empty() {
            continue;
        }
        let mut blocks: Vec<(u64, u64)> = twin
            .live
            .iter()
            .filter(|(_, block)| block.site == number)
            .map(|(&block, of)| (of.time, u64::from(address(block))))
            .collect();
        blocks.sort_unstable();
        let listed: Vec<(u64, u64)> = real
            .blocks
            .iter()
            .map(|block| (block.time, block.address))
            .collect();
        let kept = blocks.len().min(32);
        assert_eq!(listed, blocks[..kept], "the oldest blocks");
        let births = blocks.iter().map(|&(time, _)| time).collect();
        let history = site.history(twin, births);
        assert_eq!(real.peak_bytes, history.max_live_bytes);
        assert_eq!(real.allocated_bytes, history.allocated_bytes);
        assert_eq!(real.outstanding_bytes, history.live_bytes);
        assert_eq!(real.frees, history.frees);
        assert_eq!(real.first_allocation, history.first_allocation);
        assert_eq!(real.last_allocation, history.last_allocation);
        let sizes = || site.allocations.iter().map(|&(_, size)| size);
        assert_eq!(Some(real.smallest), sizes().min());
        assert_eq!(Some(real.largest), sizes().max());
        let finding = findings::judge(&history, &span);
        assert_eq!(real.finding, finding, "{history:#?} {span:#?}");
        let growth = findings::growth(finding.verdict, &history, &span);
        assert_eq!(real.growth, growth);
    }
}

proptest! {
    #![proptest_config(crate::cases(200))]

    #[test]
    fn both_models_agree(events in events()) {
        let reading = read_one(recorded(&events).plain());
        reading.check();
        compare(&Twin::of(&events), &reading.outcome);
    }
}
