//! SEGGER's Real Time Transfer: buffers in RAM that a debug probe reads and writes while the program runs.
//!
//! The control block, which the probe finds by its first 16 bytes or by the symbol `_SEGGER_RTT`, is the
//! first thing in a [`Stream`](crate::stream::Stream). Channel 0 is the terminal, which stays empty here;
//! channel 1, and one more for each further core, are named `SysView`, in both directions.
//!
//! A program has one control block. If another crate brings one (`defmt-rtt`, `rtt-target`), use its
//! channels, and [`drain`](crate::stream::Stream::drain) the stream into one of them.

use core::sync::atomic::{AtomicPtr, AtomicU8, AtomicU32, Ordering};

/// One direction of one channel: SEGGER's layout.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Channel {
    name: AtomicPtr<u8>,
    buffer: AtomicPtr<u8>,
    size: AtomicU32,
    /// Where the next byte will be written: moved by the writer only.
    write: AtomicU32,
    /// Where the next byte will be read: moved by the reader only.
    read: AtomicU32,
    flags: AtomicU32,
}

impl Channel {
    pub(crate) const fn new() -> Self {
        Self {
            name: AtomicPtr::new(core::ptr::null_mut()),
            buffer: AtomicPtr::new(core::ptr::null_mut()),
            size: AtomicU32::new(0),
            write: AtomicU32::new(0),
            read: AtomicU32::new(0),
            flags: AtomicU32::new(0),
        }
    }

    fn publish(&self, name: &'static core::ffi::CStr, buffer: *mut u8, size: usize) {
        /// "No block, skip": what does not fit is left out whole.
        const SKIP: u32 = 0;
        self.name
            .store(name.as_ptr().cast_mut().cast(), Ordering::Relaxed);
        self.buffer.store(buffer, Ordering::Relaxed);
        self.flags.store(SKIP, Ordering::Relaxed);
        self.size.store(size as u32, Ordering::Release);
    }

    /// Whether something was written and not read.
    #[inline]
    pub(crate) fn has_data(&self) -> bool {
        self.write.load(Ordering::Relaxed) != self.read.load(Ordering::Relaxed)
    }

    #[inline]
    pub(crate) fn write_position(&self, order: Ordering) -> usize {
        self.write.load(order) as usize
    }

    #[inline]
    pub(crate) fn read_position(&self, order: Ordering) -> usize {
        self.read.load(order) as usize
    }

    /// Hands bytes to the reader.
    #[inline]
    pub(crate) fn set_write_position(&self, position: usize) {
        self.write.store(position as u32, Ordering::Release);
    }

    /// Gives room back to the writer.
    #[inline]
    pub(crate) fn set_read_position(&self, position: usize) {
        self.read.store(position as u32, Ordering::Release);
    }
}

/// The control block: SEGGER's layout.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct ControlBlock<const CORES: usize> {
    id: [AtomicU8; 16],
    up_count: AtomicU32,
    down_count: AtomicU32,
    terminal_up: Channel,
    pub(crate) up: [Channel; CORES],
    terminal_down: Channel,
    pub(crate) down: [Channel; CORES],
}

/// A buffer's address and size.
pub(crate) type Memory = (*mut u8, usize);

impl<const CORES: usize> ControlBlock<CORES> {
    pub(crate) const fn new() -> Self {
        Self {
            id: [const { AtomicU8::new(0) }; 16],
            up_count: AtomicU32::new(0),
            down_count: AtomicU32::new(0),
            terminal_up: Channel::new(),
            up: [const { Channel::new() }; CORES],
            terminal_down: Channel::new(),
            down: [const { Channel::new() }; CORES],
        }
    }

    /// Fills the block in, so that a probe can find it. `buffers` are each core's up- and down-buffer.
    pub(crate) fn publish(&self, buffers: impl Iterator<Item = (Memory, Memory)>) {
        for ((up, down), (up_memory, down_memory)) in self.up.iter().zip(&self.down).zip(buffers) {
            up.publish(c"SysView", up_memory.0, up_memory.1);
            down.publish(c"SysView", down_memory.0, down_memory.1);
        }
        self.terminal_up
            .publish(c"Terminal", core::ptr::null_mut(), 0);
        self.terminal_down
            .publish(c"Terminal", core::ptr::null_mut(), 0);
        let count = CORES as u32 + 1;
        self.up_count.store(count, Ordering::Relaxed);
        self.down_count.store(count, Ordering::Relaxed);
        // Last of all, and from two pieces, so that the probe finds it nowhere else.
        let (company, product) = (b"SEGGER", b" RTT");
        for (place, &byte) in self.id.iter().zip(company.iter().chain(product)) {
            place.store(byte, Ordering::Release);
        }
    }
}
