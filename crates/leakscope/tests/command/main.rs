//! The command as its users meet it: run as a process, judged by what it prints and how it ends.
//!
//! - [`changelog`]: what is new to users is said.
//! - [`corpus`]: recordings of real boards, against an independent reader's output.
//! - [`cases`]: small recordings in `testdata/`, made by [`make`], and what is said of them.
//! - [`recordings`]: recordings of the project's firmware, of older recorders too.
//! - [`diff`]: recordings before and after a change.
//! - [`demo`]: what `leakscope demo` shows of the faults that are built into it.
//! - [`check`]: gates, as builds run them; [`folder`] is where they and `diff` run.
//! - [`export`]: recordings in the formats of others.
//! - [`elf`]: functions and lines of a program that is compiled here.
//! - [`load_offset`]: functions of a program that its system loads anywhere.
//! - [`packaging`]: completions and manual pages.
//! - [`record`]: recording devices, which are the real recorder behind sockets.
//! - [`saved`]: reports that are read back, and the page beside the report.
//! - [`documents`]: what ARCHITECTURE.md and CONTRIBUTING.md name exists.
//! - [`usage`]: options, errors, exit codes, streams.
//! - [`view`]: the viewer's server, and its page as a file.
//! - [`written`]: files that are written, over nothing that is read.
//! - [`guide`]: the pages of `docs`.
//! - [`project`]: in a folder in which firmware is built.
//! - [`readme`]: what the README and `docs/exports.md` show is what happens.

mod cases;
mod changelog;
mod check;
mod consoles;
mod core_dumps;
mod corpus;
mod demo;
mod diff;
mod documents;
mod elf;
mod export;
mod fleet;
mod folder;
mod gdbinit;
mod guide;
mod heap;
mod load_offset;
mod make;
mod memory;
mod packaging;
mod project;
mod readme;
mod record;
mod recordings;
mod run;
mod saved;
mod usage;
mod view;
mod written;
