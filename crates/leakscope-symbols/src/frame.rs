//! What an address stands for.

use std::sync::Arc;

/// How an address came about, and so which instruction it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressKind {
    /// Taken from a call stack: the instruction *after* a call.
    ///
    /// The call may be the last instruction of its line, or of its function, so the
    /// address itself often belongs to another line. What is looked up is the byte
    /// before it: the last byte of the call, whether the call is 2, 3, 4 or more bytes
    /// long.
    ReturnAddress,
    /// The instruction itself: a program counter, a function pointer, a symbol.
    Exact,
}

/// One function that was active at an address.
///
/// Text is as the ELF file has it, and so may hold anything, control characters
/// included. Strings are shared between frames.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CodeFrame {
    /// The function's name, demangled.
    pub function: Option<Arc<str>>,
    /// The source file as the compiler knew it, mostly an absolute path of the machine
    /// that built the program; see [`SourceRoots`](crate::SourceRoots).
    pub file: Option<Arc<str>>,
    /// The line in `file`, from 1.
    pub line: Option<u32>,
    /// The column in `line`, from 1.
    pub column: Option<u32>,
    /// Whether this function was inlined into the one of the next frame.
    pub inlined: bool,
}
