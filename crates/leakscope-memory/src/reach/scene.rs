//! What is asked: an image, the blocks that live, and what is known of the rest of memory.

use std::collections::BTreeMap;
use std::ops::Range;

use super::{Alias, Block};
use crate::image::Image;

/// An image, the blocks that live in it, and what is known of the rest of memory.
#[derive(Clone, Debug)]
pub struct Scene<'i> {
    /// What lay where.
    pub image: &'i Image,
    /// The blocks that live, in any order.
    pub blocks: Vec<Block>,
    /// Where the heap is. What in it is neither free nor a block is of unknown use, and taken to be in use.
    pub heap: Vec<Range<u64>>,
    /// Memory that is known to be free: it is full of old pointers, and is not looked at.
    pub free: Vec<Range<u64>>,
    /// The stacks of what runs, and of tasks that live.
    pub stacks: Vec<Stack>,
    /// Memory that holds no pointers to the heap, such as code: it is not looked at.
    pub left_out: Vec<Range<u64>>,
    /// Variables, by which ways to blocks are told apart: in order, none overlapping another.
    pub variables: Vec<Range<u64>>,
    /// Memory that the chip has at two addresses.
    pub aliases: Vec<Alias>,
    /// Memory that is in use, whatever else is said of it.
    pub roots: Vec<Range<u64>>,
    /// What words are, as far as a program says it, by their addresses. Who holds a block is asked of pointers first, and of
    /// floats last.
    pub typed: BTreeMap<u64, Type>,
    /// Look at words on every address, and not only where pointers are aligned: for packed structures.
    pub unaligned: bool,
}

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// A pointer.
    Pointer,
    /// A floating-point number.
    Float,
}

/// A stack that is in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack {
    /// All of it.
    pub whole: Range<u64>,
    /// From its stack pointer on.
    pub used: Range<u64>,
}

impl<'i> Scene<'i> {
    /// Of an image and blocks; nothing else is known.
    pub fn new(image: &'i Image, blocks: Vec<Block>) -> Self {
        Self {
            image,
            blocks,
            heap: Vec::new(),
            free: Vec::new(),
            stacks: Vec::new(),
            left_out: Vec::new(),
            variables: Vec::new(),
            aliases: Vec::new(),
            roots: Vec::new(),
            typed: BTreeMap::new(),
            unaligned: false,
        }
    }
}
