//! ESP-IDF's application tracing over JTAG: Espressif's OpenOCD takes the stream out of the device's memory, with
//! `esp sysview start`, as it does from a program made with ESP-IDF.
//!
//! For the chips with a RISC-V core. There are two blocks of memory: the device fills one while OpenOCD reads the
//! other, and they are exchanged. The device tells OpenOCD where they are by a semihosting call, once, when it
//! starts; so OpenOCD has to be there by then.
//!
//! ```no_run
//! use leakscope_recorder::dialect::Leakscope;
//! use leakscope_recorder::platform::Silent;
//! use leakscope_recorder::sink::apptrace::Apptrace;
//! use leakscope_recorder::stream::{Config, Stream, WhenFull};
//!
//! static STREAM: Stream<Leakscope<8>, Silent, 4096> = Stream::new();
//! static APPTRACE: Apptrace<4096> = Apptrace::new();
//!
//! fn main() {
//!     let config = Config::new("doorbell").when_full(WhenFull::Write(|bytes| APPTRACE.write(bytes)));
//!     STREAM.init(Silent, config);
//!     # #[cfg(target_arch = "riscv32")]
//!     APPTRACE.announce();
//!     loop {
//!         // When there is time, from an idle task: the host's commands (START, STOP) and the stream.
//!         APPTRACE.poll(|commands| STREAM.receive(commands));
//!         let Ok(_) = STREAM.drain(0, &mut &APPTRACE);
//!     }
//! }
//! ```
//!
//! The recording begins when the host says START: OpenOCD expects a stream from its first byte on. What is written
//! while OpenOCD is not there is dropped.

#[cfg(target_arch = "riscv32")]
mod announce;
mod blocks;
mod packet;

use core::convert::Infallible;

use critical_section::CriticalSection;

use super::ByteSink;
use crate::locked::{Locked, locked};
use blocks::{Blocks, Filling, FromHost};
use packet::{Packet, Progress};

/// In front of each packet: its length, and how much of it is written.
const HEADER: usize = 2;

/// A sink with two blocks of `SIZE` bytes; ESP-IDF's have 16384.
///
/// Packets of more than 255 bytes have no place in ESP-IDF's form: the recording ends there. With call stacks of
/// up to 39 frames there are none.
pub struct Apptrace<const SIZE: usize> {
    blocks: Blocks<SIZE>,
    state: Locked<State>,
}

struct State {
    filling: Filling,
    packet: Packet,
    from_host: FromHost,
    had_host: bool,
    /// The host is there, and the stream's beginning has come.
    has_begun: bool,
}

impl<const SIZE: usize> Apptrace<SIZE> {
    /// A sink that no host knows of yet.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "it is for statics")]
    pub const fn new() -> Self {
        Self {
            blocks: Blocks::new(),
            state: Locked::new(State {
                filling: Filling::NEW,
                packet: Packet::NEW,
                from_host: FromHost::NONE,
                had_host: false,
                has_begun: false,
            }),
        }
    }

    /// Makes the blocks ready; the address that the host has to be told, which `announce` does.
    pub fn publish(&'static self) -> *const () {
        self.blocks.publish()
    }

    /// Tells OpenOCD where the blocks are. Without a debugger this call is an exception: ask the chip first (on an
    /// ESP32-C3 bit 1 of 0x600C_E098 says that there is one).
    #[cfg(target_arch = "riscv32")]
    pub fn announce(&'static self) {
        announce::announce(self.publish());
    }

    /// Whether the host has connected, and not left.
    pub fn has_host(&self) -> bool {
        self.blocks.has_host()
    }

    /// Hands what was written to the host, if that has taken what was before; and what the host has sent to
    /// `receive`: SystemView's commands.
    pub fn poll(&self, mut receive: impl FnMut(&[u8])) {
        let from_host = locked(|section| {
            self.state.with(section, |state| {
                if !state.filling.is_empty() || self.blocks.has_data_from_host() {
                    // If the host is busy, there will be another time.
                    let _ = self.exchange(state);
                }
                core::mem::replace(&mut state.from_host, FromHost::NONE)
            })
        });
        let bytes = from_host.as_bytes();
        if !bytes.is_empty() {
            receive(bytes);
        }
    }

    /// Takes bytes of the stream; how many. It takes all if the host is not there.
    pub fn write(&self, bytes: &[u8]) -> usize {
        let mut taken = 0;
        // The critical section lasts for a packet.
        while taken < bytes.len() {
            let rest = &bytes[taken..];
            match locked(|section| self.write_packet(section, rest)) {
                0 => break,
                length => taken += length,
            }
        }
        taken
    }

    /// Takes bytes up to the end of a packet; how many, or 0 if there is no room.
    fn write_packet(&self, section: CriticalSection<'_>, bytes: &[u8]) -> usize {
        self.state.with(section, |state| {
            let has_host = self.blocks.has_host();
            if has_host != state.had_host {
                state.had_host = has_host;
                state.has_begun = false;
                state.filling.clear();
            }
            let before = state.packet.len();
            let (progress, taken) = state.packet.push(bytes);
            match progress {
                Progress::Part => return taken,
                Progress::Hopeless => state.has_begun = false,
                Progress::Whole => {
                    state.has_begun |= has_host && state.packet.is_sync();
                    if state.has_begun && !self.append(state) {
                        state.packet.truncate(before);
                        return 0;
                    }
                }
            }
            state.packet.truncate(0);
            taken
        })
    }

    /// Appends the packet to the block, or to the next one; false if the host has not made room.
    fn append(&self, state: &mut State) -> bool {
        let length = state.packet.len();
        if Blocks::<SIZE>::room(&state.filling) < HEADER + length && !self.exchange(state) {
            return false;
        }
        let header = [length as u8; HEADER];
        self.blocks.append(&mut state.filling, &header);
        self.blocks
            .append(&mut state.filling, state.packet.as_bytes());
        true
    }

    /// Gives the block to the host, and keeps what that had sent; false if the host is busy, or not there.
    fn exchange(&self, state: &mut State) -> bool {
        if !self.blocks.has_host() {
            return false;
        }
        match self.blocks.exchange(&mut state.filling) {
            Ok(from_host) => {
                state.from_host.extend(from_host.as_bytes());
                true
            }
            Err(_) => false,
        }
    }
}

impl<const SIZE: usize> ByteSink for &Apptrace<SIZE> {
    type Error = Infallible;

    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        Ok(Apptrace::write(self, bytes))
    }
}

impl<const SIZE: usize> core::fmt::Debug for Apptrace<SIZE> {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter
            .debug_struct("Apptrace")
            .field("has_host", &self.has_host())
            .finish_non_exhaustive()
    }
}
