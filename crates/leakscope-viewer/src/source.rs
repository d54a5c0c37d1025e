//! Where the bytes of a trace come from, again and again.

use std::io;

use leakscope_analysis::trace::Feed;

/// The inputs of a recording. They are read once from front to end, and later in parts, wherever the page
/// looks.
pub trait TraceInputs: Feed<Error = io::Error> + Send {
    /// The names of the inputs, as the user would call them.
    fn names(&self) -> Vec<String>;

    /// The first bytes of an input, [`HEAD`](leakscope_analysis::trace::HEAD) of them or all there are.
    ///
    /// # Errors
    /// Those of reading.
    fn head(&mut self, input: usize) -> io::Result<Vec<u8>>;

    /// As [`TraceInputs::head`], of each input.
    ///
    /// # Errors
    /// Those of reading.
    fn heads(&mut self) -> io::Result<Vec<Vec<u8>>> {
        (0..self.names().len())
            .map(|input| self.head(input))
            .collect()
    }

    /// The length of all inputs, as far as it is known.
    fn length(&self) -> u64;
}
