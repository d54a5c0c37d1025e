//! The allocators that are known, a file each: how they choose among holes, and what they keep beside a block.
//!
//! A file says which source its facts are from. Pointers have 32 bits, as on the devices that this is for.
mod freertos;
mod linked_list;
mod newest;
mod newlib_nano;
mod rlsf;
mod sys_heap;
mod tlsf;

use std::fmt::Debug;
use std::ops::Range;

use freertos::{Blocks, Heap1, Heap2, Heap4};
use tlsf::Beside;

use crate::holes::Holes;
use crate::image::{Memory, Piece};

/// How one allocator treats the memory of one region.
///
/// It answers where a block would lie among holes, of which it is told if it keeps lists of its own. Blocks and holes are whole:
/// with what the allocator keeps beside the program's bytes.
pub(crate) trait Model: Debug {
    /// The memory that blocks can lie in.
    fn arena(&self) -> Range<u64>;

    /// The block that a request of `size` bytes gets now; `None` if it fails.
    fn find(&self, holes: &Holes, size: u64) -> Option<Range<u64>>;

    /// As [`Model::find`], of a request that is really made: an allocator may search on from here next time.
    fn search(&mut self, holes: &Holes, size: u64) -> Option<Range<u64>> {
        self.find(holes, size)
    }

    /// The program's pointer to a block.
    fn pointer(&self, block: &Range<u64>) -> u64;

    /// The block of `size` bytes that the program calls `pointer`, if the hole that it is cut from is large enough.
    fn block_at(&self, pointer: u64, size: u64) -> Range<u64>;

    /// The least bytes of a hole that could hold a block of `size` bytes.
    fn needs(&self, size: u64) -> u64 {
        let block = self.block_at(self.arena().start, size);
        block.end - block.start
    }

    /// The length that a block gets if it becomes one for `size` bytes in its place, with a hole of `room` bytes behind it;
    /// `None` if it has to move.
    fn resized(&self, _block: &Range<u64>, _room: u64, _size: u64) -> Option<u64> {
        None
    }

    /// The most bytes that a hole of this length can be given for.
    fn most(&self, hole: u64) -> u64;

    /// What is left of a hole becomes one if it has at least so many bytes; otherwise the block keeps it.
    fn least_rest(&self) -> u64;

    /// Whether a block that is freed becomes one with this hole beside it.
    fn merges(&self, _beside: &Range<u64>) -> bool {
        true
    }

    /// What the allocator itself has in an image of memory, from the arena's first byte to its last; `None` if the image has
    /// nothing like it, or nobody has taught that to the model.
    fn walk(&self, _memory: &dyn Memory) -> Option<Vec<Piece>> {
        None
    }

    /// There is a hole more.
    fn add(&mut self, _hole: &Range<u64>) {}

    /// There is a hole less.
    fn remove(&mut self, _hole: &Range<u64>) {}

    /// There are no holes.
    fn clear(&mut self) {}
}

/// An allocator, and how it is built.
#[derive(Clone, Copy, Debug)]
pub struct Allocator {
    /// What users type: `heap_4`.
    pub id: &'static str,
    /// What it is, and how it is built: `FreeRTOS heap_4, sizes with headers`.
    pub name: &'static str,
    model: fn(&Range<u64>) -> Box<dyn Model>,
    /// Whether it takes several regions for one heap: a block lies in the first one, by address, that has room.
    pub(crate) is_together: bool,
}

impl Allocator {
    /// All that are known. Of two that predict equally well the first is believed.
    pub const ALL: &[Self] = &[
        Self::new("heap_5", "FreeRTOS' heap_5", |region| {
            Box::new(Heap4::new(region, Blocks::ASKED))
        })
        .together(),
        Self::new("heap_5", "FreeRTOS' heap_5, sizes with headers", |region| {
            Box::new(Heap4::new(region, Blocks::WHOLE))
        })
        .together(),
        Self::new("tlsf", "ESP-IDF's TLSF", |region| {
            tlsf::model(region, Beside::NOTHING)
        }),
        Self::new("tlsf", "ESP-IDF's TLSF with light poisoning", |region| {
            tlsf::model(region, Beside::POISON)
        }),
        Self::new(
            "tlsf",
            "ESP-IDF's TLSF with comprehensive poisoning",
            |region| tlsf::model(region, Beside::POISON.moving()),
        ),
        Self::new("tlsf", "ESP-IDF's TLSF with task tracking", |region| {
            tlsf::model(region, Beside::OWNER)
        }),
        Self::new(
            "tlsf",
            "ESP-IDF's TLSF with light poisoning and task tracking",
            |region| tlsf::model(region, Beside::POISON_AND_OWNER),
        ),
        Self::new(
            "tlsf",
            "ESP-IDF's TLSF with comprehensive poisoning and task tracking",
            |region| tlsf::model(region, Beside::POISON_AND_OWNER.moving()),
        ),
        Self::new("heap_4", "FreeRTOS' heap_4 or heap_5", |region| {
            Box::new(Heap4::new(region, Blocks::ASKED))
        }),
        Self::new(
            "heap_4",
            "FreeRTOS' heap_4 or heap_5, sizes with headers",
            |region| Box::new(Heap4::new(region, Blocks::WHOLE)),
        ),
        Self::new("heap_4", "FreeRTOS' heap_4, aligned to 16", |region| {
            Box::new(Heap4::new(region, Blocks::ASKED.aligned_to(16)))
        }),
        Self::new(
            "heap_4",
            "FreeRTOS' heap_4, aligned to 16, sizes with headers",
            |region| Box::new(Heap4::new(region, Blocks::WHOLE.aligned_to(16))),
        ),
        Self::new("heap_4", "FreeRTOS' heap_4, aligned to 4", |region| {
            Box::new(Heap4::new(region, Blocks::ASKED.aligned_to(4)))
        }),
        Self::new(
            "heap_4",
            "FreeRTOS' heap_4, aligned to 4, sizes with headers",
            |region| Box::new(Heap4::new(region, Blocks::WHOLE.aligned_to(4))),
        ),
        Self::new("heap_2", "FreeRTOS' heap_2", |region| {
            Box::new(Heap2::new(region, Blocks::ASKED))
        }),
        Self::new("heap_2", "FreeRTOS' heap_2, sizes with headers", |region| {
            Box::new(Heap2::new(region, Blocks::WHOLE))
        }),
        Self::new("linked-list", "linked_list_allocator", |region| {
            Box::new(linked_list::LinkedList::new(region))
        }),
        Self::new("sys_heap", "Zephyr's sys_heap", |region| {
            Box::new(sys_heap::SysHeap::new(region))
        }),
        Self::new("newlib-nano", "newlib-nano's malloc", |region| {
            Box::new(newlib_nano::NewlibNano::new(region, false))
        }),
        Self::new("newlib-nano", "newlib-nano's malloc, up to 4.1", |region| {
            Box::new(newlib_nano::NewlibNano::new(region, true))
        }),
        Self::new("rlsf", "rlsf", |region| Box::new(rlsf::Rlsf::new(region))),
        Self::new("heap_1", "FreeRTOS' heap_1", |region| {
            Box::new(Heap1::new(region))
        }),
    ];

    /// The ways in which the allocator with this id can be built.
    pub fn with_id(id: &str) -> Vec<Self> {
        let all = Self::ALL.iter().copied();
        all.filter(|allocator| allocator.id == id).collect()
    }

    const fn new(
        id: &'static str,
        name: &'static str,
        model: fn(&Range<u64>) -> Box<dyn Model>,
    ) -> Self {
        Self {
            id,
            name,
            model,
            is_together: false,
        }
    }

    const fn together(self) -> Self {
        Self {
            is_together: true,
            ..self
        }
    }

    pub(crate) fn model(&self, region: &Range<u64>) -> Box<dyn Model> {
        (self.model)(region)
    }
}

/// A multiple of `unit`, a power of two, that is not below a number.
const fn round_up(number: u64, unit: u64) -> u64 {
    number.saturating_add(unit - 1) & !(unit - 1)
}

/// A multiple of `unit`, a power of two, that is not above a number.
const fn round_down(number: u64, unit: u64) -> u64 {
    number & !(unit - 1)
}
