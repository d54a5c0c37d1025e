//! From the bytes of a log to its lines: whatever encoding and colours it has.

use std::borrow::Cow;

use leakscope_systemview::Header;

/// Whether most of these bytes, the first of a file, are text. Before a device prints any, a monitor reads noise, or
/// zeros while it is reset. The lines of a recording's header are none.
pub fn is_text(head: &[u8]) -> bool {
    let is_wide = wide(head).is_some();
    let has_header = Header::parse(head).data > 0;
    is_wide || !has_header && text_bytes(head) * 2 > head.len()
}

/// How many of these bytes are text: those of lines in which, but for one in twenty, all are.
pub fn text_bytes(bytes: &[u8]) -> usize {
    const NOISE: usize = 20;
    let is_odd = |byte: &&u8| **byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x08 | 0x1b);
    let lines = bytes.split_inclusive(|&byte| byte == b'\n');
    let texts = lines.filter(|line| line.iter().filter(is_odd).count() <= line.len() / NOISE);
    texts.map(<[u8]>::len).sum()
}

const UTF_16_LITTLE: [u8; 2] = [0xff, 0xfe];
const UTF_16_BIG: [u8; 2] = [0xfe, 0xff];

/// What makes a number of two bytes.
type Word = fn([u8; 2]) -> u16;

/// Whether a text is UTF-16, as PowerShell's redirection writes it: where it begins behind its mark, and in which order
/// the bytes stand. Without a mark, nearly all characters of a log tell the order.
fn wide(bytes: &[u8]) -> Option<(usize, Word)> {
    const LOOKED_AT: usize = 1024;
    const FEWEST: usize = 16;
    if bytes.starts_with(&UTF_16_LITTLE) {
        return Some((2, u16::from_le_bytes));
    }
    if bytes.starts_with(&UTF_16_BIG) {
        return Some((2, u16::from_be_bytes));
    }
    let pairs = bytes[..bytes.len().min(LOOKED_AT)].chunks_exact(2);
    let all = pairs.len();
    let is_letter = |byte: u8| matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r');
    let little = pairs
        .clone()
        .filter(|pair| is_letter(pair[0]) && pair[1] == 0);
    let big = pairs
        .clone()
        .filter(|pair| pair[0] == 0 && is_letter(pair[1]));
    let is_nearly_all = |count: usize| all >= FEWEST && count * 10 >= all * 9;
    if is_nearly_all(little.count()) {
        Some((0, u16::from_le_bytes))
    } else if is_nearly_all(big.count()) {
        Some((0, u16::from_be_bytes))
    } else {
        None
    }
}

/// Shows each line to `see`, without colours and carriage returns, and with the offset of its first byte.
pub(super) fn each_line(bytes: &[u8], mut see: impl FnMut(u64, &str)) {
    let wide = wide(bytes).map(|(begin, word)| from_utf_16(&bytes[begin..], word));
    let (bytes, byte_width) = match &wide {
        Some(text) => (text.as_bytes(), 2),
        None => (bytes, 1),
    };
    let mut start = 0;
    for line in bytes.split(|&byte| byte == b'\n') {
        // At least one piece, also of an empty line.
        for at in (0..line.len().max(1)).step_by(LONGEST) {
            let piece = &line[at..line.len().min(at + LONGEST)];
            let text = String::from_utf8_lossy(piece);
            see((start + at) as u64 * byte_width, &without_controls(&text));
        }
        start += line.len() + 1;
    }
}

/// No line of a dump, with all that a monitor runs together with it, is longer; longer ones are cut.
const LONGEST: usize = 16 * 1024;

fn from_utf_16(bytes: &[u8], word: Word) -> String {
    let pairs = bytes.chunks_exact(2);
    let words: Vec<u16> = pairs.map(|pair| word([pair[0], pair[1]])).collect();
    String::from_utf16_lossy(&words)
}

/// Without ANSI sequences and other control characters; tabs are spaces.
fn without_controls(line: &str) -> Cow<'_, str> {
    if !line.contains(|c: char| c.is_control()) {
        return Cow::Borrowed(line);
    }
    let mut plain = String::with_capacity(line.len());
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        if c == '\u{1b}' {
            let mut sequence = rest.clone();
            if sequence.next() == Some('[') {
                // Parameters, then a letter (ECMA-48, section 5.4).
                let is_parameter = |c: &char| !('\u{40}'..='\u{7e}').contains(c);
                sequence.by_ref().find(|c| !is_parameter(c));
                rest = sequence;
            }
        } else if c == '\t' {
            plain.push(' ');
        } else if !c.is_control() {
            plain.push(c);
        }
    }
    Cow::Owned(plain)
}
