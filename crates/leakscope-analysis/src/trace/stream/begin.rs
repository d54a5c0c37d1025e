//! Where a stream begins: at its start sequence, or where its packets begin to make sense.

use leakscope_systemview::{Frame, id, sync};

use super::explain::Chains;
use super::price::{BIT, Price};
use super::{Ready, Special, State, Stream, split};

/// What it costs that a recording begins inside a packet.
pub(super) const FIRST_GAP: Price = 20 * BIT;

/// So many bytes are searched for a start sequence before others are believed to be a recording.
const HEAD: usize = 64 * 1024;

/// This many packets in a row, of few kinds, are a recording that has lost its start.
const RUN_WITHOUT_START: usize = 128;

impl Stream {
    /// Looks for the beginning; `None` when that is done.
    pub(super) fn begin(&mut self) -> Option<Ready> {
        let bytes = self.unread_bytes();
        let start = sync::find(bytes, 0, self.part.core_bit);
        if start.is_none() && !self.complete && bytes.len() < HEAD {
            return Some(Ready::NeedBytes);
        }
        if bytes.is_empty() {
            self.state = State::End;
            return None;
        }
        let head = bytes[..start.unwrap_or(HEAD.min(bytes.len()))].to_vec();
        self.is_inside = start == Some(0);
        self.lacks_start = start.is_none();
        let frames: Vec<_> = (0..head.len())
            .map(|at| split(&head[at..], self.part.core_bit))
            .collect();
        let places = Chains::of(&frames).longest(&frames);
        let chain: Vec<Frame<'_>> = places.iter().filter_map(|&at| frames[at].ok()).collect();
        let first = places.first().copied().unwrap_or(0);
        if start.is_none() && !looks_like_packets(&head, first, &chain) {
            let offset = self.position();
            self.drop_rest();
            return Some(self.special(Special::Nothing { offset }));
        }
        let mut before = None;
        for frame in &chain {
            self.counts
                .learn(frame.id, frame.payload, frame.delta, before);
            before = Some(frame.id);
        }
        // What came once may be no packet at all, and would confirm itself.
        self.counts.halve();
        self.state = State::Reading;
        None
    }
}

/// Whether bytes without a start sequence are packets, of which this is the longest chain; it begins at `first`.
fn looks_like_packets(bytes: &[u8], first: usize, chain: &[Frame<'_>]) -> bool {
    if is_another_format(bytes) {
        return false;
    }
    let begins = bytes
        .strip_prefix(&sync::SYNC)
        .and_then(|rest| rest.first());
    if begins == Some(&(id::TRACE_START as u8)) {
        return true;
    }
    let length = chain.iter().map(|frame| frame.length).sum::<usize>();
    let mut ids: Vec<u32> = chain.iter().map(|frame| frame.id).collect();
    ids.sort_unstable();
    ids.dedup();
    let is_text = is_readable(&bytes[first..bytes.len().min(first + length)]);
    let is_most = length * 2 > bytes.len() && chain.len() >= ids.len() * 3 / 2;
    let is_long = chain.len() >= RUN_WITHOUT_START && ids.len() <= chain.len() / 4;
    !is_text && (is_long || is_most)
}

/// Whether a person could have written it: no control characters but white space and escapes.
fn is_readable(text: &[u8]) -> bool {
    text.iter()
        .all(|&byte| byte >= 0x20 && byte != 0x7F || matches!(byte, b'\t' | b'\n' | b'\r' | 0x1B))
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
