//! The front of inputs that are still being written: it says where the streams are, as far as it is there.

use leakscope_systemview::sync;

use super::layout::{HEAD, Layout};

/// Where the streams are in inputs, as far as their first bytes have come.
#[derive(Clone, Debug, Default)]
pub struct Front {
    layout: Layout,
    seen: Seen,
}

/// How much of the front was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Seen {
    /// More of it may come.
    #[default]
    Part,
    Whole,
    /// It was passed over, up to the first start sequence.
    Skipped,
}

impl Front {
    /// Whether it must be looked at before more is read; `grows` as in [`Feed::grows`](super::Feed::grows).
    pub fn is_open(&self, grows: bool) -> bool {
        match self.seen {
            Seen::Part => true,
            Seen::Whole => false,
            Seen::Skipped => !grows,
        }
    }

    /// Looks at the first bytes of each input ([`HEAD`] of them, or all there are). Returns whether the streams
    /// are others than was thought: then they must be read from their beginning.
    ///
    /// A stream that was caught in the middle is searched at length for its beginning, and reading waits for that.
    /// As long as the inputs grow and nothing was read (`has_packets`), the first start sequence will do; when they
    /// no longer grow, this short cut is given up.
    pub fn look(&mut self, heads: &[Vec<u8>], grows: bool, has_packets: bool) -> bool {
        let slices: Vec<&[u8]> = heads.iter().map(Vec::as_slice).collect();
        let mut layout = Layout::of(&slices);
        let is_short = heads.iter().any(|head| head.len() < HEAD);
        self.seen = if grows && !has_packets && layout.skip_to_start(&slices) {
            Seen::Skipped
        } else if grows && is_short {
            Seen::Part
        } else {
            Seen::Whole
        };
        let is_other = layout != self.layout;
        self.layout = layout;
        is_other
    }

    /// Where the streams are, by what was seen last.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }
}

impl Layout {
    /// The only stream begins at the first start sequence, if that is seen already and is not at the front;
    /// whether it was so.
    fn skip_to_start(&mut self, heads: &[&[u8]]) -> bool {
        let ([part], [head]) = (self.parts.as_mut_slice(), heads) else {
            return false;
        };
        let start = sync::find(head, part.start as usize, part.core_bit);
        let behind = start.filter(|&start| start as u64 > part.start);
        part.start = behind.map_or(part.start, |start| start as u64);
        behind.is_some()
    }
}
