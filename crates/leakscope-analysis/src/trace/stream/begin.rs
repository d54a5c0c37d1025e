//! Where a stream begins: at its start sequence, or where its packets begin to make sense.

use leakscope_systemview::{Frame, Text, id, sync};

use super::cut::is_readable;
use super::explain::longest_chain;
use super::{Ready, Special, State, Stream, split};

/// A start sequence is sought in so many bytes before others are believed to be a recording.
const HEAD: usize = 64 * 1024;

/// This many packets in a row, of few kinds, are a recording that has lost its start.
const RUN_WITHOUT_START: usize = 128;

impl Stream {
    /// Looks for the beginning; `None` when that is done.
    pub(super) fn begin(&mut self) -> Option<Ready> {
        let bytes = &self.buffer[self.unread.clone()];
        let start = sync::find(bytes, 0, self.part.core_bit);
        if start.is_none() && !self.complete && bytes.len() < HEAD {
            return Some(Ready::NeedBytes);
        }
        if bytes.is_empty() {
            self.state = State::End;
            return None;
        }
        self.state = State::Reading;
        self.is_inside = start == Some(0);
        self.lacks_start = start.is_none();
        if start == Some(0) {
            self.history.forget(self.offset + self.unread.start as u64);
            return None;
        }
        let head = &bytes[..start.unwrap_or(bytes.len()).min(HEAD)];
        let head = &without_syncs(head, self.part.core_bit)[..];
        let frames = (0..head.len())
            .map(|at| split(&head[at..], self.part.core_bit))
            .collect();
        let chain = longest_chain(&frames);
        if start.is_none() && !looks_like_packets(head, &chain) {
            let offset = self.position();
            self.drop_rest();
            return Some(self.special(Special::Nothing { offset }));
        }
        let mut before = None;
        for (_, frame) in chain {
            self.counts
                .learn(frame.id, frame.payload, frame.delta, before);
            before = Some(frame.id);
        }
        // What came once may be no packet at all, and would confirm itself.
        self.counts.halve();
        None
    }
}

/// The bytes without the syncs before which a recorder tells the time again, for who comes late: packets follow one another there.
fn without_syncs(bytes: &[u8], core_bit: bool) -> Vec<u8> {
    let is_before_time = |&at: &usize| {
        let behind = split(&bytes[at + sync::SYNC.len()..], core_bit);
        behind.is_ok_and(|frame| matches!(frame.id, id::SYSTIME_CYCLES | id::SYSTIME_US))
    };
    let (mut kept, mut from) = (Vec::with_capacity(bytes.len()), 0);
    for at in sync::zeros(bytes, 0).filter(is_before_time) {
        kept.extend_from_slice(&bytes[from..at]);
        from = at + sync::SYNC.len();
    }
    kept.extend_from_slice(&bytes[from..]);
    kept
}

/// Whether bytes without a start sequence are packets, of which this is the longest chain.
fn looks_like_packets(bytes: &[u8], chain: &[(usize, &Frame<'_>)]) -> bool {
    let Some(&(first, _)) = chain.first().filter(|_| !is_another_format(bytes)) else {
        return false;
    };
    let begins = bytes
        .strip_prefix(&sync::SYNC)
        .and_then(|rest| rest.first());
    if begins == Some(&(id::TRACE_START as u8)) {
        return true;
    }
    let length = chain.iter().map(|(_, frame)| frame.length).sum::<usize>();
    let mut ids: Vec<u32> = chain.iter().map(|(_, frame)| frame.id).collect();
    ids.sort_unstable();
    ids.dedup();
    let is_text = is_readable(Text(&bytes[first..first + length]));
    let is_most = length * 2 > bytes.len() && 2 * chain.len() >= 3 * ids.len();
    let is_long = chain.len() >= RUN_WITHOUT_START && ids.len() <= chain.len() / 4;
    !is_text && (is_long || is_most)
}

/// Whether these are the first bytes of a file in a format that says so itself. Parts of a large enough
/// file can look like packets.
fn is_another_format(bytes: &[u8]) -> bool {
    /// ELF, PNG, PDF, ZIP, Windows and macOS programs, static libraries, images of ESP chips for UF2.
    const SIGNATURES: [&[u8]; 9] = [
        b"\x7FELF",
        b"\x89PNG",
        b"%PDF",
        b"PK\x03\x04",
        b"MZ\x90\x00",
        b"\xCF\xFA\xED\xFE",
        b"\xCA\xFE\xBA\xBE",
        b"!<arch>\n",
        b"UF2\n",
    ];
    SIGNATURES
        .iter()
        .any(|signature| bytes.starts_with(signature))
}
