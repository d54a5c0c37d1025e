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

    /// Looks whether more may come of inputs that grow.
    ///
    /// # Errors
    /// Why not. What there is can still be read.
    fn look(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The inputs, which may be read as if nothing more came.
pub(crate) struct Inputs {
    inner: Box<dyn TraceInputs>,
    /// Whether their end is taken for the trace's.
    pub(crate) is_over: bool,
}

impl Inputs {
    pub(crate) fn new(inner: Box<dyn TraceInputs>) -> Self {
        Self {
            inner,
            is_over: false,
        }
    }

    /// Whether more may be written to them, whatever their end is taken for.
    pub(crate) fn may_grow(&self) -> bool {
        self.inner.grows()
    }
}

impl Feed for Inputs {
    type Error = io::Error;

    fn read_at(&mut self, input: usize, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read_at(input, offset, buffer)
    }

    fn grows(&self) -> bool {
        !self.is_over && self.inner.grows()
    }
}

impl TraceInputs for Inputs {
    fn names(&self) -> Vec<String> {
        self.inner.names()
    }

    fn head(&mut self, input: usize) -> io::Result<Vec<u8>> {
        self.inner.head(input)
    }

    fn length(&self) -> u64 {
        self.inner.length()
    }

    fn look(&mut self) -> io::Result<()> {
        self.inner.look()
    }
}
