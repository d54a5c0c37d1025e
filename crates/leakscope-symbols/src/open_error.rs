//! Why a file gives no symbols.

use std::io;

/// Why a file could not be opened as a program.
///
/// The messages do not name the file: the caller knows its name.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is no such file.
    #[error("no such file")]
    NotFound,
    /// The file is there, but cannot be read.
    #[error("cannot be read: {0}")]
    Read(#[source] io::Error),
    /// The file is something else.
    #[error("not an ELF file, but {0}")]
    NotElf(NotElf),
    /// The file's own headers say that it is longer than it is.
    #[error("the ELF file is cut short: {length} of {expected} bytes are there")]
    Truncated {
        /// The file's length in bytes.
        length: u64,
        /// The least length in bytes that its headers ask for.
        expected: u64,
    },
    /// The file has not been linked: its addresses all start from zero.
    #[error("an object file that has not been linked")]
    NotLinked,
    /// The headers are damaged, or of a kind that is not known.
    #[error("the ELF file cannot be understood: {0}")]
    Malformed(String),
}

impl OpenError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotFound => {
                "the ELF file is what the linker wrote: build/<project>.elf in ESP-IDF, \
                 target/<triple>/<profile>/<name> in Rust"
            }
            Self::Read(_) => "check that it is a file, and that you may read it",
            Self::NotElf(NotElf::Trace) => {
                "give the trace as an argument, and the ELF file to --elf"
            }
            Self::NotElf(_) => {
                "images for flashing hold no symbols; give the file that they were made from: \
                 build/<project>.elf in ESP-IDF, target/<triple>/<profile>/<name> in Rust"
            }
            Self::Truncated { .. } => {
                "wait until the linker or the download has finished, or copy the file again"
            }
            Self::NotLinked => "give the program that the object files were linked to",
            Self::Malformed(_) => "build the program again, or copy the file again",
        }
    }
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::NotFound {
            Self::NotFound
        } else {
            Self::Read(error)
        }
    }
}

/// What a file is that is no ELF file, judged by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotElf {
    /// No bytes at all.
    #[error("an empty file")]
    Empty,
    /// Made for a bootloader of Espressif.
    #[error("an Espressif flash image (.bin)")]
    EspressifImage,
    /// Intel's text format.
    #[error("an Intel HEX file")]
    IntelHex,
    /// Motorola's text format.
    #[error("a Motorola S-record file")]
    SRecord,
    /// Microsoft's format for USB bootloaders.
    #[error("a UF2 image")]
    Uf2,
    /// Several object files.
    #[error("an archive of object files (.a)")]
    Archive,
    /// A Windows program.
    #[error("a Windows program (.exe)")]
    Windows,
    /// A macOS program.
    #[error("a macOS program")]
    MacOs,
    /// A zip, gzip, zstd or xz file.
    #[error("a compressed file")]
    Compressed,
    /// A recording of SystemView.
    #[error("a SystemView trace")]
    Trace,
    /// None of these.
    #[error("a file that begins with the bytes {:02x} {:02x} {:02x} {:02x}", .0[0], .0[1], .0[2], .0[3])]
    Unknown([u8; 4]),
}

impl NotElf {
    pub(crate) fn recognise(bytes: &[u8]) -> Self {
        const SIGNATURES: [(&[u8], NotElf); 18] = [
            (b"\xe9", NotElf::EspressifImage),
            (b":0", NotElf::IntelHex),
            (b":1", NotElf::IntelHex),
            (b"S0", NotElf::SRecord),
            (b"UF2\n", NotElf::Uf2),
            (b"!<arch>\n", NotElf::Archive),
            (b"MZ", NotElf::Windows),
            (b"\xcf\xfa\xed\xfe", NotElf::MacOs),
            (b"\xce\xfa\xed\xfe", NotElf::MacOs),
            (b"\xca\xfe\xba\xbe", NotElf::MacOs),
            (b"PK\x03\x04", NotElf::Compressed),
            (b"\x1f\x8b", NotElf::Compressed),
            (b"\x28\xb5\x2f\xfd", NotElf::Compressed),
            (b"\xfd7zXZ", NotElf::Compressed),
            (b"; ", NotElf::Trace),
            (b";\n", NotElf::Trace),
            (b";\r\n", NotElf::Trace),
            (b"\0\0\0\0\0\0\0\0\0\0", NotElf::Trace),
        ];
        if bytes.is_empty() {
            return Self::Empty;
        }
        let known = SIGNATURES
            .iter()
            .find(|(signature, _)| bytes.starts_with(signature));
        known.map_or_else(
            || {
                let mut first = [0; 4];
                for (to, from) in first.iter_mut().zip(bytes) {
                    *to = *from;
                }
                Self::Unknown(first)
            },
            |(_, kind)| *kind,
        )
    }
}
