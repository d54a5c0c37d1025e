//! The kinds of blocks, held to a naive twin that follows memcheck's words literally, and the ways to them.

use std::collections::BTreeSet;

use leakscope_memory::image::{Image, Piece, Thread};
use leakscope_memory::reach::{Alias, Block, Holder, Kind, Root, Scene, Stack, Survey, Type, Use};
use proptest::prelude::*;

use crate::make;

const HEAP: u32 = 0x2000_1000;
const GLOBALS: u32 = 0x2000_0000;
/// Bytes of each block, and between two of them.
const SIZE: u32 = 16;
const STEP: u32 = 32;

fn address(block: usize) -> u32 {
    HEAP + STEP * block as u32
}

fn blocks(count: usize) -> Vec<Block> {
    let block = |index| Block {
        start: address(index).into(),
        size: SIZE.into(),
        group: index as u32,
    };
    (0..count).map(block).collect()
}

/// Globals, and blocks of four words each.
fn image(globals: &[u32], contents: &[[u32; 4]]) -> Image {
    let mut heap = vec![0; contents.len() * STEP as usize / 4];
    for (index, words) in contents.iter().enumerate() {
        heap[index * 8..index * 8 + 4].copy_from_slice(words);
    }
    let piece = |address: u32, words: &[u32]| Piece {
        address: address.into(),
        bytes: make::words(words),
    };
    Image::of_pieces(vec![piece(GLOBALS, globals), piece(HEAP, &heap)])
}

fn survey(globals: &[u32], contents: &[[u32; 4]]) -> Survey {
    Scene::new(&image(globals, contents), blocks(contents.len())).survey()
}

/// The block that a word points at, and whether it points at its start.
fn target(word: u32, count: usize) -> Option<(usize, bool)> {
    (0..count)
        .find(|&block| (address(block)..address(block) + SIZE).contains(&word))
        .map(|block| (block, word == address(block)))
}

/// All blocks that a walk from these reaches, by start pointers alone or by any.
fn closure(from: &[u32], contents: &[[u32; 4]], only_starts: bool) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut words = from.to_vec();
    while let Some(word) = words.pop() {
        if let Some((block, is_start)) = target(word, contents.len())
            && (is_start || !only_starts)
            && reached.insert(block)
        {
            words.extend(contents[block]);
        }
    }
    reached
}

fn naive(globals: &[u32], contents: &[[u32; 4]]) -> Vec<Kind> {
    let sure = closure(globals, contents, true);
    let any = closure(globals, contents, false);
    let mut leaders: BTreeSet<usize> = BTreeSet::new();
    let mut indirect = BTreeSet::new();
    for block in 0..contents.len() {
        if any.contains(&block) || indirect.contains(&block) {
            continue;
        }
        leaders.insert(block);
        // What is lost with another one already is not looked into again.
        let mut words = contents[block].to_vec();
        while let Some(word) = words.pop() {
            let Some((other, _)) = target(word, contents.len()) else {
                continue;
            };
            if other != block && !any.contains(&other) && indirect.insert(other) {
                leaders.remove(&other);
                words.extend(contents[other]);
            }
        }
    }
    let kind = |block| match () {
        () if sure.contains(&block) => Kind::Reachable,
        () if any.contains(&block) => Kind::Possible,
        () if leaders.contains(&block) => Kind::Definite,
        () => Kind::Indirect,
    };
    (0..contents.len()).map(kind).collect()
}

fn words(count: usize) -> impl Strategy<Value = u32> {
    let block = (0..count, 0_u32..24).prop_map(|(block, offset)| address(block) + offset);
    prop_oneof![3 => Just(0_u32), 2 => (0..count).prop_map(address), 1 => block]
}

proptest! {
    #[test]
    fn kinds_are_memchecks(
        globals in prop::collection::vec(words(8), 3),
        contents in prop::collection::vec(prop::array::uniform4(words(8)), 8),
    ) {
        let found = survey(&globals, &contents);
        let kinds: Vec<Kind> = found.blocks.iter().map(|found| found.kind).collect();
        prop_assert_eq!(&kinds, &naive(&globals, &contents));
        for (block, found_block) in found.blocks.iter().enumerate() {
            // What can be reached has a way, and only that.
            prop_assert_eq!(found_block.holder.is_some(), !found_block.kind.is_lost());
            prop_assert_eq!(found_block.leader.is_some(), found_block.kind == Kind::Indirect);
            if let Some(leader) = found_block.leader {
                prop_assert_eq!(found.blocks[leader].kind, Kind::Definite);
                let lost_with_it = closure(&[address(leader)], &contents, false);
                prop_assert!(lost_with_it.contains(&block));
            }
        }
        let on_ways: u64 = found.branches.iter().map(|branch| branch.blocks).sum();
        let reached = kinds.iter().filter(|kind| !kind.is_lost()).count();
        prop_assert_eq!(on_ways, reached as u64);
    }
}

/// Blocks are added to the front of this list: each leads the older ones until the next one is reached, and following them all from
/// each block would take the square of its length.
#[test]
fn a_long_lost_list_has_one_leader() {
    const LENGTH: usize = 200_000;
    let older = |block: usize| block.checked_sub(1).map_or(0, address);
    let contents: Vec<_> = (0..LENGTH).map(|block| [older(block), 0, 0, 0]).collect();
    let found = survey(&[], &contents).blocks;
    let newest = Some(LENGTH - 1);
    assert!(
        found[..LENGTH - 1]
            .iter()
            .all(|block| block.leader == newest)
    );
    assert_eq!(found[LENGTH - 1].kind, Kind::Definite);
}

#[test]
fn a_list_is_one_step_and_so_are_kinds_that_take_turns() {
    let contents: Vec<[u32; 4]> = (0..6).map(|block| [address(block + 1), 0, 0, 0]).collect();
    let ways = |groups: [u32; 6]| {
        let image = image(&[0, address(0)], &contents);
        let named = blocks(6)
            .into_iter()
            .zip(groups)
            .map(|(block, group)| Block { group, ..block });
        let mut scene = Scene::new(&image, named.collect());
        scene.variables = vec![u64::from(GLOBALS)..u64::from(GLOBALS) + 8];
        scene.survey().branches
    };
    let list = ways([7; 6]);
    assert_eq!(list.len(), 1);
    assert_eq!(
        (list[0].root, list[0].word, list[0].blocks),
        (Root::Variable(0), u64::from(GLOBALS) + 4, 6)
    );
    let turns = ways([1, 2, 1, 2, 1, 2]);
    assert_eq!(
        turns
            .iter()
            .map(|step| (step.parent, step.group, step.blocks))
            .collect::<Vec<_>>(),
        [(None, 1, 3), (Some(0), 2, 3)]
    );
}

#[test]
fn a_variable_holds_a_block_though_a_register_is_nearer() {
    let mut image = image(&[address(0)], &[[address(1), 0, 0, 0], [0; 4]]);
    image.threads.push(Thread {
        registers: vec![0, address(1).into()],
        ..Thread::default()
    });
    let found = Scene::new(&image, blocks(2)).survey();
    assert_eq!(found.blocks[1].holder, Some(Holder::Block(0, 0)));
    assert_eq!(found.blocks[1].words, 2);
}

#[test]
fn what_is_free_or_below_the_stack_pointer_holds_nothing() {
    // The first block is a stack: its upper half is in use. The second one's memory is free.
    let image = image(
        &[0],
        &[
            [address(2), 0, address(3), 0],
            [address(4), 0, 0, 0],
            [0; 4],
            [0; 4],
            [0; 4],
        ],
    );
    let mut all = blocks(5);
    let freed = all.remove(1);
    let mut scene = Scene::new(&image, all);
    let whole = u64::from(HEAP)..u64::from(HEAP + SIZE);
    scene.stacks = vec![Stack {
        used: whole.start + 8..whole.end,
        whole,
    }];
    scene.free = vec![freed.start..freed.start + freed.size];
    scene.heap = vec![u64::from(HEAP)..u64::from(HEAP) + 0x1000];
    let kind = |scene: &Scene<'_>, group: u32| {
        let found = scene.survey();
        found
            .blocks
            .iter()
            .find(|found| found.block.group == group)
            .map(|found| found.kind)
    };
    assert_eq!(
        kind(&scene, 2),
        Some(Kind::Definite),
        "below the stack pointer"
    );
    assert_eq!(
        kind(&scene, 3),
        Some(Kind::Reachable),
        "in use of the stack"
    );
    assert_eq!(kind(&scene, 4), Some(Kind::Definite), "in free memory");
    // Of which nothing is known is taken to be in use, and counted.
    scene.free.clear();
    assert_eq!(kind(&scene, 4), Some(Kind::Reachable));
    assert_eq!(
        scene.survey().scanned.unknown,
        5 * u64::from(STEP) - 4 * u64::from(SIZE)
    );
}

#[test]
fn a_pointer_to_the_other_address_of_the_same_memory_counts() {
    let alias = |is_reversed| Alias {
        from: 0x4000_0000,
        to: u64::from(HEAP),
        length: 0x1000,
        is_reversed,
    };
    let kind = |word: u32, is_reversed| {
        let image = image(&[word], &[[0; 4]]);
        let mut scene = Scene::new(&image, blocks(1));
        scene.aliases = vec![alias(is_reversed)];
        scene.survey().blocks[0].kind
    };
    assert_eq!(kind(0x4000_0000, false), Kind::Reachable);
    assert_eq!(kind(0x4000_0004, false), Kind::Possible);
    // The last word of the alias is the first one of the memory.
    assert_eq!(kind(0x4000_0FFC, true), Kind::Reachable);
    assert_eq!(kind(0x4000_0000, true), Kind::Definite);
}

#[test]
fn who_holds_a_block_is_asked_of_pointers_first_and_of_floats_last() {
    let image = image(&[address(0); 3], &[[0; 4]]);
    let mut scene = Scene::new(&image, blocks(1));
    let held_by = |scene: &Scene<'_>| scene.survey().blocks[0].holder;
    let word = |index: u64| u64::from(GLOBALS) + 4 * index;
    assert_eq!(held_by(&scene), Some(Holder::Word(word(0))));
    scene.typed.insert(word(0), Type::Float);
    assert_eq!(held_by(&scene), Some(Holder::Word(word(1))));
    scene.typed.insert(word(2), Type::Pointer);
    assert_eq!(held_by(&scene), Some(Holder::Word(word(2))));
}

#[test]
fn who_holds_a_block_is_asked_of_pointers_to_beginnings_first() {
    // The middle of each block is pointed at by a global, and a list that begins on the stack leads from one to the next.
    let globals = [address(1) + 4, address(2) + 4, 0, address(0)];
    let contents = [
        [address(1), 0, 0, 0],
        [address(2), 0, address(3) + 8, 0],
        [0; 4],
        [0; 4],
    ];
    let image = image(&globals, &contents);
    let mut scene = Scene::new(&image, blocks(4));
    let used = u64::from(GLOBALS) + 12..u64::from(GLOBALS) + 16;
    scene.stacks = vec![Stack {
        whole: used.clone(),
        used: used.clone(),
    }];
    let mut found = scene.survey();
    let holders: Vec<_> = found.blocks.iter().map(|found| found.holder).collect();
    let expected = [
        Holder::Word(used.start),
        Holder::Block(0, 0),
        Holder::Block(1, 0),
        Holder::Block(1, 8),
    ];
    assert_eq!(holders, expected.map(Some));
    let words: Vec<u32> = found.blocks.iter().map(|found| found.words).collect();
    assert_eq!(words, [1, 2, 2, 1]);
    assert_eq!(found.blocks[3].kind, Kind::Possible);
    found.branches.retain(|branch| branch.parent.is_none());
    assert_eq!(found.branches.len(), 1);
    assert_eq!(found.branches[0].root, Root::Stack(0));

    // A global that points at a beginning holds it before one in front of it that does not.
    let image = crate::kinds::image(&[address(0) + 4, address(0)], &[[0; 4]]);
    let found = Scene::new(&image, blocks(1)).survey();
    let second = Holder::Word(u64::from(GLOBALS) + 4);
    assert_eq!(found.blocks[0].holder, Some(second));
}

#[test]
fn an_allocators_lists_of_free_chunks_hold_no_block() {
    // Chunks of 24 bytes: a block, a free one, a block, the rest of the heap. The last word of a block is the first one of the
    // header behind it.
    let heap = |behind_free: [u32; 2], size: u32| {
        let mut words = vec![0, 0x18 | 1, 0, 0, 0, 0];
        words.extend([0xABCD, size, GLOBALS, GLOBALS, 0, 0]);
        words.extend([behind_free[0], 24, behind_free[1], 0, 0, 0]);
        words.extend([0x1234, 0x100 | 1, 0, 0]);
        words
    };
    let block = |start: u32| Block {
        start: u64::from(HEAP) + u64::from(start),
        size: 20,
        group: 0,
    };
    let kinds = |globals: &[u32], heap: &[u32], all: Vec<Block>| {
        let piece = |address: u32, words: &[u32]| Piece {
            address: address.into(),
            bytes: make::words(words),
        };
        let image = Image::of_pieces(vec![piece(GLOBALS, globals), piece(HEAP, heap)]);
        let scene = Scene::new(&image, all);
        let kind_of = |found: &leakscope_memory::reach::Found| {
            let listed = scene.holders_of(found.block.start).expect("a block");
            assert_eq!(listed.len(), found.words as usize);
            found.kind
        };
        scene
            .survey()
            .blocks
            .iter()
            .map(kind_of)
            .collect::<Vec<_>>()
    };
    let (free, rest) = (HEAP + 24, HEAP + 72);
    let all = || vec![block(8), block(56)];
    let lost = [Kind::Definite; 2];
    assert_eq!(
        kinds(&[free, rest], &heap([24, 0], 0x18 | 1), all()),
        lost,
        "dlmalloc"
    );
    // In TLSF a size does not count the header's first word, which is the address of the chunk in front.
    let tlsf = heap([0; 2], 0x14 | 1).into_iter().enumerate();
    let tlsf: Vec<u32> = tlsf
        .map(|(at, word)| if at == 12 { free } else { word })
        .collect();
    assert_eq!(kinds(&[free, rest], &tlsf, all()), lost, "TLSF");

    // A program's own pointer into the last word of a block counts: what stands behind is in use, or says nothing of free memory.
    let possible = [Kind::Possible, Kind::Definite];
    let in_use = heap([24, 0], 0x18 | 1);
    let with_middle = vec![block(8), block(32), block(56)];
    assert_eq!(kinds(&[free], &in_use, with_middle)[..1], possible[..1]);
    for (behind, size) in [([24, 0], 24), ([24, 0], 0x18 | 3), ([0, 0], 0x18 | 1)] {
        assert_eq!(kinds(&[free], &heap(behind, size), all()), possible);
    }
    // And so do pointers to the word before it, and to a beginning.
    assert_eq!(kinds(&[free - 4], &in_use, all()), possible);
    assert_eq!(kinds(&[free, HEAP + 8], &in_use, all())[0], Kind::Reachable);
}

#[test]
fn memory_that_is_named_as_a_root_is_one() {
    let image = image(&[], &[[0; 4], [0, 0, address(0), 0]]);
    let heap = u64::from(HEAP);
    let mut scene = Scene {
        free: vec![heap + 32..heap + 64],
        ..Scene::new(&image, blocks(1))
    };
    assert_eq!(scene.survey().blocks[0].kind, Kind::Definite);
    scene.roots = vec![heap + 40..heap + 48];
    assert_eq!(scene.survey().blocks[0].kind, Kind::Reachable);
}

#[test]
fn packed_pointers_are_found_where_they_are_looked_for() {
    let bytes = [&[0_u8][..], &address(0).to_le_bytes(), &[0; 3]].concat();
    let heap = vec![0; 32];
    let image = Image::of_pieces(vec![
        Piece {
            address: GLOBALS.into(),
            bytes,
        },
        Piece {
            address: HEAP.into(),
            bytes: heap,
        },
    ]);
    let mut scene = Scene::new(&image, blocks(1));
    assert_eq!(scene.survey().blocks[0].kind, Kind::Definite);
    scene.unaligned = true;
    assert_eq!(scene.survey().blocks[0].kind, Kind::Reachable);
}

#[test]
fn all_holders_of_a_block_are_listed() {
    let image = image(
        &[address(0), address(1) + 4],
        &[[address(1), 0, 0, 0], [0; 4]],
    );
    let scene = Scene::new(&image, blocks(2));
    let holders = scene
        .holders_of(u64::from(address(1)) + 2)
        .expect("a block");
    assert_eq!(
        holders,
        [
            (
                Holder::Word(u64::from(GLOBALS) + 4),
                u64::from(address(1)) + 4
            ),
            (Holder::Block(0, 0), address(1).into())
        ]
    );
    assert_eq!(scene.holders_of(GLOBALS.into()), None);
}

#[test]
fn the_map_has_each_byte_of_the_image_once() {
    let image = image(&[address(0), 0], &[[address(1), 0, 0, 0], [0; 4], [0; 4]]);
    let heap = u64::from(HEAP);
    let scene = Scene {
        heap: vec![heap..heap + 64],
        free: vec![heap + 24..heap + 32, heap + 80..heap + 96],
        ..Scene::new(&image, blocks(2))
    };
    let globals = u64::from(GLOBALS);
    assert_eq!(
        scene.map(),
        [
            (globals..globals + 8, Use::Static),
            (heap..heap + 16, Use::Block(0)),
            (heap + 16..heap + 24, Use::Unknown),
            (heap + 24..heap + 32, Use::Unused),
            (heap + 32..heap + 48, Use::Block(1)),
            (heap + 48..heap + 64, Use::Unknown),
            (heap + 64..heap + 80, Use::Static),
            (heap + 80..heap + 96, Use::Unused),
        ]
    );
}
