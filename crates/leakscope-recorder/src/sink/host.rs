//! Files, pipes and sockets of a computer.

use std::io;

use super::ByteSink;

/// Anything that the standard library can write to.
///
/// ```no_run
/// # use leakscope_recorder::{dialect::Leakscope, platform::Silent, stream::{Config, Stream}};
/// use leakscope_recorder::sink::host::Output;
///
/// # static STREAM: Stream<Leakscope<0>, Silent> = Stream::new();
/// # STREAM.init(Silent, Config::new("x"));
/// let mut file = Output(std::fs::File::create("trace.svdat")?);
/// STREAM.drain(0, &mut file)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Output<W>(pub W);

impl<W: io::Write> ByteSink for Output<W> {
    type Error = io::Error;

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => self.write(bytes),
            result => result,
        }
    }
}
