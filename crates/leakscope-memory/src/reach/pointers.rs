//! The words that point at blocks: found once, in one pass over all that is looked at.

use super::areas::Areas;
use super::blocks::BlockMap;
use super::chance::Chance;
use super::ranges::Ranges;
use super::scene::Scene;
use super::{Holder, Type, chunk, words};

/// A word that points at a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pointer {
    /// The word.
    pub(super) holder: Holder,
    block: u32,
    /// Whether it points at the block's beginning.
    pub(super) is_start: bool,
}

impl Pointer {
    /// The block.
    pub(super) fn to(&self) -> usize {
        self.block as usize
    }

    /// The word's address, where it is in no block; 0 for registers.
    pub(super) fn address(&self) -> u64 {
        match self.holder {
            Holder::Word(address) => address,
            _ => 0,
        }
    }
}

/// All of them, by where they are.
#[derive(Clone, Debug)]
pub(super) struct Pointers {
    /// Pointers of the program, then words of which nobody knows what they are.
    pub(super) statics: Vec<Pointer>,
    /// Those of the same memory that the program says are floats.
    pub(super) floats: Vec<Pointer>,
    pub(super) stacks: Vec<Pointer>,
    pub(super) registers: Vec<Pointer>,
    pub(super) unknown: Vec<Pointer>,
    in_blocks: Vec<Pointer>,
    /// Of each block where its pointers begin, and where all end.
    begins: Vec<usize>,
    /// How many there would be by chance.
    pub(super) chance: Option<f64>,
}

impl Pointers {
    pub(super) fn find(scene: &Scene<'_>, map: &BlockMap, areas: &Areas) -> Self {
        let mut search = Search {
            scene,
            map,
            chance: Chance::new(scene.image, map),
            found: Vec::new(),
        };
        let [statics, stacks, unknown] =
            [&areas.statics, &areas.stacks, &areas.unknown].map(|ranges| search.within(ranges));
        // The first of them that points at a block is shown as its holder.
        let known = |pointer: &Pointer| scene.typed.get(&pointer.address());
        let (floats, mut statics): (Vec<_>, Vec<_>) =
            (statics.into_iter()).partition(|pointer| known(pointer) == Some(&Type::Float));
        statics.sort_by_key(|pointer| known(pointer) != Some(&Type::Pointer));
        let registers = search.in_registers();
        let mut begins = vec![0];
        for (index, block) in map.list().iter().enumerate() {
            // Of a stack only a part is in use, and that is a root.
            if !areas.is_stack[index] {
                let range = block.range();
                words::each(scene.image, &range, scene.unaligned, |address, word| {
                    search.see(Holder::Block(index, address - block.start), word);
                });
            }
            begins.push(search.found.len());
        }
        Self {
            statics,
            floats,
            stacks,
            registers,
            unknown,
            in_blocks: search.found,
            begins,
            chance: search.chance.expected(),
        }
    }

    /// Those outside of blocks.
    pub(super) fn roots(&self) -> impl Iterator<Item = &Pointer> {
        let others = self.registers.iter().chain(&self.unknown);
        let others = others.chain(&self.floats);
        self.statics.iter().chain(&self.stacks).chain(others)
    }

    /// Those in a block.
    pub(super) fn in_block(&self, index: usize) -> &[Pointer] {
        &self.in_blocks[self.begins[index]..self.begins[index + 1]]
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &Pointer> {
        self.roots().chain(&self.in_blocks)
    }
}

struct Search<'s> {
    scene: &'s Scene<'s>,
    map: &'s BlockMap,
    chance: Chance<'s>,
    found: Vec<Pointer>,
}

impl Search<'_> {
    #[inline]
    fn see(&mut self, holder: Holder, value: u64) {
        self.chance.see(value);
        let Some((to, is_start)) = self.map.find(value) else {
            return;
        };
        // What an allocator keeps for itself lies in its variables and in free memory, and not in a block.
        let is_in_block = matches!(holder, Holder::Block(..));
        let is_free_behind = || chunk::is_free_behind(self.scene.image, self.map, to, value);
        if is_start || is_in_block || !is_free_behind() {
            self.found.push(Pointer {
                holder,
                block: to as u32,
                is_start,
            });
        }
    }

    fn within(&mut self, ranges: &Ranges) -> Vec<Pointer> {
        let scene = self.scene;
        for range in ranges.iter() {
            words::each(scene.image, range, scene.unaligned, |address, word| {
                self.see(Holder::Word(address), word);
            });
        }
        std::mem::take(&mut self.found)
    }

    fn in_registers(&mut self) -> Vec<Pointer> {
        for (thread, state) in self.scene.image.threads.iter().enumerate() {
            for (register, &word) in state.registers.iter().enumerate() {
                self.see(Holder::Register(thread, register), word);
            }
        }
        std::mem::take(&mut self.found)
    }
}
