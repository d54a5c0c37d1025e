//! A call site as the rules see it: its history, and the stretch of the trace that counts.

use super::loss::Loss;
use super::rhythm::Rhythm;
use super::{Confidence, Finding, SiteHistory, Span, Word};

/// A silence of the whole heap at the end of the trace is cut off. If it is more than this share of it, the
/// program may have done no more than start, and that it did more wants proof.
const MOST_SILENCE: f64 = 0.5;

/// That proof: so many occasions on which blocks were left, with frees of other blocks between them. Who
/// starts up allocates, and hardly frees.
const LEAST_USE: usize = 6;

/// The share of a trace, or of the time in which the heap was in use, that counts as start-up.
pub(super) const START_UP: u64 = 20;

/// What fits into this share of a second is no pattern: programs take longer than that to start up.
const SHORT: u64 = 200;

/// From this share of the trace on, a free counts as cleaning up at the end.
const SHUTDOWN: f64 = 0.98;

/// A free this close to an allocation, compared to the longest time between allocations, belongs to it.
const REPLACED: f64 = 0.05;

/// It is no accident that this many blocks took the place of the oldest: a queue that grows frees fewer than it allocates.
const LEAST_REPLACED: u64 = 3;

/// Whether so many ticks are too short a time to tell a habit from the program's start. Never, if nobody knows
/// how long a second is.
pub(crate) fn is_short(ticks: u64, second: u64) -> bool {
    ticks < second / SHORT
}

/// A call site, and the stretch of time in which it is judged.
pub(super) struct Case<'a> {
    /// Its life.
    pub(super) history: &'a SiteHistory,
    /// The trace around it.
    pub(super) span: &'a Span,
    /// Where the observed stretch begins: the end of start-up.
    pub(super) from: u64,
    /// Where it ends: the end of the trace, or the heap's last event if it fell silent before, or where the site found no
    /// memory any more: who cannot grow has not stopped growing.
    pub(super) to: u64,
    /// Whether the heap was silent for most of the trace.
    pub(super) is_idle: bool,
    /// How lost data weigh on the site; `None` if they do not.
    pub(super) loss: Option<Loss<'a>>,
}

impl<'a> Case<'a> {
    pub(super) fn new(history: &'a SiteHistory, span: &'a Span) -> Self {
        Self {
            loss: Loss::of(history, span),
            ..Self::without_loss(history, span)
        }
    }

    /// The site as if no data had been lost.
    pub(super) fn without_loss(history: &'a SiteHistory, span: &'a Span) -> Self {
        let warm_up_end = span.warm_up_end.max(span.start).min(span.end);
        let last_event = span.last_heap_event.max(history.last_allocation);
        let silence = span.end.saturating_sub(last_event);
        let is_idle = silence as f64 > MOST_SILENCE * (span.end - warm_up_end) as f64;
        let from = if is_idle {
            let in_use = last_event.saturating_sub(span.start);
            warm_up_end.min(span.start.saturating_add(in_use / START_UP))
        } else {
            warm_up_end
        };
        Self {
            history,
            span,
            from,
            to: (history.failing_since.unwrap_or(last_event)).clamp(from, span.end.max(from)),
            is_idle,
            loss: None,
        }
    }

    /// Whether the stretch is too short to tell a habit from the program's start.
    pub(super) fn is_too_short(&self) -> bool {
        is_short(self.to.saturating_sub(self.span.start), self.span.second)
    }

    /// Whether the heap was in use, and the program did not merely start, when the site left its blocks.
    pub(super) fn was_in_use(&self) -> bool {
        let rhythm = Rhythm::new(self.births(), self.length(), self.to);
        !self.is_idle || rhythm.occasions_between(&self.span.frees) >= LEAST_USE
    }

    /// An accusation; if the heap was silent for most of the time, it holds for the rest.
    pub(super) fn accusation(&self, mut finding: Finding) -> Finding {
        if self.is_idle {
            finding.confidence = finding.confidence.min(Confidence::Medium);
            finding.reason.extend([
                Word::Text("; while the heap was in use ("),
                Word::Moment(self.from),
                Word::Text(" to "),
                Word::Moment(self.to),
                Word::Text(")"),
            ]);
        }
        finding
    }

    /// Why the observed stretch ends before the trace does.
    pub(super) fn why_it_ends(&self) -> [Word; 2] {
        let why = if self.history.failing_since.is_some() {
            "; no memory was found any more from "
        } else {
            "; the whole heap is silent after "
        };
        [Word::Text(why), Word::Moment(self.to)]
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

    /// Whether a block was freed, seen or not, while the program still did its work: before the last 2 % of the trace,
    /// and before the target was told to stop recording.
    pub(super) fn freed_before_shutdown(&self) -> bool {
        let reuse = self.history.first_reuse.into_iter();
        let first = self.history.first_free.into_iter().chain(reuse).min();
        first.is_some_and(|free| {
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

    /// Since when each block that began took the place of one from before, which was freed, if the site was filled up to then
    /// and has shown that often enough: it is full now.
    pub(super) fn is_full_since(&self) -> Option<u64> {
        let history = self.history;
        let (first_free, oldest) = (history.first_free?, *history.live_births.first()?);
        // One lives that came before: the place of each has been taken once at the most.
        let age = first_free.checked_sub(oldest).filter(|&age| age > 0)?;
        let births = &history.live_births;
        let stayed = births.partition_point(|&birth| birth < first_free) as u64;
        let is_full = self.loss.is_none()
            && history.frees >= LEAST_REPLACED
            // What came later is not freed while there are older ones.
            && history.frees.saturating_add(stayed) <= history.at_first_free
            // One is allocated before the one whose place it takes is freed, or after.
            && self.outstanding().abs_diff(history.at_first_free) <= 1
            && history.lifetimes.reaching(age) == history.frees;
        is_full.then_some(first_free)
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
