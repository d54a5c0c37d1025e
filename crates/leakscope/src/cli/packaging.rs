//! What can be typed by those who package the command: completions and manual pages.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// Print a script with which a shell completes what is typed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  leakscope completions bash > ~/.local/share/bash-completion/completions/leakscope
  leakscope completions zsh > \"${fpath[1]}/_leakscope\"
  leakscope completions fish > ~/.config/fish/completions/leakscope.fish
  leakscope completions powershell >> $PROFILE")]
pub(crate) struct Completions {
    /// The shell.
    pub(crate) shell: Shell,
}

/// Write manual pages: one of the command, one of each subcommand.
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// The folder for them, which is made if there is none; pages in it are overwritten.
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: PathBuf,
}
