//! Where the lines of a dump stand in the lines of a log.
//!
//! Terminals, loggers, mail programs and containers put their own text before each line, and behind it. No
//! list of these would ever be complete: a line of a dump is known by what the device itself wrote.

/// Words that only a line of a dump holds, and how the line begins before them.
const ANCHORS: &[(&str, Begin)] = &[
    (" bytes (@ ", Begin::Digits),
    (" bytes 'leaked' in trace", Begin::Digits),
    (" bytes alive in trace", Begin::Digits),
    (" allocations trace (", Begin::Digits),
    ("= Heap Trace: ", Begin::Rule),
    ("= Heap Trace Summary =", Begin::Rule),
    ("freed by ", Begin::Here),
    ("Mode: Heap Trace ", Begin::Here),
    ("records: ", Begin::Here),
    ("hashmap: ", Begin::Here),
    ("total allocations", Begin::Here),
    ("total frees: ", Begin::Here),
    ("(NB: ", Begin::Here),
    ("Error: heap trace linked list", Begin::Here),
    (LAST_RULE, Begin::Rule),
];

/// The line that ends a dump.
const LAST_RULE: &str = "================================";

/// What of a line stands before its anchor.
#[derive(Clone, Copy)]
enum Begin {
    Here,
    /// A number.
    Digits,
    /// Equals signs.
    Rule,
}

/// The offsets at which lines of a dump begin in a text, in order. The monitor's log file, and writers that
/// lose line breaks, run several of them together.
pub(super) fn all(text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    for (words, begin) in ANCHORS {
        let matches = text.match_indices(words);
        found.extend(matches.filter_map(|(at, _)| begin.before(text, at)));
    }
    found.sort_unstable();
    found.dedup();
    found
}

impl Begin {
    /// Where a line begins whose anchor stands at `at`.
    fn before(self, text: &str, at: usize) -> Option<usize> {
        let before = &text[..at];
        let rest = match self {
            Self::Here => return Some(at),
            Self::Digits => before.trim_end_matches(|c: char| c.is_ascii_digit()),
            Self::Rule => return Some(before.trim_end_matches('=').len()),
        };
        // Digits that run on from a word are not all of the number's.
        let is_torn = rest.ends_with(char::is_alphanumeric);
        (rest.len() < at && !is_torn).then_some(rest.len())
    }
}

/// A text without what `prefix` has before a line, if it begins alike: digits stand for any digits, letters for any
/// letters, and a run of either may be longer or shorter.
///
/// `2026-11-28 10:00:00 host app[812]: ` is like `2026-11-28 10:00:01 host app[77]: `.
pub(super) fn without_prefix<'t>(prefix: &str, text: &'t str) -> Option<&'t str> {
    let mut rest = text;
    let mut wanted = prefix.chars().peekable();
    while let Some(first) = wanted.next() {
        let class = Class::of(first);
        if class == Class::Itself {
            rest = rest.strip_prefix(first)?;
            continue;
        }
        while wanted.next_if(|c| Class::of(*c) == class).is_some() {}
        let behind = rest.trim_start_matches(|c| Class::of(c) == class);
        if behind.len() == rest.len() {
            return None;
        }
        rest = behind;
    }
    Some(rest)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Digit,
    Letter,
    /// Stands for nothing else.
    Itself,
}

impl Class {
    fn of(c: char) -> Self {
        match c {
            _ if c.is_ascii_digit() => Self::Digit,
            _ if c.is_alphabetic() => Self::Letter,
            _ => Self::Itself,
        }
    }
}
