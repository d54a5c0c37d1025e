//! The formatting of log messages that the target leaves to the host.

use core::fmt::{self, Display, Write};
use core::iter::{self, Take};

use crate::print::Arguments;
use crate::text::{self, Text};
use crate::varint::Numbers;

/// A `printf` format with its arguments; [`Display`](fmt::Display) fills them in.
///
/// Knows what SEGGER's manual UM08027, section 7.1 lists: flags `-`, `+`, `0`; width, also `*`;
/// precision; `h` and `l` ignored; `d u x X c p %`. Beside that C's `i` and flag `#`, but no flag space:
/// more often it stands in "100% done". A `%s` shows the address, for the string stays on the target;
/// an argument that is missing shows as its specifier, and so does a specifier that is none.
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
        let Arguments { count, encoded } = self.arguments;
        if count == 0 {
            return self.format.fmt(f);
        }
        let values = Values {
            numbers: Numbers::new(encoded).take(count as usize),
            strings: None,
        };
        values.fill(self.format, f)
    }
}

/// A `printf` format that stands in the ELF file (`PRINT_ELF`), with its arguments;
/// [`Display`](fmt::Display) fills them in.
///
/// Knows what [`Printf`] knows. The target sends the numbers that the format asks for and then its strings,
/// without saying how many: only the format tells. So `%%` is a plain percent sign here, and `%s` shows the
/// string.
///
/// ```
/// use leakscope_systemview::PrintfInElf;
/// let arguments = &[7, 4, b'm', b'a', b'i', b'n'];
/// let shown = PrintfInElf { format: "100 %% of %s: %u".into(), arguments };
/// assert_eq!(shown.to_string(), "100 % of main: 7");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PrintfInElf<'a> {
    /// The format, as the ELF file has it.
    pub format: Text<'a>,
    /// Numbers, then strings, encoded.
    pub arguments: &'a [u8],
}

impl fmt::Display for PrintfInElf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = numbers_in(self.format);
        let mut numbers = Numbers::new(self.arguments);
        numbers.by_ref().take(count).for_each(drop);
        let values = Values {
            numbers: Numbers::new(self.arguments).take(count),
            strings: Some(numbers.rest()),
        };
        values.fill(self.format, f)
    }
}

/// How many numbers a format asks for.
fn numbers_in(format: Text<'_>) -> usize {
    let mut count = 0;
    let mut rest = format.0;
    while let Some(percent) = rest.iter().position(|&byte| byte == b'%') {
        let from_percent = rest.get(percent..).unwrap_or_default();
        let mut asterisks = iter::repeat(0).inspect(|_| count += 1);
        let (_, position) = Conversion::parse(from_percent, &mut asterisks);
        let letter = from_percent.get(position).copied();
        count += usize::from(letter.is_some_and(is_of_number));
        let is_known =
            matches!(letter, Some(letter) if is_of_number(letter) || b"%s".contains(&letter));
        let length = position + usize::from(is_known);
        rest = from_percent.get(length..).unwrap_or_default();
    }
    count
}

/// Whether this is the letter of a specifier that shows a number or a character.
const fn is_of_number(letter: u8) -> bool {
    matches!(letter, b'd' | b'i' | b'u' | b'x' | b'X' | b'c' | b'p')
}

/// What a format is filled with.
struct Values<'a> {
    numbers: Take<Numbers<'a>>,
    /// Where strings are sent, those. Otherwise they stay on the target, and their addresses are numbers; and the
    /// target sends one for each percent sign, also if it begins no specifier.
    strings: Option<&'a [u8]>,
}

impl Values<'_> {
    fn fill(mut self, format: Text<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = format.0;
        while let Some(percent) = rest.iter().position(|&byte| byte == b'%') {
            let (before, from_percent) = rest.split_at(percent);
            Text(before).fmt(f)?;
            let length = self.write_specifier(f, from_percent)?;
            rest = from_percent.get(length..).unwrap_or_default();
        }
        Text(rest).fmt(f)
    }

    /// Writes the specifier that `bytes` begin with; returns how many bytes of the format it took.
    fn write_specifier(
        &mut self,
        f: &mut fmt::Formatter<'_>,
        bytes: &[u8],
    ) -> Result<usize, fmt::Error> {
        let (layout, position) = Conversion::parse(bytes, &mut self.numbers);
        let as_it_is = Text(bytes.get(..=position).unwrap_or_default());
        match bytes.get(position).copied() {
            Some(b'%') => {
                self.skip_junk(2);
                f.write_char('%')?;
            }
            Some(b's') if self.strings.is_some() => match self.string() {
                Some(text) => layout.write_text(f, text)?,
                None => as_it_is.fmt(f)?,
            },
            Some(letter) if letter == b's' || is_of_number(letter) => match self.numbers.next() {
                Some(value) => layout.write(f, letter, value)?,
                None => as_it_is.fmt(f)?,
            },
            _ => {
                self.skip_junk(1);
                Text(bytes.get(..position).unwrap_or_default()).fmt(f)?;
                return Ok(position);
            }
        }
        Ok(position + 1)
    }

    fn string(&mut self) -> Option<Text<'_>> {
        let strings = self.strings.as_mut()?;
        let (text, end) = text::read_framed(strings, 0).ok()?;
        *strings = strings.get(end..).unwrap_or_default();
        Some(text)
    }

    /// Passes over what was sent for percent signs that begin no specifier.
    fn skip_junk(&mut self, signs: usize) {
        if self.strings.is_none() {
            self.numbers.by_ref().take(signs).for_each(drop);
        }
    }
}

/// What stands in a specifier between `%` and its letter.
#[derive(Default)]
struct Conversion {
    left: bool,
    /// What stands before numbers that are not negative.
    sign: &'static str,
    alternate: bool,
    zeros: bool,
    width: usize,
    precision: Option<usize>,
}

impl Conversion {
    /// Reads what follows the `%` that `bytes` begin with; returns it and the position of the letter.
    fn parse(bytes: &[u8], arguments: &mut impl Iterator<Item = u32>) -> (Self, usize) {
        let mut layout = Self::default();
        let mut position = 1;
        while let Some(&flag) = bytes.get(position) {
            match flag {
                b'-' => layout.left = true,
                b'+' => layout.sign = "+",
                b'#' => layout.alternate = true,
                b'0' => layout.zeros = true,
                _ => break,
            }
            position += 1;
        }
        let (width, after_width) = number(bytes, position, arguments);
        layout.left |= width < 0;
        layout.width = bounded(width.unsigned_abs());
        position = after_width;
        if bytes.get(position) == Some(&b'.') {
            let (precision, after_precision) = number(bytes, position + 1, arguments);
            layout.precision = u32::try_from(precision).ok().map(bounded);
            position = after_precision;
        }
        while let Some(b'h' | b'l') = bytes.get(position) {
            position += 1;
        }
        (layout, position)
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, letter: u8, value: u32) -> fmt::Result {
        let mut body = Body::default();
        let mut prefix = "";
        match letter {
            b'd' | b'i' => {
                let signed = value as i32;
                prefix = if signed < 0 { "-" } else { self.sign };
                write!(body, "{}", signed.unsigned_abs())?;
            }
            b'u' => write!(body, "{value}")?,
            b'x' => write!(body, "{value:x}")?,
            b'X' => write!(body, "{value:X}")?,
            b'c' => body.write_char(char::from(value as u8))?,
            b's' => write!(body, "0x{value:08x}")?,
            _ => write!(body, "{value:08X}")?,
        }
        let is_number = matches!(letter, b'd' | b'i' | b'u' | b'x' | b'X');
        let precision = self.precision.filter(|_| is_number);
        if precision == Some(0) && value == 0 {
            body = Body::default();
        }
        if self.alternate && value != 0 {
            prefix = match letter {
                b'x' => "0x",
                b'X' => "0X",
                _ => prefix,
            };
        }
        let zeros = precision.unwrap_or(0).saturating_sub(body.width());
        let padding = self
            .width
            .saturating_sub(prefix.len() + zeros + body.width());
        let (spaces_before, zeros, spaces_after) = if self.left {
            (0, zeros, padding)
        } else if self.zeros && is_number && precision.is_none() {
            (0, padding, 0)
        } else {
            (padding, zeros, 0)
        };
        write!(f, "{:spaces_before$}{prefix}", "")?;
        write!(f, "{:0<zeros$}{}", "", body.as_str())?;
        write!(f, "{:spaces_after$}", "")
    }

    /// Width and precision are in bytes, as in C.
    fn write_text(&self, f: &mut fmt::Formatter<'_>, text: Text<'_>) -> fmt::Result {
        let shown = self.precision.and_then(|precision| text.0.get(..precision));
        let shown = Text(shown.unwrap_or(text.0));
        let padding = self.width.saturating_sub(shown.0.len());
        if self.left {
            return write!(f, "{shown}{:padding$}", "");
        }
        write!(f, "{:padding$}{shown}", "")
    }
}

/// A width or precision at `position`: digits, or `*` for the next argument; 0 if neither.
fn number(
    bytes: &[u8],
    mut position: usize,
    arguments: &mut impl Iterator<Item = u32>,
) -> (i32, usize) {
    if bytes.get(position) == Some(&b'*') {
        return (arguments.next().unwrap_or(0) as i32, position + 1);
    }
    let mut value = 0i32;
    while let Some(digit @ b'0'..=b'9') = bytes.get(position) {
        value = value
            .saturating_mul(10)
            .saturating_add(i32::from(digit - b'0'));
        position += 1;
    }
    (value, position)
}

/// No message is wider than 256: more is damage, or meant to hurt.
fn bounded(width: u32) -> usize {
    width.min(256) as usize
}

/// A number's digits or a character, with room for the longest.
#[derive(Default)]
struct Body {
    bytes: [u8; 16],
    length: usize,
}

impl Body {
    fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..self.length).unwrap_or_default();
        core::str::from_utf8(bytes).unwrap_or_default()
    }

    fn width(&self) -> usize {
        self.as_str().chars().count()
    }
}

impl Write for Body {
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
