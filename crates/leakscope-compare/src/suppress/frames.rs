//! Which call stacks a rule is about.

use leakscope_report::NamedFrame;
use leakscope_report::allocator::is_allocator_function;
use leakscope_report::document::call_site::CallSite;
use leakscope_report::identity::normalised;
use leakscope_symbols::demangle;

use super::pattern::Pattern;

/// The call stacks that a rule is about.
#[derive(Clone, Debug, Default)]
pub(crate) enum Frames {
    /// All of them.
    #[default]
    All,
    /// Those that begin, innermost first, like this; frames beyond do not matter.
    Like(Vec<Frame>),
    /// Those with a frame whose function or file matches.
    Any(Pattern),
}

/// One frame of a rule.
#[derive(Clone, Debug)]
pub(crate) enum Frame {
    /// Any number of frames, none included.
    Between,
    /// A function.
    Function { name: String, pattern: Pattern },
    /// A line of a source file.
    Line { file: String, line: Option<u32> },
    /// An object file: firmware has none.
    Object,
}

impl Frame {
    /// By its name, with wildcards. A mangled name stands for the function, which has no such name here.
    pub(crate) fn function(name: &str) -> Option<Self> {
        let name = demangle(name).unwrap_or_else(|| name.to_owned());
        let name = normalised(&name);
        let pattern = Pattern::glob(&name)?;
        Some(Self::Function { name, pattern })
    }

    /// Whether it is a mangled name with wildcards, which cannot be told.
    pub(crate) fn is_mangled(&self) -> bool {
        match self {
            Self::Function { name, .. } => name.starts_with("_Z") || name.starts_with("_R"),
            _ => false,
        }
    }

    fn matches(&self, frame: &NamedFrame) -> bool {
        let function = frame.function.as_deref();
        match self {
            Self::Between => true,
            Self::Function { pattern, .. } => function.is_some_and(|name| {
                pattern.matches(&normalised(name)) || pattern.matches(without_parameters(name))
            }),
            Self::Line { file, line } => {
                let is_file = (frame.file.as_deref())
                    .is_some_and(|known| known == file || known.ends_with(&format!("/{file}")));
                is_file && (line.is_none() || *line == frame.line)
            }
            Self::Object => false,
        }
    }
}

/// `Queue::push(int)` as Valgrind and people write it: `Queue::push`.
fn without_parameters(name: &str) -> &str {
    match name.find('(') {
        Some(0) | None => name,
        Some(end) => &name[..end],
    }
}

impl Frames {
    /// Whether it is a list of frames that every stack begins like.
    pub(crate) fn are_all(&self) -> bool {
        let is_all = |frame: &Frame| match frame {
            Frame::Between => true,
            Frame::Function { name, .. } => name.chars().all(|c| c == '*'),
            _ => false,
        };
        matches!(self, Self::Like(frames) if frames.iter().all(is_all))
    }

    /// Whether a call site's stack is one of these, with or without the allocator's own frames.
    pub(crate) fn matches(&self, site: &CallSite) -> bool {
        match self {
            Self::All => true,
            Self::Any(pattern) => all_frames(site).any(|frame| {
                let names = [frame.function.as_deref(), frame.file.as_deref()];
                let known = names.into_iter().flatten();
                known.into_iter().any(|name| pattern.matches(name))
            }),
            Self::Like(frames) => {
                let stack: Vec<&NamedFrame> = all_frames(site).collect();
                let above = &stack[site.allocator_frames.len().min(stack.len())..];
                begins_like(frames, &stack)
                    || begins_like(frames, above)
                    || begins_like(above_allocator(frames), above)
            }
        }
    }
}

/// The innermost first.
fn all_frames(site: &CallSite) -> impl Iterator<Item = &NamedFrame> {
    site.allocator_frames.iter().chain(&site.frames)
}

/// A rule's frames without the allocator's functions: another allocator has others.
fn above_allocator(frames: &[Frame]) -> &[Frame] {
    let is_allocator = |frame: &&Frame| match frame {
        Frame::Function { name, .. } => is_allocator_function(name),
        _ => false,
    };
    &frames[frames.iter().take_while(is_allocator).count()..]
}

fn begins_like(frames: &[Frame], stack: &[&NamedFrame]) -> bool {
    match frames {
        [] => true,
        [Frame::Between, rest @ ..] => {
            (0..=stack.len()).any(|skipped| begins_like(rest, &stack[skipped..]))
        }
        [frame, rest @ ..] => stack
            .split_first()
            .is_some_and(|(next, stack)| frame.matches(next) && begins_like(rest, stack)),
    }
}
