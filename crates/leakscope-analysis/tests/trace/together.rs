//! Two cores in streams of their own, which are reset together: what each adds up to ends with its own last packet.

use leakscope_analysis::trace::{Checkpoint, Layout, Step, Trace};
use leakscope_systemview::Packet;
use leakscope_testing::scenario::{IDF_HEAP, MAIN, Scenario};

use crate::reading::{Reading, read};
use crate::sessions::{BLOCK, LEAK, OTHER};

const BOOTS: u32 = 4;

/// In each boot core 0 allocates a block every 1000 ticks, and core 1 frees it; in the second half core 1 idles. It begins a
/// little later, too, and its clock says so.
fn two_cores() -> [Vec<u8>; 2] {
    boots_of_two_cores(false)
}

/// The same; and before each reset both cores may say that recording stops.
fn boots_of_two_cores(are_stopped: bool) -> [Vec<u8>; 2] {
    let mut cores = [Scenario::empty(), Scenario::empty()];
    for boot in 0..BOOTS {
        for (number, core) in (0..).zip(&mut cores) {
            core.sync()
                .packet(&Packet::TraceStart)
                .init()
                .system(&format!("C=core{number}"));
            core.systime_us(300 + 40 * number);
            core.module(512, IDF_HEAP)
                .run(MAIN)
                .after(100 - 40 * number);
        }
        for round in 0..40 + 10 * boot {
            let block = BLOCK + 64 * (round % 3);
            cores[0].after(700).allocate(block, 8, LEAK).after(300);
            if round < 20 {
                cores[1].after(900).free(block, OTHER).after(100);
            } else {
                cores[0].free(block, OTHER);
            }
        }
        for core in cores.iter_mut().filter(|_| are_stopped) {
            core.after(50).packet(&Packet::TraceStop);
        }
    }
    cores.map(|core| core.plain())
}

#[test]
fn a_reset_of_two_cores_with_their_own_times() {
    has_a_session_for_each_boot(&read(&two_cores()));
}

/// What is known of the one that starts first is that it was stopped; that it was reset, its clock says a little later.
#[test]
fn a_reset_of_two_cores_that_were_stopped() {
    has_a_session_for_each_boot(&read(&boots_of_two_cores(true)));
}

fn has_a_session_for_each_boot(reading: &Reading) {
    reading.check();
    let outcome = &reading.outcome;
    assert_eq!(outcome.sessions.len() as u32, BOOTS);
    assert_eq!(reading.codes(), ["restart"]);
    let restarts = reading.problem("restart").map(|problem| problem.count);
    assert_eq!(restarts, Some(u64::from(BOOTS) - 1));
    assert!(outcome.anomalies.is_empty(), "{:?}", reading.anomalies());
    let totals = &outcome.totals;
    assert_eq!(
        (totals.outstanding_blocks, totals.frees_of_older_blocks),
        (0, 0)
    );
    for (boot, session) in (0..).zip(&outcome.sessions) {
        let ticks = session.end - session.start;
        assert!(
            (40_000..41_500).contains(&(ticks - 10_000 * boot)),
            "{ticks}"
        );
    }
}

/// A core that is not heard of again after the reset.
#[test]
fn a_core_that_ends_with_the_reset_holds_up_nobody() {
    let [first, second] = two_cores();
    let syncs = second.windows(10).enumerate();
    let syncs: Vec<usize> = syncs
        .filter(|(_, ten)| *ten == [0; 10])
        .map(|(at, _)| at)
        .collect();
    let reading = read(&[first, second[..syncs[1]].to_vec()]);
    assert_eq!(reading.outcome.sessions.len() as u32, BOOTS);
    assert_eq!(
        reading.problem("restart").map(|problem| problem.count),
        Some(u64::from(BOOTS) - 1)
    );
    assert_eq!(reading.outcome.totals.double_frees, 0);
}

/// From a checkpoint at which a core waits, too, the trace is read as it was.
#[test]
fn who_waits_at_a_checkpoint_waits_on() {
    for are_stopped in [false, true] {
        wait_on_from_checkpoints(&boots_of_two_cores(are_stopped));
    }
}

fn wait_on_from_checkpoints(recorded: &[Vec<u8>; 2]) {
    let inputs: &[&[u8]] = &[&recorded[0], &recorded[1]];
    let told = |trace: &mut Trace, checkpoints: &mut Vec<(usize, Checkpoint)>| {
        let mut events = Vec::new();
        while let Ok(Step::Event(event, trace)) = trace.step(inputs) {
            events.push((event.time, event.input, event.offset, event.id));
            checkpoints.extend(
                trace
                    .checkpoint()
                    .map(|checkpoint| (events.len(), checkpoint)),
            );
        }
        events
    };
    let mut trace = Trace::new(&Layout::of(inputs));
    let mut checkpoints = Vec::new();
    let events = told(&mut trace, &mut checkpoints);
    assert!(events.is_sorted_by_key(|event| event.0));
    for (place, checkpoint) in &checkpoints {
        let again = told(&mut checkpoint.resume(&trace), &mut Vec::new());
        assert_eq!(again, events[*place..], "from {place} on");
    }
}

/// A pause is one also where the packet with the clock, behind the start, is lost: what follows it decides.
#[test]
fn a_pause_whose_clock_is_not_told() {
    let mut cores = [Scenario::empty(), Scenario::empty()];
    for is_told in [true, false] {
        for core in &mut cores {
            core.sync().packet(&Packet::TraceStart).init();
            if is_told {
                core.systime_us(300);
            }
            core.module(512, IDF_HEAP).run(MAIN);
        }
        for block in 0..10 {
            cores[0].after(700).allocate(BLOCK + 64 * block, 8, LEAK);
            cores[1].after(700).enter(5).after(3).exit();
        }
        for core in &mut cores {
            core.after(50).packet(&Packet::TraceStop).after(5000);
        }
    }
    let reading = read(&cores.map(|core| core.plain()));
    assert_eq!(reading.outcome.sessions.len(), 2);
    assert!(reading.problem("paused").is_some(), "{:?}", reading.codes());
}
