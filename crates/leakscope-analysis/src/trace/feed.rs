//! Where the bytes of a trace come from, and how the streams get theirs.

use std::convert::Infallible;

use super::reader::Trace;

/// The inputs of a trace, which can be read at any offset. They have the order in which
/// [`Layout::of`](super::Layout::of) was shown them.
///
/// Inputs in memory are a feed as they are; a slice of none says that nothing more will come.
pub trait Feed {
    /// Why an input cannot be read.
    type Error;

    /// Reads at an offset of an input, in bytes; returns how many there were, 0 at its end.
    ///
    /// # Errors
    /// Those of reading.
    fn read_at(
        &mut self,
        input: usize,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<usize, Self::Error>;

    /// Whether the inputs may still grow: then their end is not the trace's.
    fn grows(&self) -> bool {
        false
    }
}

impl<F: Feed + ?Sized> Feed for &mut F {
    type Error = F::Error;

    fn read_at(
        &mut self,
        input: usize,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<usize, Self::Error> {
        (**self).read_at(input, offset, buffer)
    }

    fn grows(&self) -> bool {
        (**self).grows()
    }
}

impl<B: AsRef<[u8]>> Feed for &[B] {
    type Error = Infallible;

    fn read_at(
        &mut self,
        input: usize,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<usize, Infallible> {
        let bytes = self.get(input).map_or(&[][..], AsRef::as_ref);
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = bytes.get(start..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }
}

impl Trace {
    /// Reads more of a stream, or its end; `false` if more may come later.
    pub(super) fn read_more<F: Feed>(
        &mut self,
        index: usize,
        feed: &mut F,
    ) -> Result<bool, F::Error> {
        // Asked first: what is written while it is read is not to be missed.
        let grows = feed.grows();
        let stream = &mut self.streams[index].stream;
        let (part, position) = (stream.part, stream.supplied_to());
        let space = stream.space();
        let room = match part.end {
            Some(end) => (space.len() as u64).min(end.saturating_sub(position)) as usize,
            None => space.len(),
        };
        let count = feed.read_at(part.input, position, &mut space[..room])?;
        let is_over = part.end.is_some_and(|end| position >= end);
        if count == 0 && grows && !is_over {
            return Ok(false);
        }
        stream.supply(count);
        Ok(true)
    }
}
