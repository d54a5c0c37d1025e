//! What holds for any history, also for one that no trace can have.

use leakscope_analysis::findings::{
    CycleSteps, Cycles, Gap, Lifetimes, LossCounts, Losses, MissingCores, OlderFrees, SiteHistory,
    Span, Unseen, UnsureEnds, Verdict, Word, growth, judge,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::patterns::all;

/// Times and sizes: small, ordinary and absurd.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![
        0..4_u64,
        0..2000_u64,
        0..1_000_000_000_000_u64,
        any::<u64>()
    ]
}

prop_compose! {
    fn any_history()(
        numbers in vec(number(), 12),
        mut live_births in vec(number(), 0..40),
        live_sizes in vec(number(), 0..40),
        sorted in any::<bool>(),
        first_free in option::of(number()),
        last_free in option::of(number()),
        lifetimes in vec(number(), 0..60),
        unreturned in vec(number(), 0..60),
        floors in vec(number(), 0..40),
        net_bytes in any::<i64>(),
        reused in 0..9_u64,
        first_reuse in option::of(number()),
        failing_since in option::of(number()),
        unsure in vec((number(), number(), any::<bool>()), 0..20),
        older in vec((number(), number()), 0..20),
    ) -> SiteHistory {
        if sorted {
            live_births.sort_unstable();
        }
        let [lifetimes, unreturned] = [lifetimes, unreturned].map(|all| {
            let mut histogram = Lifetimes::default();
            for ticks in all {
                histogram.add(ticks);
            }
            histogram
        });
        let mut unsure_ends = UnsureEnds::default();
        for (least, longest, by_reuse) in unsure {
            unsure_ends.add(least, longest, by_reuse);
        }
        SiteHistory {
            allocations: numbers[0],
            frees: numbers[1],
            allocated_bytes: numbers[2],
            largest: numbers[10],
            live_bytes: numbers[3],
            live_births,
            live_sizes,
            max_live_bytes: numbers[4],
            max_first_reached: numbers[5],
            first_allocation: numbers[6],
            last_allocation: numbers[7],
            failing_since,
            longest_silence: numbers[8],
            first_free,
            last_free,
            at_first_free: numbers[11],
            lifetimes,
            unreturned,
            older_frees: OlderFrees { may_be_others: false, last: older.iter().map(|&(moment, _)| moment).max().unwrap_or(0), moments: older },
            early_frees: Vec::new(),
            floors,
            cycles: Cycles { grown: numbers[9], net_bytes },
            cycle_steps: CycleSteps::default(),
            reused,
            first_reuse,
            unsure_ends,
        }
    }
}

prop_compose! {
    fn any_span()(
        numbers in vec(number(), 12),
        stopped in option::of(number()),
        frees in vec(number(), 0..20),
        gaps in vec((number(), number(), option::of(number())), 0..6),
        sites in vec(any_history(), 0..5),
        missing in vec(any::<u8>(), 0..4),
    ) -> Span {
        let mut span = Span {
            end: numbers[0],
            start: numbers[1],
            warm_up_end: numbers[2],
            stopped,
            window: numbers[3],
            last_heap_event: numbers[4],
            cycles: numbers[5],
            cycles_from: numbers[6],
            cycles_to: numbers[7],
            second: numbers[8],
            frees,
            unseen: Unseen { blocks: numbers[11], since: numbers[1], seen: numbers[9] },
            gaps: gaps.into_iter().map(|(from, to, lost)| Gap { from, to, lost }).collect(),
            losses: None,
            missing: MissingCores { cores: missing, since: numbers[1] },
        };
        let counts = LossCounts { packets: numbers[9], returned: numbers[10] % 3, reused: numbers[10], unknown_frees: numbers[11], has_forgotten: numbers[11] % 2 == 1 };
        span.losses = Losses::of(&span, counts, sites.into_iter());
        span
    }
}

proptest! {
    #[test]
    fn any_history_gets_one_answer(history in any_history(), span in any_span()) {
        let finding = judge(&history, &span);
        prop_assert_eq!(&finding, &judge(&history, &span));
        prop_assert!(!finding.reason.is_empty());
        let growth = growth(finding.verdict, &history, &span);
        prop_assert!(growth.ticks > 0);
        prop_assert_eq!(finding.verdict == Verdict::AllFreed, history.live_births.is_empty() && finding.verdict != Verdict::LateRelease);
    }
}

/// The same life at half the speed.
fn slowed(history: &SiteHistory, span: &Span) -> (SiteHistory, Span) {
    let mut history = history.clone();
    for birth in &mut history.live_births {
        *birth *= 2;
    }
    for time in [
        &mut history.max_first_reached,
        &mut history.first_allocation,
        &mut history.last_allocation,
        &mut history.longest_silence,
    ] {
        *time *= 2;
    }
    history.first_free = history.first_free.map(|time| time * 2);
    history.last_free = history.last_free.map(|time| time * 2);
    history.lifetimes.buckets[1..].rotate_right(1);
    history.older_frees = OlderFrees::default();
    let span = Span {
        end: span.end * 2,
        start: span.start * 2,
        warm_up_end: span.warm_up_end * 2,
        stopped: span.stopped.map(|time| time * 2),
        window: span.window * 2,
        last_heap_event: span.last_heap_event * 2,
        cycles: span.cycles,
        cycles_from: span.cycles_from * 2,
        cycles_to: span.cycles_to * 2,
        gaps: span
            .gaps
            .iter()
            .map(|gap| Gap {
                from: gap.from * 2,
                to: gap.to * 2,
                lost: gap.lost,
            })
            .collect(),
        second: span.second * 2,
        frees: span.frees.iter().map(|time| time * 2).collect(),
        unseen: Unseen::default(),
        losses: None,
        missing: MissingCores {
            cores: span.missing.cores.clone(),
            since: span.missing.since * 2,
        },
    };
    (history, span)
}

#[test]
fn the_speed_of_the_clock_does_not_matter() {
    for pattern in all() {
        for seed in 0..20 {
            let program = pattern.program(seed);
            let (history, span) = (program.history(), program.span());
            if history.lifetimes.buckets[Lifetimes::BUCKETS - 1] > 0
                || history.lifetimes.buckets[Lifetimes::BUCKETS - 2] > 0
            {
                continue; // The histogram's range ends there.
            }
            let finding = judge(&history, &span);
            let (history, span) = slowed(&history, &span);
            let slow = judge(&history, &span);
            assert_eq!(
                (slow.verdict, slow.confidence),
                (finding.verdict, finding.confidence),
                "{} {seed}",
                pattern.name
            );
        }
    }
}

/// The same life, later.
fn delayed(history: &SiteHistory, span: &Span, ticks: u64) -> (SiteHistory, Span) {
    let mut history = history.clone();
    let mut span = span.clone();
    for birth in &mut history.live_births {
        *birth += ticks;
    }
    for time in [
        &mut history.max_first_reached,
        &mut history.first_allocation,
        &mut history.last_allocation,
        &mut span.end,
        &mut span.start,
        &mut span.warm_up_end,
        &mut span.last_heap_event,
        &mut span.cycles_from,
        &mut span.cycles_to,
    ] {
        *time += ticks;
    }
    history.first_free = history.first_free.map(|time| time + ticks);
    history.last_free = history.last_free.map(|time| time + ticks);
    (history, span)
}

#[test]
fn when_a_session_began_does_not_matter() {
    for pattern in all() {
        for seed in 0..20 {
            let program = pattern.program(seed);
            let (history, span) = (program.history(), program.span());
            let finding = judge(&history, &span);
            let (history, span) = delayed(&history, &span, 12_345);
            let late = judge(&history, &span);
            assert_eq!(
                (late.verdict, late.confidence),
                (finding.verdict, finding.confidence),
                "{} {seed}",
                pattern.name
            );
        }
    }
}

#[test]
fn reasons_mention_only_what_the_history_holds() {
    for pattern in all() {
        for seed in 0..20 {
            let program = pattern.program(seed);
            let (history, span) = (program.history(), program.span());
            for word in judge(&history, &span).reason {
                assert!(
                    is_in(word, &history, &span),
                    "{word:?} of {} {seed}",
                    pattern.name
                );
            }
        }
    }
}

/// Whether a number of a reason can be found in what the reason is about.
fn is_in(word: Word, history: &SiteHistory, span: &Span) -> bool {
    match word {
        Word::Text(_) => true,
        Word::Count(count) => {
            count <= history.allocations
                || count <= history.floors.len() as u64
                || count <= span.cycles
        }
        Word::Bytes(bytes) => {
            let net = history.cycles.net_bytes.unsigned_abs();
            [history.live_bytes, history.max_live_bytes, net].contains(&bytes)
                || history.floors.contains(&bytes)
                || (span.cycles > 0 && bytes == net / span.cycles)
        }
        Word::Moment(moment) => {
            let times = [
                history.first_allocation,
                history.last_allocation,
                history.max_first_reached,
                span.last_heap_event,
            ];
            times.contains(&moment)
                || history.first_free == Some(moment)
                || history.live_births.contains(&moment)
                || (moment % span.window == 0 && moment <= span.end)
        }
        // A difference of two moments, or the edge of a bucket of the histogram.
        Word::Duration(ticks) => {
            ticks <= span.end || ticks.is_power_of_two() || (ticks + 1).is_power_of_two()
        }
        Word::Percent(percent) => percent <= 100,
    }
}
