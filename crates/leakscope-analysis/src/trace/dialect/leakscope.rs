//! The heap module of the leakscope recorder: `docs/dialects.md` is its definition.
//!
//! A call stack is sent once and then by number; a reallocation is one event, a failed allocation says
//! so, and addresses are offsets from the heap's base.

use leakscope_systemview::varint::Numbers;

use crate::trace::event::HeapEvent;
use crate::trace::stacks::{StackId, Stacks};

/// The units and the stacks that the module's events refer to.
#[derive(Clone, Debug, Default)]
pub(in crate::trace) struct Dialect {
    base: u64,
    code: u64,
    shift: u32,
    wide: bool,
    stacks: Vec<StackId>,
    /// The version of the recorder's events; 0 before it was told.
    version: u32,
}

/// What an event of the module says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::trace) enum Said {
    Heap(HeapEvent),
    /// Units, definitions, or something from a newer recorder.
    Nothing,
}

/// The version of the recorder's events that is known here.
pub(in crate::trace) const VERSION: u32 = 1;

/// No recorder numbers more stacks at once.
const MOST_STACKS: usize = 1 << 16;

impl Dialect {
    /// Reads event `number`; `None` if a field that it must have is missing.
    pub(in crate::trace) fn read(
        &mut self,
        number: u32,
        payload: &[u8],
        stacks: &mut Stacks,
    ) -> Option<Said> {
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
            4 => return self.define_heap(fields),
            5 => {
                let number = fields.next()?;
                let code = self.code;
                let frames: Vec<u64> = fields
                    .by_ref()
                    .map(|frame| self.wrap(code.wrapping_add(u64::from(frame))))
                    .collect();
                self.define_stack(number, stacks.intern(&frames));
                return fields.is_whole().then_some(Said::Nothing);
            }
            6 => {
                let number = fields.next()?;
                let mut frames = Vec::new();
                while let (Some(low), Some(high)) = (fields.next(), fields.next()) {
                    frames.push(self.wrap(self.code.wrapping_add(join(low, high))));
                }
                self.define_stack(number, stacks.intern(&frames));
                return fields.is_whole().then_some(Said::Nothing);
            }
            _ => return Some(Said::Nothing),
        };
        Some(Said::Heap(event))
    }

    /// The version of what the recorder sends; 0 before the units were told.
    pub(in crate::trace) fn version(&self) -> u32 {
        self.version
    }

    fn define_heap(&mut self, mut fields: Numbers<'_>) -> Option<Said> {
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
        if size == 0 {
            return Some(Said::Nothing);
        }
        Some(Said::Heap(HeapEvent::Define {
            heap: 0,
            base,
            size: u64::from(size),
        }))
    }

    fn define_stack(&mut self, number: u32, stack: StackId) {
        let number = number as usize;
        if number >= MOST_STACKS {
            return;
        }
        if number >= self.stacks.len() {
            self.stacks.resize(number + 1, StackId::NONE);
        }
        self.stacks[number] = stack;
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
