//! The container in which ESP-IDF keeps a core dump: a header, the ELF file, a checksum.
//!
//! Facts: ESP-IDF, `components/espcoredump/include_core_dump/esp_core_dump_priv.h`, and esp-coredump's
//! `corefile/loader.py`. Numbers are little-endian. Version: chip << 16 | major << 8 | minor; major 0 is a format
//! without ELF, of odd minor 1 the checksum is SHA-256, as from 1.4 on.

use sha2::{Digest, Sha256};

use super::{Image, ImageError, Problem, elf};

/// Bytes before the ELF file: length, version, then tasks, size of a control block, segments, and since 1.2 the chip's
/// revision; since 1.4 the first two and the revision alone.
const HEADERS: [usize; 3] = [12, 20, 24];

/// A container that was recognised.
pub(super) struct Container {
    /// Where the ELF file is.
    start: usize,
    /// Of all of it, the checksum included.
    length: usize,
    minor: u8,
    /// `esp_chip_id_t`.
    chip: u16,
}

/// Chips by their numbers (ESP-IDF, `components/bootloader_support/include/esp_app_format.h`): those whose memory has
/// more than one address.
const CHIPS: [(u16, &str); 5] = [
    (0, "esp32"),
    (2, "esp32s2"),
    (5, "esp32c3"),
    (9, "esp32s3"),
    (18, "esp32p4"),
];

impl Container {
    /// What a file begins with, if it is one.
    pub(super) fn recognise(file: &[u8]) -> Option<Result<Self, ImageError>> {
        let word = |at: usize| Some(u32::from_le_bytes(file.get(at..at + 4)?.try_into().ok()?));
        let (length, version) = (word(0)? as usize, word(4)?);
        let [minor, major] = (version as u16).to_le_bytes();
        let is_elf = |start: &usize| {
            file.get(*start..)
                .is_some_and(|rest| rest.starts_with(elf::MAGIC))
        };
        if let Some(start) = HEADERS.into_iter().find(is_elf) {
            return Some(Ok(Self {
                start,
                length,
                minor,
                chip: (version >> 16) as u16,
            }));
        }
        let is_binary =
            major == 0 && (1..=3).contains(&minor) && length <= file.len() && length > 16;
        is_binary.then_some(Err(ImageError::Binary { major, minor }))
    }

    /// Whether these bytes, which are a line, are such a header.
    pub(super) fn is_begun_by(line: &[u8]) -> bool {
        HEADERS.contains(&line.len()) && line.get(5).is_some_and(|&major| major <= 1)
    }

    /// The core dump in it.
    pub(super) fn open(&self, file: &[u8]) -> Result<Image, ImageError> {
        // A partition is longer than the dump in it; a log may have lost its end.
        let whole = &file[..self.length.clamp(self.start, file.len())];
        let is_sha256 = self.minor % 2 == 1 || self.minor >= 4;
        let (kind, size) = if is_sha256 {
            ("SHA-256", 32)
        } else {
            ("CRC-32", 4)
        };
        let checked = whole.len().saturating_sub(size).max(self.start);
        let (content, sum) = whole.split_at(checked);
        let is_right = if is_sha256 {
            Sha256::digest(content)[..] == *sum
        } else {
            crc32fast::hash(content).to_le_bytes() == sum
        };
        let mut image = elf::read(content[self.start..].to_vec())?;
        image.is_esp_idf = true;
        let chip = CHIPS.iter().find(|(number, _)| *number == self.chip);
        image.chip = chip.map(|(_, name)| (*name).to_owned());
        if !is_right {
            image.problems.push(Problem::Checksum { kind });
        }
        Ok(image)
    }
}
