//! Where the bytes of a trace come from, again and again.

use std::io;

use leakscope_analysis::trace::Layout;

/// The inputs of a recording. They are read once from front to end, and later in parts, wherever the page
/// looks.
pub trait TraceInputs: Send {
    /// The names of the inputs, as the user would call them.
    fn names(&self) -> Vec<String>;

    /// The first bytes of an input, [`HEAD`](leakscope_analysis::trace::HEAD) of them or all there are.
    ///
    /// # Errors
    /// Those of reading.
    fn head(&mut self, input: usize) -> io::Result<Vec<u8>>;

    /// Reads at an offset of an input; returns how many bytes there were, 0 at its end.
    ///
    /// # Errors
    /// Those of reading.
    fn read_at(&mut self, input: usize, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// The length of all inputs, as far as it is known.
    fn length(&self) -> u64;

    /// Whether the inputs may still grow: then their end is not the trace's.
    fn grows(&self) -> bool {
        false
    }
}

/// Reads some of a stream: what lies behind its part of the input is not its own.
pub(crate) fn read_stream(
    source: &mut dyn TraceInputs,
    layout: &Layout,
    stream: usize,
    position: &mut u64,
    buffer: &mut [u8],
) -> io::Result<usize> {
    let part = layout.parts[stream];
    let room = match part.end {
        Some(end) => buffer.len().min(end.saturating_sub(*position) as usize),
        None => buffer.len(),
    };
    let count = source.read_at(part.input, *position, &mut buffer[..room])?;
    *position += count as u64;
    Ok(count)
}
