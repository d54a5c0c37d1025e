//! A block that is handed to hardware as a pointer, and not taken back if an error comes in between.

use alloc::boxed::Box;
use alloc::vec;

/// One in this many transfers fails.
const FAILS: usize = 6;

#[inline(never)]
pub(super) fn send_block(number: usize, round: usize, size: usize) {
    // MARK: block of a transfer
    let buffer = Box::into_raw(vec![1u8; size].into_boxed_slice());
    if let Err(error) = transfer(round) {
        log::warn!(target: "alloc", "{number}: transfer {round} failed: {error}");
        return;
    }
    // SAFETY: it was taken apart above.
    drop(unsafe { Box::from_raw(buffer) });
}

fn transfer(round: usize) -> Result<(), &'static str> {
    if round.is_multiple_of(FAILS) {
        return Err("no acknowledge");
    }
    Ok(())
}
