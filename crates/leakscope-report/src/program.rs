//! The program that was recorded, beside its recording: which frames are the allocator's, and whether it is
//! the right one.

use leakscope_analysis::heap::FoldStack;
use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::problem::{Problem, ProblemKind};
use leakscope_symbols::{AddressKind, Symbols};

use crate::FrameSource;
use crate::allocator::is_allocator_function;

/// Folds the frames of functions that are known to be the allocator's; none if nothing names functions.
pub struct AllocatorFrames<'s, S: ?Sized = Symbols>(pub Option<&'s S>);

impl<S: ?Sized> Clone for AllocatorFrames<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: ?Sized> Copy for AllocatorFrames<'_, S> {}

impl<S: FrameSource + ?Sized> FoldStack for AllocatorFrames<'_, S> {
    fn fold(&mut self, frames: &[u64]) -> usize {
        let Some(source) = self.0 else {
            return 0;
        };
        let is_allocator = |address: &&u64| {
            let functions = source.frames(**address);
            !functions.is_empty()
                && functions
                    .iter()
                    .all(|frame| frame.function.as_deref().is_some_and(is_allocator_function))
        };
        frames.iter().take_while(is_allocator).count()
    }
}

/// In the program that was traced, at least this share of return addresses has a call before it; in another build of
/// it, about as many as instructions are calls: one in ten.
const CALLS_PERCENT: u64 = 90;

/// Adds to the problems what speaks against this being the program that was recorded.
pub fn check(symbols: &Symbols, outcome: &mut Outcome) {
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
    let calls = addresses
        .iter()
        .filter_map(|&address| symbols.is_behind_call(address));
    let (mut behind, mut tested) = (0, 0);
    for is_behind in calls {
        tested += 1;
        behind += u64::from(is_behind);
    }
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
    // A frame that an interrupt made has no call: one alone is no evidence.
    if tested >= behind + 2 && behind * 100 < tested * CALLS_PERCENT {
        note(ProblemKind::NotBehindCalls { behind, tested });
    }
    // A few addresses outside are usual: code in ROM is in another file. Where the program was found at its place, the
    // others are those of its libraries.
    if !symbols.is_moved() && outside > 0 && outside * 4 >= addresses.len() {
        note(ProblemKind::AddressesOutsideElf {
            outside: outside as u64,
            all: addresses.len() as u64,
        });
    }
}
