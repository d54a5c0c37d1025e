//! Emptying the buffer from within the program.

use super::Stream;
use crate::dialect::Dialect;
use crate::locked::{Locked, locked};
use crate::platform::{Clock, CoreNumber};
use crate::sink::ByteSink;

impl<D, C, const BYTES: usize, const CORES: usize, N, const TASKS: usize>
    Stream<D, C, BYTES, CORES, N, TASKS>
where
    D: Dialect,
    C: Clock,
    N: CoreNumber,
{
    /// Hands what is in the buffer of `core` to `sink`, until it is empty or the sink takes no more;
    /// returns how many bytes the sink took.
    ///
    /// The sink is called outside the critical section and may take its time, allocate and record. If
    /// another context is draining already, this one takes nothing. Not for a stream that a debug probe
    /// reads: there may be one reader only.
    ///
    /// # Errors
    /// What the sink says; bytes that it did not take stay in the buffer.
    pub fn drain<S: ByteSink>(&self, core: usize, sink: &mut S) -> Result<usize, S::Error> {
        let Some(reading) = self.cores.get(core).map(|core| &core.reading) else {
            return Ok(0);
        };
        match OnlyReader::new(reading) {
            Some(_only_reader) => self.drain_alone(core, sink),
            None => Ok(0),
        }
    }

    /// As [`drain`](Self::drain) into a sink that does not fail; false if another context is draining, or if nothing was
    /// taken of what there is.
    pub(super) fn drain_if_alone(&self, core: usize, write: fn(&[u8]) -> usize) -> bool {
        let Some(_only_reader) = OnlyReader::new(&self.cores[core].reading) else {
            return false;
        };
        let mut is_refused = false;
        let Ok(total) = self.drain_alone(core, &mut |bytes: &[u8]| {
            let taken = write(bytes);
            is_refused = taken == 0;
            taken
        });
        total > 0 || !is_refused
    }

    fn drain_alone<S: ByteSink>(&self, core: usize, sink: &mut S) -> Result<usize, S::Error> {
        let ring = self.ring(core);
        let mut total = 0;
        loop {
            let bytes = ring.readable();
            if bytes.is_empty() {
                return Ok(total);
            }
            let taken = sink.write(bytes)?.min(bytes.len());
            if taken == 0 {
                return Ok(total);
            }
            ring.release(taken);
            total += taken;
        }
    }
}

/// The right to be the one reader of a buffer, until it is dropped (also by a sink that panics).
struct OnlyReader<'a>(&'a Locked<bool>);

impl<'a> OnlyReader<'a> {
    fn new(reading: &'a Locked<bool>) -> Option<Self> {
        let others_read =
            locked(|section| reading.with(section, |reading| core::mem::replace(reading, true)));
        (!others_read).then(|| Self(reading))
    }
}

impl Drop for OnlyReader<'_> {
    fn drop(&mut self) {
        locked(|section| self.0.with(section, |reading| *reading = false));
    }
}
