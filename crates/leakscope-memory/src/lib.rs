//! An image of a device's RAM at one moment, and who points at what in it.
//!
//! A recording knows which blocks live, and who allocated them; memory knows who still points at them. This
//! crate knows ranges and addresses, not traces: somebody brings the blocks.
//!
//! ```
//! use leakscope_memory::image::{Image, Piece};
//! use leakscope_memory::reach::{Block, Holder, Kind, Scene};
//!
//! // 16 bytes of RAM: a global at 0x1000 that points at the block at 0x1008, and one at 0x100c that nobody knows.
//! let words = [0x1008_u32, 0, 0, 0].map(u32::to_le_bytes).concat();
//! let image = Image::of_pieces(vec![Piece { address: 0x1000, bytes: words }]);
//! let block = |start| Block { start, size: 4, group: 0 };
//! let found = Scene::new(&image, vec![block(0x1008), block(0x100c)]).survey();
//!
//! assert_eq!(found.blocks[0].kind, Kind::Reachable);
//! assert_eq!(found.blocks[0].holder, Some(Holder::Word(0x1000)));
//! assert_eq!(found.blocks[1].kind, Kind::Definite);
//! ```
//!
//! # The tour
//! - [`image`] is what lay where, whoever has written it down: core dumps of GDB, ESP-IDF and Zephyr, raw bytes,
//!   and our own files, which [`image::write`] writes.
//! - [`reach`] says of each block whether something points at it, and who: [`reach::Scene`] is what is asked,
//!   [`reach::Survey`] the answer.
//!
//! # Terms
//! - **segment**: a stretch of memory that an image holds; **thread**: registers of a core, or of a task.
//! - **root**: memory that is in use whatever else is: globals, stacks, registers.
//! - **holder**: what points at a block. **start pointer**: a pointer to a block's first byte; others are
//!   **interior**.
//! - **group**: what blocks have in common that a user wants to see as one, such as who allocated them.
#![forbid(unsafe_code)]

pub mod image;
pub mod reach;
