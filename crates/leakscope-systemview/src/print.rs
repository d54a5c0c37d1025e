//! Log messages, and the formatting that the target leaves to the host.

use core::fmt::{self, Write};

use crate::error::Malformed;
use crate::packet::Fields;
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

impl<'a> Print<'a> {
    /// Bit 6 of the options: this text goes on where the message before ended.
    pub const APPEND: u32 = 0x40;

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

    /// How urgent it is. Unknown levels count as plain.
    #[must_use]
    pub const fn level(&self) -> Level {
        match self.options & !Self::APPEND {
            1 => Level::Warning,
            2 => Level::Error,
            _ => Level::Log,
        }
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

/// A `printf` format with its arguments; [`Display`](fmt::Display) fills them in.
///
/// Knows what SEGGER's manual UM08027, section 7.1 lists: flags `-`, `+`, `0`; width, also `*`;
/// precision; `h` and `l` ignored; `d u x X c p %`. An argument that is missing shows as the
/// specifier itself.
///
/// ```
/// use leakscope_systemview::{Arguments, Printf};
/// let arguments = Arguments { count: 2, encoded: &[7, 0x7F] };
/// let shown = Printf { format: "step %3d of 0x%04X".into(), arguments };
/// assert_eq!(shown.to_string(), "step   7 of 0x007F");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Printf<'a> {
    /// The format.
    pub format: Text<'a>,
    /// Its arguments. With a count of 0 the format is shown as it is.
    pub arguments: Arguments<'a>,
}

impl fmt::Display for Printf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.arguments.count == 0 {
            return self.format.fmt(f);
        }
        let mut arguments = self.arguments.numbers();
        let mut rest = self.format.0;
        while let Some(percent) = rest.iter().position(|&byte| byte == b'%') {
            let (before, specifier) = rest.split_at(percent);
            Text(before).fmt(f)?;
            let length = write_specifier(f, specifier, &mut arguments)?;
            rest = specifier.get(length..).unwrap_or_default();
        }
        Text(rest).fmt(f)
    }
}

/// The parts of a specifier between `%` and its letter.
#[derive(Default)]
struct Layout {
    left: bool,
    plus: bool,
    zeros: bool,
    width: usize,
    precision: Option<usize>,
}

/// No message is this wide: a width beyond is damage.
const WIDEST: usize = 256;

/// Writes the specifier that `bytes` begin with; returns how many bytes of the format it took.
fn write_specifier(
    f: &mut fmt::Formatter<'_>,
    bytes: &[u8],
    arguments: &mut impl Iterator<Item = u32>,
) -> Result<usize, fmt::Error> {
    let mut layout = Layout::default();
    let mut position = 1;
    let peek = |position: usize| bytes.get(position).copied().unwrap_or(0);
    loop {
        match peek(position) {
            b'-' => layout.left = true,
            b'+' => layout.plus = true,
            b'0' => layout.zeros = true,
            _ => break,
        }
        position += 1;
    }
    if peek(position) == b'*' {
        layout.width = (arguments.next().unwrap_or(0) as usize).min(WIDEST);
        position += 1;
    } else {
        (layout.width, position) = digits(bytes, position);
    }
    if peek(position) == b'.' {
        let (precision, end) = digits(bytes, position + 1);
        layout.precision = Some(precision);
        position = end;
    }
    while matches!(peek(position), b'h' | b'l') {
        position += 1;
    }
    let letter = peek(position);
    let length = (position + 1).min(bytes.len());
    if letter == b'%' {
        // The target counted this percent sign too, and sent junk for it.
        arguments.nth(1);
        f.write_char('%')?;
        return Ok(length);
    }
    if !matches!(
        letter,
        b'd' | b'i' | b'u' | b'x' | b'X' | b'c' | b'p' | b's'
    ) {
        arguments.next();
        fmt::Display::fmt(&Text(bytes.get(..length).unwrap_or_default()), f)?;
        return Ok(length);
    }
    let Some(value) = arguments.next() else {
        fmt::Display::fmt(&Text(bytes.get(..length).unwrap_or_default()), f)?;
        return Ok(length);
    };
    write_value(f, &layout, letter, value)?;
    Ok(length)
}

fn digits(bytes: &[u8], mut position: usize) -> (usize, usize) {
    let mut value = 0usize;
    while let Some(digit @ b'0'..=b'9') = bytes.get(position) {
        value = (value * 10 + usize::from(digit - b'0')).min(WIDEST);
        position += 1;
    }
    (value, position)
}

fn write_value(f: &mut fmt::Formatter<'_>, layout: &Layout, letter: u8, value: u32) -> fmt::Result {
    let mut digits = Digits::default();
    let mut sign = "";
    match letter {
        b'd' | b'i' => {
            let signed = value as i32;
            sign = match (signed < 0, layout.plus) {
                (true, _) => "-",
                (false, true) => "+",
                (false, false) => "",
            };
            write!(digits, "{}", signed.unsigned_abs())?;
        }
        b'u' => write!(digits, "{value}")?,
        b'x' => write!(digits, "{value:x}")?,
        b'X' => write!(digits, "{value:X}")?,
        b'c' => write!(digits, "{}", char::from(value as u8))?,
        // A string's address is all that travels.
        b's' => write!(digits, "0x{value:08x}")?,
        _ => write!(digits, "{value:08X}")?,
    }
    let digits = digits.as_str();
    let zeros = layout.precision.unwrap_or(0).saturating_sub(digits.len());
    let length = sign.len() + zeros + digits.len();
    let padding = layout.width.saturating_sub(length);
    let (spaces_before, zero_padding, spaces_after) = match (layout.left, layout.zeros) {
        (true, _) => (0, 0, padding),
        (false, true) if layout.precision.is_none() => (0, padding, 0),
        (false, _) => (padding, 0, 0),
    };
    write!(f, "{:spaces_before$}{sign}", "")?;
    write!(f, "{:0<1$}{digits}", "", zero_padding + zeros)?;
    write!(f, "{:spaces_after$}", "")
}

/// Room for the longest number.
#[derive(Default)]
struct Digits {
    bytes: [u8; 16],
    length: usize,
}

impl Digits {
    fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..self.length).unwrap_or_default();
        core::str::from_utf8(bytes).unwrap_or_default()
    }
}

impl Write for Digits {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        self.bytes
            .get_mut(self.length..end)
            .ok_or(fmt::Error)?
            .copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}
