//! Call stacks in the test's own memory, sound ones and broken ones, which both recorders walk.

use leakscope_recorder::stack::Origin;
use proptest::prelude::*;

/// Where code lies for these tests: so wide that offsets may need a high word.
pub(crate) const CODE: std::ops::Range<usize> = 0x1000..0x20_0000_0000;

/// How a chain ends.
#[derive(Clone, Copy, Debug)]
enum End {
    /// There is no frame behind the last one.
    Zero,
    Unaligned,
    /// It leads back to where it began.
    Circle,
    /// The last return address is no code.
    NoCode,
    /// It leads out of the stack.
    Outside,
}

/// The frames of one stack, innermost first.
#[derive(Clone, Debug)]
pub(crate) struct Stack {
    frames: Vec<usize>,
    end: End,
}

pub(crate) fn stacks() -> impl Strategy<Value = Vec<Stack>> {
    let frame = prop_oneof![8 => 0x1000..0x8_0000_usize, 1 => 0x10_0000_0000..0x10_0010_0000_usize];
    let end = prop_oneof![
        4 => Just(End::Zero),
        1 => Just(End::Unaligned),
        1 => Just(End::Circle),
        1 => Just(End::NoCode),
        1 => Just(End::Outside),
    ];
    let stack =
        (prop::collection::vec(frame, 1..14), end).prop_map(|(frames, end)| Stack { frames, end });
    prop::collection::vec(stack, STACKS)
}

pub(crate) const STACKS: usize = 24;
const FRAMES: usize = 14;

/// Chains of frames. It must lie on the running thread's stack, for the Rust crate reads no other memory.
pub(crate) struct Chains {
    words: [usize; 2 * FRAMES * STACKS],
    form: Form,
}

/// How frames are linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    FramePointers,
    /// As Xtensa saves its registers.
    Windows,
}

/// How far the registers of a function's caller lie below its stack pointer.
const SAVE_AREA: usize = 4 * size_of::<usize>();

impl Chains {
    pub(crate) const fn new(form: Form) -> Self {
        Self {
            words: [0; 2 * FRAMES * STACKS],
            form,
        }
    }

    pub(crate) fn range(&self) -> std::ops::Range<usize> {
        let start = self.words.as_ptr().addr();
        start..start + size_of_val(&self.words)
    }

    pub(crate) fn lay_out(&mut self, stacks: &[Stack]) {
        let start = self.words.as_ptr().addr();
        let address = |word: usize| start + word * size_of::<usize>();
        for (number, stack) in stacks.iter().enumerate() {
            let first = 2 * FRAMES * number;
            let last = stack.frames.len() - 1;
            for (place, &frame) in stack.frames.iter().enumerate() {
                let word = first + 2 * place;
                let next = match stack.end {
                    _ if place < last => address(word + 2),
                    End::Zero | End::NoCode => 0,
                    End::Unaligned => address(word + 2) + 1,
                    End::Circle => address(first),
                    End::Outside => usize::MAX - 7,
                };
                let is_code = place < last || !matches!(stack.end, End::NoCode);
                let code = if is_code { frame } else { CODE.end };
                let (first_word, second_word) = match self.form {
                    Form::FramePointers => (next, code),
                    // By how much the call has turned the window stands above the address.
                    Form::Windows => (code | ((place % 4) << 30), next.wrapping_add(SAVE_AREA)),
                };
                self.words[word] = first_word;
                self.words[word + 1] = second_word;
            }
        }
    }

    /// What C passes on: return address and frame.
    pub(crate) fn caller(&self, caller: Caller) -> (usize, usize) {
        let frame = |stack: u8| {
            self.words[2 * FRAMES * usize::from(stack)..]
                .as_ptr()
                .addr()
        };
        match caller {
            Caller::Both(address, stack) if self.form == Form::Windows => {
                (address, frame(stack) + SAVE_AREA)
            }
            Caller::Unknown => (0, 0),
            Caller::Frame(stack) => (0, frame(stack)),
            Caller::Return(address) => (address, 0),
            Caller::Both(address, stack) => (address, frame(stack)),
            Caller::Scan(address, stack, below) => (address, (frame(stack) + below) | 1),
        }
    }

    /// The same in Rust.
    pub(crate) fn origin(&self, caller: Caller) -> Origin<'static> {
        match self.caller(caller) {
            (0, 0) => Origin::Unknown,
            (0, frame) => Origin::FramePointer(frame),
            (return_address, marked) if marked & 1 != 0 => Origin::Scan {
                return_address,
                stack_pointer: marked - 1,
            },
            (return_address, stack_pointer) if self.form == Form::Windows => Origin::Windows {
                return_address,
                stack_pointer,
            },
            (return_address, frame_pointer) => Origin::Caller {
                return_address,
                frame_pointer,
            },
        }
    }
}

/// Who called.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Caller {
    Unknown,
    Frame(u8),
    Return(usize),
    Both(usize, u8),
    /// From so many bytes above a frame on, its words could be return addresses.
    Scan(usize, u8, usize),
}

pub(crate) fn caller() -> impl Strategy<Value = Caller> {
    let stack = 0..STACKS as u8;
    let scan = (
        0x0FFE..0x1010_usize,
        stack.clone(),
        prop_oneof![4 => Just(0), 1 => 0..20_usize],
    );
    prop_oneof![
        1 => Just(Caller::Unknown),
        4 => stack.clone().prop_map(Caller::Frame),
        1 => (0..0x4000_usize).prop_map(Caller::Return),
        2 => (0x1000..0x1010_usize, stack).prop_map(|(address, stack)| Caller::Both(address, stack)),
        3 => scan.prop_map(|(address, stack, below)| Caller::Scan(address, stack, below & !1)),
    ]
}
