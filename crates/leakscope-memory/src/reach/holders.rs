//! The shortest ways from roots to blocks, those of one group folded into one.

use std::collections::{HashMap, VecDeque};

use super::Holder;
use super::look::Look;
use super::pointers::Pointer;

/// Where a way begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Root {
    /// A variable: an index into the scene's.
    Variable(usize),
    /// Memory outside of the heap that no variable is known in.
    Unnamed,
    /// A stack: an index into the scene's.
    Stack(usize),
    /// A register: an index into the image's threads, and into the thread's registers.
    Register(usize, usize),
    /// Memory of the heap of which nothing is known.
    Unknown,
}

/// A step of a way: blocks of one group that the same ones lead to. All of them are a forest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Branch {
    /// Where the way begins.
    pub root: Root,
    /// The word at its beginning, of the first block that was found; 0 for registers.
    pub word: u64,
    /// The step before; `None` behind the root.
    pub parent: Option<usize>,
    /// The group of its blocks.
    pub group: u32,
    /// How many of its blocks the root itself points at.
    pub at_root: u64,
    /// How many blocks.
    pub blocks: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What was found; the lists are those of the blocks.
pub(super) struct Ways {
    pub(super) holders: Vec<Option<Holder>>,
    pub(super) words: Vec<u32>,
    pub(super) branch: Vec<Option<usize>>,
    pub(super) branches: Vec<Branch>,
}

/// What kind of root a word is.
type RootOf<'f> = dyn Fn(&Pointer) -> Root + 'f;

/// Finds the ways: by pointers to beginnings, then by any, at last from floats. What can be reached from a variable is, even
/// if a stack or a register is nearer: those are gone a moment later.
pub(super) fn find(look: &Look<'_>) -> Ways {
    let count = look.map.list().len();
    let mut search = Search {
        look,
        ways: Ways {
            holders: vec![None; count],
            words: Vec::new(),
            branch: vec![None; count],
            branches: Vec::new(),
        },
        known: HashMap::new(),
        waiting: VecDeque::new(),
    };
    let variables = &look.scene.variables;
    let variable = |pointer: &Pointer| {
        let after = variables.partition_point(|variable| variable.start <= pointer.address());
        let index = after
            .checked_sub(1)
            .filter(|index| variables[*index].contains(&pointer.address()));
        index.map_or(Root::Unnamed, Root::Variable)
    };
    let stack = |pointer: &Pointer| {
        let mut stacks = look.scene.stacks.iter();
        stacks
            .position(|stack| stack.used.contains(&pointer.address()))
            .map_or(Root::Unnamed, Root::Stack)
    };
    let register = |pointer: &Pointer| match pointer.holder {
        Holder::Register(thread, register) => Root::Register(thread, register),
        _ => Root::Unnamed,
    };
    let pointers = &look.pointers;
    let classes: [(&[Pointer], &RootOf<'_>); 4] = [
        (&pointers.statics, &variable),
        (&pointers.stacks, &stack),
        (&pointers.registers, &register),
        (&pointers.unknown, &|_| Root::Unknown),
    ];
    let mut reached = [const { Vec::new() }; 4];
    for only_starts in [true, false] {
        for ((roots, root_of), reached) in classes.iter().zip(&mut reached) {
            search.meet(reached, roots, only_starts, root_of);
        }
    }
    search.meet(&mut Vec::new(), &pointers.floats, false, &variable);
    search.ways.words = search.words();
    search.ways
}

struct Search<'s> {
    look: &'s Look<'s>,
    ways: Ways,
    /// Branches by where they grow from, and their group. Only looked up: its order reaches no output.
    known: HashMap<(From, u32), usize>,
    waiting: VecDeque<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum From {
    Root(Root),
    Branch(usize),
}

impl Search<'_> {
    /// Follows all ways that begin at these roots, or go on from blocks that were reached from such before: by pointers to
    /// beginnings alone, or by any.
    fn meet(
        &mut self,
        reached: &mut Vec<usize>,
        roots: &[Pointer],
        only_starts: bool,
        root_of: &RootOf<'_>,
    ) {
        self.waiting.extend(reached.drain(..));
        for pointer in roots {
            if self.is_new(pointer, only_starts) {
                let root = root_of(pointer);
                self.grow(
                    pointer.to(),
                    From::Root(root),
                    None,
                    root,
                    pointer.address(),
                );
            }
        }
        let look = self.look;
        while let Some(index) = self.waiting.pop_front() {
            reached.push(index);
            let Some(parent) = self.ways.branch[index] else {
                continue;
            };
            for pointer in look.pointers.in_block(index) {
                if self.is_new(pointer, only_starts) {
                    let Branch { root, word, .. } = self.ways.branches[parent];
                    self.grow(pointer.to(), From::Branch(parent), Some(parent), root, word);
                }
            }
        }
    }

    /// Whether a pointer is the first one to its block.
    fn is_new(&mut self, pointer: &Pointer, only_starts: bool) -> bool {
        let index = pointer.to();
        let is_new = self.ways.holders[index].is_none() && (pointer.is_start || !only_starts);
        if is_new {
            self.ways.holders[index] = Some(pointer.holder);
            self.waiting.push_back(index);
        }
        is_new
    }

    /// How many words point at each block from roots, and from blocks that were reached.
    fn words(&self) -> Vec<u32> {
        let pointers = &self.look.pointers;
        let mut words = vec![0_u32; self.ways.holders.len()];
        let reached = (0..words.len()).filter(|&index| self.ways.holders[index].is_some());
        let in_blocks = reached.flat_map(|index| pointers.in_block(index));
        for pointer in pointers.roots().chain(in_blocks) {
            words[pointer.to()] = words[pointer.to()].saturating_add(1);
        }
        words
    }

    /// Puts a block on its branch. A group that is on the way already is folded into that step: so a list is one, and
    /// so are two kinds of blocks that take turns.
    fn grow(&mut self, index: usize, from: From, parent: Option<usize>, root: Root, word: u64) {
        let block = self.look.map.list()[index];
        let branches = &mut self.ways.branches;
        let mut steps = std::iter::successors(parent, |&step| branches[step].parent);
        let before = steps.find(|&step| branches[step].group == block.group);
        let branch = before.unwrap_or_else(|| {
            *self.known.entry((from, block.group)).or_insert_with(|| {
                let group = block.group;
                branches.push(Branch {
                    root,
                    word,
                    parent,
                    group,
                    at_root: 0,
                    blocks: 0,
                    bytes: 0,
                });
                branches.len() - 1
            })
        });
        branches[branch].at_root += u64::from(parent.is_none());
        branches[branch].blocks += 1;
        branches[branch].bytes += block.size;
        self.ways.branch[index] = Some(branch);
    }
}
