//! From code addresses to functions, files and lines, out of an ELF file.
//!
//! A trace holds call stacks as numbers; the program that made it, as its linker wrote it, knows
//! what they stand for. This crate reads that file: no external tool, no process for each address.
//!
//! ```
//! use leakscope_symbols::{AddressKind, Symbols};
//!
//! # if !cfg!(target_os = "linux") { return Ok(()) }
//! // Any linked ELF file: a firmware's, or, on Linux, this very program.
//! let symbols = Symbols::open(&std::env::current_exe()?)?;
//!
//! let main = symbols.symbol("main").expect("a program has a main function");
//! assert!(symbols.is_code(main.address, AddressKind::Exact));
//!
//! let frames = symbols.frames(main.address, AddressKind::Exact);
//! assert_eq!(frames.last().and_then(|frame| frame.function.as_deref()), Some("main"));
//!
//! // What is no address of the program stands for nothing.
//! assert!(symbols.frames(3, AddressKind::ReturnAddress).is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The tour
//! - [`Symbols`] is the opened file: [`frames`](Symbols::frames) turns an address into what was
//!   active there, [`symbol`](Symbols::symbol) finds the address of a name,
//!   [`ram`](Symbols::ram) says where variables lie, and [`text`](Symbols::text) reads what stands at
//!   an address.
//! - [`Variable`]s have a place of their own in memory: [`variables`](Symbols::variables) lists them,
//!   [`member_at`](Symbols::member_at) says what lies inside of one.
//! - [`AddressKind`] says how an address came about. Addresses of call stacks point *behind* a
//!   call, often at the next line: looked up as they are, they name the wrong one.
//! - A system may load a program for hosts anywhere: [`find_load_offset`](Symbols::find_load_offset) finds where,
//!   from return addresses alone.
//! - A [`CodeFrame`] is a function with its place in the source. Where the compiler inlined calls, one
//!   address has several frames, the innermost first.
//! - Devices whose compilers keep no frame pointers send all words of a stack that may be return addresses:
//!   [`unwind`](Symbols::unwind) finds the frames among them.
//! - [`SourceRoots`] moves paths of the machine that built the program to this one.
//! - [`OpenError`] says why a file has no symbols, what it is instead, and, apart from that, what
//!   to do about it.
//!
//! # What is understood
//! ELF of 32 and 64 bits and both byte orders, linked, for any machine. DWARF 2 to 5, compressed
//! or not; not the separate `.dwo` files of `-gsplit-dwarf`. Rust and C++ names are demangled.
//! Return addresses are taken as the processor holds them: with the Thumb bit of ARM, or the
//! window bits of Xtensa.
//!
//! The file may be damaged or made up: what cannot be read is missing from the answer, and nothing
//! panics, recurses without bound or runs for ever. Text comes out as the file has it: callers
//! that print it remove control characters.

mod call;
mod code;
mod demangle;
mod dwarf;
mod elf;
mod frame;
mod load_offset;
mod machine;
mod open_error;
mod ranges;
mod source_roots;
mod symbol_table;
mod symbols;
mod texts;
mod unwind;
mod variables;

pub use demangle::demangle;
pub use frame::{AddressKind, CodeFrame};
pub use load_offset::LoadOffset;
pub use machine::Machine;
pub use open_error::{NotElf, OpenError};
pub use source_roots::{SourceRoot, SourceRootError, SourceRoots};
pub use symbol_table::Symbol;
pub use symbols::Symbols;
pub use unwind::{Candidate, FoundBy, ScannedStack, UnwoundFrame, UnwoundStack};
pub use variables::{ValueKind, Variable};
