//! What is known of a recording beside its content: by the file beside it, else by its name, else by what it says itself.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use datafusion::arrow::compute::kernels::cast_utils::string_to_timestamp_nanos;
use serde::Deserialize;
use sha2::{Digest, Sha256};

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
    /// Reads the file beside a recording, if there is one.
    ///
    /// # Errors
    /// If it is there and cannot be understood.
    pub fn beside(recording: &Path) -> Result<Self, String> {
        let mut name = recording.as_os_str().to_owned();
        name.push(SIDECAR);
        let path = Path::new(&name);
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(format!("`{}` cannot be read: {error}", path.display())),
        };
        serde_json::from_slice(&text).map_err(|error| format!("`{}`: {error}", path.display()))
    }

    /// Sets the field of this name in a pattern.
    pub(super) fn set(&mut self, field: &str, value: &str) {
        let value = value.to_owned();
        match field {
            "device" => self.device = Some(value),
            "product" => self.product = Some(value),
            "hardware" => self.hardware = Some(value),
            "firmware" => self.firmware = Some(value),
            "time" => self.recorded_at = Some(value),
            _ => {
                if let Some(label) = field.strip_prefix("label:") {
                    self.labels.insert(label.to_owned(), value);
                }
            }
        }
    }

    /// The same, with what `other` knows where this knows nothing.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let mut labels = other.labels;
        labels.extend(self.labels);
        Self {
            device: self.device.or(other.device),
            product: self.product.or(other.product),
            hardware: self.hardware.or(other.hardware),
            firmware: self.firmware.or(other.firmware),
            elf_sha256: self.elf_sha256.or(other.elf_sha256),
            recorded_at: self.recorded_at.or(other.recorded_at),
            uptime_s: self.uptime_s.or(other.uptime_s),
            labels,
        }
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
    const BLOCK: usize = 64;
    let mut padded = [0; BLOCK];
    if key.len() > BLOCK {
        padded[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        padded[..key.len()].copy_from_slice(key);
    }
    let inner = Sha256::new()
        .chain_update(padded.map(|byte| byte ^ 0x36))
        .chain_update(device);
    let outer = Sha256::new()
        .chain_update(padded.map(|byte| byte ^ 0x5c))
        .chain_update(inner.finalize());
    let first = outer.finalize().first_chunk().copied();
    format!("{:016x}", first.map_or(0, u64::from_be_bytes))
}
