//! Types of variables: how large they are, and what lies at an offset.

use std::fmt::Write;

use gimli::{DebugInfoOffset, constants as dw};

use super::globals::{reference, unit_of};
use super::names::text;
use super::{DebugInfo, Dwarf, UnitRef};

/// What kind of value lies somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// A pointer or a reference.
    Pointer,
    /// A floating-point number.
    Float,
    /// Anything else, or not known.
    Other,
}

/// Types refer to types, and parts to types again: a made-up file could have them read for ever. No answer about a sound
/// file needs so many entries.
const MOST_ENTRIES: usize = 1 << 14;

/// One entry that describes a type, or a part of one.
#[derive(Clone, Debug, Default)]
struct Entry {
    tag: Option<gimli::DwTag>,
    name: Option<String>,
    type_at: Option<DebugInfoOffset>,
    bytes: Option<u64>,
    is_float: bool,
    /// Of a member: where it begins.
    offset: u64,
    /// Of a dimension: how many elements.
    count: Option<u64>,
}

impl DebugInfo {
    /// How many bytes a value of a type has, if it says so.
    pub(crate) fn size_of(&self, file: &[u8], type_at: DebugInfoOffset) -> Option<u64> {
        let dwarf = &self.sections.borrow(file);
        Types::new(self, dwarf).size(type_at)
    }

    /// What lies at an offset in a value of a type: `.head`, `[3].next`; nothing if it is the value itself.
    pub(crate) fn member_at(
        &self,
        file: &[u8],
        type_at: DebugInfoOffset,
        offset: u64,
    ) -> (String, ValueKind) {
        let dwarf = &self.sections.borrow(file);
        let mut path = String::new();
        let kind = Types::new(self, dwarf).descend(type_at, offset, &mut path);
        (path, kind.unwrap_or(ValueKind::Other))
    }
}

/// Reads entries, until there were too many.
struct Types<'t, 'file> {
    info: &'t DebugInfo,
    dwarf: &'t Dwarf<'file>,
    left: usize,
}

impl<'t, 'file> Types<'t, 'file> {
    fn new(info: &'t DebugInfo, dwarf: &'t Dwarf<'file>) -> Self {
        Self {
            info,
            dwarf,
            left: MOST_ENTRIES,
        }
    }

    fn size(&mut self, type_at: DebugInfoOffset) -> Option<u64> {
        // How many elements an array has, and arrays of it.
        let mut elements: u64 = 1;
        let mut at = type_at;
        loop {
            let (entry, parts) = self.entry(at)?;
            if let Some(bytes) = entry.bytes {
                return elements.checked_mul(bytes);
            }
            if entry.tag? == dw::DW_TAG_array_type {
                for part in &parts {
                    elements = elements.checked_mul(part.count?)?;
                }
            }
            at = entry.type_at?;
        }
    }

    fn descend(
        &mut self,
        type_at: DebugInfoOffset,
        offset: u64,
        path: &mut String,
    ) -> Option<ValueKind> {
        let (mut at, mut offset) = (type_at, offset);
        loop {
            let (entry, parts) = self.entry(at)?;
            match entry.tag? {
                dw::DW_TAG_structure_type | dw::DW_TAG_class_type | dw::DW_TAG_union_type => {
                    let holds = |part: &&Entry| {
                        let size = part.type_at.and_then(|at| self.size(at));
                        let inside = offset.checked_sub(part.offset);
                        // A pointer's size may not be said.
                        inside.is_some_and(|inside| inside < size.unwrap_or(8))
                    };
                    let members = parts
                        .iter()
                        .filter(|part| part.tag == Some(dw::DW_TAG_member));
                    let member = members.filter(holds).max_by_key(|part| part.offset)?;
                    if let Some(name) = &member.name {
                        let _ = write!(path, ".{name}");
                    }
                    offset -= member.offset;
                    at = member.type_at?;
                }
                dw::DW_TAG_array_type => {
                    at = entry.type_at?;
                    let element = self.size(at).filter(|size| *size > 0)?;
                    let index = offset / element;
                    offset %= element;
                    // Of an array of arrays, the last index counts single elements.
                    let mut below = parts.iter().map(|part| part.count.unwrap_or(1).max(1));
                    below.next();
                    let mut left = index;
                    let mut unit: u64 = below.clone().fold(1, u64::saturating_mul);
                    let _ = write!(path, "[{}]", left / unit);
                    for count in below {
                        left %= unit;
                        unit /= count;
                        let _ = write!(path, "[{}]", left / unit.max(1));
                    }
                }
                dw::DW_TAG_pointer_type
                | dw::DW_TAG_reference_type
                | dw::DW_TAG_rvalue_reference_type => return Some(ValueKind::Pointer),
                dw::DW_TAG_base_type if entry.is_float => return Some(ValueKind::Float),
                dw::DW_TAG_base_type => return Some(ValueKind::Other),
                _ => at = entry.type_at?,
            }
        }
    }

    /// An entry and its direct parts.
    fn entry(&mut self, at: DebugInfoOffset) -> Option<(Entry, Vec<Entry>)> {
        let (opened, offset) = unit_of(self.info, self.dwarf, at)?;
        let unit = UnitRef::new(self.dwarf, &opened);
        let mut entries = unit.entries_raw(Some(offset)).ok()?;
        let top = entries.next_depth();
        let mut found: Option<Entry> = None;
        let mut parts = Vec::new();
        while !entries.is_empty() && (found.is_none() || entries.next_depth() > top) {
            self.left = self.left.checked_sub(1)?;
            let depth = entries.next_depth();
            let Ok(Some(abbreviation)) = entries.read_abbreviation() else {
                continue;
            };
            let mut entry = Entry {
                tag: Some(abbreviation.tag()),
                ..Entry::default()
            };
            for specification in abbreviation.attributes() {
                let Ok(attribute) = entries.read_attribute(*specification) else {
                    return found.map(|entry| (entry, parts));
                };
                let value = attribute.value();
                match attribute.name() {
                    dw::DW_AT_name => {
                        let name = unit.attr_string(value).ok();
                        entry.name = name.map(|name| text(name).into_owned());
                    }
                    dw::DW_AT_type => entry.type_at = reference(unit, &value),
                    dw::DW_AT_byte_size => entry.bytes = attribute.udata_value(),
                    dw::DW_AT_encoding => {
                        entry.is_float = value == gimli::AttributeValue::Encoding(dw::DW_ATE_float);
                    }
                    dw::DW_AT_data_member_location => {
                        entry.offset = offset_of_member(unit, &value).unwrap_or(0);
                    }
                    dw::DW_AT_count => entry.count = attribute.udata_value(),
                    dw::DW_AT_upper_bound => {
                        entry.count = attribute.udata_value().and_then(|last| last.checked_add(1));
                    }
                    _ => {}
                }
            }
            match found {
                None => found = Some(entry),
                Some(_) if depth == top + 1 => parts.push(entry),
                Some(_) => {}
            }
        }
        found.map(|entry| (entry, parts))
    }
}

/// Where a member begins: a number or, in DWARF 2, what is to be added to the address of the whole.
fn offset_of_member(
    unit: UnitRef<'_, '_>,
    value: &gimli::AttributeValue<super::Reader<'_>>,
) -> Option<u64> {
    let gimli::AttributeValue::Exprloc(expression) = value else {
        return value.udata_value();
    };
    match (*expression).operations(unit.encoding()).next().ok()?? {
        gimli::Operation::PlusConstant { value } => Some(value),
        _ => None,
    }
}
