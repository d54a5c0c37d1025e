//! Core dumps as devices print them on a console, with whatever terminals and loggers have added to their lines.
//!
//! ESP-IDF: base64, each line for itself, between two rules (`esp_core_dump_to_uart`). Zephyr: hexadecimal digits
//! behind `#CD:` (`coredump_backend_logging.c`).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Image, ImageError, Problem, elf, esp_idf, zephyr};

const START: &str = "CORE DUMP START";
const END: &str = "CORE DUMP END";
const ZEPHYR: &str = "#CD:";

/// Reads the last dump in a log; `None` if there is none.
pub(super) fn read(log: &[u8]) -> Option<Result<Image, ImageError>> {
    let text = String::from_utf8_lossy(log);
    if let Some(at) = text.rfind(START) {
        return Some(espressif(&text[at..]));
    }
    if let Some(at) = text.rfind("#CD:BEGIN#").or_else(|| text.find(ZEPHYR)) {
        return Some(of_zephyr(&text[at..]));
    }
    // The lines alone, as ESP-IDF's monitor saves them.
    let first = text.lines().next().and_then(base64_in)?;
    esp_idf::Container::is_begun_by(&first).then(|| espressif_lines(text.lines(), true))
}

fn espressif(text: &str) -> Result<Image, ImageError> {
    let (content, has_end) = match text.find(END) {
        Some(end) => (&text[..end], true),
        None => (text, false),
    };
    espressif_lines(content.lines().skip(1), has_end)
}

fn espressif_lines<'t>(
    lines: impl Iterator<Item = &'t str>,
    has_end: bool,
) -> Result<Image, ImageError> {
    let (bytes, torn) = joined(lines.map(base64_in));
    let opened = match esp_idf::Container::recognise(&bytes) {
        Some(container) => container?.open(&bytes),
        None if bytes.starts_with(elf::MAGIC) => elf::read(bytes),
        None => Err(ImageError::Unknown),
    };
    opened.map(|image| noted(image, torn, has_end))
}

fn of_zephyr(text: &str) -> Result<Image, ImageError> {
    let behind = |line: &str| line.split_once(ZEPHYR).map(|(_, rest)| rest.to_owned());
    let lines: Vec<String> = text.lines().filter_map(behind).collect();
    let is_data = |line: &&String| !line.trim_end().ends_with('#');
    let (bytes, torn) = joined(lines.iter().filter(is_data).map(|line| hex_in(line)));
    if !bytes.starts_with(zephyr::MAGIC) {
        return Err(ImageError::Unknown);
    }
    let has_end = lines.iter().any(|line| line.starts_with("END#"));
    Ok(noted(zephyr::read(&bytes), torn, has_end))
}

/// The bytes of all lines, and how many cannot be read.
fn joined(lines: impl Iterator<Item = Option<Vec<u8>>>) -> (Vec<u8>, u64) {
    let mut bytes = Vec::new();
    let mut torn = 0;
    for line in lines {
        match line {
            Some(line) => bytes.extend(line),
            None => torn += 1,
        }
    }
    (bytes, torn)
}

/// The bytes of a line: of its last word, for a logger may have put others before it. An empty line has none.
fn base64_in(line: &str) -> Option<Vec<u8>> {
    let Some(word) = line.split_whitespace().next_back() else {
        return Some(Vec::new());
    };
    // The rest of the rule that begins or ends the dump.
    if word.bytes().all(|byte| byte == b'=') {
        return Some(Vec::new());
    }
    STANDARD.decode(word).ok()
}

fn hex_in(line: &str) -> Option<Vec<u8>> {
    let digits = line
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let pairs = digits.chunks_exact(2);
    pairs
        .map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?))
        .collect()
}

fn noted(mut image: Image, torn: u64, has_end: bool) -> Image {
    if torn > 0 {
        image.problems.push(Problem::Lines { lines: torn });
    }
    if !has_end {
        image.problems.push(Problem::NoEnd);
    }
    image
}
