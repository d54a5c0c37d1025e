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

/// How unpacking ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unpacked {
    /// With the end.
    Whole,
    /// This many bytes came out, and then something was wrong.
    InPart { bytes: u64, reason: String },
    /// More would come out than is allowed.
    TooMuch,
}

/// Unpacks everything up to the end or to the first damage, `most` bytes at most. An error is one of writing.
pub(crate) fn unpack(
    compression: Compression,
    packed: impl Read,
    target: &mut impl Write,
    most: u64,
) -> io::Result<Unpacked> {
    let packed = BufReader::new(packed);
    match compression {
        Compression::Gzip => {
            let mut decoder = flate2::bufread::MultiGzDecoder::new(packed);
            copy(&mut decoder, target, most)
        }
        Compression::Zstd => match ruzstd::decoding::StreamingDecoder::new(packed) {
            Ok(mut decoder) => copy(&mut decoder, target, most),
            Err(error) => Ok(Unpacked::InPart {
                bytes: 0,
                reason: error.to_string(),
            }),
        },
    }
}

fn copy(source: &mut impl Read, target: &mut impl Write, most: u64) -> io::Result<Unpacked> {
    let mut buffer = vec![0; 64 * 1024];
    let mut bytes = 0;
    loop {
        match source.read(&mut buffer) {
            Ok(0) => return Ok(Unpacked::Whole),
            Ok(count) => {
                bytes += count as u64;
                if bytes > most {
                    return Ok(Unpacked::TooMuch);
                }
                target.write_all(&buffer[..count])?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                let reason = error.to_string();
                return Ok(Unpacked::InPart { bytes, reason });
            }
        }
    }
}
