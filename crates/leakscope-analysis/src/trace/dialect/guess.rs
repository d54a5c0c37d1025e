//! Whether an event that no description names is an allocation of ESP-IDF's heap module.
//!
//! Over a serial line Espressif's recorder sends no module descriptions, and a recording that begins in
//! the middle has lost them. An allocation has a shape of its own: an aligned address in RAM, a moderate
//! size, then addresses of code, then nothing but zeros.

use leakscope_systemview::varint::Numbers;

/// Where the chips that ESP-IDF runs on, and those with Cortex-M cores, have their RAM.
const RAM: std::ops::Range<u32> = 0x2000_0000..0x7000_0000;
/// No block is larger; none is empty, either, while a free without callers looks as if.
const LARGEST: u32 = 64 << 20;
/// The call stack of ESP-IDF's tracing is never deeper (`CONFIG_HEAP_TRACING_STACK_DEPTH`).
const DEEPEST: usize = 32;

/// Whether the payload has the shape of an allocation.
pub(in crate::trace) fn is_allocation(payload: &[u8]) -> bool {
    let mut numbers = Numbers::new(payload);
    let (Some(address), Some(size)) = (numbers.next(), numbers.next()) else {
        return false;
    };
    let callers: Vec<u32> = numbers.by_ref().collect();
    let used = callers.iter().take_while(|&&caller| caller != 0).count();
    numbers.is_whole()
        && callers.len() <= DEEPEST
        && callers[used..].iter().all(|&caller| caller == 0)
        && callers[..used].iter().all(|&caller| is_code(caller))
        && is_block(address)
        && (1..=LARGEST).contains(&size)
}

fn is_block(address: u32) -> bool {
    address == 0 || RAM.contains(&address) && address.is_multiple_of(4)
}

/// Code lies in flash, ROM or RAM: above the first page and below the peripherals of all known chips.
fn is_code(address: u32) -> bool {
    (0x1000..0xE000_0000).contains(&address)
}
