//! The compilation units, and which of them describe an address.

use super::entry::Entry;
use super::functions::Functions;
use super::lines::Lines;
use super::names::Names;
use super::{Dwarf, Reader, UnitRef};
use crate::code::Code;
use crate::ranges::RangeMap;
use gimli::{Abbreviations, DebugInfoOffset, Reader as _, Section as _, UnitType};
use std::cell::OnceCell;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

/// All units of a file, in the file's order.
#[derive(Debug)]
pub(super) struct Units {
    units: Vec<Unit>,
    /// Indices of `units`.
    ranges: RangeMap<usize>,
}

/// One unit; what is inside is read when it is first asked for.
#[derive(Debug)]
pub(super) struct Unit {
    offset: DebugInfoOffset,
    abbreviations: OnceCell<Arc<Abbreviations>>,
    contents: OnceCell<Option<Contents>>,
}

/// What is inside a unit.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) lines: Lines,
    pub(super) functions: Functions,
}

impl Units {
    /// Walks over the units, reading of each only the first entry.
    pub(super) fn find(dwarf: &Dwarf<'_>, code: &Code) -> Self {
        let section = *dwarf.debug_info.reader();
        // Units of a damaged file may share one list of ranges: no sound file has as many ranges
        // as bytes.
        let most_ranges = section.len()
            + dwarf.ranges.debug_ranges().reader().len()
            + dwarf.ranges.debug_rnglists().reader().len();
        let mut line_tables = HashSet::new();
        let mut units = Vec::new();
        let mut ranges = Vec::new();
        let mut rest = section;
        while !rest.is_empty() {
            let unit = Unit::at(DebugInfoOffset(section.len() - rest.len()));
            let skipped = rest
                .read_initial_length()
                .and_then(|(length, _)| rest.skip(length));
            // A unit that cannot be read hides no other.
            if let Ok(covered) = unit.ranges(dwarf, code, &mut line_tables) {
                let left = most_ranges.saturating_sub(ranges.len());
                ranges.extend(
                    covered
                        .into_iter()
                        .take(left)
                        .map(|range| (range, units.len())),
                );
                units.push(Unit::at(unit.offset));
            }
            if skipped.is_err() {
                break;
            }
        }
        Self {
            units,
            ranges: RangeMap::new(ranges),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Unit> {
        self.units.iter()
    }

    /// The units that may describe `address`, the one that begins nearest to it first.
    pub(super) fn containing(&self, address: u64) -> impl Iterator<Item = &Unit> {
        self.ranges
            .containing(address)
            .filter_map(|index| self.units.get(*index))
    }

    /// The unit that the entry at `offset` belongs to.
    pub(super) fn holding(&self, offset: DebugInfoOffset) -> Option<&Unit> {
        let after = self.units.partition_point(|unit| unit.offset.0 <= offset.0);
        self.units.get(after.checked_sub(1)?)
    }
}

impl Unit {
    fn at(offset: DebugInfoOffset) -> Self {
        Self {
            offset,
            abbreviations: OnceCell::new(),
            contents: OnceCell::new(),
        }
    }

    /// Reads the unit's header and first entry.
    pub(super) fn open<'file>(
        &self,
        dwarf: &Dwarf<'file>,
    ) -> gimli::Result<gimli::Unit<Reader<'file>>> {
        let header = dwarf.debug_info.header_from_offset(self.offset)?;
        let abbreviations = if let Some(known) = self.abbreviations.get() {
            known
        } else {
            let read = dwarf.abbreviations(&header)?;
            self.abbreviations.get_or_init(|| read)
        };
        gimli::Unit::new_with_abbreviations(dwarf, header, Arc::clone(abbreviations))
    }

    /// What is inside, or `None` if the unit is damaged.
    pub(super) fn contents(
        &self,
        dwarf: &Dwarf<'_>,
        code: &Code,
        names: &Names,
    ) -> Option<&Contents> {
        let read = || {
            let opened = self.open(dwarf).ok()?;
            let unit = UnitRef::new(dwarf, &opened);
            Some(Contents {
                lines: Lines::read(unit, code, names),
                functions: Functions::read(unit, code),
            })
        };
        self.contents.get_or_init(read).as_ref()
    }

    /// The addresses that the unit describes, without code that the linker discarded.
    ///
    /// A unit that lists no addresses has its line table read, unless one of `line_tables`, those
    /// read already.
    fn ranges(
        &self,
        dwarf: &Dwarf<'_>,
        code: &Code,
        line_tables: &mut HashSet<usize>,
    ) -> gimli::Result<Vec<Range<u64>>> {
        let opened = self.open(dwarf)?;
        let unit = UnitRef::new(dwarf, &opened);
        match unit.header.type_() {
            UnitType::Compilation | UnitType::Skeleton(_) => {}
            // Only there to be referred to.
            _ => return Ok(Vec::new()),
        }
        let mut entries = unit.entries_raw(None)?;
        let Some(abbreviation) = entries.read_abbreviation()? else {
            return Ok(Vec::new());
        };
        let entry = Entry::read(unit, &mut entries, abbreviation)?;
        let mut listed = entry
            .ranges(unit)
            .filter(|range| !range.is_empty())
            .peekable();
        if listed.peek().is_some() {
            return Ok(listed.filter(|range| code.is_linked(range.start)).collect());
        }
        let table = unit
            .line_program
            .as_ref()
            .map(|program| program.header().offset().0);
        if table.is_some_and(|offset| line_tables.insert(offset)) {
            return Ok(Lines::read(unit, code, &Names::default())
                .ranges()
                .collect());
        }
        Ok(Vec::new())
    }
}
