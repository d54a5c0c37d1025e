//! Names of functions and files: each text once, demangled once.

use super::entry::Entry;
use super::units::Units;
use super::{Dwarf, Reader, UnitRef};
use crate::demangle::demangle;
use gimli::{AttributeValue, DebugInfoOffset};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The part of a name or a path that is looked at, in bytes: a damaged string may have no end.
const LONGEST_TEXT: usize = 16 << 10;

/// An entry takes its name from another, which may take it from a third; more steps than this are
/// a circle.
const MOST_REFERENCES: usize = 16;

/// The texts met so far. Only looked up, never listed: their order reaches no output.
#[derive(Debug, Default)]
pub(super) struct Names {
    texts: RefCell<HashSet<Arc<str>>>,
    /// By offset in the section of entries.
    of_entries: RefCell<HashMap<usize, Option<Arc<str>>>>,
}

/// A string of the debug information. Its encoding is UTF-8, or else unknown.
pub(super) fn text(text: Reader<'_>) -> Cow<'_, str> {
    let bytes = text.slice();
    String::from_utf8_lossy(&bytes[..bytes.len().min(LONGEST_TEXT)])
}

impl Names {
    /// The one copy of `text`.
    pub(super) fn intern(&self, text: &str) -> Arc<str> {
        let mut texts = self.texts.borrow_mut();
        if let Some(known) = texts.get(text) {
            return Arc::clone(known);
        }
        let text: Arc<str> = text.into();
        texts.insert(Arc::clone(&text));
        text
    }
}

/// The names, and the units that entries may refer to.
pub(super) struct NamesInUnits<'info, 'file> {
    pub(super) names: &'info Names,
    pub(super) dwarf: &'info Dwarf<'file>,
    pub(super) units: &'info Units,
}

impl<'file> NamesInUnits<'_, 'file> {
    /// The name of the function that `entry` describes, demangled.
    pub(super) fn of(&self, unit: UnitRef<'_, 'file>, entry: &Entry<'file>) -> Option<Arc<str>> {
        self.after(unit, entry, MOST_REFERENCES)
    }

    fn after(
        &self,
        unit: UnitRef<'_, 'file>,
        entry: &Entry<'file>,
        references: usize,
    ) -> Option<Arc<str>> {
        if let Some(value) = entry.linkage_name.or(entry.name) {
            let name = text(unit.attr_string(value).ok()?);
            let demangled = demangle(&name);
            return Some(self.names.intern(demangled.as_deref().unwrap_or(&name)));
        }
        let references_left = references.checked_sub(1)?;
        let offset = match entry.origin? {
            AttributeValue::UnitRef(offset) => offset.to_debug_info_offset(&unit.header)?,
            AttributeValue::DebugInfoRef(offset) => offset,
            _ => return None,
        };
        if let Some(known) = self.names.of_entries.borrow().get(&offset.0) {
            return known.clone();
        }
        let name = self.at(unit, offset, references_left);
        let mut known = self.names.of_entries.borrow_mut();
        known.insert(offset.0, name.clone());
        name
    }

    /// The name of the entry at `offset`, in `unit` or any other.
    fn at(
        &self,
        unit: UnitRef<'_, 'file>,
        offset: DebugInfoOffset,
        references: usize,
    ) -> Option<Arc<str>> {
        let other;
        let (unit, offset) = if let Some(offset) = offset.to_unit_offset(&unit.header) {
            (unit, offset)
        } else {
            other = self.units.holding(offset)?.open(self.dwarf).ok()?;
            let offset = offset.to_unit_offset(&other.header)?;
            (UnitRef::new(self.dwarf, &other), offset)
        };
        let mut entries = unit.entries_raw(Some(offset)).ok()?;
        let abbreviation = entries.read_abbreviation().ok()??;
        let entry = Entry::read(unit, &mut entries, abbreviation).ok()?;
        self.after(unit, &entry, references)
    }
}
