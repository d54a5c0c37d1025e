//! OpenOCD's adapter `jtag_dpi`: JTAG scans over TCP. OpenOCD connects, and sends
//!
//! - `ib N` and a line feed, then N bits in whole bytes, lowest first: a scan of the instruction register;
//! - `db N`, likewise: a scan of the data register;
//! - `reset` and a line feed: the TAP is reset.
//!
//! A scan is answered with as many bytes.

use super::tap::Tap;
use crate::machine::Machine;

/// The longest scan that is taken; OpenOCD looks for unknown TAPs with some hundred bits.
const MOST_BITS: usize = 1 << 16;
/// The longest line.
const LONGEST_LINE: usize = 32;

/// The adapter's end of the connection, without the connection.
#[derive(Debug, Default)]
pub struct Adapter {
    received: Vec<u8>,
    /// The TAP that it scans.
    pub tap: Tap,
}

/// Something that is not the protocol; nothing sensible can follow it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("OpenOCD's adapter jtag_dpi was expected, but `{0}` came")]
pub struct OtherProtocol(String);

struct Scan {
    is_instruction: bool,
    bits: usize,
}

impl Adapter {
    /// Takes what was received, carries out what is complete of it, and appends the answers to `answers`.
    ///
    /// # Errors
    /// If it is not this protocol.
    pub fn push(
        &mut self,
        bytes: &[u8],
        machine: &mut Machine,
        answers: &mut Vec<u8>,
    ) -> Result<(), OtherProtocol> {
        self.received.extend_from_slice(bytes);
        let mut rest = self.received.as_slice();
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            let (line, after) = (&rest[..end], &rest[end + 1..]);
            if line == b"reset" {
                self.tap.reset();
                rest = after;
                continue;
            }
            let scan = Scan::parse(line).ok_or_else(|| other_protocol(line))?;
            let Some((bits, after)) = after.split_at_checked(scan.bits.div_ceil(8)) else {
                break;
            };
            rest = after;
            let start = answers.len();
            answers.extend_from_slice(bits);
            let bits = &mut answers[start..];
            if scan.is_instruction {
                self.tap.scan_instruction(bits, scan.bits);
            } else {
                self.tap.scan_data(bits, scan.bits, machine);
            }
        }
        if rest.len() > LONGEST_LINE && !rest.contains(&b'\n') {
            return Err(other_protocol(&rest[..LONGEST_LINE]));
        }
        let done = self.received.len() - rest.len();
        self.received.drain(..done);
        Ok(())
    }
}

impl Scan {
    fn parse(line: &[u8]) -> Option<Self> {
        let line = str::from_utf8(line).ok()?;
        let (register, bits) = line.split_once(' ')?;
        let bits = bits.parse().ok().filter(|&bits| bits <= MOST_BITS)?;
        Some(Self {
            is_instruction: match register {
                "ib" => true,
                "db" => false,
                _ => return None,
            },
            bits,
        })
    }
}

fn other_protocol(bytes: &[u8]) -> OtherProtocol {
    OtherProtocol(String::from_utf8_lossy(bytes).into_owned())
}
