//! What a device tells of its program: `app_init: ELF file SHA256:  d0a8a2d0b...`.
//!
//! ESP-IDF prints it when an application starts (`esp_app_desc.c` and its predecessors, from 3.3 on) and in a panic
//! (`panic.c`). How many digits it has is `CONFIG_APP_RETRIEVE_LEN_ELF_SHA`: 9 or 16, where nobody has changed it.

/// A program, by what a device has told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Where the line begins that tells it, in bytes from the start of the log.
    pub offset: u64,
    /// The first digits of its ELF file's SHA-256, in hexadecimal.
    pub elf_sha256: String,
}

impl Program {
    /// The program of which this line of a log tells.
    pub(super) fn told(offset: u64, line: &str) -> Option<Self> {
        let (_, rest) = line.split_once("ELF file SHA256:")?;
        let rest = rest.trim();
        let end = rest.find(|c: char| !c.is_ascii_hexdigit());
        let (digits, behind) = rest.split_at(end.unwrap_or(rest.len()));
        // The least number of digits that can be configured; the bootloader's own line ends with dots.
        let is_whole = (8..=64).contains(&digits.len()) && matches!(behind.trim(), "" | "...");
        is_whole.then(|| Self {
            offset,
            elf_sha256: digits.to_ascii_lowercase(),
        })
    }
}
