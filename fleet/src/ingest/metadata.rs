//! What is known of a recording beside its content: by the file beside it, else by its name.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use datafusion::arrow::compute::kernels::cast_utils::string_to_timestamp_nanos;
use hmac::{Hmac, Mac};
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::Sha256;

use super::pattern::Pattern;
use super::source::SIDECAR;

/// The device of recordings that name none. They count as one: nothing is claimed to be seen on many.
pub const UNKNOWN: &str = "unknown";

/// What somebody says of a recording. Fields that are empty are not known.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Metadata {
    /// Which device.
    pub device: Option<String>,
    /// What is sold under one name.
    pub product: Option<String>,
    /// The board's revision, or the chip.
    pub hardware: Option<String>,
    /// The version of the firmware.
    pub firmware: Option<String>,
    /// SHA-256 of the ELF file, or its first digits.
    pub elf_sha256: Option<String>,
    /// When it was recorded: 2026-11-28T10:00:00Z, or seconds since 1970.
    pub recorded_at: Option<String>,
    /// For how many seconds the device had run when it ended.
    pub uptime_s: Option<f64>,
    /// Labels: what else is to be asked by.
    pub labels: BTreeMap<String, String>,
}

impl Metadata {
    /// What the file beside a recording says, and where that says nothing, the recording's name.
    ///
    /// # Errors
    /// If something is said that cannot be understood.
    pub fn of(recording: &Path, pattern: Option<&Pattern>) -> Result<Self, String> {
        let mut name = recording.as_os_str().to_owned();
        name.push(SIDECAR);
        let path = Path::new(&name);
        let in_file = |why: String| format!("`{}`: {why}", path.display());
        let beside: Map<String, Value> = match fs::read(path) {
            Ok(text) => {
                serde_json::from_slice(&text).map_err(|error| in_file(error.to_string()))?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Map::new(),
            Err(error) => return Err(in_file(error.to_string())),
        };
        let mut said = pattern.map_or_else(Map::new, |pattern| pattern.read(recording));
        for (field, value) in beside {
            match (said.get_mut(&field), value) {
                (_, Value::Null) => {}
                (Some(Value::Object(labels)), Value::Object(more)) => labels.extend(more),
                (_, value) => {
                    said.insert(field, value);
                }
            }
        }
        serde_json::from_value(said.into()).map_err(|error| in_file(error.to_string()))
    }

    /// When it was recorded, in microseconds since 1970.
    ///
    /// # Errors
    /// If the text is no time.
    pub fn recorded_at(&self) -> Result<Option<i64>, String> {
        self.recorded_at.as_deref().map(moment).transpose()
    }
}

/// Microseconds since 1970.
pub(super) fn moment(text: &str) -> Result<i64, String> {
    if let Ok(seconds) = text.parse::<u32>() {
        return Ok(i64::from(seconds) * 1_000_000);
    }
    let nanoseconds = string_to_timestamp_nanos(text);
    let microseconds = nanoseconds.map(|nanoseconds| nanoseconds.div_euclid(1000));
    microseconds.map_err(|_| format!("`{text}` is no time such as 2026-11-28T10:00:00Z"))
}

/// The name of a device that tells nobody which it is: 16 digits of HMAC-SHA-256 (RFC 2104).
pub(super) fn hashed(device: &str, key: &[u8]) -> String {
    // It takes keys of any length.
    let code = Hmac::<Sha256>::new_from_slice(key).map(|code| code.chain_update(device));
    let code = code.ok().map(|code| code.finalize().into_bytes());
    let first = code.and_then(|code| code.first_chunk().copied());
    first.map_or_else(
        || UNKNOWN.to_owned(),
        |first| format!("{:016x}", u64::from_be_bytes(first)),
    )
}
