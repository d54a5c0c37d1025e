//! The model of the heap, and its naive twin, must come to the same answers.

use std::collections::BTreeMap;

use leakscope_analysis::findings::{self, SiteHistory, Span};
use leakscope_analysis::outcome::{CallSite, Outcome};
use leakscope_testing::scenario::{MAIN, Scenario, WORKER};
use proptest::prelude::*;

use crate::naive::{Event, SITES, Site, Twin};
use crate::reading::read_one;

pub(crate) fn address(block: u32) -> u32 {
    0x3FFB_0000 + 0x1000 * block
}

/// Events with the ticks before each.
pub(crate) fn events() -> impl Strategy<Value = Vec<(u64, Event)>> {
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

pub(crate) fn recorded(events: &[(u64, Event)]) -> Scenario {
    let mut recording = Scenario::begun();
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

fn compare_totals(twin: &Twin, outcome: &Outcome) {
    let totals = &outcome.totals;
    let live_bytes: u64 = twin.live.values().map(|block| block.size).sum();
    let sum = |count: fn(&Site) -> u64| twin.sites.values().map(count).sum::<u64>();
    assert_eq!(
        totals.heap_events,
        twin.heap_events.len() as u64,
        "heap events"
    );
    assert_eq!(
        totals.allocations,
        sum(|site| site.allocations.len() as u64),
        "allocations"
    );
    assert_eq!(totals.frees, twin.frees, "frees");
    assert_eq!(totals.reallocations, twin.reallocations, "reallocations");
    assert_eq!(totals.failed_allocations, twin.failed, "failed");
    assert_eq!(totals.failed_and_retried, twin.retried, "retried");
    let double = totals.double_frees + totals.doubtful_frees;
    assert_eq!(double, twin.double_frees, "double frees");
    assert_eq!(totals.wrong_frees, twin.wrong_frees, "wrong frees");
    assert_eq!(
        totals.frees_of_older_blocks, twin.older,
        "frees of older blocks"
    );
    assert_eq!(
        totals.outstanding_blocks,
        twin.live.len() as u64,
        "outstanding blocks"
    );
    assert_eq!(totals.outstanding_bytes, live_bytes, "outstanding bytes");
    assert_eq!(totals.end, twin.end, "end");
    let free_lost = outcome
        .problems
        .iter()
        .find(|problem| problem.kind.code() == "free-lost");
    assert_eq!(
        free_lost.map_or(0, |problem| problem.count),
        twin.free_lost,
        "lost frees"
    );

    assert_eq!(
        (outcome.peak.bytes, outcome.peak.time),
        (twin.peak.0, twin.peak.1),
        "peak"
    );
    let holders: BTreeMap<usize, u64> = outcome
        .peak
        .holders
        .iter()
        .map(|&(site, bytes)| (site_number(&outcome.call_sites[site].stack), bytes))
        .collect();
    assert_eq!(holders, twin.peak.2, "holders of the peak");
}

fn compare_tasks(twin: &Twin, outcome: &Outcome) {
    for (name, task) in [("main", 0), ("worker", 1)] {
        let usage = outcome
            .contexts
            .iter()
            .find(|usage| outcome.context_name(usage.context) == name);
        let own = twin.live.values().filter(|block| block.task == task);
        let bytes: u64 = own.map(|block| block.size).sum();
        assert_eq!(
            usage.map_or(0, |usage| usage.outstanding_bytes),
            bytes,
            "bytes of {name}"
        );
        let frees = usage.map_or(0, |usage| usage.frees);
        assert_eq!(frees, twin.frees_by[task], "frees by {name}");
    }
}

fn compare_sites(twin: &Twin, outcome: &Outcome) {
    assert_eq!(outcome.call_sites.len(), twin.sites.len(), "call sites");
    let histories: Vec<SiteHistory> = twin.sites.keys().map(|&site| history(twin, site)).collect();
    let span = twin.judged_span(outcome.totals.events, &histories);
    for (&number, site) in &twin.sites {
        let real = outcome
            .call_sites
            .iter()
            .find(|real| site_number(&real.stack) == number)
            .expect("the call site");
        assert_eq!(real.failed_allocations, site.failed);
        assert_eq!(real.reallocations, site.reallocations);
        assert_eq!(real.contexts.len(), site.tasks.len());
        if !site.allocations.is_empty() {
            compare_site(twin, number, site, real, &span);
        }
    }
}

/// The birth, the address and the size of each block of a site that lives.
fn live_blocks(twin: &Twin, number: usize) -> Vec<(u64, u64, u64)> {
    let own = twin.live.iter().filter(|(_, block)| block.site == number);
    let mut blocks: Vec<(u64, u64, u64)> = own
        .map(|(&block, of)| (of.time, u64::from(address(block)), of.size))
        .collect();
    blocks.sort_unstable();
    blocks
}

fn history(twin: &Twin, number: usize) -> SiteHistory {
    let live = live_blocks(twin, number).into_iter();
    let live = live.map(|(time, _, size)| (time, size)).unzip();
    SiteHistory {
        unreturned: twin.unreturned(number),
        older_frees: twin.older_frees(number),
        ..twin.sites[&number].history(twin, live)
    }
}

fn compare_site(twin: &Twin, number: usize, site: &Site, real: &CallSite, span: &Span) {
    let blocks = live_blocks(twin, number);
    let listed = (real.blocks.iter()).map(|block| (block.time, block.address, block.size));
    let kept = blocks.len().min(CallSite::BLOCKS_KEPT);
    assert_eq!(
        listed.collect::<Vec<_>>(),
        blocks[..kept],
        "the oldest blocks"
    );
    let history = history(twin, number);
    assert_eq!(real.peak_bytes, history.max_live_bytes);
    assert_eq!(real.allocated_bytes, history.allocated_bytes);
    assert_eq!(real.outstanding_bytes, history.live_bytes);
    assert_eq!(real.frees, history.frees);
    assert_eq!(real.first_allocation, history.first_allocation);
    assert_eq!(real.last_allocation, history.last_allocation);
    let sizes = || site.allocations.iter().map(|&(_, size)| size);
    assert_eq!(Some(real.smallest), sizes().min());
    assert_eq!(Some(real.largest), sizes().max());
    let finding = findings::judge(&history, span);
    assert_eq!(real.finding, finding, "{history:?} {span:?}");
    let growth = findings::growth(finding.verdict, &history, span);
    assert_eq!(real.growth, growth);
    let left = findings::left(finding.verdict, &history, span);
    assert_eq!(real.left, left);
}

/// The number of the site that has this call stack.
fn site_number(stack: &[u64]) -> usize {
    let is_it = |site: &&[u32]| {
        let site = site.iter().copied().map(u64::from);
        site.eq(stack.iter().copied())
    };
    SITES
        .iter()
        .position(is_it)
        .expect("a site of the scenario")
}

proptest! {
    #![proptest_config(crate::cases(200))]

    #[test]
    fn both_models_agree(events in events()) {
        let reading = read_one(recorded(&events).plain());
        reading.check();
        let twin = Twin::of(&events);
        compare_totals(&twin, &reading.outcome);
        compare_tasks(&twin, &reading.outcome);
        compare_sites(&twin, &reading.outcome);
    }
}
