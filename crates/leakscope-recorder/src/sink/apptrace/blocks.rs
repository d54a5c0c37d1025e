//! The two blocks, and the control word by which device and host pass them to each other.
//!
//! Layout and rules: ESP-IDF, `components/app_trace/app_trace_membufs_proto.c` and `port/riscv/port_jtag.c`.

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering};

/// The control word: how many bytes of the block are for the host.
const LENGTH: u32 = 0x7FFF;
/// The control word: the block's number, modulo 128.
const NUMBER_SHIFT: u32 = 15;
const NUMBER: u32 = 0x7F << NUMBER_SHIFT;
/// The control word: the host has written into the block that the device will fill next.
const HOST_DATA: u32 = 1 << 22;
/// The control word: the host is there.
const HOST_CONNECT: u32 = 1 << 23;

/// What the host looks at first; it is told the address.
#[repr(C)]
struct ControlBlock {
    control: AtomicU32,
    /// Not 0 while the device changes the control word: where it will be done with that. A host that has halted
    /// it there lets it run up to this address.
    guard: AtomicUsize,
    places: AtomicPtr<Place>,
}

#[repr(C)]
struct Place {
    start: AtomicPtr<u8>,
    size: AtomicU32,
}

/// Two blocks of `SIZE` bytes.
pub(super) struct Blocks<const SIZE: usize> {
    control: ControlBlock,
    places: [Place; 2],
    memory: [Memory<SIZE>; 2],
}

#[repr(C, align(4))]
struct Memory<const SIZE: usize>(UnsafeCell<[u8; SIZE]>);

// SAFETY: the device writes to the block that it fills, under the critical section of its owner (`Filling`), and
// the host reads the other.
unsafe impl<const SIZE: usize> Sync for Memory<SIZE> {}

/// How far the device is with the block that it fills. Its owner is the only writer.
pub(super) struct Filling {
    /// How often the blocks were exchanged.
    number: u32,
    length: usize,
}

/// What the host has sent.
pub(super) struct FromHost {
    bytes: [u8; Self::MOST],
    length: usize,
}

impl FromHost {
    /// The most bytes that are kept; the host's commands have one or two.
    const MOST: usize = 16;
    pub(super) const NONE: Self = Self {
        bytes: [0; Self::MOST],
        length: 0,
    };

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    pub(super) fn extend(&mut self, bytes: &[u8]) {
        for &byte in bytes.iter().take(Self::MOST - self.length) {
            self.bytes[self.length] = byte;
            self.length += 1;
        }
    }
}

/// The host has not taken the other block yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HostIsBusy;

impl Filling {
    pub(super) const NEW: Self = Self {
        number: 0,
        length: 0,
    };

    pub(super) fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Forgets what was written.
    pub(super) fn clear(&mut self) {
        self.length = 0;
    }
}

impl<const SIZE: usize> Blocks<SIZE> {
    pub(super) const fn new() -> Self {
        assert!(
            SIZE >= 512 && SIZE <= LENGTH as usize && SIZE % 4 == 0,
            "a block holds 512 to 32764 bytes, in words"
        );
        const {
            Self {
                control: ControlBlock {
                    control: AtomicU32::new(0),
                    guard: AtomicUsize::new(0),
                    places: AtomicPtr::new(core::ptr::null_mut()),
                },
                places: [const {
                    Place {
                        start: AtomicPtr::new(core::ptr::null_mut()),
                        size: AtomicU32::new(0),
                    }
                }; 2],
                memory: [const { Memory(UnsafeCell::new([0; SIZE])) }; 2],
            }
        }
    }

    /// Fills in where the blocks are; the address that the host has to be told.
    pub(super) fn publish(&'static self) -> *const () {
        for (place, memory) in self.places.iter().zip(&self.memory) {
            place.start.store(memory.0.get().cast(), Ordering::Relaxed);
            place.size.store(SIZE as u32, Ordering::Relaxed);
        }
        let places = (&raw const self.places).cast_mut().cast();
        self.control.places.store(places, Ordering::Release);
        (&raw const self.control).cast()
    }

    /// Whether the host has said that it is there.
    pub(super) fn has_host(&self) -> bool {
        self.control.control.load(Ordering::Acquire) & HOST_CONNECT != 0
    }

    /// Whether the host has sent something, which arrives with the next exchange.
    pub(super) fn has_data_from_host(&self) -> bool {
        self.control.control.load(Ordering::Acquire) & HOST_DATA != 0
    }

    /// How many bytes the block that is filled has room for.
    pub(super) fn room(filling: &Filling) -> usize {
        SIZE - filling.length
    }

    /// Appends bytes, for which there must be [room](Self::room); others are left out.
    pub(super) fn append(&self, filling: &mut Filling, bytes: &[u8]) {
        let length = bytes.len().min(Self::room(filling));
        // SAFETY: inside the block that is filled, of which `filling` is the only writer; the host does not look
        // at it.
        unsafe {
            let block = self.memory[filling.number as usize % 2].0.get();
            let end = block.cast::<u8>().add(filling.length);
            end.copy_from_nonoverlapping(bytes.as_ptr(), length);
        }
        filling.length += length;
    }

    /// Gives the block that was filled to the host, and goes on with the other one; what the host had written
    /// there, and how many bytes of it there are.
    pub(super) fn exchange(&self, filling: &mut Filling) -> Result<FromHost, HostIsBusy> {
        self.control.guard.store(
            control_word_updated as *const () as usize,
            Ordering::Release,
        );
        let control = self.control.control.load(Ordering::Acquire);
        let is_taken =
            control & LENGTH == 0 && (control & NUMBER) == filling.number << NUMBER_SHIFT & NUMBER;
        let mut result = Err(HostIsBusy);
        if is_taken {
            let length = filling.length;
            filling.number = filling.number.wrapping_add(1);
            filling.length = 0;
            // Before the host knows of the exchange, after which it may write again.
            result = Ok(match control & HOST_DATA {
                0 => FromHost::NONE,
                _ => self.read_from_host(filling),
            });
            let number = filling.number << NUMBER_SHIFT & NUMBER;
            let control = number | control & HOST_CONNECT | length as u32;
            self.control.control.store(control, Ordering::Release);
        }
        control_word_updated(&self.control.guard);
        result
    }

    /// What the host wrote at the beginning of the block that is about to be filled: a length in two bytes, and so
    /// many bytes.
    fn read_from_host(&self, filling: &Filling) -> FromHost {
        let block: *const u8 = self.memory[filling.number as usize % 2].0.get().cast();
        // SAFETY: the offsets used lie inside the block, which has at least 512 bytes; volatile, because the
        // compiler cannot know of the host.
        let byte = |offset: usize| unsafe { block.add(offset).read_volatile() };
        let length = usize::from(u16::from_le_bytes([byte(0), byte(1)]));
        let mut from_host = FromHost::NONE;
        for offset in 2..2 + length.min(FromHost::MOST) {
            from_host.extend(&[byte(offset)]);
        }
        from_host
    }
}

/// The control word is consistent from here on: a host that waits for this has a breakpoint here.
#[inline(never)]
extern "C" fn control_word_updated(guard: &AtomicUsize) {
    guard.store(0, Ordering::Release);
}
