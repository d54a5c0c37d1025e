//! What `idf.py monitor` writes among the device's lines: the function and the line of each code address.
//!
//! It looks up every `0x` with eight digits and prints, in colours or not, on a line of its own or (in its
//! log file) run together with the next ones:
//!
//! ```text
//! --- 0x40376321: heap_caps_malloc at /idf/components/heap/heap_caps.c:84
//! --- (inlined by) app_main at /project/main/main.c:12 (discriminator 3)
//! --- 0x40000123: memset in ROM
//! ```
//!
//! Monitors before 1.7 leave out `--- `. (`pc_address_decoder.py` of esp-idf-panic-decoder.)

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

/// How a decoration begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Start {
    /// Its first byte in the text.
    at: usize,
    /// How long the beginning is.
    length: usize,
    /// `None`: the caller of the one before, which was inlined into it.
    address: Option<u64>,
}

impl Decorations {
    /// Shows what the device wrote to `see`, and keeps the rest.
    pub(super) fn split(&mut self, line: &str, mut see: impl FnMut(&str)) {
        let mut rest = line;
        while let Some(start) = Start::find(rest) {
            let (before, behind) = rest.split_at(start.at);
            if !before.trim().is_empty() {
                see(before);
            }
            let behind = &behind[start.length..];
            let end = Start::find(behind).map_or(behind.len(), |next| next.at);
            let body = &behind[..end];
            let (decoration, length) = read(body);
            if let Some(decoration) = decoration {
                self.keep(start.address, decoration);
            }
            rest = &behind[length..];
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

impl Start {
    /// The first in a text.
    fn find(text: &str) -> Option<Self> {
        const INLINED: &str = "(inlined by) ";
        let inlined = text.find(INLINED).map(|at| Self {
            at,
            length: INLINED.len(),
            address: None,
        });
        let mut addresses = text.match_indices("0x");
        let address = addresses.find_map(|(at, _)| {
            let (digits, behind) = text[at + 2..].split_at_checked(8)?;
            let address = u64::from_str_radix(digits, 16).ok()?;
            let behind = behind.strip_prefix(": ")?;
            // A stack that ends early, of a block that was freed.
            let is_stack = behind
                .strip_prefix("freed")
                .is_some_and(|behind| !behind.starts_with(" at "));
            (!is_stack).then_some(Self {
                at,
                length: 2 + 8 + 2,
                address: Some(address),
            })
        });
        let first = [inlined, address]
            .into_iter()
            .flatten()
            .min_by_key(|start| start.at)?;
        let before = text[..first.at].trim_end_matches(' ');
        let dashes = match before.strip_suffix("---") {
            Some(before) => before.len(),
            // Monitors before 1.7 put a space there.
            None if first.address.is_none() => before.len(),
            None => first.at,
        };
        Some(Self {
            at: dashes,
            length: first.length + first.at - dashes,
            ..first
        })
    }
}

/// Reads `function at file:line` or `function in ROM`; returns how many bytes belong to it.
fn read(body: &str) -> (Option<Decoration>, usize) {
    const ROM: &str = " in ROM";
    const AT: &str = " at ";
    if let Some((function, rest)) = body.split_once(AT)
        && let Some((file, digits)) = file_and_line(rest)
    {
        let from = function.len() + AT.len() + file.len() + 1;
        let line = digits.parse().ok().filter(|&line| line > 0);
        let decoration = Decoration {
            function: function.to_owned(),
            file: Some(file.to_owned()),
            line,
        };
        let behind = &body[from + digits.len()..];
        let length = from + digits.len() + discriminator(behind);
        return (Some(decoration), length);
    }
    if let Some((function, _)) = body.split_once(ROM) {
        let decoration = Decoration {
            function: function.to_owned(),
            file: None,
            line: None,
        };
        return (Some(decoration), function.len() + ROM.len());
    }
    (None, 0)
}

/// Splits at the first colon with a line number behind it: `C:/main.c:12`.
fn file_and_line(text: &str) -> Option<(&str, &str)> {
    text.match_indices(':').find_map(|(at, _)| {
        let behind = &text[at + 1..];
        if behind.starts_with('?') {
            return Some((&text[..at], "?"));
        }
        let end = behind
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(behind.len());
        // In the monitor's log file a record's size, six digits wide, may follow at once.
        let end = match behind[end..].starts_with(" bytes (@") {
            true => end.checked_sub(6)?,
            false => end,
        };
        (end > 0).then(|| (&text[..at], &behind[..end]))
    })
}

/// The length of ` (discriminator 3)`, if it stands there.
fn discriminator(text: &str) -> usize {
    let number = text.strip_prefix(" (discriminator ");
    let end = number.and_then(|number| Some(text.len() - number.len() + number.find(')')? + 1));
    end.unwrap_or(0)
}
