//! What is asked: an image, the blocks that live, and what is known of the rest of memory.

use std::collections::BTreeMap;
use std::ops::Range;

use super::areas::Areas;
use super::blocks::BlockMap;
use super::map::map;
use super::pointers::{Pointer, Pointers};
use super::{Alias, Block, Found, Holder, Scanned, Survey, Use, flood, holders};
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

    /// Looks at all of it.
    pub fn survey(&self) -> Survey {
        let look = &Look::new(self);
        let flooded = flood::flood(look);
        let ways = holders::find(look);
        let blocks = look.map.list();
        let found = (0..blocks.len()).map(|index| Found {
            block: blocks[index],
            kind: flooded[index].kind,
            leader: flooded[index].leader,
            holder: ways.holders[index],
            words: ways.words[index],
            branch: ways.branch[index],
            is_in_image: (self.image).holds(&blocks[index].range()),
        });
        Survey {
            blocks: found.collect(),
            branches: ways.branches,
            scanned: look.scanned(),
            chance: look.pointers.chance,
        }
    }

    /// The addresses of words outside of the heap and of stacks that look like pointers to blocks.
    pub fn static_pointers(&self) -> Vec<u64> {
        let look = Look::new(self);
        let statics = look.pointers.statics.iter();
        statics.map(Pointer::address).collect()
    }

    /// What each stretch of the image is, in order of addresses: all that it holds, once.
    pub fn map(&self) -> Vec<(Range<u64>, Use)> {
        let blocks = BlockMap::new(self.blocks.clone(), Vec::new());
        map(&blocks, &Areas::of(self, &blocks))
    }

    /// Everything that points at the block around an address, and where: roots, then blocks, reachable or not. `None` if
    /// there is no such block.
    pub fn holders_of(&self, address: u64) -> Option<Vec<(Holder, u64)>> {
        let look = Look::new(self);
        let (wanted, _) = look.map.find(address)?;
        let holders = look.pointers.all().filter(|pointer| pointer.to() == wanted);
        let holders = holders.filter_map(|pointer| {
            let value = match pointer.holder {
                Holder::Word(address) => self.image.pointer(address)?,
                Holder::Register(thread, register) => {
                    self.image.threads[thread].registers[register]
                }
                Holder::Block(block, offset) => {
                    let address = look.map.list()[block].start + offset;
                    self.image.pointer(address)?
                }
            };
            Some((pointer.holder, value))
        });
        Some(holders.collect())
    }
}

/// A scene, and what was seen in it.
pub(super) struct Look<'s> {
    pub(super) scene: &'s Scene<'s>,
    pub(super) map: BlockMap,
    pub(super) areas: Areas,
    pub(super) pointers: Pointers,
}

impl<'s> Look<'s> {
    fn new(scene: &'s Scene<'s>) -> Self {
        let map = BlockMap::new(scene.blocks.clone(), scene.aliases.clone());
        let areas = Areas::of(scene, &map);
        let pointers = Pointers::find(scene, &map, &areas);
        Self {
            scene,
            map,
            areas,
            pointers,
        }
    }

    /// How much is looked at.
    fn scanned(&self) -> Scanned {
        let blocks = self.map.list().iter();
        let in_image = blocks.filter(|block| {
            let range = block.range();
            self.scene.image.holds(&range)
        });
        Scanned {
            statics: self.areas.statics.len(),
            stacks: self.areas.stacks.len(),
            unknown: self.areas.unknown.len(),
            blocks: in_image.map(|block| block.size).sum(),
            pointers: self.pointers.all().count() as u64,
        }
    }
}
