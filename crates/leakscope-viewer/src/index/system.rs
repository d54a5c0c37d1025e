//! What the recording says of itself: the System window's facts.

use leakscope_analysis::trace::{Event, Module, Trace};
use leakscope_systemview::{Init, Packet};
use rustc_hash::FxHashMap;

/// Facts about the target and counts of events.
#[derive(Clone, Debug, Default)]
pub(crate) struct SystemIndex {
    /// By id.
    counts: Vec<u64>,
    /// By core, the last that was said.
    pub(crate) init: Vec<(u8, Init)>,
    pub(crate) descriptions: Vec<String>,
    /// By id: what its first event was called. Listed by id only.
    names: FxHashMap<u32, String>,
    /// By core.
    pub(crate) modules: Vec<(u8, Vec<Module>)>,
}

/// More different descriptions than this are damage.
const DESCRIPTIONS: usize = 64;

impl SystemIndex {
    /// Counts an event.
    #[inline]
    pub(crate) fn count(&mut self, id: u32) {
        match self.counts.get_mut(id as usize) {
            Some(count) => *count += 1,
            None => self.count_first(id as usize),
        }
    }

    #[cold]
    fn count_first(&mut self, place: usize) {
        self.counts.resize(place + 1, 0);
        self.counts[place] = 1;
    }

    /// Whether there was an event with this id.
    #[inline]
    pub(crate) fn knows(&self, id: u32) -> bool {
        self.counts.get(id as usize).is_some_and(|&count| count > 0)
    }

    /// An event with this id is called so.
    pub(crate) fn learn_name(&mut self, id: u32, name: String) {
        self.names.insert(id, name);
    }

    /// What events with this id are called.
    pub(crate) fn name(&self, id: u32) -> Option<&str> {
        self.names.get(&id).map(String::as_str)
    }

    pub(crate) fn observe(&mut self, event: &Event<'_>, trace: &Trace) {
        match Packet::of(event.id, event.payload) {
            Ok(Packet::Init(init)) => {
                self.init.retain(|known| known.0 != event.core);
                self.init.push((event.core, init));
                self.init.sort_by_key(|known| known.0);
            }
            Ok(Packet::SysDesc { text }) => {
                let text = text.to_string();
                if self.descriptions.len() < DESCRIPTIONS && !self.descriptions.contains(&text) {
                    self.descriptions.push(text);
                }
            }
            Ok(Packet::ModuleDesc { .. }) => {
                self.modules.retain(|known| known.0 != event.core);
                self.modules
                    .push((event.core, trace.modules(event).to_vec()));
                self.modules.sort_by_key(|known| known.0);
            }
            _ => {}
        }
    }

    /// Ids that occurred and how often, ascending.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (u32, u64)> + '_ {
        let counted = (0..).zip(self.counts.iter().copied());
        counted.filter(|&(_, count)| count > 0)
    }
}
