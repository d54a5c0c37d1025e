//! The program restarts in the middle of its work, as one does after a crash; the first block is forgotten too.

use super::steady;
use crate::board;

/// In this round of the first pair.
const ROUND: usize = 30;

#[inline(never)]
pub(super) fn forget_block_or_restart(number: usize, round: usize, size: usize) {
    if number == 1 && round == ROUND {
        board::restart_once();
    }
    steady::forget_block(number, size);
}
