//! What a stream keeps of its past: the bytes of the last packets, from which prices are learnt when something is in
//! doubt. A healthy recording learns none.

use super::{RING, Ready, Stream, split};

/// Where in the input the packets begin that prices may be learnt from.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct History {
    /// Where the last two stretches begin.
    places: [u64; 2],
    /// The next one begins there or behind.
    next: u64,
    /// What comes before was learnt from.
    learnt: u64,
}

/// Prices are learnt from the last one or two stretches of so many bytes.
const STRETCH: u64 = 8192;

impl History {
    /// A packet begins there.
    pub(super) const fn pass(&mut self, offset: u64) {
        if offset >= self.next {
            self.places = [self.places[1], offset];
            self.next = offset + STRETCH;
        }
    }

    /// Where in a buffer that begins at this offset the next stretch may begin.
    pub(super) const fn next(&self, offset: u64) -> usize {
        self.next.saturating_sub(offset) as usize
    }

    /// Nothing before this is to be learnt from any more.
    pub(super) const fn forget(&mut self, offset: u64) {
        self.learnt = offset;
    }

    fn first(&self) -> u64 {
        self.places[0].max(self.learnt)
    }
}

impl Stream {
    /// Drops the bytes that are no longer needed.
    pub(super) fn drop_past(&mut self) {
        let first = self.first_needed();
        self.move_to(first);
        self.buffer.copy_within(first..first + self.supplied, 0);
    }

    /// Where in the buffer the bytes begin that are still needed.
    fn first_needed(&self) -> usize {
        let history = self.history.first().saturating_sub(self.offset) as usize;
        if self.has_begun() && self.clock_runs {
            history.min(self.start_of(self.taken))
        } else {
            self.unread.start
        }
    }

    /// Where in the buffer a packet begins, or what comes next.
    pub(super) fn start_of(&self, number: usize) -> usize {
        if number < self.cut {
            self.pieces[number % RING].start as usize
        } else {
            self.unread.start
        }
    }

    /// Counts places from this byte of the buffer on.
    fn move_to(&mut self, first: usize) {
        for piece in &mut self.pieces {
            piece.start = piece.start.saturating_sub(first as u32);
            piece.payload_start = piece.payload_start.saturating_sub(first as u32);
        }
        self.offset += first as u64;
        self.unread = self.unread.start - first..self.unread.end.saturating_sub(first);
        self.supplied = self.supplied.saturating_sub(first);
    }

    /// Learns prices from the packets that were not learnt from yet, before those that may still be in doubt.
    pub(super) fn learn_history(&mut self) {
        let end = self.start_of(self.sure);
        let mut at = self.history.first().saturating_sub(self.offset) as usize;
        let mut before = None;
        while at < end
            && let Ok(frame) = split(&self.buffer[at..end], self.part.core_bit)
        {
            self.counts
                .learn(frame.id, frame.payload, frame.delta, before);
            before = Some(frame.id);
            at += frame.length;
        }
        self.history.forget(self.offset + end as u64);
    }

    /// What was cut and is not sure is cut again.
    pub(super) fn take_back(&mut self) {
        self.settle();
        if self.sure < self.cut {
            let first = self.pieces[self.sure % RING];
            self.unread.start = first.start as usize;
            self.time = first.time - u64::from(first.delta);
            self.cut = self.sure;
        }
    }

    /// Whether nothing was learnt since this copy of it.
    pub(in crate::trace) fn has_prices_of(&self, copy: &Self) -> bool {
        self.counts.are_shared_with(&copy.counts)
    }

    /// A copy without bytes: those that it needs are to be supplied once more.
    pub(in crate::trace) fn without_unread(&self) -> Self {
        let mut copy = Self {
            buffer: Vec::new(),
            steps: self.steps.clone(),
            counts: self.counts.clone(),
            kinds: self.kinds.clone(),
            wrapped: self.wrapped.clone(),
            unread: self.unread.clone(),
            complete: false,
            ..*self
        };
        copy.keep_counts();
        copy.resuming = Some(std::mem::replace(&mut copy.sure, copy.taken));
        copy.move_to(copy.first_needed());
        copy.unread.end = 0;
        copy.supplied = 0;
        copy
    }

    /// All is as it was at the checkpoint, as soon as the bytes are there: those too that were explained and not taken.
    pub(super) fn resume(&mut self, sure: usize) -> Option<Ready> {
        let explained: usize = self.steps.iter().map(|step| step.place.len()).sum();
        if self.unread.end < self.unread.start + explained && !self.complete {
            return Some(Ready::NeedBytes);
        }
        self.resuming = None;
        self.sure = sure;
        None
    }
}
