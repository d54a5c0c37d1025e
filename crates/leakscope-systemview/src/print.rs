//! Log messages.

use crate::error::Malformed;
use crate::packet::Fields;
use crate::printf::Printf;
use crate::text::Text;
use crate::varint::Numbers;

/// A log message (`PRINT_FORMATTED`).
///
/// With no arguments the text is final. Otherwise it is a format of C's `printf`, and
/// [`Print::formatted`] fills it in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Print<'a> {
    /// The text, or the format.
    pub text: Text<'a>,
    /// Bits 0 to 1: the level. Bit 6: goes on where the message before ended.
    pub options: u32,
    /// What the format asks for.
    pub arguments: Arguments<'a>,
}

/// How urgent a log message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Plain.
    Log,
    /// A warning.
    Warning,
    /// An error.
    Error,
}

/// The arguments of a log message: 32 bits each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arguments<'a> {
    /// How many the target counted: one for each `%` in the format, so that `%%` counts two and some
    /// are junk.
    pub count: u32,
    /// The numbers, encoded.
    pub encoded: &'a [u8],
}

impl<'a> Arguments<'a> {
    /// No arguments.
    pub const NONE: Self = Self {
        count: 0,
        encoded: &[],
    };

    /// The numbers, at most [`Arguments::count`].
    pub fn numbers(&self) -> impl Iterator<Item = u32> + use<'a> {
        Numbers::new(self.encoded).take(self.count as usize)
    }
}

impl Level {
    /// From the options of a log message. Unknown levels count as plain.
    #[must_use]
    pub const fn of(options: u32) -> Self {
        match options & 0b11 {
            1 => Self::Warning,
            2 => Self::Error,
            _ => Self::Log,
        }
    }
}

impl<'a> Print<'a> {
    /// Bit 6 of the options: this text goes on where the message before ended.
    pub const APPEND: u32 = 0x40;

    /// The message in a payload: [`Packet::of`](crate::Packet::of) for those who know what it is.
    ///
    /// # Errors
    /// If a field is missing, or ends beyond the payload.
    pub fn of(payload: &'a [u8]) -> Result<Self, Malformed> {
        Self::parse(&mut Fields::new(payload))
    }

    #[inline(always)]
    pub(crate) fn parse(fields: &mut Fields<'a>) -> Result<Self, Malformed> {
        let text = fields.string()?;
        let options = fields.number()?;
        let count = fields.optional_number()?.unwrap_or(0);
        let encoded = fields.rest();
        let mut numbers = Numbers::new(encoded);
        if (numbers.by_ref().take(count as usize).count() as u64) < u64::from(count) {
            return Err(Malformed::Payload);
        }
        Ok(Self {
            text,
            options,
            arguments: Arguments { count, encoded },
        })
    }

    /// How urgent it is.
    #[must_use]
    pub const fn level(&self) -> Level {
        Level::of(self.options)
    }

    /// Whether the text goes on where the message before ended.
    #[must_use]
    pub const fn appends(&self) -> bool {
        self.options & Self::APPEND != 0
    }

    /// The message with its arguments filled in.
    #[must_use]
    pub const fn formatted(&self) -> Printf<'a> {
        Printf {
            format: self.text,
            arguments: self.arguments,
        }
    }
}
