//! The text that may stand before a recording: lines that begin with `;`.

use crate::sync;
use crate::text::Text;

/// The header of a recording: the longest run of lines that begin with `;`. It may be empty, and a
/// recording is none the worse for it.
///
/// ```
/// use leakscope_systemview::Header;
/// let file = b";\n; Version     SEGGER SystemViewer V3.60\n; Offset Core1 12262\n;\n\0\0\0";
/// let header = Header::parse(file);
/// assert_eq!(header.data, 65);
/// assert_eq!(header.core_offsets().collect::<Vec<_>>(), [(1, 12262)]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// The lines, as they stand.
    pub text: Text<'a>,
    /// Where the data begin: the first byte behind the lines, and behind empty lines if a sync follows them. Otherwise
    /// their line ends are ids of packets.
    pub data: usize,
}

/// One line of a [`Header`]: `; key value`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderLine<'a> {
    /// The first word.
    pub key: Text<'a>,
    /// The rest.
    pub value: Text<'a>,
}

impl<'a> Header<'a> {
    /// Reads the header at the front of a file, or finds that there is none.
    #[must_use]
    pub fn parse(file: &'a [u8]) -> Self {
        let mut end = 0;
        while let Some(length) = file.get(end..).and_then(line_length) {
            end += length;
        }
        let text = Text(file.get(..end).unwrap_or_default());
        let rest = file.get(end..).unwrap_or_default();
        let is_end = |byte: &&u8| matches!(byte, b'\n' | b'\r');
        let empty = rest.iter().take_while(is_end).count();
        let has_sync = (rest.get(empty..)).is_some_and(|data| data.starts_with(&sync::SYNC));
        let data = if end > 0 && has_sync {
            end + empty
        } else {
            end
        };
        Self { text, data }
    }

    /// Its lines, without the empty ones.
    pub fn lines(&self) -> impl Iterator<Item = HeaderLine<'a>> + use<'a> {
        self.text
            .0
            .split(|&byte| byte == b'\n')
            .filter_map(|line| line.strip_prefix(b";"))
            .map(<[u8]>::trim_ascii)
            .filter(|line| !line.is_empty())
            .map(|line| {
                let end = line
                    .iter()
                    .position(u8::is_ascii_whitespace)
                    .unwrap_or(line.len());
                let (key, value) = line.split_at(end);
                HeaderLine {
                    key: Text(key),
                    value: Text(value.trim_ascii()),
                }
            })
    }

    /// The value of the first line with this key.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<Text<'a>> {
        self.lines()
            .find(|line| line.key.0 == key.as_bytes())
            .map(|line| line.value)
    }

    /// The cores' parts of a joined file (V3.60): core, and its first byte counted from
    /// [`Header::data`].
    pub fn core_offsets(&self) -> impl Iterator<Item = (u32, u64)> + use<'a> {
        self.lines()
            .filter(|line| line.key.0 == b"Offset")
            .filter_map(|line| {
                let words = core::str::from_utf8(line.value.0).ok()?;
                let (core, offset) = words.split_once(char::is_whitespace)?;
                let core = core.strip_prefix("Core")?.parse().ok()?;
                Some((core, offset.trim().parse().ok()?))
            })
    }

    /// Whether Espressif's OpenOCD wrote the file.
    #[must_use]
    pub fn is_espressif(&self) -> bool {
        self.has_core_bit()
            || self
                .value("Author")
                .is_some_and(|author| author.0.starts_with(b"Espressif"))
    }

    /// Whether ids carry the core in a bit of their own (`; ESP_Extension`, Espressif's OpenOCD until
    /// May 2025).
    #[must_use]
    pub fn has_core_bit(&self) -> bool {
        self.lines().any(|line| line.key.0 == b"ESP_Extension")
    }
}

/// How long the header's line at the front of `bytes` is, its end included. A `;` at the front of a
/// recording without header begins no line: control characters come before the next line feed.
fn line_length(bytes: &[u8]) -> Option<usize> {
    let is_control = |&byte: &u8| byte < b' ' && !matches!(byte, b'\t' | b'\r');
    let line = bytes.strip_prefix(b";")?;
    let end = line.iter().position(is_control)?;
    (line.get(end) == Some(&b'\n')).then_some(end + 2)
}
