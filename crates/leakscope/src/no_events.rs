//! What to say of inputs in which nothing could be read.

use std::fmt;

use leakscope_analysis::dump;
use leakscope_systemview::Header;

/// No input holds a packet of SystemView.
#[derive(Debug)]
pub(crate) struct NoEvents {
    name: String,
    found: Found,
}

/// What the first input holds instead.
#[derive(Debug)]
enum Found {
    Nothing,
    OnlyHeader,
    /// Such as the log of a console without a heap dump in it.
    Text,
    Other {
        offset: usize,
        bytes: Vec<u8>,
    },
}

impl std::error::Error for NoEvents {}

impl NoEvents {
    /// From the names and the first bytes of the inputs; those that hold something are of more interest.
    pub(crate) fn of(inputs: impl Iterator<Item = (String, Vec<u8>)>) -> Self {
        let mut all = inputs.map(|(name, head)| Self {
            name,
            found: Found::of(&head),
        });
        let first = all.next();
        let other = all.find(|other| other.found.is_something());
        match (first, other) {
            (Some(first), _) if first.found.is_something() => first,
            (_, Some(other)) => other,
            (Some(first), None) => first,
            (None, None) => Self {
                name: "no input".to_owned(),
                found: Found::Nothing,
            },
        }
    }

    /// What the user can do about it.
    pub(crate) fn hint(&self) -> &'static str {
        match self.found {
            Found::Nothing | Found::OnlyHeader => {
                "was recording stopped before the target sent anything? OpenOCD writes the data when it \
                 is told to stop (`esp sysview_mcore stop`), and a target that does not run sends nothing"
            }
            Found::Text => {
                "a recording is a binary file (.svdat); of a console's log, what `heap_trace_dump` or the recorder \
                 has printed is read; an ELF file is named with --elf"
            }
            Found::Other { .. } => {
                "a recording begins with ten zero bytes, or with lines that begin with `;` before them; \
                 an ELF file is named with --elf"
            }
        }
    }
}

impl Found {
    /// Whether more is in it than a recorder writes before the target has sent anything.
    const fn is_something(&self) -> bool {
        matches!(self, Self::Text | Self::Other { .. })
    }

    fn of(head: &[u8]) -> Self {
        /// So many bytes are shown.
        const SHOWN: usize = 8;
        let offset = Header::parse(head).data;
        match head.get(offset..).unwrap_or_default() {
            [] if offset > 0 => Self::OnlyHeader,
            [] => Self::Nothing,
            _ if offset == 0 && dump::is_text(head) => Self::Text,
            data => Self::Other {
                offset,
                bytes: data.iter().take(SHOWN).copied().collect(),
            },
        }
    }
}

impl fmt::Display for NoEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match &self.found {
            Found::Nothing => write!(f, "`{name}` is empty"),
            Found::OnlyHeader => write!(f, "`{name}` holds a header and no data behind it"),
            Found::Text => write!(f, "`{name}` is text, and no heap dump is in it"),
            Found::Other { offset, bytes } => {
                write!(
                    f,
                    "`{name}` is no SystemView recording: at byte {offset} stands"
                )?;
                bytes.iter().try_for_each(|byte| write!(f, " {byte:02x}"))?;
                write!(f, " (\"{}\")", bytes.escape_ascii())
            }
        }
    }
}
