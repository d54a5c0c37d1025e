//! The heap module of the leakscope recorder: `docs/dialects.md` is its definition.
//!
//! A call stack is sent once and then by number; a reallocation is one event, a failed allocation says
//! so, and addresses are offsets from the heap's base.

use leakscope_systemview::varint::Numbers;

use super::{Dialect, Said};
use crate::problem::ProblemKind;
use crate::trace::event::HeapEvent;
use crate::trace::stacks::{StackId, Stacks};

/// The units and the stacks that the module's events refer to.
#[derive(Clone, Debug, Default)]
pub(in crate::trace) struct Leakscope {
    base: u64,
    code: u64,
    shift: u32,
    wide: bool,
    stacks: Vec<StackId>,
    /// The version of the recorder's events; 0 before it was told.
    version: u32,
}

/// The version of the recorder's events that is known here.
const VERSION: u32 = 1;

/// No recorder numbers more stacks at once.
const MOST_STACKS: usize = 1 << 16;

impl Dialect for Leakscope {
    const MODULE: Option<&'static str> = Some("leakscope heap");
    const EVENTS: u32 = 16;

    #[inline(always)]
    fn read(&mut self, number: u32, payload: &[u8], stacks: &mut Stacks) -> Option<Said> {
        let mut fields = Numbers::new(payload);
        let event = match number {
            0 => {
                let (address, size, stack) = (fields.next()?, fields.next()?, fields.next()?);
                HeapEvent::Allocation {
                    heap: 0,
                    address: self.address(address, fields.next()),
                    size: u64::from(size),
                    stack: self.stack(stack),
                    tag: None,
                }
            }
            1 => {
                let (address, size, stack) = (fields.next()?, fields.next()?, fields.next()?);
                HeapEvent::Free {
                    heap: 0,
                    address: self.address(address, fields.next()),
                    size: (size != 0).then_some(u64::from(size)),
                    stack: self.stack(stack),
                }
            }
            2 => {
                let (address, size, stack) = (fields.next()?, fields.next()?, fields.next()?);
                let (from, _from_size) = (fields.next()?, fields.next()?);
                HeapEvent::Reallocation {
                    address: self.address(address, fields.next()),
                    old_address: self.address(from, fields.next()),
                    size: u64::from(size),
                    stack: self.stack(stack),
                }
            }
            3 => HeapEvent::Failed {
                size: u64::from(fields.next()?),
                stack: self.stack(fields.next()?),
            },
            4 => match self.define_heap(fields)? {
                0 => return Some(Said::Nothing),
                size => HeapEvent::Define {
                    heap: 0,
                    base: self.base,
                    size: u64::from(size),
                },
            },
            5 | 6 => {
                self.define_stack(number == 6, fields, stacks)?;
                return Some(Said::Nothing);
            }
            _ => return Some(Said::Nothing),
        };
        Some(match self.version {
            VERSION => Said::Heap(event),
            0 => Said::Doubtful(event, ProblemKind::NoHeapUnits),
            version => Said::Doubtful(event, ProblemKind::NewerRecorder { version }),
        })
    }
}

impl Leakscope {
    /// The units of what follows. Returns the size of the heap in bytes, 0 if it is not known.
    #[inline(never)]
    fn define_heap(&mut self, mut fields: Numbers<'_>) -> Option<u32> {
        let (version, pointer_bytes) = (fields.next()?, fields.next()?);
        let (shift, _depth, size) = (fields.next()?, fields.next()?, fields.next()?);
        let mut wide = || Some(join(fields.next()?, fields.next()?));
        let (base, code) = (wide()?, wide()?);
        *self = Self {
            base,
            code,
            shift: shift % 32,
            wide: pointer_bytes != 4,
            stacks: Vec::new(),
            version: version.max(1),
        };
        Some(size)
    }

    /// A number for a stack, whose frames have one word each, or two.
    #[inline(never)]
    fn define_stack(
        &mut self,
        is_wide: bool,
        mut fields: Numbers<'_>,
        stacks: &mut Stacks,
    ) -> Option<()> {
        let number = fields.next()? as usize;
        let mut frames = Vec::new();
        while let Some(low) = fields.next() {
            let high = if is_wide { fields.next() } else { Some(0) };
            let Some(high) = high else {
                break;
            };
            frames.push(self.wrap(self.code.wrapping_add(join(low, high))));
        }
        let stack = stacks.intern(&frames);
        if number < MOST_STACKS {
            if number >= self.stacks.len() {
                self.stacks.resize(number + 1, StackId::NONE);
            }
            self.stacks[number] = stack;
        }
        fields.is_whole().then_some(())
    }

    fn stack(&self, number: u32) -> StackId {
        let stack = self.stacks.get(number as usize);
        stack.copied().unwrap_or(StackId::NONE)
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

fn join(low: u32, high: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}
