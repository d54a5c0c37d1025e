//! What servers answer.

use super::hex;

/// Why the target does not run (GDB manual, "Stop Reply Packets").
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It was stopped.
    Signal {
        /// As GDB counts them: 2 because of an interrupt, 5 at a breakpoint.
        number: u8,
        /// Registers by number, in the target's order of bytes, that the server told at once.
        registers: Vec<(u64, Vec<u8>)>,
    },
    /// The program has ended with this code.
    Exited(u8),
    /// The program was ended by this signal.
    Killed(u8),
}

impl Stop {
    /// As if we had stopped it.
    pub(super) fn asked() -> Self {
        Self::Signal {
            number: 2,
            registers: Vec::new(),
        }
    }

    /// Reads a stop reply; `None` if it is none.
    pub fn parse(packet: &[u8]) -> Option<Self> {
        let (&kind, rest) = packet.split_first()?;
        let number = hex::decode(rest.get(..2)?)?[0];
        match kind {
            b'S' => Some(Self::Signal {
                number,
                registers: Vec::new(),
            }),
            b'T' => Some(Self::Signal {
                number,
                registers: registers(&rest[2..]),
            }),
            b'W' => Some(Self::Exited(number)),
            b'X' => Some(Self::Killed(number)),
            _ => None,
        }
    }
}

/// The registers among `key:value;` pairs: their keys are numbers.
fn registers(pairs: &[u8]) -> Vec<(u64, Vec<u8>)> {
    pairs
        .split(|&byte| byte == b';')
        .filter_map(|pair| {
            let colon = pair.iter().position(|&byte| byte == b':')?;
            Some((
                hex::number(&pair[..colon])?,
                hex::decode(&pair[colon + 1..])?,
            ))
        })
        .collect()
}

/// The text of an `O` packet: what the server, or the target through it, has to say. A sign of life has none.
pub(super) fn text(packet: &[u8]) -> Option<String> {
    let bytes = hex::decode(packet.strip_prefix(b"O")?)?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// What an answer says that reports an error: `E` with a number, or `E.` with a text.
pub(super) fn error(packet: &[u8]) -> Option<String> {
    let rest = packet.strip_prefix(b"E")?;
    match rest.strip_prefix(b".") {
        Some(text) => Some(String::from_utf8_lossy(text).into_owned()),
        None if rest.len() == 2 => Some(format!("error {}", String::from_utf8_lossy(rest))),
        None => None,
    }
}
