//! What is measured: how far a recording is taken through the chain.

mod floor;

use leakscope_analysis::Analysis;
use leakscope_analysis::heap::KeepAll;
use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::trace::{HEAD, Layout, Pause, Step, Trace};
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
    let layout = layout(recording);
    let mut source = Unread::new(recording, &layout);
    let mut trace = Trace::new(&layout);
    let mut count = 0;
    loop {
        match trace.step() {
            Step::Event(event, _) => {
                std::hint::black_box(&event);
                count += 1;
            }
            Step::NeedBytes(stream) => {
                let length = source.read(stream, trace.space(stream));
                trace.supply(stream, length);
            }
            Step::Finished => return count,
        }
    }
}

/// Bytes to verdicts: all that a report does but write itself.
pub(crate) fn analysis(recording: &[u8]) -> Outcome {
    let layout = layout(recording);
    let mut source = Unread::new(recording, &layout);
    let mut analysis = Analysis::new(&layout, KeepAll);
    while let Pause::NeedBytes(stream) = analysis.run() {
        let length = source.read(stream, analysis.space(stream));
        analysis.supply(stream, length);
    }
    analysis.outcome()
}

/// What is left to read of each stream.
struct Unread<'r>(Vec<&'r [u8]>);

impl<'r> Unread<'r> {
    fn new(recording: &'r [u8], layout: &Layout) -> Self {
        let parts = layout.parts.iter();
        Self(
            parts
                .map(|part| {
                    let end = part.end.map_or(recording.len(), |end| end as usize);
                    &recording[part.start as usize..end]
                })
                .collect(),
        )
    }

    fn read(&mut self, stream: usize, space: &mut [u8]) -> usize {
        let rest = &mut self.0[stream];
        let (now, later) = rest.split_at(rest.len().min(space.len()));
        space[..now.len()].copy_from_slice(now);
        *rest = later;
        now.len()
    }
}
