//! Where the bytes of a trace come from, again and again.

use std::io;

use leakscope_analysis::trace::Feed;
use leakscope_capture::{Remembered, Standing};

use crate::gone::Gone;

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

/// The inputs, which may be read as if nothing more came. They are read only as long as they are what they were.
pub(crate) struct Inputs {
    inner: Box<dyn TraceInputs>,
    /// Whether their end is taken for the trace's.
    pub(crate) is_over: bool,
    /// Whether no more is read than was: otherwise, a part that is read again would not be what it was.
    pub(crate) is_closed: bool,
    /// Of each, what was read.
    known: Vec<Remembered>,
    /// Why nothing is read any more.
    gone: Option<Gone>,
}

impl Inputs {
    pub(crate) fn new(inner: Box<dyn TraceInputs>) -> Self {
        Self {
            known: vec![Remembered::default(); inner.names().len()],
            inner,
            is_over: false,
            is_closed: false,
            gone: None,
        }
    }

    /// Whether more may be written to them, whatever their end is taken for.
    pub(crate) fn may_grow(&self) -> bool {
        self.inner.grows()
    }

    /// Makes sure that what was read is still there. Once it is not, nothing is read any more.
    pub(crate) fn compare(&mut self) -> io::Result<()> {
        self.refuse_gone()?;
        for input in 0..self.known.len() {
            let inner = &mut self.inner;
            let standing =
                self.known[input].is_in(|offset, room| inner.read_at(input, offset, room))?;
            self.note(standing)?;
        }
        Ok(())
    }

    /// Whether what was read is no longer there.
    pub(crate) fn are_gone(&self) -> bool {
        self.gone.is_some()
    }

    fn refuse_gone(&self) -> io::Result<()> {
        self.gone.map_or(Ok(()), |gone| Err(gone.into()))
    }

    /// Notes why an input cannot be read any more, if it is another one.
    fn note(&mut self, standing: Standing) -> io::Result<()> {
        self.gone = Gone::of(standing);
        self.refuse_gone()
    }
}

impl Feed for Inputs {
    type Error = io::Error;

    fn read_at(&mut self, input: usize, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.refuse_gone()?;
        let Some(known) = self.known.get_mut(input) else {
            return self.inner.read_at(input, offset, buffer);
        };
        let most = if self.is_closed {
            usize::try_from(known.end().saturating_sub(offset)).unwrap_or(usize::MAX)
        } else {
            usize::MAX
        };
        let room = buffer.len().min(most);
        let read = self.inner.read_at(input, offset, &mut buffer[..room])?;
        if known.is_new(offset + read as u64) {
            // Afterwards: it may be written anew at this moment.
            let inner = &mut self.inner;
            let standing = known.ends_in(|offset, room| inner.read_at(input, offset, room));
            known.learn(offset, &buffer[..read]);
            self.note(standing?)?;
        }
        Ok(read)
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
        let head = self.inner.head(input)?;
        self.compare()?;
        Ok(head)
    }

    fn length(&self) -> u64 {
        self.inner.length()
    }

    fn look(&mut self) -> io::Result<()> {
        self.inner.look()
    }
}
