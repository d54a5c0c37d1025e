//! The one way to count what is in a window: its events are read again, and a [`Counter`] is told of each.

use std::io;
use std::ops::ControlFlow;

use crate::index::running::{Running, Span};
use crate::query::Window;
use crate::replay::{Reached, Replay, Seen};
use crate::scan::Scan;
use crate::source::TraceInputs;

/// What is counted of a window.
pub(crate) trait Counter: Sized {
    fn new(scan: &Scan<'_>, window: Window) -> Self;

    /// An event of the window. `running` is who runs after it.
    fn event(&mut self, seen: &Seen<'_>, scan: &Scan<'_>, running: &Running);

    /// Somebody ran or was ready in this part of the window.
    fn span(&mut self, _span: Span) {}

    /// The window is over.
    fn finish(&mut self) {}
}

/// A window, while it is read again for a counter.
pub(crate) struct Counting<C> {
    pub(crate) window: Window,
    pub(crate) counter: C,
    /// The last moment that was counted.
    reached: u64,
    running: Running,
    replay: Option<Replay>,
}

impl<C: Counter> Counting<C> {
    /// Nothing is counted yet.
    pub(crate) fn new(scan: &Scan<'_>, window: Window) -> Self {
        let section = scan.index.sections.of_time(window.from);
        let mut replay = Replay::from_section(scan, section);
        Self {
            window,
            counter: C::new(scan, window),
            reached: 0,
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
        let reached = replay.run(scan, source, events, |seen| self.see(seen, scan))?;
        if reached == Reached::Limit {
            self.replay = Some(replay);
            return Ok(false);
        }
        let (counter, window) = (&mut self.counter, self.window);
        let end = window.to.min(scan.trace.end());
        (self.running).settle(end, |span| tell(counter, window, span));
        counter.finish();
        Ok(true)
    }

    fn see(&mut self, seen: &Seen<'_>, scan: &Scan<'_>) -> ControlFlow<()> {
        let event = &seen.event;
        if event.time >= self.window.to {
            return ControlFlow::Break(());
        }
        self.reached = event.time;
        let (counter, window) = (&mut self.counter, self.window);
        let number = |core, is| scan.index.actors.numbered(core, is);
        let span = |span| tell(counter, window, span);
        self.running.observe(event, seen.trace, number, span);
        if event.time >= window.from {
            self.counter.event(seen, scan, &self.running);
        }
        ControlFlow::Continue(())
    }
}

/// Tells of what of a span lies in the window.
fn tell(counter: &mut impl Counter, window: Window, span: Span) {
    let (from, to) = (span.from.max(window.from), span.to.min(window.to));
    if from < to {
        counter.span(Span { from, to, ..span });
    }
}
