//! From addresses of a trace to the frames that a report shows.

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use leakscope_analysis::outcome::CallStack;
use leakscope_analysis::trace::{self, StackCertainty};
use leakscope_symbols::{AddressKind, SourceRoots, Symbols};
use leakscope_systemview::{PrintfInElf, Text};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::allocator::is_allocator_function;
use crate::document::Address;

/// Something that knows which functions were active at a return address.
pub trait FrameSource {
    /// The functions, innermost first; empty if nothing is known of the address.
    fn frames(&self, return_address: u64) -> Arc<[leakscope_symbols::CodeFrame]>;

    /// The text that the program has at an address, as bytes, if that is known.
    fn text(&self, _address: u64) -> Option<&[u8]> {
        None
    }
}

impl FrameSource for Symbols {
    fn frames(&self, return_address: u64) -> Arc<[leakscope_symbols::CodeFrame]> {
        Symbols::frames(self, return_address, AddressKind::ReturnAddress)
    }

    fn text(&self, address: u64) -> Option<&[u8]> {
        Symbols::text(self, address)
    }
}

/// A frame as a report shows it. Text is as the ELF file has it, and not to be trusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedFrame {
    /// The return address.
    pub address: Address,
    /// The function's name, demangled.
    pub function: Option<Arc<str>>,
    /// The source file, moved to where the sources are on this machine.
    pub file: Option<Arc<str>>,
    /// The line in `file`, from 1.
    pub line: Option<u32>,
    /// Whether this function was inlined into the one of the next frame.
    pub inlined: bool,
    /// How it was found; as a rule exact, and then not written.
    #[serde(default, with = "Certainty", skip_serializing_if = "is_exact")]
    pub certainty: trace::Certainty,
}

/// How [`trace::Certainty`] is written: nothing below this crate can be serialised.
#[derive(Serialize, Deserialize)]
#[serde(remote = "trace::Certainty", rename_all = "kebab-case")]
enum Certainty {
    Exact,
    ByCall,
    Possible,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_exact(certainty: &trace::Certainty) -> bool {
    *certainty == trace::Certainty::Exact
}

impl NamedFrame {
    fn unknown(address: u64) -> Self {
        Self {
            address: Address(address),
            function: None,
            file: None,
            line: None,
            inlined: false,
            certainty: trace::Certainty::Exact,
        }
    }

    /// What is said of it behind its name.
    pub(crate) fn marks(&self) -> String {
        let inlined = if self.inlined { " [inlined]" } else { "" };
        format!("{inlined}{}", self.mark_of_doubt())
    }

    pub(crate) fn mark_of_doubt(&self) -> String {
        let doubt = self.doubt().map(|doubt| format!(" [{doubt}]"));
        doubt.unwrap_or_default()
    }

    /// How it was found, in words, where that is not exact.
    pub fn doubt(&self) -> Option<&'static str> {
        match self.certainty {
            trace::Certainty::Exact => None,
            trace::Certainty::ByCall => Some("by call"),
            trace::Certainty::Possible => Some("possible"),
        }
    }

    fn is_allocator(&self) -> bool {
        self.function.as_deref().is_some_and(is_allocator_function)
    }
}

/// How many frames at the inner end are the allocator's own.
fn folded(frames: &[NamedFrame]) -> usize {
    let is_allocator = |frame: &&NamedFrame| frame.is_allocator();
    frames.iter().take_while(is_allocator).count()
}

/// The program's part of a stack that holds the allocator's frames too; one frame always remains.
pub fn without_allocator(frames: &[NamedFrame]) -> &[NamedFrame] {
    &frames[folded(frames).min(frames.len().saturating_sub(1))..]
}

/// A call stack whose allocator frames are folded away, innermost first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stack {
    /// The allocator's own frames at the inner end.
    pub allocator: Vec<NamedFrame>,
    /// Those of the program.
    pub frames: Vec<NamedFrame>,
}

/// Looks addresses up, each once. Without symbols, every address is a frame of which nothing else is
/// known.
///
/// ```
/// use leakscope_analysis::trace::StackCertainty;
/// use leakscope_report::Symbolizer;
/// use leakscope_report::document::Address;
/// let mut symbolizer = Symbolizer::new(None);
/// let stack = symbolizer.stack(&[], &[0x4008_1f34, 0x4008_da18], StackCertainty::EXACT);
/// assert_eq!(stack.frames[1].address, Address(0x4008_da18));
/// assert_eq!(stack.frames[1].function, None);
/// ```
pub struct Symbolizer<'s> {
    source: Option<&'s dyn FrameSource>,
    roots: SourceRoots,
    /// Whether these are hardly the symbols of the program that ran.
    is_doubtful: bool,
    /// Never listed: no order reaches an output.
    known: FxHashMap<u64, Rc<[NamedFrame]>>,
}

impl fmt::Debug for Symbolizer<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Symbolizer")
            .field("has_source", &self.source.is_some())
            .field("roots", &self.roots)
            .finish_non_exhaustive()
    }
}

impl<'s> Symbolizer<'s> {
    /// Looks up in `source`, if there is one.
    pub fn new(source: Option<&'s dyn FrameSource>) -> Self {
        Self {
            source,
            roots: SourceRoots::default(),
            is_doubtful: false,
            known: FxHashMap::default(),
        }
    }

    /// Rewrites the paths of source files.
    #[must_use]
    pub fn with_source_roots(mut self, roots: SourceRoots) -> Self {
        self.roots = roots;
        self
    }

    /// From now on, each function's name ends with a question mark: the symbols are hardly those of the program that
    /// ran, and its functions others.
    pub fn doubt(&mut self) {
        if !self.is_doubtful {
            self.is_doubtful = true;
            self.known.clear();
        }
    }

    /// Whether functions can be named at all.
    pub fn has_symbols(&self) -> bool {
        self.source.is_some()
    }

    /// A log message whose format stands in the program (`PRINT_ELF`), with its arguments filled in, if the format is
    /// known.
    pub fn message(&self, address: u32, arguments: &[u8]) -> Option<String> {
        let format = Text(self.source?.text(address.into())?);
        Some(PrintfInElf { format, arguments }.to_string())
    }

    /// The frames of one return address, the innermost first; at least one.
    pub fn frames(&mut self, address: u64) -> Rc<[NamedFrame]> {
        if let Some(known) = self.known.get(&address) {
            return Rc::clone(known);
        }
        let frames: Rc<[NamedFrame]> = self.look_up(address).into();
        self.known.insert(address, Rc::clone(&frames));
        frames
    }

    fn look_up(&self, address: u64) -> Vec<NamedFrame> {
        let found = self.source.map(|source| source.frames(address));
        let frames: Vec<NamedFrame> = found
            .iter()
            .flat_map(|frames| frames.iter())
            .map(|frame| NamedFrame {
                address: Address(address),
                function: match &frame.function {
                    Some(name) if self.is_doubtful => Some(format!("{name}?").into()),
                    name => name.clone(),
                },
                file: frame.file.as_ref().map(|file| self.rewritten(file)),
                line: frame.line,
                inlined: frame.inlined,
                certainty: trace::Certainty::Exact,
            })
            .collect();
        if frames.is_empty() {
            return vec![NamedFrame::unknown(address)];
        }
        frames
    }

    fn rewritten(&self, file: &Arc<str>) -> Arc<str> {
        match self.roots.rewrite(file) {
            path if *path == **file => Arc::clone(file),
            path => path.into(),
        }
    }

    /// The frames of a call site: of the return addresses that the analysis took for the allocator's
    /// own, and of those above them. Frames of the allocator that were inlined into the program's first
    /// function are folded too; one frame always remains. `certainty` is that of both, in this order.
    pub fn stack(
        &mut self,
        allocator_frames: &[u64],
        stack: &[u64],
        certainty: StackCertainty,
    ) -> Stack {
        let mut allocator = self.named(allocator_frames, certainty);
        let above = certainty.without(allocator_frames.len());
        let mut frames = self.named(stack, above);
        allocator.extend(frames.drain(..folded(&frames)));
        if frames.is_empty() {
            frames.extend(allocator.pop());
        }
        Stack { allocator, frames }
    }

    /// The frames of a call stack, the allocator's included.
    pub(crate) fn all_frames(&mut self, stack: &CallStack) -> Vec<NamedFrame> {
        self.named(&stack.frames, stack.certainty)
    }

    fn named(&mut self, addresses: &[u64], certainty: StackCertainty) -> Vec<NamedFrame> {
        let mut frames = Vec::with_capacity(addresses.len());
        for (place, &address) in addresses.iter().enumerate() {
            let certainty = certainty.of_frame(place);
            let those = self.frames(address);
            frames.extend(those.iter().map(|frame| NamedFrame {
                certainty,
                ..frame.clone()
            }));
        }
        frames
    }
}
