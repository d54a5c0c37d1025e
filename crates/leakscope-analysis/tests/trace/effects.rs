//! What events did to the heap: effects, added up, are the totals, whatever was read; and they are those of the
//! naive twin.

use std::collections::BTreeMap;

use leakscope_analysis::heap::{
    Completes, Effect, HeapModel, KeepAll, KnownBlock, UnknownFree, Watcher,
};
use leakscope_analysis::outcome::{Outcome, Totals};
use leakscope_analysis::trace::{Event, Layout, Occasion, Switch, Trace};
use leakscope_testing::needs::corpus_bytes;
use leakscope_testing::scenario::Scenario;
use proptest::prelude::*;

use crate::damage::program;
use crate::naive::Twin;
use crate::twin::{address, events, recorded};

/// Keeps all effects.
#[derive(Default)]
struct Effects {
    all: Vec<(u64, Effect)>,
    /// Whether it takes plain values, and so the fast lane.
    is_plain: bool,
}

impl Watcher for Effects {
    fn takes_plain(&self, _id: u32) -> bool {
        self.is_plain
    }

    fn affected(&mut self, now: &Occasion, _: u32, _: u64, effect: &Effect, _: &HeapModel) {
        self.all.push((now.time, *effect));
    }

    fn switched(&mut self, _switch: &Switch) {}

    fn event(
        &mut self,
        event: &Event<'_>,
        effect: Option<&Effect>,
        _trace: &Trace,
        _heap: &HeapModel,
    ) {
        let effect = effect.map(|effect| (event.time, *effect));
        self.all.extend(effect);
    }
}

/// All effects of a recording, what they have not told yet, and its outcome.
fn read(bytes: &[u8], is_plain: bool) -> (Vec<(u64, Effect)>, Vec<KnownBlock>, Outcome) {
    let mut trace = Trace::new(&Layout::of(&[bytes]));
    let mut heap = HeapModel::default();
    let mut effects = Effects {
        is_plain,
        ..Effects::default()
    };
    let Ok(_) = heap.run(&mut trace, &[bytes][..], &mut KeepAll, &mut effects);
    (effects.all, heap.ended_unseen(), heap.outcome(&trace))
}

/// The heap as effects tell of it.
#[derive(Default)]
struct Heap {
    live: BTreeMap<u64, KnownBlock>,
    totals: Totals,
    live_bytes: u64,
    losses: u64,
    lost_allocations: u64,
}

impl Heap {
    fn apply(&mut self, time: u64, effect: &Effect) {
        for gone in [effect.lost(), effect.ended()].into_iter().flatten() {
            let known = self.live.remove(&gone.block.address);
            assert_eq!(known, Some(*gone), "what ends had begun: {effect:?}");
        }
        for new in [effect.revived(), effect.began()].into_iter().flatten() {
            let older = self.live.insert(new.block.address, *new);
            assert_eq!(older, None, "one block an address: {effect:?}");
        }
        if let Some(began) = effect.began() {
            assert_eq!(began.block.time, time);
        }
        self.live_bytes = self.live_bytes.saturating_add_signed(effect.live_bytes());
        let totals = &mut self.totals;
        if let Some(began) = effect.began() {
            totals.allocations += 1;
            totals.allocated_bytes += began.block.size;
        }
        totals.frees += u64::from(effect.ended().is_some() || effect.unknown_free().is_some());
        totals.frees -= u64::from(effect.revived().is_some());
        match effect.unknown_free() {
            Some(UnknownFree::Older | UnknownFree::Paused { .. }) => {
                totals.frees_of_older_blocks += 1;
            }
            Some(UnknownFree::Double) => totals.double_frees += 1,
            Some(UnknownFree::Wrong) => totals.wrong_frees += 1,
            Some(UnknownFree::AllocationLost) => self.lost_allocations += 1,
            None => {}
        }
        self.losses += u64::from(effect.lost().is_some());
        match effect {
            Effect::Reallocation { .. }
            | Effect::Allocation {
                completes: Completes::Reallocation,
                ..
            } => totals.reallocations += 1,
            Effect::Allocation {
                completes: Completes::Retry,
                ..
            } => totals.failed_and_retried += 1,
            Effect::Allocation {
                completes: Completes::RetriedReallocation,
                ..
            } => {
                totals.reallocations += 1;
                totals.failed_and_retried += 1;
            }
            Effect::Failed { spares_older, .. } => {
                totals.failed_allocations += 1;
                totals.frees -= u64::from(*spares_older);
                totals.frees_of_older_blocks -= u64::from(*spares_older);
            }
            Effect::FreeOfNull => totals.frees_of_null += 1,
            Effect::Restart => self.end_session(),
            _ => {}
        }
        self.totals.peak_bytes = self.totals.peak_bytes.max(self.live_bytes);
    }

    fn end_session(&mut self) {
        let bytes: u64 = self.live.values().map(|known| known.block.size).sum();
        assert_eq!(bytes, self.live_bytes);
        self.totals.sessions += 1;
        self.totals.outstanding_blocks += self.live.len() as u64;
        self.totals.outstanding_bytes += bytes;
        self.live.clear();
        self.live_bytes = 0;
    }
}

/// Both ways of reading tell of the same effects and come to the same outcome, and the effects add up to the totals.
pub(crate) fn check(bytes: &[u8]) -> Vec<(u64, Effect)> {
    let (effects, unseen, outcome) = read(bytes, true);
    let (stepwise, _, of_steps) = read(bytes, false);
    assert!(effects == stepwise, "plain values and events differ");
    assert_eq!(format!("{of_steps:?}"), format!("{outcome:?}"));
    let mut heap = Heap::default();
    for (time, effect) in &effects {
        heap.apply(*time, effect);
    }
    for gone in unseen {
        assert_eq!(heap.live.remove(&gone.block.address), Some(gone));
        heap.live_bytes -= gone.block.size;
        heap.losses += 1;
    }
    heap.end_session();
    if outcome.sessions.len() > 1 {
        // No effect tells of blocks that lived at a pause: these were freed behind it.
        let (told, known) = (&mut heap.totals, &outcome.totals);
        let freed = told
            .frees_of_older_blocks
            .checked_sub(known.frees_of_older_blocks);
        assert!(freed.is_some() && known.outstanding_blocks <= told.outstanding_blocks);
        told.frees_of_older_blocks = known.frees_of_older_blocks;
        told.outstanding_blocks = known.outstanding_blocks;
        told.outstanding_bytes = known.outstanding_bytes;
    }
    let doubtful = |is_double| {
        let anomalies = outcome.anomalies.iter();
        let doubtful = anomalies.filter(|anomaly| anomaly.is_doubtful);
        doubtful
            .filter(|anomaly| anomaly.kind.is_double() == is_double)
            .count() as u64
    };
    let expected = Totals {
        events: outcome.totals.events,
        copies: outcome.totals.copies,
        log_messages: outcome.totals.log_messages,
        heap_events: outcome.totals.heap_events,
        dropped_packets: outcome.totals.dropped_packets,
        cycles: outcome.totals.cycles,
        cycle_ticks: outcome.totals.cycle_ticks,
        end: outcome.totals.end,
        bytes: outcome.totals.bytes,
        double_frees: heap.totals.double_frees - doubtful(true),
        wrong_frees: heap.totals.wrong_frees - doubtful(false),
        doubtful_frees: doubtful(true) + doubtful(false),
        ..heap.totals
    };
    assert_eq!(expected, outcome.totals);
    let problem = |code| {
        let mut problems = outcome.problems.iter();
        let problem = problems.find(|problem| problem.kind.code() == code);
        problem.map_or(0, |problem| problem.count)
    };
    assert_eq!(problem("free-lost"), heap.losses);
    assert_eq!(problem("allocation-lost"), heap.lost_allocations);
    effects
}

proptest! {
    #![proptest_config(crate::cases(200))]

    #[test]
    fn effects_are_those_of_the_naive_heap(events in events()) {
        let effects = check(&recorded(&events).plain());
        let twin = Twin::of(&events);
        let mut heap = Heap::default();
        for (time, effect) in &effects {
            heap.apply(*time, effect);
        }
        let of_twin: BTreeMap<u64, (u64, u64)> = twin.live.iter()
            .map(|(&block, of)| (u64::from(address(block)), (of.size, of.time)))
            .collect();
        let live: BTreeMap<u64, (u64, u64)> = heap.live.iter()
            .map(|(&address, known)| (address, (known.block.size, known.block.time)))
            .collect();
        prop_assert_eq!(live, of_twin);
        prop_assert_eq!(heap.totals.double_frees, twin.double_frees);
        prop_assert_eq!(heap.totals.frees, twin.frees);
        prop_assert_eq!(heap.totals.reallocations, twin.reallocations);
        prop_assert_eq!(heap.totals.failed_and_retried, twin.retried);
        prop_assert_eq!(heap.losses, twin.free_lost);
        // Each block that is freed is ended by one effect, and what was taken back is revived by one.
        let ended = effects.iter().filter(|(_, effect)| effect.ended().is_some()).count();
        let revived = effects.iter().filter(|(_, effect)| effect.revived().is_some()).count();
        let freed: usize = twin.sites.values().map(|site| site.freed.len()).sum();
        prop_assert_eq!(ended - revived, freed);
    }

    /// Up to four places of a recording are damaged; it stops and begins again, or not.
    #[test]
    fn effects_of_a_damaged_recording_are_its_totals(
        seed in any::<u64>(),
        restarts in any::<bool>(),
        harm in prop::collection::vec((0.0..1.0_f64, 0..30_usize, prop::collection::vec(any::<u8>(), 0..8)), 0..4),
    ) {
        let mut recording = program(150, seed);
        if restarts {
            restart(&mut recording);
        }
        let mut bytes = recording.plain();
        for (place, removed, inserted) in harm {
            let at = (bytes.len() as f64 * place) as usize;
            let end = bytes.len().min(at + removed);
            bytes.splice(at..end, inserted);
        }
        check(&bytes);
    }
}

/// Stops and starts again, and allocates at addresses that may have been in use before.
fn restart(recording: &mut Scenario) {
    recording.after(10).stop();
    recording.after(10).start();
    for block in 0..20 {
        recording
            .after(10)
            .allocate(0x3FFB_0000 + block * 64, 40, &[0x4008_2000]);
    }
}

/// Recordings of real boards, whole and with one place damaged, in as many ways as `PROPTEST_CASES` says.
#[test]
fn effects_of_real_recordings_are_their_totals() {
    let folders = ["idf-mcore-2026", "idf-esp-extension-2021"];
    let names = folders.map(|folder| format!("{folder}/heap_log_mcore.svdat"));
    let files: Option<Vec<_>> = names.iter().map(|name| corpus_bytes(name)).collect();
    let Some(files) = files else {
        return;
    };
    for bytes in &files {
        check(bytes);
    }
    let mut runner = proptest::test_runner::TestRunner::new(crate::cases(100));
    let harm = (
        0.0..1.0_f64,
        0..64_usize,
        prop::collection::vec(any::<u8>(), 0..64),
    );
    let damaged = runner.run(&harm, |(place, removed, inserted)| {
        let mut bytes = files[0].clone();
        let at = (bytes.len() as f64 * place) as usize;
        let end = bytes.len().min(at + removed);
        bytes.splice(at..end, inserted);
        check(&bytes);
        Ok(())
    });
    damaged.unwrap_or_else(|failure| panic!("{failure}"));
}
