//! Variables that have a place of their own: globals, and statics inside of functions.

use std::sync::Arc;

use gimli::{AttributeValue, DebugInfoOffset, Operation, UnitOffset, constants as dw};

use super::names::text;
use super::{DebugInfo, Dwarf, Reader, UnitRef};

/// A variable with a place of its own.
#[derive(Clone, Debug)]
pub(crate) struct Global {
    pub(crate) address: u64,
    pub(crate) name: Option<Arc<str>>,
    /// The source file of its unit.
    pub(crate) file: Option<Arc<str>>,
    pub(crate) type_at: Option<DebugInfoOffset>,
}

/// An entry takes its name and its type from another one, which may take it from a third.
const MOST_REFERENCES: usize = 16;

/// What an entry says of a variable.
#[derive(Default)]
struct Declared<'file> {
    name: Option<AttributeValue<Reader<'file>>>,
    type_at: Option<DebugInfoOffset>,
    origin: Option<UnitOffset>,
    location: Option<AttributeValue<Reader<'file>>>,
}

impl DebugInfo {
    /// All variables with a place of their own, as far as the tree of each unit is sound.
    pub(crate) fn globals(&self, file: &[u8]) -> Vec<Global> {
        let dwarf = self.sections.borrow(file);
        let mut globals = Vec::new();
        for unit in self.units.iter() {
            let Ok(opened) = unit.open(&dwarf) else {
                continue;
            };
            let unit = UnitRef::new(&dwarf, &opened);
            // An error ends the walk; what was found before it stays.
            let _ = self.walk(unit, &mut globals);
        }
        globals
    }

    fn walk(&self, unit: UnitRef<'_, '_>, globals: &mut Vec<Global>) -> gimli::Result<()> {
        let file = unit.name.map(|name| self.names.intern(&text(name)));
        let mut entries = unit.entries_raw(None)?;
        while !entries.is_empty() {
            let Some(abbreviation) = entries.read_abbreviation()? else {
                continue;
            };
            if abbreviation.tag() != dw::DW_TAG_variable {
                entries.skip_attributes(abbreviation.attributes())?;
                continue;
            }
            let mut declared = Declared::default();
            for specification in abbreviation.attributes() {
                let attribute = entries.read_attribute(*specification)?;
                declared.add(unit, attribute.name(), attribute.value());
            }
            let Some(address) = declared.location.and_then(|value| place(unit, &value)) else {
                continue;
            };
            for _ in 0..MOST_REFERENCES {
                let Some(origin) = declared.origin.take() else {
                    break;
                };
                let mut entries = unit.entries_raw(Some(origin))?;
                if let Some(abbreviation) = entries.read_abbreviation()? {
                    for specification in abbreviation.attributes() {
                        let attribute = entries.read_attribute(*specification)?;
                        declared.add(unit, attribute.name(), attribute.value());
                    }
                }
            }
            let name = declared.name.and_then(|name| unit.attr_string(name).ok());
            globals.push(Global {
                address,
                name: name.map(|name| self.names.intern(&text(name))),
                file: file.clone(),
                type_at: declared.type_at,
            });
        }
        Ok(())
    }
}

impl<'file> Declared<'file> {
    /// What an entry says itself counts before what it refers to.
    fn add(
        &mut self,
        unit: UnitRef<'_, 'file>,
        name: gimli::DwAt,
        value: AttributeValue<Reader<'file>>,
    ) {
        match name {
            dw::DW_AT_name => self.name = self.name.or(Some(value)),
            dw::DW_AT_location => self.location = self.location.or(Some(value)),
            dw::DW_AT_type => self.type_at = self.type_at.or(reference(unit, &value)),
            dw::DW_AT_specification | dw::DW_AT_abstract_origin => {
                if let AttributeValue::UnitRef(offset) = value {
                    self.origin = Some(offset);
                }
            }
            _ => {}
        }
    }
}

/// Where an attribute refers to, in the section of entries.
pub(super) fn reference(
    unit: UnitRef<'_, '_>,
    value: &AttributeValue<Reader<'_>>,
) -> Option<DebugInfoOffset> {
    match *value {
        AttributeValue::UnitRef(offset) => offset.to_debug_info_offset(&unit.header),
        AttributeValue::DebugInfoRef(offset) => Some(offset),
        _ => None,
    }
}

/// The address of a variable whose place is one address.
fn place(unit: UnitRef<'_, '_>, value: &AttributeValue<Reader<'_>>) -> Option<u64> {
    let AttributeValue::Exprloc(expression) = value else {
        return None;
    };
    let mut operations = (*expression).operations(unit.encoding());
    let address = match operations.next().ok()?? {
        Operation::Address { address } => address,
        Operation::AddressIndex { index } => unit.address(index).ok()?,
        _ => return None,
    };
    // LLVM merges variables, and describes each as a place in the common one.
    match operations.next().ok()? {
        None => Some(address),
        Some(Operation::PlusConstant { value }) => {
            let is_all = operations.next().ok()?.is_none();
            address.checked_add(value).filter(|_| is_all)
        }
        Some(_) => None,
    }
}

/// Opens the unit that holds an entry.
pub(super) fn unit_of<'file>(
    info: &DebugInfo,
    dwarf: &Dwarf<'file>,
    offset: DebugInfoOffset,
) -> Option<(gimli::Unit<Reader<'file>>, UnitOffset)> {
    let unit = info.units.holding(offset)?.open(dwarf).ok()?;
    let offset = offset.to_unit_offset(&unit.header)?;
    Some((unit, offset))
}
