//! A call site as the rules see it: its history, and the stretch of the trace that counts.

use super::{SiteHistory, Span};

/// A silence of the whole heap at the end of the trace is cut off, but at most this share of it: a
/// program that allocates only when it starts is silent, too, and its start is not the whole of its life.
const MOST_SILENCE: f64 = 0.5;

/// From this share of the trace on, a free counts as cleaning up at the end.
const SHUTDOWN: f64 = 0.98;

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

    /// When the blocks that live now were allocated, without those of start-up.
    pub(super) fn births(&self) -> &'a [u64] {
        let births = &self.history.live_births;
        &births[births.partition_point(|&birth| birth < self.from)..]
    }

    /// The moment from which on frees count as cleaning up: the last 2 % of the trace, or what comes
    /// after the command to stop recording.
    pub(super) fn shutdown(&self) -> u64 {
        let ticks = (self.span.end - self.from) as f64 * SHUTDOWN;
        let late = self.from.saturating_add(ticks as u64).min(self.span.end);
        self.span.stopped.map_or(late, |stopped| stopped.min(late))
    }

    /// Whether a block was freed while the program still did its work.
    pub(super) fn freed_before_shutdown(&self) -> bool {
        self.history
            .first_free
            .is_some_and(|free| free < self.shutdown())
    }

    /// The site's floors in the windows that lie wholly in the observed stretch, from its first
    /// allocation on.
    pub(super) fn floors(&self) -> Floors<'a> {
        let window = self.span.window.max(1);
        let floors = &self.history.floors;
        let begin = self.from.max(self.history.first_allocation);
        let first = usize::try_from(begin.div_ceil(window))
            .map_or(floors.len(), |first| first.min(floors.len()));
        let past =
            usize::try_from(self.to / window).map_or(floors.len(), |past| past.min(floors.len()));
        Floors {
            first,
            window,
            bytes: &floors[first..past.max(first)],
        }
    }
}

/// The lowest numbers of live bytes in successive windows.
pub(super) struct Floors<'a> {
    /// The number of the first window; window 0 begins at tick 0.
    first: usize,
    /// Ticks of a window.
    pub(super) window: u64,
    /// One floor a window.
    pub(super) bytes: &'a [u64],
}

impl Floors<'_> {
    /// When a window begins; 0 is the first of these.
    pub(super) fn start(&self, index: usize) -> u64 {
        ((self.first + index) as u64).saturating_mul(self.window)
    }
}
