//! talc, which takes its memory with the first allocation.

use leakscope_recorder::Traced;
use spinning_top::RawSpinlock;
use talc::TalcLock;
use talc::source::Claim;

use crate::MEMORY;

// SAFETY: nobody else uses this memory.
#[global_allocator]
static HEAP: Traced<TalcLock<RawSpinlock, Claim>> =
    Traced::new(TalcLock::new(unsafe { Claim::array(&raw mut MEMORY) }));
