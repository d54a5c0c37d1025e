//! A recording as the viewer reads it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use leakscope_analysis::trace::HEAD;
use leakscope_capture::Input;
use leakscope_viewer::TraceInputs;

/// Inputs that the viewer reads.
pub(crate) struct Viewed {
    inputs: Vec<Input>,
    /// Whether more is being written to them.
    grows: Arc<AtomicBool>,
}

impl Viewed {
    /// Inputs that are whole.
    pub(crate) fn new(inputs: Vec<Input>) -> Self {
        Self::growing(inputs, Arc::default())
    }

    /// Inputs to which more is written as long as `grows` says so.
    pub(crate) fn growing(inputs: Vec<Input>, grows: Arc<AtomicBool>) -> Self {
        Self { inputs, grows }
    }
}

impl TraceInputs for Viewed {
    fn names(&self) -> Vec<String> {
        let names = self.inputs.iter().map(Input::name);
        names.map(str::to_owned).collect()
    }

    fn head(&mut self, input: usize) -> io::Result<Vec<u8>> {
        self.inputs[input].head(HEAD)
    }

    fn read_at(&mut self, input: usize, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.inputs[input].read_at(offset, buffer)
    }

    fn length(&self) -> u64 {
        let lengths = self.inputs.iter().map(Input::length);
        lengths.map(Result::unwrap_or_default).sum()
    }

    fn grows(&self) -> bool {
        self.grows.load(Ordering::Acquire)
    }
}
