//! Where calls lead: into the function that they name, and on from there by tail jumps, which leave no frame.

use super::branch::{self, Target};
use crate::{AddressKind, Symbols, call};
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

/// How surely a call leads into a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leads {
    /// All branches on the way name where they go.
    Surely,
    /// One goes where a register says.
    Perhaps,
}

/// By function, the jumps with which it ends in another one. Never listed: no order reaches an output.
#[derive(Debug, Default)]
pub(crate) struct TailJumps(RefCell<HashMap<u64, Arc<[Target]>>>);

/// Chains of tail jumps are followed through this many functions at most.
const MOST_FUNCTIONS: usize = 256;

/// A function is read up to this many bytes.
const LONGEST_FUNCTION: u64 = 1 << 20;

impl Symbols {
    /// Whether the call that returns to this address leads into a function.
    pub(super) fn leads_into(&self, return_address: u64, function: &Range<u64>) -> Option<Leads> {
        let end = self.instruction(return_address, AddressKind::ReturnAddress)? + 1;
        let before = self.texts.before(&self.file, end, call::LONGEST + 1)?;
        let mut waiting = vec![branch::target_of_call(self.machine, before, end)?];
        let mut seen = HashSet::new();
        let mut leads = None;
        while let Some(target) = waiting.pop() {
            let Some(address) = self.address(target) else {
                leads = Some(Leads::Perhaps);
                continue;
            };
            if function.contains(&address) {
                return Some(Leads::Surely);
            }
            let Some(next) = self.table.function_range(address) else {
                continue;
            };
            if seen.len() < MOST_FUNCTIONS && seen.insert(next.start) {
                waiting.extend(self.tail_jumps(&next).iter());
            }
        }
        leads
    }

    /// `None` if only a register knows.
    fn address(&self, target: Target) -> Option<u64> {
        match target {
            Target::At(address) if self.is_64_bit() => Some(address),
            // Addresses of 32 bits go round.
            Target::At(address) => Some(address & u64::from(u32::MAX)),
            Target::Register => None,
            Target::Word(place) => {
                let bytes = self.texts.from(&self.file, place)?;
                let word = u32::from_le_bytes(*bytes.first_chunk()?);
                // The lowest bit says Thumb.
                Some(u64::from(word & !1))
            }
        }
    }

    fn tail_jumps(&self, function: &Range<u64>) -> Arc<[Target]> {
        if let Some(known) = self.tail_jumps.0.borrow().get(&function.start) {
            return Arc::clone(known);
        }
        let jumps: Arc<[Target]> = self.read_tail_jumps(function).into();
        let mut known = self.tail_jumps.0.borrow_mut();
        known.insert(function.start, Arc::clone(&jumps));
        jumps
    }

    fn read_tail_jumps(&self, function: &Range<u64>) -> Vec<Target> {
        let mut jumps = Vec::new();
        let length = (function.end - function.start).min(LONGEST_FUNCTION) as usize;
        let Some(bytes) = self.texts.from(&self.file, function.start) else {
            return jumps;
        };
        let bytes = &bytes[..bytes.len().min(length)];
        let mut place = 0;
        while let Some(instruction) = bytes
            .get(place..)
            .and_then(|rest| branch::instruction(self.machine, rest, function.start + place as u64))
        {
            let leaves = |jump: &Target| !matches!(jump, Target::At(to) if function.contains(to));
            jumps.extend(instruction.jump.filter(leaves));
            place += instruction.length;
        }
        jumps.dedup();
        jumps
    }
}
