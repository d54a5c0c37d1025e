//! What to say of inputs in which nothing could be read.

use std::fmt;

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
    Other { offset: usize, bytes: Vec<u8> },
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
        let other = all.find(|other| matches!(other.found, Found::Other { .. }));
        match (first, other) {
            (Some(first), _) if matches!(first.found, Found::Other { .. }) => first,
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
            Found::Other { .. } => {
                "a recording begins with ten zero bytes, or with lines that begin with `;` before them; \
                 an ELF file is named with --elf"
            }
        }
    }
}

impl Found {
    fn of(head: &[u8]) -> Self {
        /// So many bytes are shown.
        const SHOWN: usize = 8;
        let offset = Header::parse(head).data;
        match head.get(offset..).unwrap_or_default() {
            [] if offset > 0 => Self::OnlyHeader,
            [] => Self::Nothing,
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
