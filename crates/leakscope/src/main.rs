//! The command: what was typed, what it means, and how it ends.
//!
//! - [`cli`] is what can be typed, as plain data.
//! - [`commands`] has a file a subcommand; [`demo`] is the program that `leakscope demo` records.
//! - [`project`] is the firmware project that the user is in.
//! - [`recording`] reads inputs into an analysis; [`firmware`] is the ELF file beside them, [`image`] the
//!   device's memory, [`heap_map`] what lies where in its heap.
//! - [`input_files`] are the files over which nothing is written; [`named_file`] reads one as a whole.
//! - [`file_kind`] and [`no_events`] say what is wrong with inputs that hold nothing.
//! - [`screen`] is where output goes, [`output`] the files that are written; [`shell`] writes commands that can be copied.
//! - [`usage`] is what is said of wrong usage.
//! - [`interrupt`] is Ctrl-C, and other signals.
//!
//! Data go to standard output, everything else to standard error. Exit codes: 0 the answer was given,
//! 2 wrong usage or no readable input; of `check` and `diff`, also 1 failed and 3 inconclusive; 4 the alarm of `record` was
//! raised. A reader that goes away (`| head`) is no error.

mod cli;
mod commands;
mod demo;
mod file_kind;
mod firmware;
mod heap_map;
mod image;
mod input_files;
mod interrupt;
mod named_file;
mod no_events;
mod output;
mod project;
mod recording;
mod screen;
mod second_header;
mod shell;
mod usage;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use commands::record::Alarmed;

fn main() -> ExitCode {
    interrupt::survive_file_size_limit();
    let arguments = match cli::Arguments::try_parse_from(typed()) {
        Ok(arguments) => arguments,
        Err(error) => return usage::complain(error),
    };
    match arguments.command.run() {
        Ok(code) => code,
        Err(error) if screen::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            screen::complain(&error);
            ExitCode::from(if error.is::<Alarmed>() { 4 } else { 2 })
        }
    }
}

/// The words that were typed. A file in place of a command is one to report on.
fn typed() -> Vec<OsString> {
    let mut words: Vec<OsString> = std::env::args_os().collect();
    let is_file = words.get(1).is_some_and(|word| {
        let path = Path::new(word);
        let is_command = cli::Arguments::command().find_subcommand(word).is_some();
        !is_command && (path.is_file() || path.extension().is_some())
    });
    if words.get(1).is_some_and(|word| word == "help") {
        // clap's command has no options: it would take these for commands.
        words.retain(|word| word != "--help" && word != "-h");
    }
    if is_file {
        words.insert(1, "report".into());
    }
    words
}
