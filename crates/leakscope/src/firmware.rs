//! The ELF file beside a recording: whether it is the right one, and which frames are the allocator's.

use anyhow::Context;
use leakscope_analysis::heap::FoldStack;
use leakscope_analysis::heap::allocator::is_allocator_function;
use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::problem::{Problem, ProblemKind};
use leakscope_report::{FrameSource, Symbolizer};
use leakscope_symbols::{AddressKind, Symbols};

use crate::cli;

/// Opens the ELF file, if one was named.
pub(crate) fn open(symbols: &cli::Symbols) -> anyhow::Result<Option<Symbols>> {
    match &symbols.elf {
        Some(path) => {
            let opened = Symbols::open(path);
            Ok(Some(
                opened.with_context(|| format!("`{}`", path.display()))?,
            ))
        }
        None => Ok(None),
    }
}

/// Looks addresses up in the ELF file, if there is one.
pub(crate) fn symbolizer<'s>(
    options: &cli::Symbols,
    symbols: Option<&'s Symbols>,
) -> Symbolizer<'s> {
    let source = symbols.map(|symbols| symbols as &dyn FrameSource);
    let roots = options.source_root.iter().cloned().collect();
    Symbolizer::new(source).with_source_roots(roots)
}

/// Folds the frames of functions that are known to be the allocator's.
#[derive(Clone, Copy)]
pub(crate) struct AllocatorFrames<'s>(pub(crate) Option<&'s Symbols>);

impl FoldStack for AllocatorFrames<'_> {
    fn fold(&mut self, frames: &[u64]) -> usize {
        let Some(symbols) = self.0 else {
            return 0;
        };
        let is_allocator = |address: &&u64| {
            let functions = symbols.frames(**address, AddressKind::ReturnAddress);
            !functions.is_empty()
                && functions
                    .iter()
                    .all(|frame| frame.function.as_deref().is_some_and(is_allocator_function))
        };
        frames.iter().take_while(is_allocator).count()
    }
}

/// Adds to the problems what speaks against this being the program that was recorded.
pub(crate) fn check(symbols: &Symbols, outcome: &mut Outcome) {
    let differs = outcome.target.elf_sha256.as_ref().is_some_and(|digits| {
        let digits = digits.trim().to_ascii_lowercase();
        !digits.is_empty() && !symbols.file_sha256().starts_with(&digits)
    });
    let sites = outcome.call_sites.iter();
    let mut addresses: Vec<u64> = sites
        .flat_map(|site| site.stack.iter().chain(&site.allocator_frames))
        .copied()
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    let outside = addresses
        .iter()
        .filter(|&&address| !symbols.is_code(address, AddressKind::ReturnAddress))
        .count();
    let mut note = |kind| {
        outcome.problems.push(Problem {
            kind,
            input: 0,
            offset: None,
            time: None,
            count: 1,
        });
    };
    if differs {
        note(ProblemKind::ElfDiffers);
    }
    // A few addresses outside are usual: code in ROM is in another file.
    if outside > 0 && outside * 4 >= addresses.len() {
        note(ProblemKind::AddressesOutsideElf {
            outside: outside as u64,
            all: addresses.len() as u64,
        });
    }
}
