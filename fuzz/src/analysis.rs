//! Entry points of `leakscope-analysis`.

use std::convert::Infallible;

use leakscope_analysis::Analysis;
use leakscope_analysis::dump::Log;
use leakscope_analysis::heap::KeepAll;
use leakscope_analysis::trace::{Feed, Layout, Step};

/// Analyses `bytes` as one file, in one go and event by event in small pieces: both ways end, and say the
/// same.
pub fn trace(bytes: &[u8]) {
    let layout = Layout::of(&[bytes]);
    let mut whole = Analysis::new(&layout, KeepAll);
    let Ok(_) = whole.run(&[bytes][..]);
    let mut pieces = Analysis::new(&layout, KeepAll);
    while let Ok(Step::Event(..)) = pieces.step(Pieces(bytes)) {}
    let (whole, pieces) = (whole.outcome(), pieces.outcome());
    assert_eq!(
        format!("{:?}", whole.totals),
        format!("{:?}", pieces.totals)
    );
    assert_eq!(whole.call_sites.len(), pieces.call_sites.len());
}

/// One file, of which each read brings a few bytes.
struct Pieces<'b>(&'b [u8]);

impl Feed for Pieces<'_> {
    type Error = Infallible;

    fn read_at(
        &mut self,
        input: usize,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<usize, Infallible> {
        let most = buffer.len().min(7);
        [self.0]
            .as_slice()
            .read_at(input, offset, &mut buffer[..most])
    }
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
