//! The one way to count what is in a window: its events are read again, and a [`Counter`] is told of each. Of a long window,
//! some counters take the sums of parts in place of events, so that only its edges are read.

use std::io;
use std::ops::{ControlFlow, Range};

use crate::index::parts::Part;
use crate::index::running::{Running, Span, unknown_since};
use crate::query::Window;
use crate::replay::{Reached, Replay, Seen};
use crate::scan::Scan;
use crate::source::TraceInputs;

/// Events that are read again in some milliseconds, and exactly.
const LONG: u64 = 1 << 16;

/// What is counted of a window.
pub(crate) trait Counter: Sized {
    fn new(scan: &Scan<'_>, window: Window) -> Self;

    /// An event of the window. `running` is who runs after it.
    fn event(&mut self, seen: &Seen<'_>, scan: &Scan<'_>, running: &Running);

    /// Somebody ran or was ready in this part of the window.
    fn span(&mut self, _span: Span) {}

    /// Whether it can do without the events of parts whose sums are known.
    const PASSES: bool = false;

    /// These parts are not read.
    fn pass(&mut self, _parts: &[Part]) {}

    /// The window is over.
    fn finish(&mut self) {}
}

/// A window, while it is read again for a counter.
pub(crate) struct Counting<C> {
    pub(crate) window: Window,
    pub(crate) counter: C,
    /// The last moment that was counted.
    reached: u64,
    /// From when on spans are told of.
    told_from: u64,
    /// Whether parts are to be passed when the replay ends.
    passes: bool,
    running: Running,
    replay: Option<Replay>,
}

impl<C: Counter> Counting<C> {
    /// Nothing is counted yet.
    pub(crate) fn new(scan: &Scan<'_>, window: Window) -> Self {
        Self::passing(scan, window, LONG)
    }

    /// The same, where parts are passed that hold so many events together, or more.
    pub(crate) fn passing(scan: &Scan<'_>, window: Window, least: u64) -> Self {
        let section = scan.sections.of_time(window.from);
        let mut replay = Replay::from_section(scan, section);
        let passes = C::PASSES && has_parts(scan, &scan.index.parts.within(window), least);
        if passes {
            replay.stop_at(scan, section);
        }
        Self {
            window,
            counter: C::new(scan, window),
            reached: 0,
            told_from: window.from,
            passes,
            running: std::mem::take(&mut replay.running),
            replay: Some(replay),
        }
    }

    /// Whether all of the window was counted.
    pub(crate) fn is_complete(&self) -> bool {
        self.replay.is_none()
    }

    /// Up to where it was counted.
    pub(crate) fn counted_to(&self) -> u64 {
        match self.replay {
            Some(_) => self.reached.clamp(self.window.from, self.window.to),
            None => self.window.to,
        }
    }

    /// Counts so many more events; returns whether all are counted.
    pub(crate) fn advance(
        &mut self,
        scan: &Scan<'_>,
        source: &mut dyn TraceInputs,
        events: u64,
    ) -> io::Result<bool> {
        let Some(mut replay) = self.replay.take() else {
            return Ok(true);
        };
        let limit = replay.index.saturating_add(events);
        loop {
            let events = limit.saturating_sub(replay.index);
            let reached = replay.run(scan, source, events, |seen| self.see(seen, scan))?;
            match reached {
                Reached::Limit => {
                    self.replay = Some(replay);
                    return Ok(false);
                }
                Reached::End if self.passes => self.pass(&mut replay, scan),
                Reached::End | Reached::Enough => break,
            }
        }
        self.settle(self.window.to.min(scan.trace.end()));
        self.counter.finish();
        Ok(true)
    }

    /// Reads up to the parts that can be passed, or passes them. A trace that grows has longer ones meanwhile.
    fn pass(&mut self, replay: &mut Replay, scan: &Scan<'_>) {
        let parts = &scan.index.parts;
        let within = parts.within(self.window);
        let [first, last] = [within.start, within.end].map(|part| parts.section_of(part));
        let begin = scan.sections.list().get(first).map(|section| section.first);
        // Others may be the most by now, and lie behind.
        let is_passed = begin.is_none_or(|begin| begin < replay.index);
        if within.is_empty() || is_passed {
            self.passes = false;
            replay.extend(scan);
            return;
        }
        if begin.is_some_and(|begin| replay.index < begin) {
            replay.stop_at(scan, first);
            return;
        }
        self.passes = false;
        self.settle(parts.begin_of(within.start));
        self.told_from = parts.begin_of(within.end);
        self.counter.pass(&parts.list()[within]);
        *replay = Replay::from_section(scan, last);
        self.running = std::mem::take(&mut replay.running);
    }

    /// Who runs has done so up to this moment.
    fn settle(&mut self, time: u64) {
        let told = self.told();
        let counter = &mut self.counter;
        (self.running).settle(time, |span| tell(counter, told, span));
    }

    /// The part of the window of which spans are told.
    fn told(&self) -> Window {
        Window {
            from: self.told_from,
            ..self.window
        }
    }

    fn see(&mut self, seen: &Seen<'_>, scan: &Scan<'_>) -> ControlFlow<()> {
        let event = &seen.event;
        let told = self.told();
        let counter = &mut self.counter;
        let number = |core, is| scan.actors.numbered(core, is);
        let span = |span| tell(counter, told, span);
        if unknown_since(event) >= self.window.to {
            return ControlFlow::Break(());
        }
        self.running.observe(event, seen.trace, number, span);
        if event.time >= self.window.to {
            // The end of the window was lost.
            return ControlFlow::Break(());
        }
        self.reached = event.time;
        if event.time >= self.window.from {
            self.counter.event(seen, scan, &self.running);
        }
        ControlFlow::Continue(())
    }
}

/// Whether there are parts, and so many events in them.
fn has_parts(scan: &Scan<'_>, parts: &Range<usize>, events: u64) -> bool {
    let sections = scan.sections.list();
    let first_of = |part| sections[scan.index.parts.section_of(part)].first;
    !parts.is_empty() && first_of(parts.end) - first_of(parts.start) >= events
}

/// Tells of what of a span lies in the window.
fn tell(counter: &mut impl Counter, window: Window, span: Span) {
    let (from, to) = (span.from.max(window.from), span.to.min(window.to));
    if from < to {
        counter.span(Span { from, to, ..span });
    }
}
