//! One entry of a unit's tree: the attributes that say which code it describes, and its name.

use super::{Reader, UnitRef};
use gimli::{
    Abbreviation, AttributeValue, DebugAddrIndex, EntriesRaw, RangeListsOffset, constants as dw,
};
use std::ops::Range;

type Value<'file> = AttributeValue<Reader<'file>>;

/// The attributes of a unit, a function or an inlined call.
#[derive(Debug, Default)]
pub(super) struct Entry<'file> {
    low: Option<u64>,
    high: Option<High>,
    ranges: Option<RangeListsOffset>,
    /// The mangled name.
    pub(super) linkage_name: Option<Value<'file>>,
    /// The name in the source.
    pub(super) name: Option<Value<'file>>,
    /// The entry that has the name, where this one has none.
    pub(super) origin: Option<Value<'file>>,
    /// Where an inlined function was called: an index of the unit's files.
    pub(super) call_file: Option<u64>,
    /// Where an inlined function was called: 0 if unknown.
    pub(super) call_line: u64,
    /// Where an inlined function was called: 0 if unknown.
    pub(super) call_column: u64,
}

#[derive(Debug, Clone, Copy)]
enum High {
    Address(u64),
    Size(u64),
}

impl<'file> Entry<'file> {
    /// Reads the attributes of the entry whose abbreviation was read last.
    pub(super) fn read(
        unit: UnitRef<'_, 'file>,
        entries: &mut EntriesRaw<'_, Reader<'file>>,
        abbreviation: &Abbreviation,
    ) -> gimli::Result<Self> {
        let mut entry = Self::default();
        for specification in abbreviation.attributes() {
            let attribute = entries.read_attribute(*specification)?;
            let value = attribute.value();
            match attribute.name() {
                dw::DW_AT_low_pc => entry.low = address(unit, &value),
                dw::DW_AT_high_pc => {
                    entry.high = match value {
                        AttributeValue::Udata(size) => Some(High::Size(size)),
                        value => address(unit, &value).map(High::Address),
                    }
                }
                dw::DW_AT_ranges => {
                    entry.ranges = unit.attr_ranges_offset(value).unwrap_or_default();
                }
                dw::DW_AT_linkage_name | dw::DW_AT_MIPS_linkage_name => {
                    entry.linkage_name = Some(value);
                }
                dw::DW_AT_name => entry.name = Some(value),
                dw::DW_AT_abstract_origin | dw::DW_AT_specification => {
                    entry.origin = Some(value);
                }
                dw::DW_AT_call_file => {
                    if let AttributeValue::FileIndex(index) = value {
                        entry.call_file = Some(index);
                    }
                }
                dw::DW_AT_call_line => entry.call_line = attribute.udata_value().unwrap_or(0),
                dw::DW_AT_call_column => entry.call_column = attribute.udata_value().unwrap_or(0),
                _ => {}
            }
        }
        Ok(entry)
    }

    /// The addresses that the entry covers. A damaged list ends early.
    pub(super) fn ranges(&self, unit: UnitRef<'_, 'file>) -> impl Iterator<Item = Range<u64>> {
        let mut list = self.ranges.and_then(|offset| unit.ranges(offset).ok());
        let single = match (&list, self.low, self.high) {
            (None, Some(low), Some(High::Address(high))) => Some(low..high),
            (None, Some(low), Some(High::Size(size))) => Some(low..low.saturating_add(size)),
            _ => None,
        };
        let listed = std::iter::from_fn(move || list.as_mut()?.next().ok()?)
            .map(|range| range.begin..range.end);
        single.into_iter().chain(listed)
    }
}

fn address(unit: UnitRef<'_, '_>, value: &Value<'_>) -> Option<u64> {
    match *value {
        AttributeValue::Addr(address) => Some(address),
        AttributeValue::DebugAddrIndex(DebugAddrIndex(index)) => {
            unit.address(DebugAddrIndex(index)).ok()
        }
        _ => None,
    }
}
