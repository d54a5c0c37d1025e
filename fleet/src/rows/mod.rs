//! Rows: a report document, flattened into tables.
//!
//! A row has a file: `recording`, `site` (with its windows and its stack), `bad` (events that should not be). Nothing is
//! judged here; what a later version would judge anew is in `sites` and `windows`.
mod bad;
mod recording;
mod site;

use std::collections::{BTreeMap, HashSet};
use std::io;

use leakscope_export::tables::Cell;
use leakscope_report::Report;
use serde::Serialize;

use crate::schema::Table;
use crate::store::Part;

/// What is known of a recording beside its report.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Origin {
    /// Hexadecimal digits of its content's SHA-256: the first 32.
    pub recording: String,
    /// Which device; the unit of all evidence.
    pub device: String,
    /// What is sold under one name.
    pub product: String,
    /// The board's revision, or the chip.
    pub hardware: String,
    /// The version of the firmware.
    pub firmware: String,
    /// What kind of file it was.
    pub kind: Kind,
    /// Microseconds since 1970: when it was read.
    pub ingested_at: i64,
    /// When it was recorded, if that is known.
    pub recorded_at: Option<i64>,
    /// For how long the device had run when it ended, if that is known.
    pub uptime_s: Option<f64>,
    /// Labels, what else is to be asked by: site, cohort, test.
    pub labels: BTreeMap<String, String>,
    /// Where the file was.
    pub source: String,
}

impl Origin {
    /// What most rows begin with.
    fn named(&self) -> [Cell<'_>; 3] {
        [&self.recording, &self.device, &self.firmware].map(|text| text.as_str().into())
    }
}

/// What kind of file a recording is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// It was recorded over time.
    #[default]
    Trace,
    /// It is a heap dump in a console's log, without history.
    Dump,
    /// It is a list of numbers that services collect.
    Metrics,
}

/// Makes rows of reports. It remembers the call stacks that it has told of, by program.
#[derive(Debug, Default)]
pub struct Rows {
    all_sites: bool,
    told: HashSet<String>,
}

impl Rows {
    /// `all_sites` asks also for rows of call sites at which nothing is outstanding and nothing failed.
    pub fn new(all_sites: bool) -> Self {
        Self {
            all_sites,
            ..Self::default()
        }
    }

    /// Flattens a report.
    ///
    /// # Errors
    /// Those of the part.
    pub fn add(&mut self, origin: &Origin, report: &Report, part: &mut Part) -> io::Result<()> {
        self.sites(origin, report, part)?;
        bad::rows(origin, report, part)?;
        recording::rows(origin, Some(report), part)
    }

    /// Forgets which call stacks it has told of: the next part is complete by itself.
    pub fn begin_part(&mut self) {
        self.told.clear();
    }
}

/// Takes numbers that a device has sent of itself: moments in microseconds since 1970, names, values.
///
/// # Errors
/// Those of the part.
pub fn add_metrics(
    origin: &Origin,
    measured: &[(Option<i64>, String, f64)],
    part: &mut Part,
) -> io::Result<()> {
    for (at, name, value) in measured {
        let [recording, device, firmware] = origin.named();
        let (at, name, value) = ((*at).into(), (&**name).into(), (*value).into());
        part.take(
            Table::Metrics,
            &[recording, device, firmware, at, name, value],
        )?;
    }
    recording::rows(origin, None, part)
}

/// A count as SQL has it.
fn signed(count: u64) -> Cell<'static> {
    Cell::Integer(i64::try_from(count).unwrap_or(i64::MAX))
}

/// The word that stands for a value in JSON.
fn word(value: impl Serialize) -> Cell<'static> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Cell::Text(word.into()),
        _ => Cell::Null,
    }
}
