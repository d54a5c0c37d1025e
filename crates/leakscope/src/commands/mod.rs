//! The subcommands, a file each.

mod demo;
mod description;
mod events;
mod export;
mod gdbinit;
mod log;
mod part;
pub(crate) mod record;
mod report;
pub(crate) mod view;

use crate::cli::Command;

impl Command {
    /// Does what was asked.
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        match self {
            Self::Record(record) => record.run(),
            Self::Report(report) => report.run(),
            Self::Events(events) => events.run(),
            Self::Log(log) => log.run(),
            Self::View(view) => view.run(),
            Self::Export(export) => export.run(),
            Self::Demo(demo) => demo.run(),
            Self::Gdbinit(gdbinit) => gdbinit.run(),
            Self::Description(description) => description.run(),
        }
    }
}
