//! What a format is told of a recording, in order of time.

use std::io;

use leakscope_analysis::heap::Effect;
use leakscope_analysis::trace::{Event, Occasion, Switch, Trace};

use crate::lives::Change;

/// What an event did to the heap.
#[derive(Clone, Copy, Debug)]
pub struct Effected<'e> {
    /// When, where and by whom.
    pub now: Occasion,
    /// What the event did; `None` if the exported part ends here.
    pub effect: Option<&'e Effect>,
    /// Whether the event itself lies in the exported part.
    pub is_chosen: bool,
    /// What that means for the blocks that are exported: first those that end, then those that begin.
    pub changes: &'e [Change],
    /// The number of the block that lives on as its reallocation failed, if it is exported.
    pub kept: Option<u64>,
    /// Bytes that live, whether they are exported or not.
    pub live_bytes: u64,
}

/// A format, being written.
///
/// # Errors
/// All functions: those of the output.
pub trait Sink {
    /// An event did something to the heap, or the exported part ends.
    fn effect(&mut self, effected: &Effected<'_>) -> io::Result<()>;

    /// Somebody else runs. Told of all of the recording up to the end of the exported part.
    fn switched(&mut self, _switch: &Switch) -> io::Result<()> {
        Ok(())
    }

    /// Anything else, and what touched the heap too; `is_chosen` says that it lies in the exported part.
    fn event(&mut self, _event: &Event<'_>, _is_chosen: bool, _trace: &Trace) -> io::Result<()> {
        Ok(())
    }

    /// Everything was told. Returns what the format could not say, a sentence each without a full stop.
    fn finish(self: Box<Self>) -> io::Result<Vec<String>>;
}

/// Several formats, or several tables of one, being written at once.
#[derive(Default)]
pub struct Several<'s>(pub Vec<Box<dyn Sink + 's>>);

impl Sink for Several<'_> {
    fn effect(&mut self, effected: &Effected<'_>) -> io::Result<()> {
        self.0.iter_mut().try_for_each(|sink| sink.effect(effected))
    }

    fn switched(&mut self, switch: &Switch) -> io::Result<()> {
        self.0.iter_mut().try_for_each(|sink| sink.switched(switch))
    }

    fn event(&mut self, event: &Event<'_>, is_chosen: bool, trace: &Trace) -> io::Result<()> {
        let mut sinks = self.0.iter_mut();
        sinks.try_for_each(|sink| sink.event(event, is_chosen, trace))
    }

    fn finish(self: Box<Self>) -> io::Result<Vec<String>> {
        let losses: Vec<_> = self
            .0
            .into_iter()
            .map(Sink::finish)
            .collect::<io::Result<_>>()?;
        Ok(losses.concat())
    }
}
