//! What an opened program says of addresses and names, checked against binutils and the crate
//! addr2line, on programs that the compilers of this machine make.

mod addresses;
mod call_lines;
mod calls;
mod compressed;
mod damage;
mod discarded;
mod load_offset;
mod open_errors;
mod rust_names;
mod symbol_table;
mod texts;
mod toolchain;
mod twin;
mod unwind;
mod variables;
