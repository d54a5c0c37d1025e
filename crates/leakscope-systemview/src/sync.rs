//! Ten zero bytes: where a recording begins, and where a reader that lost its way can begin again.

use crate::frame::Frame;
use crate::id;

/// The sync: no packet, and without a delta.
pub const SYNC: [u8; 10] = [0; 10];

/// `INIT` comes right behind `TRACE_START`, unless an interrupt is recorded between them.
const INIT_WITHIN: usize = 8;

/// How sure a hit of [`find`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// `TRACE_START` and `INIT` follow, as in every recording's start sequence.
    Start,
    /// Ten zeros and nothing that confirms them. Unused call-stack slots look the same.
    Zeros,
}

/// Whether a recording begins at the front of `bytes`; `None` without ten zeros there.
#[must_use]
pub fn at(bytes: &[u8], core_bit: bool) -> Option<Sync> {
    let mut rest = bytes.strip_prefix(&SYNC)?;
    let split = if core_bit {
        Frame::split_with_core_bit
    } else {
        Frame::split
    };
    let mut next = || {
        let frame = split(rest).ok()?;
        rest = rest.get(frame.length..).unwrap_or_default();
        Some(frame)
    };
    let starts = next().is_some_and(|frame| frame.id == id::TRACE_START);
    let confirmed = starts
        && (0..INIT_WITHIN)
            .map_while(|_| next())
            .any(|frame| frame.id == id::INIT && (4..=20).contains(&frame.payload.len()));
    Some(if confirmed { Sync::Start } else { Sync::Zeros })
}

/// The first place at or after `from` where a recording's start sequence stands.
#[must_use]
pub fn find(bytes: &[u8], from: usize, core_bit: bool) -> Option<usize> {
    zeros(bytes, from).find(|&position| {
        bytes
            .get(position..)
            .is_some_and(|rest| at(rest, core_bit) == Some(Sync::Start))
    })
}

/// Every place at or after `from` where ten zeros stand, and the byte behind them is not zero.
pub fn zeros(bytes: &[u8], from: usize) -> impl Iterator<Item = usize> + '_ {
    let mut run = 0usize;
    bytes
        .iter()
        .enumerate()
        .skip(from)
        .filter_map(move |(position, &byte)| {
            if byte == 0 {
                run += 1;
                return None;
            }
            let long_enough = run >= SYNC.len();
            run = 0;
            long_enough.then(|| position - SYNC.len())
        })
}
