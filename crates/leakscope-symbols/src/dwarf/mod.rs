//! Debug information (DWARF 2 to 5): functions, inlined calls, files and lines.
//!
//! The chain, one file each: [`sections`] holds the bytes, [`units`] knows which compilation
//! unit covers an address, [`lines`] and [`functions`] read one unit when it is first asked for,
//! [`entry`] reads one entry of its tree, [`names`] finds the name that an entry refers to. Variables aside: [`globals`]
//! finds them in all units, [`types`] says what lies at an offset in one.
//!
//! Why not the crate addr2line, which does the same: it takes the debug information of functions
//! that the linker discarded at its word, so that on a microcontroller whose flash begins at
//! address 0 a discarded function can hide a real one (GNU binutils has the same fault), and it
//! walks inlined calls by recursion, so that a damaged file can exhaust the stack. The tests have
//! both cases; elsewhere they hold this module to what addr2line says.

mod entry;
mod functions;
mod globals;
mod lines;
mod names;
mod sections;
mod types;
mod units;

pub(crate) use globals::Global;
pub(crate) use sections::{Section, Sections};
pub use types::ValueKind;

use crate::CodeFrame;
use crate::code::Code;
use functions::Details;
use lines::Location;
use names::{Names, NamesInUnits};
use std::sync::Arc;
use units::{Unit, Units};

/// What the file's bytes are read through.
pub(crate) type Reader<'file> = gimli::EndianSlice<'file, gimli::RunTimeEndian>;
/// The sections, borrowed.
type Dwarf<'file> = gimli::Dwarf<Reader<'file>>;
/// The sections and one opened unit.
type UnitRef<'unit, 'file> = gimli::UnitRef<'unit, Reader<'file>>;

/// The debug information of one file.
#[derive(Debug)]
pub(crate) struct DebugInfo {
    sections: Sections,
    units: Units,
    names: Names,
}

impl DebugInfo {
    /// Finds the units and the addresses they cover; reads nothing inside them.
    pub(crate) fn new(sections: Sections, file: &[u8], code: &Code) -> Self {
        let units = Units::find(&sections.borrow(file), code);
        Self {
            sections,
            units,
            names: Names::default(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    /// The functions active at `address`, innermost first.
    pub(crate) fn frames(&self, file: &[u8], code: &Code, address: u64) -> Vec<CodeFrame> {
        let dwarf = self.sections.borrow(file);
        let mut line_only = Vec::new();
        for unit in self.units.containing(address) {
            let frames = self.frames_in(unit, &dwarf, code, address);
            match frames.first() {
                Some(frame) if frame.function.is_some() => return frames,
                Some(_) if line_only.is_empty() => line_only = frames,
                _ => {}
            }
        }
        line_only
    }

    fn frames_in(
        &self,
        unit: &Unit,
        dwarf: &Dwarf<'_>,
        code: &Code,
        address: u64,
    ) -> Vec<CodeFrame> {
        let Some(contents) = unit.contents(dwarf, code, &self.names) else {
            return Vec::new();
        };
        let mut location = contents.lines.location(address);
        let Some(function) = contents.functions.at(address) else {
            return location
                .map(|location| frame(None, location, false))
                .into_iter()
                .collect();
        };
        let details = function.details(|offset| {
            let Ok(opened) = unit.open(dwarf) else {
                return Details::default();
            };
            let names = NamesInUnits {
                names: &self.names,
                dwarf,
                units: &self.units,
            };
            Details::read(UnitRef::new(dwarf, &opened), offset, &names)
        });
        let mut frames = Vec::new();
        for call in details.inlined_at(address) {
            let here = location.take().unwrap_or_default();
            frames.push(frame(call.function.clone(), here, true));
            location = Some(contents.lines.call_location(call));
        }
        let here = location.unwrap_or_default();
        frames.push(frame(details.name.clone(), here, false));
        frames
    }
}

fn frame(function: Option<Arc<str>>, location: Location, inlined: bool) -> CodeFrame {
    CodeFrame {
        function,
        file: location.file,
        line: location.line,
        column: location.column,
        inlined,
    }
}
