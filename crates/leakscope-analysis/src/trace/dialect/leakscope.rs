//! The heap module of the leakscope recorder: `docs/dialects.md` is its definition.
//!
//! A call stack is sent once in a while and otherwise by number; a reallocation is announced, a failed allocation says
//! so, and addresses are offsets from the heap's base. Version 1, which is read too, had other frees and reallocations.

use leakscope_systemview::varint::Numbers;

use super::{Dialect, Said};
use crate::problem::ProblemKind;
use crate::trace::admitted::Admitted;
use crate::trace::event::HeapEvent;
use crate::trace::stacks::{StackId, Stacks};
use crate::trace::unwind::Scan;

/// The units and the stacks that the module's events refer to.
#[derive(Clone, Debug, Default)]
pub(in crate::trace) struct Leakscope {
    base: u64,
    code: u64,
    shift: u32,
    wide: bool,
    stacks: KnownStacks,
    /// How many words of a stack the device looks at, and the most that it sends of them.
    words: u32,
    candidates: u32,
    /// The version of the recorder's events; 0 before it was told.
    version: u32,
    /// Whether the device leaves blocks out, and may free these all the same; at addresses that it leaves out, it does not.
    frees_others: bool,
}

/// The newest version of the recorder's events that is known here.
const VERSION: u32 = 2;

/// From this one on, a reallocation is announced, and fails as such.
const ANNOUNCES_MOVES: u32 = 2;

/// Addresses count in units of at most so many bits.
const MOST_SHIFT: u32 = 5;

/// No recorder numbers more stacks at once.
const MOST_STACKS: usize = 1 << 16;

impl Dialect for Leakscope {
    const MODULE: Option<&'static str> = Some("leakscope heap");
    const IS_RECORDERS: bool = true;
    const EVENTS: u32 = 16;

    #[inline(always)]
    fn read(
        &mut self,
        number: u32,
        payload: &[u8],
        stacks: &mut Stacks,
        admitted: &mut Admitted,
    ) -> Option<Said> {
        let mut fields = Numbers::new(payload);
        let event = match number {
            // Damage made it of another one.
            1 | 2 if self.version >= ANNOUNCES_MOVES => return None,
            0 => {
                let (address, size, stack) = (fields.next()?, fields.next()?, fields.next()?);
                HeapEvent::Allocation {
                    heap: 0,
                    address: self.address(address, fields.next()),
                    size: u64::from(size),
                    stack: self.stacks.get(stack),
                    tag: None,
                }
            }
            1 => {
                let (address, size, stack) = (fields.next()?, fields.next()?, fields.next()?);
                HeapEvent::Free {
                    heap: 0,
                    address: self.address(address, fields.next()),
                    size: (size != 0).then_some(u64::from(size)),
                    stack: self.stacks.get(stack),
                }
            }
            7 => {
                let (address, stack) = (fields.next()?, fields.next()?);
                HeapEvent::Free {
                    heap: 0,
                    address: self.address(address, fields.next()),
                    size: None,
                    stack: self.stacks.get(stack),
                }
            }
            2 => {
                let (address, size, stack) = (fields.next()?, fields.next()?, fields.next()?);
                let (from, _from_size) = (fields.next()?, fields.next()?);
                HeapEvent::Reallocation {
                    address: self.address(address, fields.next()),
                    old_address: self.address(from, fields.next()),
                    size: u64::from(size),
                    stack: self.stacks.get(stack),
                }
            }
            3 | 8..=10 => self.read_seldom(number, fields)?,
            4 => return self.define_heap(fields, stacks),
            11 => return self.define_scan(fields, stacks),
            5 | 6 => {
                self.define_stack(number == 6, fields, stacks)?;
                return Some(Said::Nothing);
            }
            _ => return Some(Said::Nothing),
        };
        if self.frees_others {
            return Some(self.say_admitted(&event, admitted));
        }
        Some(self.say(event))
    }
}

/// An event whose addresses are in units that nobody knows: as far apart as they can be, for blocks must not seem to lie in
/// each other.
#[cold]
fn apart(event: HeapEvent) -> HeapEvent {
    let mut event = event;
    match &mut event {
        HeapEvent::Moved {
            address,
            old_address,
            ..
        } => {
            *address = address.rotate_left(MOST_SHIFT);
            *old_address = old_address.rotate_left(MOST_SHIFT);
        }
        HeapEvent::Allocation { address, .. }
        | HeapEvent::Free { address, .. }
        | HeapEvent::Moving { address, .. }
        | HeapEvent::Kept { address, .. } => *address = address.rotate_left(MOST_SHIFT),
        _ => {}
    }
    event
}

impl Leakscope {
    #[inline(always)]
    fn say(&self, event: HeapEvent) -> Said {
        match self.version {
            1..=VERSION => Said::Heap(event),
            0 => Said::Doubtful(apart(event), ProblemKind::NoHeapUnits),
            version => Said::Doubtful(event, ProblemKind::NewerRecorder { version }),
        }
    }

    /// The same, where blocks are left out.
    #[inline(never)]
    fn say_admitted(&self, event: &HeapEvent, admitted: &mut Admitted) -> Said {
        match admitted.admit(*event) {
            Ok(event) => self.say(event),
            Err((address, stack)) => Said::FreeOfOther { address, stack },
        }
    }

    #[inline(never)]
    fn read_seldom(&mut self, number: u32, mut fields: Numbers<'_>) -> Option<HeapEvent> {
        Some(match number {
            3 => HeapEvent::Failed {
                size: u64::from(fields.next()?),
                stack: self.stacks.get(fields.next()?),
            },
            8 => {
                let (address, stack) = (fields.next()?, fields.next()?);
                HeapEvent::Moving {
                    address: self.address(address, fields.next()),
                    stack: self.stacks.get(stack),
                }
            }
            9 => {
                let (address, size, stack) = (fields.next()?, fields.next()?, fields.next()?);
                let from = fields.next()?;
                HeapEvent::Moved {
                    address: self.address(address, fields.next()),
                    old_address: self.address(from, fields.next()),
                    size: u64::from(size),
                    stack: self.stacks.get(stack),
                }
            }
            _ => {
                let (address, size, stack) = (fields.next()?, fields.next()?, fields.next()?);
                HeapEvent::Kept {
                    address: self.address(address, fields.next()),
                    size: u64::from(size),
                    stack: self.stacks.get(stack),
                }
            }
        })
    }

    /// The units of what follows, and what the device leaves out.
    #[inline(never)]
    fn define_heap(&mut self, mut fields: Numbers<'_>, stacks: &mut Stacks) -> Option<Said> {
        let (version, pointer_bytes) = (fields.next()?, fields.next()?);
        let (shift, depth, size) = (fields.next()?, fields.next()?, fields.next()?);
        let mut wide = || Some(join(fields.next()?, fields.next()?));
        let (base, code) = (wide()?, wide()?);
        let mut optional = || fields.next().unwrap_or(0);
        let (slots, is_repeated) = (optional(), optional() == 1);
        let (least_size, one_in, task) = (optional(), optional(), optional());
        let (words, is_scattered) = (optional(), optional() == 1);
        if is_repeated && self.version == version.max(1) {
            return Some(Said::Nothing);
        }
        stacks.are_of_whole_calls = version >= ANNOUNCES_MOVES;
        stacks.are_of_a_computer = pointer_bytes == 8 && size == 0;
        let is_filtered = least_size > 0 || one_in > 1 || task != 0;
        stacks.leave_blocks_out = is_filtered;
        *self = Self {
            base,
            code,
            shift: shift % 32,
            wide: pointer_bytes != 4,
            stacks: KnownStacks::new(slots),
            words: if words == 0 { u32::MAX } else { words },
            candidates: depth,
            version: version.max(1),
            frees_others: least_size > 0 || task != 0,
        };
        let filter = ProblemKind::Filtered {
            least_size,
            one_in,
            task: u64::from(task),
        };
        let event = HeapEvent::Define {
            heap: 0,
            base: if is_scattered { 0 } else { base },
            size: u64::from(size),
        };
        Some(match (size, is_filtered) {
            (0, false) => Said::Nothing,
            (0, true) => Said::Noted(filter),
            (_, true) => Said::Doubtful(event, filter),
            (_, false) if version <= VERSION => Said::Heap(event),
            (_, false) => Said::Doubtful(event, ProblemKind::NewerRecorder { version }),
        })
    }

    /// A number for a stack, whose frames have one word each, or two.
    #[inline(never)]
    fn define_stack(
        &mut self,
        is_wide: bool,
        mut fields: Numbers<'_>,
        stacks: &mut Stacks,
    ) -> Option<()> {
        let number = fields.next()?;
        let mut frames = Vec::new();
        while let Some(low) = fields.next() {
            let high = if is_wide { fields.next() } else { Some(0) };
            let Some(high) = high else {
                break;
            };
            frames.push(self.wrap(self.code.wrapping_add(join(low, high))));
        }
        self.stacks.define(number, stacks.intern(&frames));
        fields.is_whole().then_some(())
    }

    /// A number for a stack of which the device found the words that could be return addresses.
    #[inline(never)]
    fn define_scan(&mut self, mut fields: Numbers<'_>, stacks: &mut Stacks) -> Option<Said> {
        let (number, first) = (fields.next()?, fields.next()?);
        let code = |offset: u32| self.wrap(self.code.wrapping_add(u64::from(offset)));
        let mut candidates: Vec<(u32, u64)> = Vec::new();
        while let Some(words) = fields.next() {
            let place = match candidates.last() {
                None => words,
                // The next one lies higher.
                Some(&(last, _)) => last.checked_add(words).filter(|_| words > 0)?,
            };
            candidates.push((place, code(fields.next()?)));
        }
        let scan = Scan {
            return_address: code(first),
            candidates: &candidates,
            words: self.words,
            is_full: candidates.len() >= self.candidates as usize,
        };
        self.stacks.define(number, stacks.intern_scan(&scan));
        let is_whole = fields.is_whole();
        is_whole.then_some(if stacks.has_unwinder() {
            Said::Nothing
        } else {
            Said::Noted(ProblemKind::StacksWithoutElf)
        })
    }

    fn address(&self, address: u32, high: Option<u32>) -> u64 {
        let offset = join(address.rotate_left(self.shift), high.unwrap_or(0));
        self.wrap(self.base.wrapping_add(offset))
    }

    fn wrap(&self, address: u64) -> u64 {
        if self.wide {
            address
        } else {
            address & u64::from(u32::MAX)
        }
    }
}

/// The stacks that numbers stand for.
#[derive(Clone, Debug, Default)]
struct KnownStacks {
    /// How many the recorder has at once; 0 if it does not say, and a number holds until it is defined again.
    slots: u32,
    /// By slot, or by number.
    stacks: Vec<KnownStack>,
}

/// What a slot holds.
#[derive(Clone, Copy, Debug, Default)]
struct KnownStack {
    number: u32,
    stack: StackId,
    /// Another number of this slot that was met once, and not defined: a bit may have made it of this one.
    other: u32,
}

impl KnownStacks {
    fn new(slots: u32) -> Self {
        Self {
            slots,
            stacks: Vec::new(),
        }
    }

    #[inline(always)]
    fn place(&self, number: u32) -> usize {
        match self.slots {
            0 => number as usize,
            slots => (number.wrapping_sub(1) % slots) as usize,
        }
    }

    /// The stack that a number stands for. A number of another generation says that its slot was given to another stack, if it is
    /// met twice.
    #[inline(always)]
    fn get(&mut self, number: u32) -> StackId {
        if number == 0 {
            return StackId::NONE;
        }
        let place = self.place(number);
        match self.stacks.get_mut(place) {
            Some(known) if known.number == number => known.stack,
            Some(known) => {
                if known.other == number {
                    *known = KnownStack::default();
                }
                known.other = number;
                StackId::NONE
            }
            None => StackId::NONE,
        }
    }

    fn define(&mut self, number: u32, stack: StackId) {
        let place = self.place(number);
        if number == 0 || place >= MOST_STACKS {
            return;
        }
        if place >= self.stacks.len() {
            self.stacks.resize(place + 1, KnownStack::default());
        }
        self.stacks[place] = KnownStack {
            number,
            stack,
            other: 0,
        };
    }
}

fn join(low: u32, high: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}
