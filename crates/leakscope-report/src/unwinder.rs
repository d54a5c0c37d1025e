//! The program that was recorded, as the analysis asks it for call stacks.

use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

use leakscope_analysis::trace::{self, Certainty, Scan, Unwind, Unwound};
use leakscope_symbols::{Candidate, FoundBy, ScannedStack, Symbols};

/// Finds the frames of scanned stacks by an ELF file, which is opened when the first of them comes.
#[derive(Debug)]
pub struct ProgramUnwinder {
    path: PathBuf,
    /// `None` if the file cannot be read.
    program: OnceLock<Option<Mutex<Symbols>>>,
}

impl ProgramUnwinder {
    /// By the file at `path`.
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            program: OnceLock::new(),
        }
    }
}

impl Unwind for ProgramUnwinder {
    fn unwind(&self, scan: &Scan<'_>) -> Unwound {
        let opened = || Symbols::open(&self.path).ok().map(Mutex::new);
        let Some(program) = self.program.get_or_init(opened) else {
            return trace::Unwinder::default().unwind(scan);
        };
        let candidate = |&(place, address)| Candidate { place, address };
        let candidates: Vec<Candidate> = scan.candidates.iter().map(candidate).collect();
        let stack = ScannedStack {
            return_address: scan.return_address,
            candidates: &candidates,
            words: scan.words,
            is_full: scan.is_full,
        };
        // What another thread left is a table of what was looked up.
        let program = program.lock().unwrap_or_else(PoisonError::into_inner);
        let found = program.unwind(&stack);
        let frames = found.frames.iter();
        Unwound {
            frames: frames
                .map(|frame| (frame.return_address, certainty(frame.found_by)))
                .collect(),
            is_cut_off: found.is_cut_off,
        }
    }
}

fn certainty(found: FoundBy) -> Certainty {
    match found {
        FoundBy::Rule => Certainty::Exact,
        FoundBy::Call => Certainty::ByCall,
        FoundBy::PossibleCall => Certainty::Possible,
    }
}
