//! The protocol without the socket: payloads in, bytes out; bytes in, payloads out.

use std::collections::VecDeque;

use super::packet::{self, Decoder, Received};

/// As often is a packet sent, or asked for, that keeps arriving damaged.
const ATTEMPTS: u8 = 4;
/// After this many bytes without a packet, the other side is no GDB server.
const STRAY: usize = 256;

/// One connection to a GDB server.
///
/// ```
/// use leakscope_capture::gdb::Connection;
///
/// let mut connection = Connection::default();
/// connection.send(b"qC");
/// assert_eq!(connection.take_outgoing(), b"$qC#b4");
/// connection.receive(b"+$QC0#c4")?;
/// assert_eq!(connection.next_packet().as_deref(), Some(&b"QC0"[..]));
/// assert_eq!(connection.take_outgoing(), b"+");
/// # Ok::<(), leakscope_capture::gdb::ProtocolError>(())
/// ```
#[derive(Debug, Default)]
pub struct Connection {
    decoder: Decoder,
    outgoing: Vec<u8>,
    packets: VecDeque<Vec<u8>>,
    /// The last packet, while its acknowledgement is awaited, and how often it was sent again.
    unacknowledged: Option<(Vec<u8>, u8)>,
    /// How many packets in a row came damaged.
    damaged: u8,
    is_reliable: bool,
    has_received_packet: bool,
    stray: Vec<u8>,
}

/// The other side does not keep to the protocol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    /// It talks of something else.
    #[error("it is no GDB server; it said \"{said}\"")]
    NotGdb {
        /// The beginning of it, escaped.
        said: String,
    },
    /// What it is sent does not arrive, or it says so.
    #[error("it rejected the same packet {ATTEMPTS} times")]
    RejectsPackets,
    /// What it sends does not arrive whole, or it cannot compute sums.
    #[error("it sent {ATTEMPTS} damaged packets in a row")]
    SendsDamage,
}

impl Connection {
    /// Sends a packet.
    pub fn send(&mut self, payload: &[u8]) {
        let packet = packet::encode(payload);
        self.outgoing.extend(&packet);
        if !self.is_reliable {
            self.unacknowledged = Some((packet, 1));
        }
    }

    /// Asks to stop the running target: a byte outside of packets.
    pub fn send_interrupt(&mut self) {
        self.outgoing.push(3);
    }

    /// Neither side acknowledges from now on (`QStartNoAckMode` was agreed on).
    pub fn stop_acknowledging(&mut self) {
        self.is_reliable = true;
        self.unacknowledged = None;
    }

    /// Bytes to send.
    pub fn take_outgoing(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.outgoing)
    }

    /// The next packet that was received.
    pub fn next_packet(&mut self) -> Option<Vec<u8>> {
        self.packets.pop_front()
    }

    /// What was received if there was no packet among it, escaped.
    pub fn other_language(&self) -> Option<String> {
        let said = || self.stray.escape_ascii().to_string();
        self.is_other_language().then(said)
    }

    /// Takes what was received.
    pub fn receive(&mut self, bytes: &[u8]) -> Result<(), ProtocolError> {
        for &byte in bytes {
            match self.decoder.push(byte) {
                None | Some(Received::Notification) => {}
                Some(Received::Acknowledged) => self.unacknowledged = None,
                // In the middle of a text it is a hyphen.
                Some(Received::Rejected) if self.is_other_language() => self.stray_byte(byte)?,
                Some(Received::Rejected) => self.send_again()?,
                Some(Received::Packet { payload, is_whole }) => self.packet(payload, is_whole)?,
                Some(Received::Stray(byte)) => self.stray_byte(byte)?,
            }
        }
        Ok(())
    }

    fn is_other_language(&self) -> bool {
        !self.has_received_packet && !self.stray.is_empty()
    }

    fn packet(&mut self, payload: Option<Vec<u8>>, is_whole: bool) -> Result<(), ProtocolError> {
        // Where nothing is acknowledged, nothing can be asked for again; and servers then leave sums out.
        match payload.filter(|_| is_whole || self.is_reliable) {
            Some(payload) => {
                self.has_received_packet = true;
                self.damaged = 0;
                self.unacknowledged = None;
                self.stray.clear();
                self.packets.push_back(payload);
                if !self.is_reliable {
                    self.outgoing.push(b'+');
                }
            }
            None => {
                self.damaged += 1;
                if self.damaged == ATTEMPTS || self.is_reliable {
                    return Err(ProtocolError::SendsDamage);
                }
                self.outgoing.push(b'-');
            }
        }
        Ok(())
    }

    fn send_again(&mut self) -> Result<(), ProtocolError> {
        let Some((packet, sent)) = &mut self.unacknowledged else {
            return Ok(());
        };
        if *sent == ATTEMPTS {
            return Err(ProtocolError::RejectsPackets);
        }
        *sent += 1;
        self.outgoing.extend(&*packet);
        Ok(())
    }

    fn stray_byte(&mut self, byte: u8) -> Result<(), ProtocolError> {
        if self.stray.len() < STRAY {
            self.stray.push(byte);
        } else if !self.has_received_packet {
            return Err(ProtocolError::NotGdb {
                said: self.stray.escape_ascii().to_string(),
            });
        }
        Ok(())
    }
}
