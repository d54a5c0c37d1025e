//! Sampled data: a sample is a number and 32 bits; its name and its type were registered before.

use std::collections::BTreeMap;

use leakscope_systemview::{DataKind, RegisterData};

use super::Field;

/// Data that are remembered. Targets sample a handful; a damaged or made-up trace could name any number.
const MOST: usize = 1024;

/// What was registered.
#[derive(Debug, Default)]
pub(super) struct Samples {
    registered: BTreeMap<u32, (String, DataKind)>,
}

impl Samples {
    pub(super) fn learn(&mut self, data: &RegisterData<'_>) {
        if self.registered.len() < MOST || self.registered.contains_key(&data.data) {
            let entry = (data.name.to_string(), data.kind);
            self.registered.insert(data.data, entry);
        }
    }

    /// A sample in words: its value as the target had it, neither scaled nor moved.
    pub(super) fn fields(&self, data: u32, value: u32) -> Vec<Field> {
        let Some((name, kind)) = self.registered.get(&data) else {
            return vec![
                Field::number("data", data.into()),
                Field::number("value", value.into()),
            ];
        };
        let value = match kind {
            DataKind::I32 => Field::text("value", (value as i32).to_string()),
            DataKind::Float => Field::text("value", f32::from_bits(value).to_string()),
            DataKind::U32 | DataKind::Other(_) => Field::number("value", value.into()),
        };
        vec![Field::text("data", name.as_str()), value]
    }
}

/// A registration in words; what was left at its default is left out.
pub(super) fn registered(data: &RegisterData<'_>) -> Vec<Field> {
    let mut fields = vec![
        Field::number("data", data.data.into()),
        Field::text("name", data.name.to_string()),
        match data.kind {
            DataKind::U32 => Field::text("type", "u32"),
            DataKind::I32 => Field::text("type", "i32"),
            DataKind::Float => Field::text("type", "float"),
            DataKind::Other(other) => Field::number("type", other.into()),
        },
    ];
    for (label, number) in [
        ("offset", data.offset),
        ("minimum", data.minimum),
        ("maximum", data.maximum),
    ] {
        fields.extend((number != 0).then(|| Field::text(label, number.to_string())));
    }
    fields.extend((data.scale != 0.0).then(|| Field::text("scale", data.scale.to_string())));
    fields.extend((!data.unit.0.is_empty()).then(|| Field::text("unit", data.unit.to_string())));
    fields
}
