//! What a trace knows, as far as it was read.

use leakscope_systemview::Init;

use super::context::Context;
use super::event::{Event, ModuleEvent};
use super::modules::Module;
use super::reader::{Counts, Trace};
use super::stacks::Stacks;
use super::tasks::{Task, TaskIndex};
use crate::outcome::Target;
use crate::problem::Problems;

impl Trace {
    /// Who was recorded, as far as it is known yet.
    pub fn target(&self) -> Target {
        let mut target = self.target.clone();
        target.interrupts.sort();
        target.cores = self.streams.iter().map(|source| source.core).collect();
        if self
            .streams
            .iter()
            .any(|source| source.stream.part.core_bit)
        {
            target.cores = (0..self.cores.len() as u8).collect();
        }
        target.cores.sort_unstable();
        target.cores.dedup();
        target
    }

    /// All tasks seen so far.
    pub fn tasks(&self) -> &[Task] {
        self.tasks.list()
    }

    /// The task that an event's parameter means: a shrunk id, valid at this moment of the trace.
    pub fn task(&self, event: &Event<'_>, id: u32) -> Option<&Task> {
        let init = self.streams[event.stream].init;
        self.tasks.find(init.expand(id))
    }

    /// As [`Trace::task`], for [`Context::Task`].
    pub fn task_index(&self, event: &Event<'_>, id: u32) -> Option<TaskIndex> {
        let init = self.streams[event.stream].init;
        self.tasks.position(init.expand(id))
    }

    /// Who runs on a core after the last event.
    #[inline]
    pub fn running(&self, core: u8) -> Context {
        self.cores.current(core)
    }

    /// Whether all of it is one stream.
    pub(crate) fn is_one_stream(&self) -> bool {
        self.streams.len() == 1
    }

    /// How many cores were seen.
    pub fn cores(&self) -> usize {
        self.cores.len()
    }

    /// The name of a resource, by its shrunk id.
    pub fn resource(&self, id: u32) -> Option<&str> {
        self.resources.get(&id).map(String::as_str)
    }

    /// The name of a marker.
    pub fn marker(&self, marker: u32) -> Option<&str> {
        self.markers.get(&marker).map(String::as_str)
    }

    /// The name of an interrupt.
    pub fn interrupt(&self, number: u32) -> Option<&str> {
        let known = self
            .target
            .interrupts
            .iter()
            .find(|known| known.0 == number);
        known.map(|known| known.1.as_str())
    }

    /// All call stacks seen so far.
    pub fn stacks(&self) -> &Stacks {
        &self.stacks
    }

    /// The units of the stream that an event came from.
    pub fn init(&self, event: &Event<'_>) -> Option<Init> {
        let source = &self.streams[event.stream];
        source.has_init.then_some(source.init)
    }

    /// The module that an event belongs to, and the event's number in it.
    pub fn module_event(&self, event: &Event<'_>) -> Option<ModuleEvent<'_>> {
        let modules = &self.streams[event.stream].modules;
        modules.event(event.id)
    }

    /// Whether any module was announced so far.
    pub(crate) fn has_modules(&self) -> bool {
        let mut streams = self.streams.iter();
        streams.any(|source| !source.modules.list().is_empty())
    }

    /// Whether leakscope's recorder has announced itself.
    pub(crate) fn has_recorder(&self) -> bool {
        let mut streams = self.streams.iter();
        streams.any(|source| source.modules.has_recorder())
    }

    /// The modules that were announced so far, by the stream of the event.
    pub fn modules(&self, event: &Event<'_>) -> &[Module] {
        self.streams[event.stream].modules.list()
    }

    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        Counts {
            bytes: self
                .streams
                .iter()
                .map(|source| source.stream.bytes())
                .sum(),
            ..self.counts
        }
    }

    /// The last moment so far.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Since when every core has been idle at least once: by then the program had started up.
    pub fn idle_since(&self) -> Option<u64> {
        self.cores.idle_since
    }

    /// When events came of modules that nobody described, of which there are few.
    pub(crate) fn seldom_unnamed(&self) -> impl Iterator<Item = u64> {
        self.unnamed.seldom()
    }

    /// Between which moments bytes are missing or changed, as the target's own clock shows.
    pub(crate) fn torn_time(&self) -> &[(u64, u64)] {
        self.told_time.torn()
    }

    /// Between which moments none are; of several streams, that would have to be so of all.
    pub(crate) fn whole_time(&self) -> &[(u64, u64)] {
        match self.streams[..] {
            [_] => self.told_time.whole(),
            _ => &[],
        }
    }

    /// Whether Espressif's OpenOCD wrote the recording.
    pub fn is_espressif(&self) -> bool {
        self.espressif
    }

    /// What is wrong with the data, as far as reading them showed.
    pub fn problems(&self) -> &Problems {
        &self.problems
    }
}
