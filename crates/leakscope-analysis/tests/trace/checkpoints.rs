//! Moments from which a trace is read again.

use leakscope_analysis::trace::{Checkpoint, Layout, Step, Trace};
use leakscope_testing::scenario::{IDF_HEAP, Scenario};

/// A device that is reset so often; each time it has two tasks of its own.
fn reset(times: u32) -> Vec<u8> {
    let mut recording = Scenario::empty();
    for time in 0..times {
        recording.start().systime_us(1000).module(512, IDF_HEAP);
        for task in 0..2 {
            let address = 0x3FFC_0000 + 64 * task;
            recording.task(address, &format!("task {task} of {time}"));
            recording.run(address).after(100);
            recording.allocate(0x3FFB_0000 + 64 * task, 16, &[0x400D_1000]);
        }
        recording.after(1_000_000).systime_us(1_000_000);
    }
    recording.openocd()
}

/// A checkpoint behind each allocation, and the trace as it is at its end.
fn read(bytes: &[u8]) -> (Vec<Checkpoint>, Trace) {
    let inputs: &[&[u8]] = &[bytes];
    let mut trace = Trace::new(&Layout::of(inputs));
    let mut checkpoints = Vec::new();
    while let Ok(Step::Event(event, trace)) = trace.step(inputs) {
        if event.id == 512 {
            checkpoints.extend(trace.checkpoint());
        }
    }
    (checkpoints, trace)
}

#[test]
fn a_checkpoint_holds_nothing_of_tasks_that_ended_with_a_reset() {
    let (checkpoints, _) = read(&reset(300));
    let size = |reset: usize| format!("{:?}", checkpoints[2 * reset]).len();
    let (early, late) = (size(10), size(299));
    assert!(late < early + early / 10, "{early} and {late} characters");
}

#[test]
fn a_trace_that_is_read_on_has_all_tasks_there_were() {
    let bytes = reset(20);
    let inputs: &[&[u8]] = &[&bytes];
    let (checkpoints, whole) = read(&bytes);
    assert_eq!(whole.tasks().len(), 40);
    for (place, checkpoint) in checkpoints.iter().enumerate() {
        let mut again = checkpoint.resume(&whole);
        assert_eq!(again.tasks(), &whole.tasks()[..=place]);
        while let Ok(Step::Event(..)) = again.step(inputs) {}
        assert_eq!(again.tasks(), whole.tasks(), "from {place} on");
    }
}

#[test]
fn a_healthy_recording_learns_no_prices() {
    let (checkpoints, _) = read(&reset(1));
    let mut two = checkpoints.windows(2);
    assert!(two.all(|two| !two[1].has_learnt_since(&two[0])));
}
