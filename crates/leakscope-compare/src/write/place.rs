//! Where a call stack is in the repository.

use std::path::{Component, Path};

use leakscope_report::NamedFrame;

/// A line of a file below the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The path from the root on, with `/` between its parts.
    pub path: String,
    /// The line, from 1.
    pub line: u32,
}

impl Place {
    /// Of the innermost frame whose file lies below `root`.
    pub fn of(frames: &[NamedFrame], root: &Path) -> Option<Self> {
        frames.iter().find_map(|frame| Self::of_frame(frame, root))
    }

    /// Of a frame, if its file lies below `root`. A relative path does, unless it leads out.
    pub fn of_frame(frame: &NamedFrame, root: &Path) -> Option<Self> {
        Some(Self {
            path: Self::path(Path::new(frame.file.as_deref()?), root)?,
            line: frame.line.unwrap_or(1).max(1),
        })
    }

    /// The path of a file below `root` from there on.
    pub(super) fn path(path: &Path, root: &Path) -> Option<String> {
        let below = if path.is_absolute() {
            path.strip_prefix(root).ok()?
        } else {
            path
        };
        let mut parts: Vec<&str> = Vec::new();
        for part in below.components() {
            match part {
                Component::Normal(part) => parts.push(part.to_str()?),
                Component::CurDir => {}
                Component::ParentDir => {
                    parts.pop()?;
                }
                Component::RootDir | Component::Prefix(_) => return None,
            }
        }
        let path = parts.join("/");
        let is_usable = !path.is_empty() && !path.contains(char::is_control);
        is_usable.then_some(path)
    }
}
