//! The modules of the target: who owns which event ids, and since when.

use std::ops::Range;

use leakscope_systemview::id;

use super::dialect::DialectId;
use super::event::ModuleEvent;
use super::lane::Lane;

/// What an event id of a module stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Meaning {
    /// No description covers it.
    #[default]
    Unknown,
    /// A heap module's, by its number there.
    Heap { dialect: DialectId, number: u32 },
    /// Another module's: [`Modules::event`] describes it.
    Module,
}

/// A module, as it was announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// The id of its first event.
    pub offset: u32,
    /// Its description, as the device sent it; several strings are joined with commas.
    pub description: String,
    /// Whether the target has restarted since: another firmware may run now.
    is_from_before: bool,
}

/// What a description is to those that came before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Description {
    Fits,
    /// It nearly has the name of a heap module, and is taken for its description.
    Resembles,
    /// It names another module at the same place. One of the two is damaged.
    Disagrees,
}

/// All modules, and the meaning of their event ids.
///
/// A module may be registered again and move; ids that meant something go on meaning it, until another
/// module takes them.
#[derive(Clone, Debug, Default)]
pub(super) struct Modules {
    list: Vec<Module>,
    meanings: Vec<Meaning>,
}

/// The number of a module's events is not sent. If its description names none, this many ids from its
/// offset on are taken to be its own where no other module follows.
const MOST_EVENTS: u32 = 64;
/// Descriptions are a few hundred bytes long; damaged recordings shall not add to them without end.
const LONGEST_DESCRIPTION: usize = 1 << 16;

impl Module {
    /// More of the description arrives, the same once more, or that of another module.
    fn describe(&mut self, text: &str) -> Description {
        let is_other = has_name(text) && name_of(text) != name_of(&self.description);
        let is_restarted = std::mem::take(&mut self.is_from_before);
        if is_other {
            if is_restarted || soundness(text) > soundness(&self.description) {
                text.clone_into(&mut self.description);
            }
            if !is_restarted {
                return Description::Disagrees;
            }
        } else if !self.description.contains(text)
            && self.description.len() + text.len() < LONGEST_DESCRIPTION
        {
            self.description.push(',');
            self.description.push_str(text);
        }
        Description::Fits
    }

    /// How many events it has, as far as its description names them.
    fn described_events(&self) -> u32 {
        let items = self.description.split(',').map(str::trim);
        let number = |item: &str| item.split(' ').next()?.parse::<u32>().ok();
        let last = items.filter_map(number).max();
        last.map_or(0, |last| last.saturating_add(1))
    }
}

impl Modules {
    pub(super) fn list(&self) -> &[Module] {
        &self.list
    }

    /// What an event id stands for; ids below [`id::FIRST_MODULE`] have no meaning here.
    #[inline]
    pub(super) fn meaning(&self, event: u32) -> Meaning {
        let index = event.wrapping_sub(id::FIRST_MODULE) as usize;
        self.meanings.get(index).copied().unwrap_or_default()
    }

    /// The description of an event of a module.
    pub(super) fn event(&self, event: u32) -> Option<ModuleEvent<'_>> {
        let owner = self
            .list
            .iter()
            .filter(|module| module.offset <= event)
            .max_by_key(|module| module.offset)?;
        Some(ModuleEvent {
            description: &owner.description,
            number: event - owner.offset,
        })
    }

    /// The target has restarted: what comes from now on may be another firmware's.
    pub(super) fn restart(&mut self) {
        for module in &mut self.list {
            module.is_from_before = true;
        }
    }

    /// A description arrives. Returns the ids that now have a meaning.
    pub(super) fn register(&mut self, offset: u32, text: &str) -> (Range<u32>, Description) {
        if !(id::FIRST_MODULE..=id::LAST).contains(&offset) {
            return (0..0, Description::Fits);
        }
        let known = self.list.iter_mut().find(|known| known.offset == offset);
        let description = match known {
            Some(module) => module.describe(text),
            None => {
                self.list.push(Module {
                    offset,
                    description: text.to_owned(),
                    is_from_before: false,
                });
                Description::Fits
            }
        };
        let name = name_of(text);
        let is_damaged = DialectId::named(name).is_none() && DialectId::resembling(name).is_some();
        let description = match description {
            Description::Fits if is_damaged => Description::Resembles,
            other => other,
        };
        (self.register_events(offset), description)
    }

    /// Whether the module of leakscope's recorder was described.
    pub(super) fn has_recorder(&self) -> bool {
        let mut names = self.list.iter().map(|module| name_of(&module.description));
        names.any(|name| DialectId::named(name).is_some_and(DialectId::is_recorders))
    }

    /// Whether a heap module was described, or guessed.
    pub(super) fn has_heap(&self) -> bool {
        let mut meanings = self.meanings.iter();
        meanings.any(|meaning| matches!(meaning, Meaning::Heap { .. }))
    }

    /// The ids of a module have a meaning from now on. Returns them.
    fn register_events(&mut self, offset: u32) -> Range<u32> {
        let Some(module) = self.list.iter().find(|module| module.offset == offset) else {
            return 0..0;
        };
        let name = name_of(&module.description);
        if let Some(dialect) = DialectId::named(name).or_else(|| DialectId::resembling(name)) {
            return self.register_heap(offset, dialect);
        }
        let events = match module.described_events() {
            0 => MOST_EVENTS,
            described => described.min(MOST_EVENTS),
        };
        let next = self.list.iter().map(|other| other.offset);
        let end = next
            .filter(|&other| other > offset)
            .min()
            .map_or(offset + events, |next| next.min(offset + events));
        for event in offset..end {
            self.set(event, Meaning::Module);
        }
        offset..end
    }

    /// A heap module begins at this offset. Returns its ids.
    pub(super) fn register_heap(&mut self, offset: u32, dialect: DialectId) -> Range<u32> {
        for number in 0..dialect.events() {
            self.set(offset + number, Meaning::Heap { dialect, number });
        }
        offset..offset + dialect.events()
    }

    /// The way that packets with this id take.
    pub(super) fn lane(&self, event: u32) -> Lane {
        match self.meaning(event) {
            Meaning::Heap { dialect, number } => dialect.lane(number),
            Meaning::Module | Meaning::Unknown => Lane::Common,
        }
    }

    fn set(&mut self, event: u32, meaning: Meaning) {
        let index = (event - id::FIRST_MODULE) as usize;
        if index >= self.meanings.len() {
            self.meanings.resize(index + 1, Meaning::Unknown);
        }
        self.meanings[index] = meaning;
    }
}

/// How likely it is that a description was read as it was sent: a damaged one has characters that none has, or a name
/// that nobody knows.
fn soundness(description: &str) -> (bool, bool) {
    let is_odd = |c: char| c.is_control() || c == '\u{fffd}';
    let is_known = DialectId::named(name_of(description)).is_some();
    (!description.contains(is_odd), is_known)
}

/// Whether a description names its module; the parts behind the first need not.
fn has_name(description: &str) -> bool {
    let mut items = description.split(',').map(str::trim);
    DialectId::named(description).is_some() || items.any(|item| item.starts_with("M="))
}

/// The name in a module's description. Older ESP-IDF sent the bare name, without `M=`.
fn name_of(description: &str) -> &str {
    let mut items = description.split(',').map(str::trim);
    let first = description.split(',').next().unwrap_or_default().trim();
    items
        .find_map(|item| item.strip_prefix("M="))
        .unwrap_or(first)
}
