//! Inputs that are still being written: what is certain so far is read, and nothing else.

use std::convert::Infallible;

use leakscope_analysis::Analysis;
use leakscope_analysis::heap::KeepAll;
use leakscope_analysis::trace::{Feed, Layout, Step};
use leakscope_testing::scenario::Scenario;

/// A file of which so many bytes have been written yet.
pub(crate) struct Growing<'b> {
    pub(crate) bytes: &'b [u8],
    pub(crate) written: usize,
}

impl Feed for Growing<'_> {
    type Error = Infallible;

    fn read_at(&mut self, _: usize, offset: u64, buffer: &mut [u8]) -> Result<usize, Infallible> {
        let written = &self.bytes[..self.written];
        [written].as_slice().read_at(0, offset, buffer)
    }

    fn grows(&self) -> bool {
        self.written < self.bytes.len()
    }
}

/// Two cores in one file, and where the second one's part begins.
fn joined() -> (Vec<u8>, usize) {
    let mut recording = Scenario::begun();
    for block in 0..100 {
        recording.on(block as u8 % 2).after(100).allocate(
            0x3FFB_0000 + 16 * block,
            16,
            &[0x400D_1000],
        );
    }
    let bytes = recording.joined();
    let layout = Layout::of(&[&bytes]);
    let border = layout.parts[1].begins.expect("two parts").expected as usize;
    (bytes, border)
}

/// The times of the events that come when so many bytes are written, one after the other.
fn times(bytes: &[u8], layout: &Layout, written: impl IntoIterator<Item = usize>) -> Vec<Vec<u64>> {
    let mut analysis = Analysis::new(layout, KeepAll);
    let mut times = Vec::new();
    let mut so_far = Vec::new();
    for written in written {
        let mut feed = Growing { bytes, written };
        while let Ok(Step::Event(event, _)) = analysis.step(&mut feed) {
            so_far.push(event.time);
        }
        times.push(so_far.clone());
    }
    times
}

/// The second part has not begun: what stands at the beginning of the first one is read.
#[test]
fn half_of_a_joined_recording() {
    let (bytes, border) = joined();
    let layout = Layout::of(&[&bytes]);
    for written in [border / 2, border * 3 / 4, border, border + 5] {
        let read = times(&bytes, &layout, [written]).concat();
        assert!(read.len() >= 6, "{written} of {border}: {read:?}");
        assert!(read.iter().all(|&time| time == 0), "{read:?}");
    }
}

/// As soon as the second part has begun, both are read as far as it goes.
#[test]
fn the_second_part_has_begun() {
    let (bytes, border) = joined();
    let layout = Layout::of(&[&bytes]);
    let all = bytes.len();
    let written = [border, border + (all - border) / 2, all];
    let [before, half, whole] = times(&bytes, &layout, written).try_into().expect("three");
    assert!(before.len() < half.len() && half.len() > whole.len() / 3);
    assert!(half.last() > Some(&3000), "{half:?}");
    assert_eq!(whole, times(&bytes, &layout, [all]).concat());
}

/// A byte is gone: the second part begins before the place that the header names, and is found when no nearer
/// beginning can come any more.
#[test]
fn a_part_that_begins_elsewhere() {
    let (mut bytes, border) = joined();
    let layout = Layout::of(&[&bytes]);
    bytes.remove(border - 30);
    let written = [border, border + 400, bytes.len()];
    let [before, half, whole] = times(&bytes, &layout, written).try_into().expect("three");
    assert!(before.len() < half.len() && half.len() < whole.len());
    assert_eq!(whole, times(&bytes, &layout, [bytes.len()]).concat());
}
