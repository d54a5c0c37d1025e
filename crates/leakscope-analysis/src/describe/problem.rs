//! What was wrong with a description file.

use std::fmt;

/// How much of an offending line a problem quotes, in characters.
const QUOTED: usize = 60;

/// Something in a description file that was not understood or is doubtful. The rest of the file counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescriptionProblem {
    /// The line it is in, from 1 on.
    pub line: u32,
    /// What it is.
    pub kind: DescriptionProblemKind,
    /// The words it is about; control characters and all.
    pub quoted: Box<str>,
}

/// The kinds of [`DescriptionProblem`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DescriptionProblemKind {
    /// The line begins neither with a number nor with a keyword. It was skipped.
    UnknownLine,
    /// A number, but no name of an event follows. The line was skipped.
    NoName,
    /// The event was described before. The later description counts.
    DuplicateEvent,
    /// The value of a named type, or the task state, had another text before. The later text counts.
    DuplicateValue,
    /// Something that should read `value=text` does not. It was skipped.
    UnknownValue,
    /// A second `TaskState` line has another mask. The later mask counts.
    DifferentMask,
    /// An option that is unknown here. It was skipped.
    UnknownOption,
    /// An event refers to a type that the file does not declare. It is shown as a number.
    UndeclaredType,
}

impl DescriptionProblem {
    pub(super) fn new(line: u32, kind: DescriptionProblemKind, text: &str) -> Self {
        let end = text
            .char_indices()
            .nth(QUOTED)
            .map_or(text.len(), |(at, _)| at);
        Self {
            line,
            kind,
            quoted: text[..end].into(),
        }
    }
}

impl fmt::Display for DescriptionProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}: {:?}", self.line, self.kind, self.quoted)
    }
}

impl fmt::Display for DescriptionProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownLine => "neither an event nor a keyword",
            Self::NoName => "an event without a name",
            Self::DuplicateEvent => "described twice, the later description counts",
            Self::DuplicateValue => "named twice, the later name counts",
            Self::UnknownValue => "not of the form value=text",
            Self::DifferentMask => "a second mask for task states",
            Self::UnknownOption => "unknown option",
            Self::UndeclaredType => "a type that is not declared",
        })
    }
}
