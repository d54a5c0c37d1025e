//! Which blocks can be reached, as Valgrind's memcheck decides it.
//!
//! First all that roots reach: by start pointers alone, or by a way with an interior pointer in it. Then, in order of
//! addresses, each block that was not reached floods what it points at, whatever kind of pointer: that is lost with it. It is the
//! leader of these, until another one reaches it. So a ring has one leader, and a pointer to itself does not count.
//! (Valgrind's manual, 4.2.8 "Memory leak detection".)

use super::Kind;
use super::look::Look;
use super::pointers::Pointer;

/// What was found of a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flooded {
    pub(super) kind: Kind,
    pub(super) leader: Option<usize>,
}

pub(super) fn flood(look: &Look<'_>) -> Vec<Flooded> {
    let pointers = &look.pointers;
    let mut kinds = vec![Kind::Definite; look.map.list().len()];
    let mut waiting = Vec::new();
    for root in pointers.roots() {
        reach(&mut kinds, &mut waiting, root, true);
    }
    while let Some(index) = waiting.pop() {
        let is_sure = kinds[index] == Kind::Reachable;
        for pointer in pointers.in_block(index) {
            reach(&mut kinds, &mut waiting, pointer, is_sure);
        }
    }

    let mut leaders = vec![None; kinds.len()];
    for leader in 0..kinds.len() {
        if kinds[leader] != Kind::Definite {
            continue;
        }
        waiting.push(leader);
        while let Some(index) = waiting.pop() {
            for to in pointers.in_block(index).iter().map(Pointer::to) {
                if kinds[to] == Kind::Definite && to != leader {
                    kinds[to] = Kind::Indirect;
                    leaders[to] = Some(leader);
                    waiting.push(to);
                }
            }
        }
    }
    // A leader that was reached has a later one, which is found before it; then come the blocks that led nobody.
    let blocks = 0..kinds.len();
    for index in blocks.clone().rev().chain(blocks) {
        let next = leaders[index].and_then(|leader| leaders[leader]);
        leaders[index] = next.or(leaders[index]);
    }
    let found = kinds.into_iter().zip(leaders);
    found
        .map(|(kind, leader)| Flooded { kind, leader })
        .collect()
}

/// A block is reached; `is_sure`: by start pointers alone up to there.
fn reach(kinds: &mut [Kind], waiting: &mut Vec<usize>, pointer: &Pointer, is_sure: bool) {
    let kind = if is_sure && pointer.is_start {
        Kind::Reachable
    } else {
        Kind::Possible
    };
    if kinds[pointer.to()] < kind {
        kinds[pointer.to()] = kind;
        waiting.push(pointer.to());
    }
}
