//! What monitors write among the device's lines: the function and the line of each code address.
//!
//! `idf.py monitor` looks up every `0x` with eight digits and prints, in colours or not, on a line of its own or (in
//! its log file) run together with the next ones:
//!
//! ```text
//! --- 0x40376321: heap_caps_malloc at /idf/components/heap/heap_caps.c:84
//! --- (inlined by) app_main at /project/main/main.c:12 (discriminator 3)
//! --- 0x40000123: memset in ROM
//! ```
//!
//! Monitors before 1.7 leave out `--- `. (`pc_address_decoder.py` of esp-idf-panic-decoder.) PlatformIO's and the
//! Arduino IDE's decoders number the frames, or write the line in words:
//!
//! ```text
//!   #2  0x400d3d05 in sample_sensors() at src/sensors.cpp:64 (discriminator 2)
//!       (inlined by) app_main at src/main.cpp:19
//! 0x400d3d05: setup() at /sketch/sketch.ino line 12
//! ```

use std::collections::BTreeMap;

/// A function and a line, beside an address. Text from the log, and not to be trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoration {
    /// The function, demangled.
    pub function: String,
    /// Its source file.
    pub file: Option<String>,
    /// The line in it, from 1.
    pub line: Option<u32>,
}

/// All that were seen.
#[derive(Debug, Default)]
pub(super) struct Decorations {
    pub(super) list: BTreeMap<u64, Vec<Decoration>>,
    /// The address that was decorated last, if it was new: its callers may follow.
    last: Option<u64>,
}

/// No decoration is longer, in bytes.
const LONGEST: usize = 1024;

/// A decoration in a text.
struct Found {
    /// Its first byte.
    start: usize,
    /// The first byte behind it.
    end: usize,
    /// `None`: the caller of the one before, which was inlined into it.
    address: Option<u64>,
    decoration: Decoration,
}

impl Decorations {
    /// Shows what the device wrote to `see`, and keeps the rest.
    pub(super) fn split(&mut self, line: &str, mut see: impl FnMut(&str)) {
        let mut rest = line;
        while let Some(found) = Found::first(rest) {
            let before = &rest[..found.start];
            if !before.trim().is_empty() {
                see(before);
            }
            self.keep(found.address, found.decoration);
            rest = &rest[found.end..];
        }
        if rest.len() == line.len() || !rest.trim().is_empty() {
            see(rest);
        }
    }

    fn keep(&mut self, address: Option<u64>, decoration: Decoration) {
        if let Some(address) = address {
            let is_new = !self.list.contains_key(&address);
            self.last = is_new.then_some(address);
        }
        if let Some(last) = self.last {
            self.list.entry(last).or_default().push(decoration);
        }
    }
}

impl Found {
    fn first(text: &str) -> Option<Self> {
        const INLINED: &str = "(inlined by) ";
        let inlined = text
            .match_indices(INLINED)
            .find_map(|(at, _)| Self::read(text, at, at + INLINED.len(), None));
        let address = text.match_indices("0x").find_map(|(at, _)| {
            let (digits, behind) = text[at + 2..].split_at_checked(8)?;
            let address = u64::from_str_radix(digits, 16).ok()?;
            let body = behind.strip_prefix(": ").or(behind.strip_prefix(" in "))?;
            let body = text.len() - body.len();
            Self::read(text, at, body, Some(address))
        });
        let found = [inlined, address].into_iter().flatten();
        found.min_by_key(|found| found.start)
    }

    /// The decoration whose beginning stands at `at`, and the rest at `body`.
    fn read(text: &str, at: usize, body: usize, address: Option<u64>) -> Option<Self> {
        let limit = text.floor_char_boundary(body + LONGEST);
        let (decoration, length) = read(&text[body..limit])?;
        let before = text[..at].trim_end_matches(' ');
        let start = match before.strip_suffix("---").or(without_number(before)) {
            Some(before) => before.len(),
            // Monitors before 1.7 put a space there.
            None if address.is_none() => before.len(),
            None => at,
        };
        Some(Self {
            start,
            end: body + length,
            address,
            decoration,
        })
    }
}

/// A text without the number of a frame at its end: `#2`.
fn without_number(text: &str) -> Option<&str> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_digit());
    (digits.len() < text.len())
        .then(|| digits.strip_suffix('#'))
        .flatten()
}

/// Reads `function at file:line` or `function in ROM`; returns how many bytes belong to it.
fn read(body: &str) -> Option<(Decoration, usize)> {
    const ROM: &str = " in ROM";
    const AT: &str = " at ";
    // What lies behind the next decoration belongs to that.
    let is_function =
        |text: &str| !text.is_empty() && !text.contains("0x") && !text.contains("---");
    if let Some((function, rest)) = body.split_once(AT)
        && is_function(function)
        && let Some((file, separator, digits)) = file_and_line(rest)
    {
        let place = file.len() + separator.len() + digits.len();
        let from = function.len() + AT.len() + place;
        let decoration = Decoration {
            function: function.to_owned(),
            file: Some(file.to_owned()),
            line: digits.parse().ok().filter(|&line| line > 0),
        };
        return Some((decoration, from + discriminator(&body[from..])));
    }
    let (function, _) = body.split_once(ROM)?;
    is_function(function).then(|| {
        let decoration = Decoration {
            function: function.to_owned(),
            file: None,
            line: None,
        };
        (decoration, function.len() + ROM.len())
    })
}

/// The file, what stands behind it, and the line: `C:/main.c:12`, `/sketch.ino line 12`.
fn file_and_line(text: &str) -> Option<(&str, &str, &str)> {
    const LINE: &str = " line ";
    let colons = text.match_indices(':');
    let words = text.match_indices(LINE);
    colons.chain(words).find_map(|(at, separator)| {
        let behind = &text[at + separator.len()..];
        if behind.starts_with('?') {
            return Some((&text[..at], separator, "?"));
        }
        let end = behind
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(behind.len());
        // In the monitor's log file a record's size, six digits wide, may follow at once.
        let end = if behind[end..].starts_with(" bytes (@") {
            end.checked_sub(6)?
        } else {
            end
        };
        (end > 0).then(|| (&text[..at], separator, &behind[..end]))
    })
}

/// The length of ` (discriminator 3)`, if it stands there.
fn discriminator(text: &str) -> usize {
    let number = text.strip_prefix(" (discriminator ");
    let end = number.and_then(|number| Some(text.len() - number.len() + number.find(')')? + 1));
    end.unwrap_or(0)
}
