//! What a file is that is no recording, by its first bytes: people give commands the file beside the right one, or a
//! recording that another program has changed.

use std::fmt;

use leakscope_analysis::dump;
use leakscope_systemview::Header;

/// What a file is, if no events can be read from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FileKind {
    Empty,
    /// It is packed, and nothing came out.
    NotUnpacked,
    OnlyHeader,
    /// Nothing but zeros.
    Zeros,
    /// A kind of file that says what it is, by its name and article.
    Known(&'static str),
    /// A program: it belongs behind `--elf`.
    Program,
    /// A recording that a program took for text, and saved as UTF-8: each byte above 127 has become two.
    SavedAsText,
    /// A recording in which each line feed has become two bytes, or each zero a space.
    LineEndsChanged,
    ZerosChanged,
    /// Bytes as hexadecimal digits.
    HexDump,
    /// Such as the log of a console without a heap dump in it.
    Text,
    Other {
        offset: usize,
        bytes: Vec<u8>,
    },
}

/// The first bytes of files that people have beside their recordings.
const KNOWN: &[(&[u8], &str)] = &[
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\xfd7zXZ", "a file packed with xz"),
    (b"BZh", "a file packed with bzip2"),
    (b"SQLite format 3", "an SQLite database"),
    (b"PAR1", "a Parquet file"),
    (b"<!DOCTYPE", "an HTML page"),
    (b"<html", "an HTML page"),
];

/// How a recording begins: ten zeros, then `TRACE_START`.
const START: [u8; 11] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10];

impl FileKind {
    /// What a file is that begins with these bytes.
    pub(crate) fn of(head: &[u8]) -> Self {
        /// How many bytes are shown.
        const SHOWN: usize = 8;
        if let Some(certain) = Self::certain(head) {
            return certain;
        }
        let offset = Header::parse(head).data;
        match head.get(offset..).unwrap_or_default() {
            [] if offset > 0 => Self::OnlyHeader,
            [] => Self::Empty,
            data if data.iter().all(|&byte| byte == 0) => Self::Zeros,
            data if data.starts_with(&START.map(|byte| if byte == 0 { b' ' } else { byte })) => {
                Self::ZerosChanged
            }
            _ if offset == 0 && is_hex_dump(head) => Self::HexDump,
            _ if offset == 0 && dump::is_text(head) => Self::Text,
            data => Self::Other {
                offset,
                bytes: data.iter().take(SHOWN).copied().collect(),
            },
        }
    }

    /// What a file certainly is, even if events seem to be in it; `None` if it may be a recording.
    pub(crate) fn certain(head: &[u8]) -> Option<Self> {
        if head.starts_with(b"\x7fELF") {
            return Some(Self::Program);
        }
        if was_saved_as_text(head) {
            return Some(Self::SavedAsText);
        }
        if has_other_line_ends(head) {
            return Some(Self::LineEndsChanged);
        }
        if head
            .get(257..)
            .is_some_and(|rest| rest.starts_with(b"ustar"))
        {
            return Some(Self::Known("a tar archive"));
        }
        let mut known = KNOWN.iter().filter(|(magic, _)| head.starts_with(magic));
        known.next().map(|(_, name)| Self::Known(name))
    }

    /// Whether no more is in it than a recorder writes before the target has sent anything.
    pub(crate) const fn is_nothing(&self) -> bool {
        matches!(self, Self::Empty | Self::NotUnpacked | Self::OnlyHeader)
    }

    /// What the user can do about it.
    pub(crate) const fn hint(&self) -> &'static str {
        match self {
            Self::Empty | Self::OnlyHeader => {
                "was recording stopped before the target sent anything? OpenOCD writes the data when it \
                 is told to stop (`esp sysview_mcore stop`), and a target that does not run sends nothing"
            }
            Self::NotUnpacked => "fetch or pack the file again",
            Self::Zeros => {
                "memory that was never written reads like this: check the address and the length of a dump of memory, \
                 or whether the disk was full"
            }
            Self::Program => "--elf FILE names the program; the recording is another file (.svdat)",
            Self::SavedAsText => {
                "a terminal or an editor saved it. `iconv -f UTF-8 -t ISO-8859-1` makes bytes of it again if no byte was \
                 replaced; else record again, with `leakscope record` or as binary data"
            }
            Self::LineEndsChanged => {
                "a program saved it in text mode: record again in binary mode, or `leakscope record`"
            }
            Self::ZerosChanged => {
                "a terminal saved it that shows zero bytes as spaces: record again with `leakscope record`"
            }
            Self::HexDump => "`xxd -r -p` (of plain digits) or `xxd -r` makes bytes of it again",
            Self::Text | Self::Known(_) => {
                "a recording is a binary file (.svdat); of a console's log, what `heap_trace_dump` or the recorder \
                 has printed is read; an ELF file is named with --elf"
            }
            Self::Other { .. } => {
                "a recording begins with ten zero bytes, or with lines that begin with `;` before them; \
                 an ELF file is named with --elf"
            }
        }
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "is empty",
            Self::NotUnpacked => "is packed, and cut off or damaged before anything came out",
            Self::OnlyHeader => "holds a header and no data behind it",
            Self::Zeros => "holds nothing but zero bytes",
            Self::Known(kind) => return write!(f, "is {kind}, and no recording"),
            Self::Program => "is a program (an ELF file), and no recording",
            Self::SavedAsText => {
                "is a recording that was saved as text (UTF-8): its bytes above 127 have become two each"
            }
            Self::LineEndsChanged => {
                "is a recording that was saved as text: its line feeds have become two bytes each"
            }
            Self::ZerosChanged => "is a recording that was saved as text: its zero bytes have become spaces",
            Self::HexDump => "is a hex dump, and no recording",
            Self::Text => "is text, and no heap dump is in it",
            Self::Other { offset, bytes } => {
                write!(f, "is no SystemView recording: at byte {offset} stands")?;
                bytes.iter().try_for_each(|byte| write!(f, " {byte:02x}"))?;
                return write!(f, " (\"{}\")", bytes.escape_ascii());
            }
        })
    }
}

/// Whether all bytes are UTF-8, as in text, and yet most of its characters are none of a text's: a recording has about
/// as many bytes above 127 as below 32.
fn was_saved_as_text(head: &[u8]) -> bool {
    /// A few foreign letters may stand in a recording's texts.
    const FEW: usize = 16;
    let data = &head[Header::parse(head).data..];
    let text = match std::str::from_utf8(data) {
        Ok(text) => text,
        // The last character may lie across the end of what was read.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&data[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    // Bytes have become characters of their own number; those that are none in an encoding, U+FFFD.
    let is_byte = |c: &char| matches!(c, '\u{80}'..='\u{ff}' | '\u{fffd}');
    let bytes = text.chars().filter(is_byte).count();
    let odd = text
        .chars()
        .filter(|c| c.is_control() && !c.is_whitespace());
    let others = text.chars().filter(|c| *c > '\u{ff}' && *c != '\u{fffd}');
    bytes > FEW && odd.count() > FEW && others.count() * 4 < bytes
}

/// Whether it begins as a recording, but for a carriage return before each line feed, and so before the id of
/// TRACE_START.
fn has_other_line_ends(head: &[u8]) -> bool {
    let data = &head[Header::parse(head).data..];
    let mut ends = head.windows(2).filter(|pair| pair[1] == b'\n');
    (data.strip_prefix(&START[..10])).is_some_and(|packets| packets.starts_with(b"\r\n"))
        && ends.all(|pair| pair[0] == b'\r')
}

/// Whether the first lines are digits, as `xxd`, `hexdump`, `od` and debuggers show memory: an address or none, bytes,
/// and the same in letters or not.
fn is_hex_dump(head: &[u8]) -> bool {
    const LINES: usize = 4;
    /// A line with this many digits is no words.
    const DIGITS: usize = 16;
    let text = String::from_utf8_lossy(head);
    let mut lines = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .take(LINES)
        .peekable();
    let is_digits = |word: &&str| {
        word.len().is_multiple_of(2) && word.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    lines.peek().is_some()
        && lines.all(|line| {
            let words = line.split_whitespace();
            let bare = words.map(|word| word.trim_start_matches("0x").trim_end_matches([':', ',']));
            let digits = bare.take_while(is_digits).map(str::len);
            digits.sum::<usize>() >= DIGITS
        })
}
