//! Recordings as they are read: which packets, and what was made of them.

use leakscope_analysis::Analysis;
use leakscope_analysis::heap::KeepAll;
use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::trace::{EventKind, Feed, HEAD, Layout, Step, Trace};

/// A packet that was read: where it stands, its id, and its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Found {
    pub(crate) offset: usize,
    pub(crate) id: u32,
}

/// The packets of a recording, its last moment, and the bytes that were skipped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Packets {
    pub(crate) found: Vec<Found>,
    pub(crate) heap: usize,
    pub(crate) end: u64,
    pub(crate) skipped: u64,
    pub(crate) codes: Vec<&'static str>,
}

/// An input of which each read brings at most so many bytes.
struct Pieces<'b>(&'b [u8], usize);

impl Feed for Pieces<'_> {
    type Error = std::convert::Infallible;

    fn read_at(
        &mut self,
        input: usize,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<usize, Self::Error> {
        let room = buffer.len().min(self.1);
        (&[self.0][..]).read_at(input, offset, &mut buffer[..room])
    }
}

pub(crate) fn layout(bytes: &[u8]) -> Layout {
    Layout::of(&[&bytes[..bytes.len().min(HEAD)]])
}

/// All packets, those that stand in the parts of two cores twice.
pub(crate) fn packets(bytes: &[u8]) -> Packets {
    let mut layout = layout(bytes);
    layout.espressif = false;
    let mut trace = Trace::new(&layout);
    let mut packets = Packets::default();
    while let Ok(Step::Event(event, _)) = trace.step(&[bytes][..]) {
        match event.kind {
            EventKind::Gap {
                packets: None,
                bytes,
                ..
            } => packets.skipped += bytes,
            kind => {
                packets.heap += usize::from(matches!(kind, EventKind::Heap(_)));
                packets.end = packets.end.max(event.time);
                packets.found.push(Found {
                    offset: event.offset as usize,
                    id: event.id,
                });
            }
        }
    }
    packets.found.sort_unstable();
    packets.codes = trace
        .problems()
        .list()
        .iter()
        .map(|problem| problem.kind.code())
        .collect();
    packets
}

/// The answer.
pub(crate) fn outcome(bytes: &[u8], piece: usize) -> Outcome {
    let mut analysis = Analysis::new(&layout(bytes), KeepAll);
    let Ok(_) = analysis.run(Pieces(bytes, piece));
    analysis.outcome()
}

/// What of an answer a user acts on: not the times.
pub(crate) fn gist(outcome: &Outcome) -> String {
    let totals = &outcome.totals;
    let sites: Vec<_> = outcome
        .call_sites
        .iter()
        .map(|site| {
            (
                &site.stack,
                site.allocations,
                site.frees,
                site.outstanding_bytes,
                site.finding.verdict,
            )
        })
        .collect();
    format!("{} {} {sites:?}", totals.allocations, totals.frees)
}
