//! Compressed files, recognised by their first bytes.

use std::io::{self, BufReader, Read, Write};

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    Gzip,
    Zstd,
}

impl Compression {
    /// How many bytes tell the format.
    pub(crate) const MAGIC: usize = 4;

    pub(crate) fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1F, 0x8B, ..] => Some(Self::Gzip),
            [0x28, 0xB5, 0x2F, 0xFD, ..] => Some(Self::Zstd),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// Unpacks everything up to the end or to the first damage; returns how many bytes came out, and what
/// was wrong. An error is one of writing.
pub(crate) fn unpack(
    compression: Compression,
    packed: impl Read,
    target: &mut impl Write,
) -> io::Result<(u64, Option<String>)> {
    let packed = BufReader::new(packed);
    match compression {
        Compression::Gzip => copy(&mut flate2::bufread::MultiGzDecoder::new(packed), target),
        Compression::Zstd => match ruzstd::decoding::StreamingDecoder::new(packed) {
            Ok(mut decoder) => copy(&mut decoder, target),
            Err(error) => Ok((0, Some(error.to_string()))),
        },
    }
}

fn copy(source: &mut impl Read, target: &mut impl Write) -> io::Result<(u64, Option<String>)> {
    let mut buffer = vec![0; 64 * 1024];
    let mut total = 0;
    loop {
        match source.read(&mut buffer) {
            Ok(0) => return Ok((total, None)),
            Ok(count) => {
                target.write_all(&buffer[..count])?;
                total += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Ok((total, Some(error.to_string()))),
        }
    }
}
