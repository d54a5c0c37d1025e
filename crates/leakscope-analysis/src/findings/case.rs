//! A call site as the rules see it: its history, and the stretch of the trace that counts.

use super::{SiteHistory, Span};

/// A silence of the whole heap at the end of the trace is cut off, but at most this share of it: a
/// program that allocates only when it starts is silent, too, and its start is not the whole of its life.
const MOST_SILENCE: f64 = 0.5;

/// From this share of the trace on, a free counts as cleaning up at the end.
const SHUTDOWN: f64 = 0.98;

/// A free this close to an allocation, compared to the longest time between allocations, belongs to it.
const REPLACED: f64 = 0.05;

/// A call site, and the stretch of time in which it is judged.
pub(super) struct Case<'a> {
    /// Its life.
    pub(super) history: &'a SiteHistory,
    /// The trace around it.
    pub(super) span: &'a Span,
    /// Where the observed stretch begins: the end of start-up.
    pub(super) from: u64,
    /// Where it ends: the end of the trace, or the heap's last event if it fell silent before.
    pub(super) to: u64,
}

impl<'a> Case<'a> {
    pub(super) fn new(history: &'a SiteHistory, span: &'a Span) -> Self {
        let from = span.warm_up_end.max(span.start).min(span.end);
        let last_event = span.last_heap_event.max(history.last_allocation);
        let silence = span.end.saturating_sub(last_event);
        let to = if silence as f64 <= MOST_SILENCE * (span.end - from) as f64 {
            last_event.clamp(from, span.end)
        } else {
            span.end
        };
        Self {
            history,
            span,
            from,
            to,
        }
    }

    /// Ticks of the observed stretch.
    pub(super) fn length(&self) -> f64 {
        (self.to - self.from) as f64
    }

    /// Where a moment lies in the observed stretch: 0 at its begin, 1 at its end. Earlier moments are
    /// below 0, later ones above 1.
    pub(super) fn position(&self, moment: u64) -> f64 {
        if self.to == self.from {
            return if moment < self.from { -1.0 } else { 1.0 };
        }
        (moment as f64 - self.from as f64) / self.length()
    }

    /// How many blocks of the site live now.
    pub(super) fn outstanding(&self) -> u64 {
        self.history.live_births.len() as u64
    }

    /// How the number of live bytes scatters by chance: its variance is at most this times its mean, if
    /// blocks come and go independently (Poisson; blocks of many sizes scatter as if all were large).
    pub(super) fn scatter(&self) -> f64 {
        let history = self.history;
        let mean = history.allocated_bytes as f64 / history.allocations.max(1) as f64;
        mean.max(history.largest as f64)
    }

    /// When the blocks that live now were allocated, without those of start-up.
    pub(super) fn births(&self) -> &'a [u64] {
        let births = &self.history.live_births;
        &births[births.partition_point(|&birth| birth < self.from)..]
    }

    /// Ticks of the trace after start-up, a silence at its end included.
    pub(super) fn whole_length(&self) -> f64 {
        (self.span.end - self.from) as f64
    }

    /// Whether a block was freed while the program still did its work: before the last 2 % of the trace,
    /// and before the target was told to stop recording.
    pub(super) fn freed_before_shutdown(&self) -> bool {
        self.history.first_free.is_some_and(|free| {
            let into_trace = free.saturating_sub(self.from) as f64;
            into_trace < SHUTDOWN * self.whole_length()
                && self.span.stopped.is_none_or(|stopped| free < stopped)
        })
    }

    /// Whether the site holds one block, its largest ever, that took the place of another: an array that is
    /// reallocated as it fills up, and nobody knows how far.
    pub(super) fn is_growing_block(&self) -> bool {
        let history = self.history;
        let replaced = history.last_free.is_some_and(|free| {
            let apart = free.abs_diff(history.last_allocation) as f64;
            apart <= REPLACED * history.longest_silence as f64
        });
        self.outstanding() == 1
            && replaced
            && history.live_bytes >= history.max_live_bytes
            && history.max_first_reached == history.last_allocation
    }

    /// The site's floors in the windows that lie wholly in the observed stretch, from its first
    /// allocation on.
    pub(super) fn floors(&self) -> Floors<'a> {
        let window = self.span.window.max(1);
        let floors = &self.history.floors;
        let whole = |windows: u64| {
            usize::try_from(windows).map_or(floors.len(), |windows| windows.min(floors.len()))
        };
        let since_start = |moment: u64| moment.saturating_sub(self.span.start);
        let begin = self.from.max(self.history.first_allocation);
        let first = whole(since_start(begin).div_ceil(window));
        let past = whole(since_start(self.to) / window).max(first);
        Floors {
            start: (first as u64)
                .saturating_mul(window)
                .saturating_add(self.span.start),
            window,
            bytes: &floors[first..past],
        }
    }
}

/// The lowest numbers of live bytes in successive windows.
pub(super) struct Floors<'a> {
    /// When the first window begins.
    pub(super) start: u64,
    /// Ticks of a window.
    pub(super) window: u64,
    /// One floor a window.
    pub(super) bytes: &'a [u64],
}

impl Floors<'_> {
    /// When the window of an index begins.
    pub(super) fn begin(&self, index: usize) -> u64 {
        self.window
            .saturating_mul(index as u64)
            .saturating_add(self.start)
    }

    /// Bytes from the first floor to the last; 0 if they fall.
    pub(super) fn rise(&self) -> u64 {
        match self.bytes {
            [first, .., last] => last.saturating_sub(*first),
            _ => 0,
        }
    }
}
