//! A debug probe: it reads the recorder's buffer in RAM.

use leakscope_recorder::stream::WhenFull;

use super::RECORDER;

/// The program waits until the probe has made room: nothing is lost. (Without a probe it would wait for
/// ever; choose `WhenFull::Drop` for a program that has to run without.)
pub(super) const WHEN_FULL: WhenFull = WhenFull::Wait;

pub(super) fn open() {}

pub(super) fn begin() {
    RECORDER.start();
}

/// Answers commands, even if there are no events.
pub(super) fn poll() {
    RECORDER.poll();
}

pub(super) fn close() {}
