//! Where an export goes.

use std::fmt;
use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

type Target<'o> = Box<dyn Write + Send + 'o>;

/// Where an export goes, which may be packed on the way.
pub struct Output<'o>(Way<'o>);

enum Way<'o> {
    Plain(Target<'o>),
    Packed(GzEncoder<Target<'o>>),
}

impl<'o> Output<'o> {
    /// As it is.
    pub fn plain(target: impl Write + Send + 'o) -> Self {
        Self(Way::Plain(Box::new(target)))
    }

    /// Packed with gzip, if it is not yet.
    #[must_use]
    pub fn packed(self) -> Self {
        match self.0 {
            Way::Plain(target) => Self(Way::Packed(GzEncoder::new(target, Compression::default()))),
            packed @ Way::Packed(_) => Self(packed),
        }
    }

    /// Writes what is left.
    pub(crate) fn close(self) -> io::Result<()> {
        match self.0 {
            Way::Plain(mut target) => target.flush(),
            Way::Packed(packer) => packer.finish()?.flush(),
        }
    }
}

impl Write for Output<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Way::Plain(target) => target.write(bytes),
            Way::Packed(packer) => packer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Way::Plain(target) => target.flush(),
            Way::Packed(packer) => packer.flush(),
        }
    }
}

impl fmt::Debug for Output<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Output")
    }
}
