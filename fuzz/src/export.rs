//! What reads the files of other profilers.

use leakscope_analysis::Analysis;
use leakscope_analysis::heap::KeepAll;
use leakscope_analysis::trace::Layout;
use leakscope_export::Heaptrack;

/// An arbitrary heaptrack file is refused, or becomes a recording with each of its allocations.
pub fn heaptrack(bytes: &[u8]) {
    let mut recording = Vec::new();
    if Heaptrack::translate(bytes, &mut recording).is_err() {
        return;
    }
    let inputs = [recording.as_slice()];
    let mut analysis = Analysis::new(&Layout::of(&inputs), KeepAll);
    let Ok(_) = analysis.run(inputs.as_slice());
    let lines = bytes.split(|&byte| byte == b'\n');
    let allocations = lines.filter(|line| line.starts_with(b"+")).count();
    assert_eq!(analysis.outcome().totals.allocations, allocations as u64);
}
