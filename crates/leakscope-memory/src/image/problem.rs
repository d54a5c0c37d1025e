//! What is wrong with a file that holds an image.

/// Something that an image lacks, or that is not as its format says. What else it holds is read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The segment's bytes are behind the end of the file.
    #[error("the memory at {address:#x} lies behind the end of the file: it is cut short")]
    SegmentOutside {
        /// Where the segment begins.
        address: u64,
    },
    /// Segments name more bytes than the file has.
    #[error(
        "the segments together are larger than the file: those that are too much were left out"
    )]
    SegmentsTooLarge,
    /// Memory is in the file twice.
    #[error("{bytes} bytes of memory are in the file twice")]
    Overlap {
        /// How many bytes.
        bytes: u64,
    },
    /// A list of notes cannot be read to its end.
    #[error("the notes of the core dump are damaged: some threads may be missing")]
    Notes,
    /// A thread's registers are not as long as those of this processor.
    #[error(
        "the registers of thread {id:#x} are not read: {bytes} bytes are not what this processor has"
    )]
    Registers {
        /// Which thread.
        id: u64,
        /// How long its note is.
        bytes: usize,
    },
    /// What was computed over the file is not what it says.
    #[error(
        "the checksum ({kind}) of the core dump is wrong: bytes were changed or lost on the way"
    )]
    Checksum {
        /// CRC-32 or SHA-256.
        kind: &'static str,
    },
    /// Lines of a dump on a console cannot be read.
    #[error(
        "{lines} lines of the dump cannot be read: what they held is missing or at a wrong place"
    )]
    Lines {
        /// How many.
        lines: u64,
    },
    /// The end of a dump on a console is missing.
    #[error("the log ends before the dump does")]
    NoEnd,
}

/// Why a file is no image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// It is an ELF file that is no core dump.
    #[error("it is a program (an ELF file), and no core dump")]
    Program,
    /// It is a damaged ELF file.
    #[error("it is no ELF file that can be read: {0}")]
    Malformed(String),
    /// It is a core dump in ESP-IDF's old format, which holds stacks alone.
    #[error(
        "it is a core dump in ESP-IDF's binary format {major}.{minor}, which holds stacks and no heap"
    )]
    Binary {
        /// The format's version.
        major: u8,
        /// The format's version.
        minor: u8,
    },
    /// It is nothing that is known.
    #[error(
        "it is none of: a core dump (ELF), ESP-IDF's or Zephyr's, or a console's log with one of them"
    )]
    Unknown,
}
