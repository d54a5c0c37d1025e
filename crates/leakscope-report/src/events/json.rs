//! Rows for programs: `{"index":0,"time_s":0.1,"ticks":4,"core":0,"context":"main","id":4,"name":…}`.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::EventRow;
use crate::json::Escaped;
use crate::naming::Field;

#[derive(Serialize)]
struct EventObject<'r> {
    index: u64,
    time_s: Option<f64>,
    ticks: u64,
    core: u8,
    context: &'r str,
    id: u32,
    name: &'r str,
    parameters: Parameters<'r>,
    input: usize,
    offset: u64,
}

pub(super) fn write(out: &mut dyn Write, row: &EventRow) -> io::Result<()> {
    let fields = EventObject {
        index: row.index,
        time_s: row.clock.seconds(row.ticks),
        ticks: row.ticks,
        core: row.core,
        context: &row.context,
        id: row.id,
        name: &row.name,
        parameters: Parameters(&row.fields),
        input: row.input,
        offset: row.offset,
    };
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, Escaped::compact());
    fields.serialize(&mut serializer)?;
    writeln!(out)
}

/// An object in the order of the parameters. One without a name is called by its position from 0; one
/// whose name was there before gets a number behind it.
struct Parameters<'r>(&'r [Field]);

impl Serialize for Parameters<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for (position, field) in self.0.iter().enumerate() {
            let label = match field.label.trim() {
                "" => position.to_string(),
                label => label.to_owned(),
            };
            let times = seen.entry(label.clone()).or_default();
            *times += 1;
            match *times {
                1 => map.serialize_entry(&label, field)?,
                times => map.serialize_entry(&format!("{label} {times}"), field)?,
            }
        }
        map.end()
    }
}
