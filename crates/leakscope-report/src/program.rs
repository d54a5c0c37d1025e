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

/// Whether a recording was made of this program: by the checksum that it tells, or else by its return addresses. `None`
/// if neither says it.
pub fn made_of(
    symbols: &Symbols,
    elf_sha256: Option<&str>,
    return_addresses: &[u64],
) -> Option<bool> {
    if let Some(is_same) = has_checksum(symbols, elf_sha256) {
        return Some(is_same);
    }
    let calls = Calls::of(symbols, return_addresses);
    // Some addresses outside are usual: code in ROM is in another file.
    let is_inside = calls.outside * 2 < return_addresses.len();
    if !return_addresses.is_empty() && calls.outside == return_addresses.len() {
        return Some(false);
    }
    (calls.tested > 0).then(|| is_inside && !calls.are_elsewhere())
}

/// Whether the checksum that a program has told begins the ELF file's.
fn has_checksum(symbols: &Symbols, told: Option<&str>) -> Option<bool> {
    let digits = told?.trim().to_ascii_lowercase();
    (!digits.is_empty()).then(|| symbols.file_sha256().starts_with(&digits))
}

/// What stands before return addresses, in a program.
struct Calls {
    /// Behind a call, of those that can be tested.
    behind: u64,
    tested: u64,
    /// In no code of the program.
    outside: usize,
}

impl Calls {
    fn of(symbols: &Symbols, addresses: &[u64]) -> Self {
        let mut found = Self {
            behind: 0,
            tested: 0,
            outside: 0,
        };
        for &address in addresses {
            let is_code = symbols.is_code(address, AddressKind::ReturnAddress);
            found.outside += usize::from(!is_code);
            if let Some(is_behind) = symbols.is_behind_call(address) {
                found.tested += 1;
                found.behind += u64::from(is_behind);
            }
        }
        found
    }

    /// A frame that an interrupt made has no call: one alone is no evidence.
    fn are_elsewhere(&self) -> bool {
        self.tested >= self.behind + 2 && self.behind * 100 < self.tested * CALLS_PERCENT
    }
}

/// Whether a check has found that the program is not the one that was recorded.
pub(crate) fn is_doubted(outcome: &Outcome) -> bool {
    let mut kinds = outcome.problems.iter().map(|problem| &problem.kind);
    kinds.any(|kind| {
        matches!(
            kind,
            ProblemKind::ElfDiffers | ProblemKind::NotBehindCalls { .. }
        )
    })
}

/// Adds to the problems what speaks against this being the program that was recorded.
pub fn check(symbols: &Symbols, outcome: &mut Outcome) {
    let same = has_checksum(symbols, outcome.target.elf_sha256.as_deref());
    let sites = outcome.call_sites.iter();
    let mut addresses: Vec<u64> = sites
        .flat_map(|site| site.stack.iter().chain(&site.allocator_frames))
        .copied()
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    let calls = Calls::of(symbols, &addresses);
    let outside = calls.outside;
    let mut note = |kind| {
        outcome.problems.push(Problem {
            kind,
            input: 0,
            offset: None,
            time: None,
            count: 1,
        });
    };
    if same == Some(false) {
        note(ProblemKind::ElfDiffers);
    }
    if calls.are_elsewhere() {
        let Calls { behind, tested, .. } = calls;
        note(ProblemKind::NotBehindCalls { behind, tested });
    }
    if same.is_none() && calls.tested == 0 && outside < addresses.len() {
        note(ProblemKind::ElfUnchecked);
    }
    if !symbols.has_debug_info() && outside < addresses.len() {
        let is_named = |&&address: &&u64| {
            !symbols
                .frames(address, AddressKind::ReturnAddress)
                .is_empty()
        };
        note(ProblemKind::NoDebugInfo {
            has_functions: addresses.iter().any(|address| is_named(&address)),
        });
    }
    // A few addresses outside are usual: code in ROM is in another file. Where the program was found at its place, the
    // others are those of its libraries.
    let is_elsewhere = !symbols.is_moved() && outside > 0 && outside * 4 >= addresses.len();
    if is_elsewhere
        && symbols.is_position_independent()
        && !symbols.would_tell_load_offset(&addresses)
    {
        note(ProblemKind::PlaceUnknown {
            addresses: addresses.len() as u64,
        });
    } else if is_elsewhere {
        note(ProblemKind::AddressesOutsideElf {
            outside: outside as u64,
            all: addresses.len() as u64,
        });
    }
}
