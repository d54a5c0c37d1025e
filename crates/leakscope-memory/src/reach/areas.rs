//! What is looked at: which memory is a root, and of which kind.

use super::Block;
use super::blocks::BlockMap;
use super::ranges::Ranges;
use super::scene::Scene;

/// The memory of an image that is looked at, blocks aside.
#[derive(Clone, Debug)]
pub(super) struct Areas {
    /// All of it, blocks too.
    pub(super) held: Ranges,
    /// What blocks take.
    pub(super) blocks: Ranges,
    /// Memory outside of the heap and of stacks.
    pub(super) statics: Ranges,
    /// What is in use of stacks.
    pub(super) stacks: Ranges,
    /// Memory of the heap of which nothing is known.
    pub(super) unknown: Ranges,
    /// What is not looked at.
    pub(super) unused: Ranges,
    /// For each block what is looked at if it is reached: not if it is a stack, for of that only a part is in use, and
    /// that is a root.
    pub(super) is_stack: Vec<bool>,
}

impl Areas {
    pub(super) fn of(scene: &Scene<'_>, map: &BlockMap) -> Self {
        let held = Ranges::of(scene.image.segments().map(|(range, _)| range));
        let blocks = Ranges::of(map.list().iter().map(Block::range));
        let whole_stacks = Ranges::of(scene.stacks.iter().map(|stack| stack.whole.clone()));
        let heap = Ranges::of(scene.heap.iter().cloned());
        let free = Ranges::of(scene.free.iter().cloned());
        let left_out = Ranges::of(scene.left_out.iter().cloned());
        let outside = held
            .without(&left_out)
            .without(&blocks)
            .without(&whole_stacks);
        let used = Ranges::of(scene.stacks.iter().map(|stack| stack.used.clone()));
        let is_stack = (map.list().iter())
            .map(|block| whole_stacks.meets(&block.range()))
            .collect();
        let roots = Ranges::of(scene.roots.iter().cloned());
        let roots = held.and(&roots).without(&blocks);
        // A block that was freed outside of all known regions is free memory, too.
        let statics = outside.without(&heap).without(&free);
        let statics = Ranges::of(statics.iter().chain(roots.iter()).cloned());
        let unknown = outside.and(&heap).without(&free).without(&roots);
        let stacks = used.and(&held).without(&roots);
        let looked_at = [&statics, &unknown, &stacks, &blocks];
        let unused = looked_at
            .iter()
            .fold(held.clone(), |rest, part| rest.without(part));
        Self {
            held,
            blocks,
            statics,
            stacks,
            unknown,
            unused,
            is_stack,
        }
    }
}
