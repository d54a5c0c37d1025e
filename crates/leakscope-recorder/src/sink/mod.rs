//! Where a stream's bytes go.
//!
//! A [`Stream`](crate::stream::Stream) writes packets into a buffer that has the layout of an RTT up-buffer.
//! The program chooses what empties it:
//!
//! - a **debug probe**, through RTT ([`rtt`]): nothing else to do;
//! - **Espressif's OpenOCD**, on ESP chips with a RISC-V core, from blocks that the program fills ([`apptrace`]);
//! - the **program itself**, with [`Stream::drain`](crate::stream::Stream::drain) into a [`ByteSink`], from an
//!   idle task or a thread: a UART, semihosting (`semihosting`, on the chips that have it), a file or a socket (`host`, with the feature
//!   `std`).

pub mod apptrace;
#[cfg(feature = "std")]
pub mod host;
pub mod rtt;
#[cfg(any(
    all(target_arch = "arm", target_os = "none"),
    target_arch = "riscv32",
    all(target_arch = "riscv64", target_os = "none")
))]
pub mod semihosting;
pub mod uart;

/// Takes bytes.
///
/// Closures `FnMut(&[u8]) -> usize` are sinks that never fail: `|bytes| uart.write(bytes)`.
pub trait ByteSink {
    /// What can go wrong.
    type Error;

    /// Takes some of `bytes`, from the front on; returns how many. 0 means: not now.
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Self::Error>;
}

impl<F: FnMut(&[u8]) -> usize> ByteSink for F {
    type Error = core::convert::Infallible;

    fn write(&mut self, bytes: &[u8]) -> Result<usize, Self::Error> {
        Ok(self(bytes))
    }
}
