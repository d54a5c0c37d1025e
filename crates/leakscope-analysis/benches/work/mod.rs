//! What is measured: how far a recording is taken through the chain.

mod floor;

use leakscope_analysis::Analysis;
use leakscope_analysis::heap::KeepAll;
use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::trace::{HEAD, Layout, Step, Trace};
use leakscope_systemview::{Frame, Header, Packet, sync::SYNC};

pub(crate) use floor::floor;

/// The layout of a recording in one file.
fn layout(recording: &[u8]) -> Layout {
    Layout::of(&[&recording[..recording.len().min(HEAD)]])
}

/// Bytes to packets: cuts the recording up and gives each packet its meaning. Returns how many.
pub(crate) fn packets(recording: &[u8]) -> u64 {
    let data = &recording[Header::parse(recording).data..];
    let mut rest = &data[SYNC.len()..];
    let mut count = 0;
    while let Ok(frame) = Frame::split(rest) {
        std::hint::black_box(Packet::parse(&frame).is_ok());
        rest = &rest[frame.length..];
        count += 1;
    }
    count
}

/// Bytes to events: times, contexts and call stacks are known. Returns how many.
pub(crate) fn events(recording: &[u8]) -> u64 {
    let mut trace = Trace::new(&layout(recording));
    let inputs: &[&[u8]] = &[recording];
    let mut count = 0;
    while let Ok(Step::Event(event, _)) = trace.step(inputs) {
        std::hint::black_box(&event);
        count += 1;
    }
    count
}

/// Bytes to verdicts: all that a report does but write itself.
pub(crate) fn analysis(recording: &[u8]) -> Outcome {
    let mut analysis = Analysis::new(&layout(recording), KeepAll);
    let Ok(_) = analysis.run(&[recording][..]);
    analysis.outcome()
}
