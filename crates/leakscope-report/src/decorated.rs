//! The functions that a monitor has written into a console's log, beside the addresses of a heap dump.

use std::sync::Arc;

use leakscope_analysis::dump::{Decoration, Log};
use leakscope_symbols::CodeFrame;

use crate::FrameSource;

/// Names frames by what a monitor has written into the log, for want of an ELF file.
#[derive(Clone, Copy, Debug)]
pub struct Decorated<'l>(pub &'l Log);

impl Decorated<'_> {
    fn at(&self, address: u64) -> &[Decoration] {
        let found = self.0.decorations.get(&address);
        found.map(Vec::as_slice).unwrap_or_default()
    }
}

impl FrameSource for Decorated<'_> {
    fn frames(&self, return_address: u64) -> Arc<[CodeFrame]> {
        let decorations = self.at(return_address);
        let frames = decorations
            .iter()
            .enumerate()
            .map(|(place, decoration)| CodeFrame {
                function: Some(decoration.function.as_str().into()),
                file: decoration.file.as_deref().map(Into::into),
                line: decoration.line,
                column: None,
                inlined: place + 1 < decorations.len(),
            });
        frames.collect()
    }
}
