//! Many events at once, more than the recorder's buffer holds.

use alloc::vec;

#[inline(never)]
pub(super) fn handle_many(round: usize, size: usize) {
    let count = if round.is_multiple_of(8) { 800 } else { 1 };
    for _ in 0..count {
        // MARK: block of a burst
        let message = vec![1u8; size];
        core::hint::black_box(&message);
    }
}
