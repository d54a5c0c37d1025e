//! Call stacks of programs that keep no frame pointers, out of the words that lie on a stack.
//!
//! A device cannot tell a return address from a stale word that looks like one: it sends all of them, each with its
//! place. Here the compiler's call frame information decides. It says for each call how far up the stack the caller's
//! return address lies: the word there is the next frame, and the words between are none.
//! Where it does not say that (a frame of variable size, a function in assembly without such information), the next
//! frame is the first word whose call leads into the function that is being left.
//!
//! [`rules`] reads call frame information, [`branch`] one instruction, [`callees`] knows where calls lead.

mod branch;
mod callees;
mod rules;

use crate::{AddressKind, Symbols};
use callees::Leads;
use rules::Caller;
pub(crate) use {callees::TailJumps, rules::Rules};

/// What a device found on a stack: the words that could be return addresses.
#[derive(Clone, Copy, Debug)]
pub struct ScannedStack<'s> {
    /// Where the call returns to at which the device looked.
    pub return_address: u64,
    /// The words from the stack pointer up, as it is after that return, that could be return addresses: the lowest
    /// first.
    pub candidates: &'s [Candidate],
    /// How many words the device looked at.
    pub words: u32,
    /// Whether there may be more in these words than were sent.
    pub is_full: bool,
}

/// A word of a stack that could be a return address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Candidate {
    /// How many words above the stack pointer it lies.
    pub place: u32,
    /// The word.
    pub address: u64,
}

/// By what a frame was found. The later, the less sure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FoundBy {
    /// Rules of call frame information alone.
    Rule,
    /// It, or one before it, is the first one whose call leads into the function that is being left.
    Call,
    /// It, or one before it, is the first one whose call may lead there: through a register.
    PossibleCall,
}

/// A frame of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnwoundFrame {
    /// Where it goes on.
    pub return_address: u64,
    /// How it was found.
    pub found_by: FoundBy,
}

/// A call stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnwoundStack {
    /// The innermost first; never empty.
    pub frames: Vec<UnwoundFrame>,
    /// Whether there are more, beyond what the device looked at. Where the last one's function has no call frame
    /// information, that is not known, and said only if the device left out candidates.
    pub is_cut_off: bool,
}

/// What is known of the next frame.
enum Step {
    /// Its return address, and how many bytes above the stack pointer its frame begins.
    To(Candidate, u64, FoundBy),
    /// There is none.
    End,
    /// It lies beyond what the device looked at.
    Unseen,
}

impl Symbols {
    /// The call stack that a scanned stack holds.
    ///
    /// What is no frame is left out. In a program without call frame information, whose calls are not understood
    /// either, the first frame is all that is found.
    pub fn unwind(&self, stack: &ScannedStack<'_>) -> UnwoundStack {
        let mut frames = vec![UnwoundFrame {
            return_address: stack.return_address,
            found_by: FoundBy::Rule,
        }];
        let (mut above, mut frame) = (stack.candidates, 0);
        let mut last = frames[0];
        let is_cut_off = loop {
            match self.step(stack, above, last.return_address, frame) {
                Step::To(candidate, next_frame, found_by) => {
                    let first = above.partition_point(|other| other.place <= candidate.place);
                    (above, frame) = (&above[first..], next_frame);
                    last = UnwoundFrame {
                        return_address: candidate.address,
                        found_by: last.found_by.max(found_by),
                    };
                    frames.push(last);
                }
                Step::End => break false,
                Step::Unseen => break true,
            }
        };
        UnwoundStack { frames, is_cut_off }
    }

    /// The caller of the function that goes on at `return_address`, whose frame begins so many bytes above the stack
    /// pointer.
    fn step(
        &self,
        stack: &ScannedStack<'_>,
        above: &[Candidate],
        return_address: u64,
        frame: u64,
    ) -> Step {
        let Some(place) = self.instruction(return_address, AddressKind::ReturnAddress) else {
            return self.unseen_or_end(stack, above, frame);
        };
        let word = self.word();
        match self.rules.at(&self.file, &self.code, &self.table, place) {
            Some(Caller::None) => Step::End,
            Some(Caller::Saved {
                size: Some(size),
                offset,
            }) => {
                let next_frame = frame.saturating_add(size);
                let slot = next_frame.saturating_add_signed(offset);
                let found = above
                    .iter()
                    .find(|candidate| u64::from(candidate.place) * word == slot);
                match found {
                    Some(&candidate) if self.is_behind_call(candidate.address) != Some(false) => {
                        Step::To(candidate, next_frame, FoundBy::Rule)
                    }
                    Some(_) => Step::End,
                    None => self.unseen_or_end(stack, above, slot),
                }
            }
            Some(Caller::Saved { size: None, offset }) => {
                self.resynchronise(stack, above, place, Some(offset))
            }
            None => self.resynchronise(stack, above, place, None),
        }
    }

    /// The first candidate whose call leads into the function at `place`: surely, if there is such a one.
    ///
    /// `saved` is where the function keeps its return address, in bytes from the end of its frame.
    fn resynchronise(
        &self,
        stack: &ScannedStack<'_>,
        above: &[Candidate],
        place: u64,
        saved: Option<i64>,
    ) -> Step {
        let Some(function) = self.table.function_range(place) else {
            return Step::End;
        };
        let mut perhaps = None;
        for &candidate in above {
            match self.leads_into(candidate.address, &function) {
                Some(Leads::Surely) => return self.behind(candidate, saved, FoundBy::Call),
                Some(Leads::Perhaps) => perhaps = perhaps.or(Some(candidate)),
                None => {}
            }
        }
        match perhaps {
            // If the list is not whole, the sure one may be among those that are missing.
            Some(candidate) if !stack.is_full => {
                self.behind(candidate, saved, FoundBy::PossibleCall)
            }
            // A function that keeps a return address has a caller.
            _ if stack.is_full || saved.is_some() => Step::Unseen,
            _ => Step::End,
        }
    }

    fn behind(&self, candidate: Candidate, saved: Option<i64>, found_by: FoundBy) -> Step {
        let slot = u64::from(candidate.place) * self.word();
        let next_frame = match saved {
            Some(offset) => slot.saturating_add_signed(offset.saturating_neg()),
            None => slot + self.word(),
        };
        Step::To(candidate, next_frame, found_by)
    }

    /// No candidate lies where one should, so many bytes above the stack pointer.
    fn unseen_or_end(&self, stack: &ScannedStack<'_>, above: &[Candidate], slot: u64) -> Step {
        let is_beyond = slot / self.word() >= u64::from(stack.words);
        if is_beyond
            || (stack.is_full
                && above
                    .last()
                    .is_none_or(|last| u64::from(last.place) * self.word() < slot))
        {
            return Step::Unseen;
        }
        Step::End
    }

    /// The bytes of a word on the stack.
    fn word(&self) -> u64 {
        if self.is_64_bit() { 8 } else { 4 }
    }
}
