//! Entry points of `leakscope-analysis`.

use leakscope_analysis::Analysis;
use leakscope_analysis::dump::Log;
use leakscope_analysis::heap::KeepAll;
use leakscope_analysis::trace::{Layout, Pause, Step};

/// Analyses `bytes` as one file, in one go and event by event in small pieces: both ways end, and say the
/// same.
pub fn trace(bytes: &[u8]) {
    let layout = Layout::of(&[bytes]);
    let mut whole = Analysis::new(&layout, KeepAll);
    let mut supplied = vec![0; layout.parts.len()];
    while let Pause::NeedBytes(stream) = whole.run() {
        supply(
            &mut whole,
            &layout,
            bytes,
            stream,
            &mut supplied,
            usize::MAX,
        );
    }
    let mut pieces = Analysis::new(&layout, KeepAll);
    let mut supplied = vec![0; layout.parts.len()];
    loop {
        match pieces.step() {
            Step::Event(..) => {}
            Step::NeedBytes(stream) => {
                supply(&mut pieces, &layout, bytes, stream, &mut supplied, 7)
            }
            Step::Finished => break,
        }
    }
    let (whole, pieces) = (whole.outcome(), pieces.outcome());
    assert_eq!(
        format!("{:?}", whole.totals),
        format!("{:?}", pieces.totals)
    );
    assert_eq!(whole.call_sites.len(), pieces.call_sites.len());
}

fn supply(
    analysis: &mut Analysis<KeepAll>,
    layout: &Layout,
    bytes: &[u8],
    stream: usize,
    supplied: &mut [usize],
    most: usize,
) {
    let part = layout.parts[stream];
    let start = part.start as usize + supplied[stream];
    let end = part
        .end
        .map_or(bytes.len(), |end| (end as usize).min(bytes.len()));
    let rest = bytes.get(start..end).unwrap_or_default();
    let space = analysis.space(stream);
    let count = rest.len().min(space.len()).min(most);
    space[..count].copy_from_slice(&rest[..count]);
    supplied[stream] += count;
    analysis.supply(stream, count);
}

/// Looks for heap dumps in `bytes`, and judges what they show.
pub fn heap_dump(bytes: &[u8]) {
    let log = Log::read(bytes);
    let outcome = log.outcome(&mut KeepAll);
    let blocks: u64 = outcome
        .call_sites
        .iter()
        .map(|site| site.outstanding_blocks)
        .sum();
    assert!(outcome.totals.allocations >= blocks);
}
