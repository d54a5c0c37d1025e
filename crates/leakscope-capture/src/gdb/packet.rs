//! Packets: `$payload#sum`, where the sum is that of all payload bytes, modulo 256, in two hexadecimal
//! digits (GDB manual, "Remote Protocol: Overview").
//!
//! In a payload `}` stands before a byte with bit 5 turned, and `*` with a count behind it repeats the byte
//! before (servers use that, for zeros in memory).

use super::hex;

/// A payload larger than this is not waited for: no request of ours has such an answer.
const LONGEST: usize = 1 << 20;

/// A packet with this payload, as it is sent.
pub fn encode(payload: &[u8]) -> Vec<u8> {
    let mut packet = Vec::with_capacity(payload.len() + 4);
    packet.push(b'$');
    for &byte in payload {
        if matches!(byte, b'$' | b'#' | b'}' | b'*') {
            packet.extend([b'}', byte ^ 0x20]);
        } else {
            packet.push(byte);
        }
    }
    let sum = sum(&packet[1..]);
    packet.push(b'#');
    packet.extend(hex::encode(&[sum]).bytes());
    packet
}

fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, &byte| sum.wrapping_add(byte))
}

/// What was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// `+`: our packet has arrived.
    Acknowledged,
    /// `-`: our packet has arrived damaged.
    Rejected,
    /// A packet.
    Packet {
        /// What it holds, with nothing escaped or repeated any more; `None` if that cannot be undone.
        payload: Option<Vec<u8>>,
        /// Its sum is right.
        is_whole: bool,
    },
    /// `%payload#sum`, which answers nothing and is not acknowledged.
    Notification,
    /// A byte outside of packets that means nothing.
    Stray(u8),
}

/// Cuts what comes from a server into packets.
#[derive(Debug, Default)]
pub struct Decoder {
    state: State,
    /// As received.
    payload: Vec<u8>,
    is_notification: bool,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Outside,
    Payload,
    /// Behind `#`, with the digits that came.
    Sum(Option<u8>),
}

impl Decoder {
    /// Takes the next byte; what it completes.
    pub fn push(&mut self, byte: u8) -> Option<Received> {
        match (self.state, byte) {
            // In a payload it would be escaped: the sender gave that packet up.
            (_, b'$') => self.begin(false),
            (State::Outside, b'%') => self.begin(true),
            (State::Outside, b'+') => return Some(Received::Acknowledged),
            (State::Outside, b'-') => return Some(Received::Rejected),
            (State::Outside, _) => return Some(Received::Stray(byte)),
            (State::Payload, b'#') => self.state = State::Sum(None),
            // The rest of it is no packet, and strays.
            (State::Payload, _) if self.payload.len() == LONGEST => self.state = State::Outside,
            (State::Payload, _) => self.payload.push(byte),
            (State::Sum(None), _) => self.state = State::Sum(Some(byte)),
            (State::Sum(Some(first)), _) => {
                let digits = [first, byte];
                self.state = State::Outside;
                return Some(self.end(digits));
            }
        }
        None
    }

    /// Whether a packet has begun and not ended.
    pub fn is_inside(&self) -> bool {
        !matches!(self.state, State::Outside)
    }

    fn begin(&mut self, is_notification: bool) {
        self.state = State::Payload;
        self.payload.clear();
        self.is_notification = is_notification;
    }

    fn end(&mut self, digits: [u8; 2]) -> Received {
        if self.is_notification {
            return Received::Notification;
        }
        Received::Packet {
            is_whole: hex::number(&digits) == Some(sum(&self.payload).into()),
            payload: unpack(&self.payload),
        }
    }
}

/// Undoes escapes and repetitions.
fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    let mut payload = Vec::with_capacity(packed.len());
    let mut bytes = packed.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'}' => payload.push(bytes.next()? ^ 0x20),
            b'*' => {
                // A count is a printable character, and 29 more than the number of further copies.
                let further = bytes
                    .next()?
                    .checked_sub(29)
                    .filter(|&further| further > 0)?;
                let last = *payload.last()?;
                payload.resize(payload.len() + usize::from(further), last);
                if payload.len() > LONGEST {
                    return None;
                }
            }
            _ => payload.push(byte),
        }
    }
    Some(payload)
}
