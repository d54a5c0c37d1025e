//! The functions of one unit, and the calls that were inlined into them.

use super::UnitRef;
use super::entry::Entry;
use super::lines::saturate;
use super::names::NamesInUnits;
use crate::code::Code;
use crate::ranges::RangeMap;
use gimli::{UnitOffset, constants as dw};
use std::cell::OnceCell;
use std::ops::Range;
use std::sync::Arc;

/// The functions of one unit that have code.
#[derive(Debug, Default)]
pub(super) struct Functions {
    functions: Vec<Function>,
    /// Indices of `functions`.
    ranges: RangeMap<usize>,
}

/// A function whose details are read when they are first asked for.
#[derive(Debug)]
pub(super) struct Function {
    /// Where its entry is in the unit.
    offset: UnitOffset,
    details: OnceCell<Details>,
}

/// A function's name, and what was inlined into it.
#[derive(Debug, Default)]
pub(super) struct Details {
    pub(super) name: Option<Arc<str>>,
    /// In the order of the tree: a call before those inside it.
    inlined: Vec<InlinedCall>,
}

/// A call that the compiler replaced by the function's body.
#[derive(Debug)]
pub(super) struct InlinedCall {
    /// The inlined call that this one lies in: an index of [`Details::inlined`].
    outer: Option<usize>,
    /// How many inlined calls this one lies in.
    depth: usize,
    ranges: Vec<Range<u64>>,
    /// The function that was called.
    pub(super) function: Option<Arc<str>>,
    /// Where the call is written: an index of the unit's files.
    pub(super) file: Option<u64>,
    /// 0 if unknown.
    pub(super) line: u32,
    /// 0 if unknown.
    pub(super) column: u32,
}

impl Functions {
    /// Finds the functions as far as the tree is sound, without those that the linker discarded.
    pub(super) fn read(unit: UnitRef<'_, '_>, code: &Code) -> Self {
        let mut functions = Vec::new();
        let mut ranges = Vec::new();
        // An error ends the walk; what was found before it stays.
        let _ = each_function(unit, |offset, entry| {
            let before = ranges.len();
            ranges.extend(
                entry
                    .ranges(unit)
                    .filter(|range| code.is_linked(range.start))
                    .map(|range| (range, functions.len())),
            );
            if ranges.len() > before {
                functions.push(Function {
                    offset,
                    details: OnceCell::new(),
                });
            }
        });
        Self {
            functions,
            ranges: RangeMap::new(ranges),
        }
    }

    /// The function that holds `address`; of nested functions the inner one.
    pub(super) fn at(&self, address: u64) -> Option<&Function> {
        let index = self.ranges.containing(address).next()?;
        self.functions.get(*index)
    }
}

fn each_function<'file>(
    unit: UnitRef<'_, 'file>,
    mut found: impl FnMut(UnitOffset, Entry<'file>),
) -> gimli::Result<()> {
    let mut entries = unit.entries_raw(None)?;
    while !entries.is_empty() {
        let offset = entries.next_offset();
        let Some(abbreviation) = entries.read_abbreviation()? else {
            continue;
        };
        if abbreviation.tag() == dw::DW_TAG_subprogram {
            found(offset, Entry::read(unit, &mut entries, abbreviation)?);
        } else {
            entries.skip_attributes(abbreviation.attributes())?;
        }
    }
    Ok(())
}

impl Function {
    /// The details; `read` reads them the first time.
    pub(super) fn details(&self, read: impl FnOnce(UnitOffset) -> Details) -> &Details {
        self.details.get_or_init(|| read(self.offset))
    }
}

impl Details {
    /// Reads the function at `offset` as far as its tree is sound.
    pub(super) fn read<'file>(
        unit: UnitRef<'_, 'file>,
        offset: UnitOffset,
        names: &NamesInUnits<'_, 'file>,
    ) -> Self {
        let mut details = Self::default();
        let _ = details.walk(unit, offset, names);
        details
    }

    fn walk<'file>(
        &mut self,
        unit: UnitRef<'_, 'file>,
        offset: UnitOffset,
        names: &NamesInUnits<'_, 'file>,
    ) -> gimli::Result<()> {
        let mut entries = unit.entries_raw(Some(offset))?;
        let top = entries.next_depth();
        let Some(abbreviation) = entries.read_abbreviation()? else {
            return Ok(());
        };
        let entry = Entry::read(unit, &mut entries, abbreviation)?;
        self.name = names.of(unit, &entry);

        // The inlined calls that the walk is inside of, with their depths in the tree.
        let mut inside: Vec<(isize, usize)> = Vec::new();
        // The depth in the tree of the nested function that the walk is inside of.
        let mut nested: Option<isize> = None;
        while !entries.is_empty() && entries.next_depth() > top {
            let depth = entries.next_depth();
            let Some(abbreviation) = entries.read_abbreviation()? else {
                continue;
            };
            while inside.last().is_some_and(|(outer, _)| *outer >= depth) {
                inside.pop();
            }
            if nested.is_some_and(|outer| depth <= outer) {
                nested = None;
            }
            match abbreviation.tag() {
                dw::DW_TAG_inlined_subroutine if nested.is_none() => {
                    let entry = Entry::read(unit, &mut entries, abbreviation)?;
                    let index = self.inlined.len();
                    self.inlined.push(InlinedCall {
                        outer: inside.last().map(|(_, index)| *index),
                        depth: inside.len(),
                        ranges: entry.ranges(unit).collect(),
                        function: names.of(unit, &entry),
                        file: entry.call_file,
                        line: saturate(entry.call_line),
                        column: saturate(entry.call_column),
                    });
                    inside.push((depth, index));
                }
                tag => {
                    if tag == dw::DW_TAG_subprogram && nested.is_none() {
                        nested = Some(depth);
                    }
                    entries.skip_attributes(abbreviation.attributes())?;
                }
            }
        }
        Ok(())
    }

    /// The inlined calls that hold `address`, innermost first.
    ///
    /// Only the innermost must list the address: DWARF 2 has no way to list all of a call that
    /// lies in several pieces.
    pub(super) fn inlined_at(&self, address: u64) -> impl Iterator<Item = &InlinedCall> {
        let holds = |call: &&InlinedCall| call.ranges.iter().any(|range| range.contains(&address));
        let innermost = self
            .inlined
            .iter()
            .filter(holds)
            .max_by_key(|call| call.depth);
        std::iter::successors(innermost, |call| self.inlined.get(call.outer?))
    }
}
