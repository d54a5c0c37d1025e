//! What can be typed behind `image`, and the image beside a recording.

use std::ops::Range;

use clap::Args;
use leakscope_memory::reach::Alias;
use leakscope_report::memory::Look;

use super::{Lists, ReportFormat, Symbols, quantity};

/// Look at an image of a device's memory: who points at what, and which blocks nobody can reach.
///
/// Images are core dumps (ELF), such as `record --image` and GDB's `generate-core-file` write, core dumps of ESP-IDF and
/// Zephyr, as files or in a console's log, and raw memory (FILE@ADDRESS). docs/memory.md says how to make one. An image
/// holds all that was in memory: keys and passwords too.
#[derive(Debug, Args)]
pub(crate) struct Image {
    /// Images: one file, or raw memory from an address on (ram.bin@0x20000000), several times.
    #[arg(id = "image", required = true, value_name = "IMAGE")]
    pub(crate) images: Vec<String>,
    /// A recording that ended where the image was made: it knows the blocks, and who allocated them.
    #[arg(long, value_name = "TRACE")]
    pub(crate) trace: Vec<String>,
    #[command(flatten)]
    pub(crate) symbols: Symbols,
    /// Say what points at the block around this address.
    #[arg(long, value_name = "ADDRESS", value_parser = quantity::address)]
    pub(crate) holds: Option<u64>,
    #[command(flatten)]
    pub(crate) looking: Looking,
    /// Text for people, or one JSON document (schema: docs/image-json.md).
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub(crate) format: ReportFormat,
    #[command(flatten)]
    pub(crate) lists: Lists,
}

/// The device's memory when the recording ended.
#[derive(Debug, Default, PartialEq, Args)]
pub(crate) struct AtTheEnd {
    /// The device's memory when the recording ended (docs/memory.md): a core dump, or raw memory from an address on
    /// (ram.bin@0x20000000), several times. Says who holds each block, and which ones nothing points at any more.
    #[arg(long, value_name = "IMAGE")]
    pub(crate) image: Vec<String>,
    #[command(flatten)]
    pub(crate) looking: Looking,
}

/// How an image is looked at.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub(crate) struct Looking {
    /// Look for pointers in the image on every address, and not only where the compiler puts them: for packed structures.
    #[arg(long, requires = "image")]
    unaligned: bool,
    /// Memory that the chip has at two addresses: a pointer to A points at B (0x40380000=0x3fc80000+384KiB). Those of
    /// Espressif's chips are known.
    #[arg(long, value_name = "A=B+SIZE", requires = "image", value_parser = quantity::alias)]
    alias: Vec<Alias>,
    /// Memory that is in use whatever the recording says of it, and holds pointers: 0x3fcf0000+4KiB.
    #[arg(long, value_name = "ADDRESS+SIZE", requires = "image", value_parser = quantity::range)]
    root: Vec<Range<u64>>,
}

impl Looking {
    pub(crate) fn look(&self) -> Look {
        Look {
            unaligned: self.unaligned,
            aliases: self.alias.clone(),
            roots: self.root.clone(),
        }
    }
}
