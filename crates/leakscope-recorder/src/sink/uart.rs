//! A serial line, as SystemView's application speaks it ("SystemView via UART").
//!
//! The host says hello with four bytes, `S V major minor`, the target answers with as many, and from
//! then on commands go down and packets up, without framing. [`Handshake`] tells hello from commands:
//!
//! ```
//! # use leakscope_recorder::{dialect::Leakscope, platform::Silent, stream::{Config, Stream}};
//! use leakscope_recorder::sink::uart::Handshake;
//!
//! # static STREAM: Stream<Leakscope<0>, Silent> = Stream::new();
//! # let received = [b'S', b'V', 3, 0, 1];
//! # let mut send = |bytes: &[u8]| bytes.len();
//! # STREAM.init(Silent, Config::new("x"));
//! let mut handshake = Handshake::new();
//! // When bytes have come in:
//! for byte in received {
//!     match handshake.push(byte) {
//!         None => {}
//!         Some(Ok(command)) => STREAM.receive(&[command]),
//!         Some(Err(answer)) => { send(&answer); }
//!     }
//! }
//! // When there is time, from an idle task or a transmit interrupt:
//! STREAM.drain(0, &mut send)?;
//! # assert!(STREAM.is_recording());
//! # Ok::<(), core::convert::Infallible>(())
//! ```

/// What the target answers to hello. SEGGER's samples send their version behind the two letters; no
/// host looks at it.
pub const HELLO: [u8; 4] = *b"SV\x03\x00";

/// Reads what a host sends over a serial line.
#[derive(Clone, Copy, Debug)]
pub struct Handshake {
    /// Bytes of the hello that have come.
    greeted: u8,
}

impl Handshake {
    /// Before the first byte.
    #[must_use]
    pub const fn new() -> Self {
        Self { greeted: 0 }
    }

    /// Takes a byte: `Ok` is one for [`Stream::receive`](crate::stream::Stream::receive), `Err` is to be
    /// sent to the host. A new hello may come at any time; a host that does without it is understood.
    pub fn push(&mut self, byte: u8) -> Option<Result<u8, [u8; 4]>> {
        match (self.greeted, byte) {
            // No command is a letter.
            (0 | 1, b'S') => self.greeted = 1,
            (1, b'V') => self.greeted = 2,
            (2, _) => self.greeted = 3,
            (3, _) => {
                self.greeted = 0;
                return Some(Err(HELLO));
            }
            _ => {
                self.greeted = 0;
                return Some(Ok(byte));
            }
        }
        None
    }
}

impl Default for Handshake {
    fn default() -> Self {
        Self::new()
    }
}
