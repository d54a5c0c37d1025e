//! The subcommands, a file each.

mod report;

use crate::cli::Command;

impl Command {
    /// Does what was asked.
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        match self {
            Self::Report(report) => report.run(),
            Self::Events(_) | Self::Log(_) => Ok(()),
        }
    }
}
