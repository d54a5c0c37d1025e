//! Compressed files, recognised by their first bytes.

use std::io::{self, BufRead, BufReader, Read, Write};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder, StreamingDecoder};

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
            // A frame, or a skippable one, with which parallel packers begin.
            [0x28, 0xB5, 0x2F, 0xFD, ..] | [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => Some(Self::Zstd),
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
    let mut target = Target {
        writer: target,
        bytes: 0,
        most,
    };
    let packed = BufReader::new(packed);
    match compression {
        Compression::Gzip => target.fill(&mut flate2::bufread::MultiGzDecoder::new(packed)),
        Compression::Zstd => unpack_frames(packed, &mut target),
    }
}

/// A file of Zstandard's is a sequence of frames; some hold nothing that is packed (RFC 8878, 3.1).
fn unpack_frames(
    mut packed: impl BufRead,
    target: &mut Target<'_, impl Write>,
) -> io::Result<Unpacked> {
    let mut decoder = FrameDecoder::new();
    loop {
        match packed.fill_buf() {
            Ok([]) => return Ok(Unpacked::Whole),
            Ok(_) => {}
            Err(error) => return Ok(target.damaged(&error)),
        }
        match StreamingDecoder::new_with_decoder(&mut packed, &mut decoder) {
            Ok(mut frame) => match target.fill(&mut frame)? {
                Unpacked::Whole => {}
                Unpacked::InPart { reason, .. } => {
                    return target.fill_held_back(&mut decoder, &reason);
                }
                Unpacked::TooMuch => return Ok(Unpacked::TooMuch),
            },
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length,
                ..
            })) => {
                let skipped = io::copy(&mut (&mut packed).take(length.into()), &mut io::sink());
                match skipped {
                    Ok(skipped) if skipped == u64::from(length) => continue,
                    Ok(_) => return Ok(target.damaged(&"a frame is cut off")),
                    Err(error) => return Ok(target.damaged(&error)),
                }
            }
            Err(error) => return Ok(target.damaged(&error)),
        }
        let sum = decoder.get_checksum_from_data();
        if sum.is_some() && sum != decoder.get_calculated_checksum() {
            return Ok(target.damaged(&"its checksum is wrong"));
        }
    }
}

/// A last block that is empty, and a checksum, if the frame has one.
const END_OF_FRAME: [u8; 7] = [1, 0, 0, 0, 0, 0, 0];

/// Where to unpack to.
struct Target<'t, W> {
    writer: &'t mut W,
    /// What came out so far.
    bytes: u64,
    most: u64,
}

impl<W: Write> Target<'_, W> {
    /// Takes all of a source.
    fn fill(&mut self, source: &mut impl Read) -> io::Result<Unpacked> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match source.read(&mut buffer) {
                Ok(0) => return Ok(Unpacked::Whole),
                Ok(count) => {
                    self.bytes += count as u64;
                    if self.bytes > self.most {
                        return Ok(Unpacked::TooMuch);
                    }
                    self.writer.write_all(&buffer[..count])?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Ok(self.damaged(&error)),
            }
        }
    }

    /// Takes what the decoder of a frame without an end holds back, in case that a later block repeats it: as much as the whole of a
    /// short recording.
    fn fill_held_back(&mut self, decoder: &mut FrameDecoder, reason: &str) -> io::Result<Unpacked> {
        let ended = decoder.decode_blocks(&END_OF_FRAME[..], BlockDecodingStrategy::All);
        match (ended, self.fill(decoder)?) {
            (Ok(_), Unpacked::TooMuch) => Ok(Unpacked::TooMuch),
            _ => Ok(self.damaged(&reason)),
        }
    }

    fn damaged(&self, reason: &dyn ToString) -> Unpacked {
        Unpacked::InPart {
            bytes: self.bytes,
            reason: reason.to_string(),
        }
    }
}
