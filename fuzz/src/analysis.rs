//! Entry points of `leakscope-analysis`.

use std::convert::Infallible;

use leakscope_analysis::Analysis;
use leakscope_analysis::dump::Log;
use leakscope_analysis::heap::KeepAll;
use leakscope_analysis::trace::{Feed, Layout, Step};
use leakscope_testing::scenario::{MAIN, Scenario, WORKER};

/// Analyses `bytes` as one file, in one go and event by event in small pieces: both ways end and say the same, and
/// time never runs backwards.
pub fn trace(bytes: &[u8]) {
    let layout = Layout::of(&[bytes]);
    let mut whole = Analysis::new(&layout, KeepAll);
    let Ok(_) = whole.run(&[bytes][..]);
    let mut pieces = Analysis::new(&layout, KeepAll);
    let mut time = 0;
    while let Ok(Step::Event(event, _)) = pieces.step(Pieces(bytes)) {
        assert!(event.time >= time);
        time = event.time;
    }
    let (whole, pieces) = (whole.outcome(), pieces.outcome());
    assert_eq!(format!("{whole:?}"), format!("{pieces:?}"));
}

/// As [`trace`], of a healthy recording that `damages` have hit. Each is a place in it (two bytes, the lower one first),
/// how many bytes are gone from there (one byte), how many came instead (one byte), and these.
pub fn damage(mut damages: &[u8]) {
    let mut recording = healthy();
    while let Some(([low, high, gone, count], rest)) = damages.split_first_chunk()
        && !recording.is_empty()
    {
        let (new, others) = rest.split_at(rest.len().min(usize::from(*count)));
        let place = usize::from(u16::from_le_bytes([*low, *high])) % recording.len();
        let end = recording.len().min(place + usize::from(*gone));
        recording.splice(place..end, new.iter().copied());
        damages = others;
    }
    trace(&recording);
}

/// A recording of some thousand bytes, with a leak in it.
fn healthy() -> Vec<u8> {
    let mut recording = Scenario::begun();
    for round in 0..80 {
        let block = 0x3FFB_0000 + 128 * round;
        recording.after(900).run(WORKER);
        recording.after(50).allocate(block, 100, &[0x400D_5678]);
        recording.after(700).enter(5).after(20).exit();
        recording.after(100).free(block, &[0x400D_5678]);
        recording.after(900).run(MAIN);
        recording.after(60).allocate(block + 64, 24, &[0x400D_1234]);
        recording.after(30).print(&format!("round {round}\n"));
    }
    recording.openocd()
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
