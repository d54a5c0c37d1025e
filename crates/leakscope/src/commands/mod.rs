//! The subcommands, a file each.

pub(crate) mod check;
mod demo;
mod description;
mod diff;
mod doctor;
mod events;
mod export;
mod fleet;
mod gdbinit;
mod heap;
mod image;
mod log;
mod packaging;
mod part;
mod reading;
pub(crate) mod record;
mod report;
pub(crate) mod view;

use std::process::ExitCode;

use crate::cli::Command;

impl Command {
    /// Does what was asked, and says how that ended.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Check(check) => return check.run(),
            Self::Diff(diff) => return diff.run(),
            Self::Record(mut record) => return record.run(),
            Self::Fleet(fleet) => return fleet.run(),
            Self::Doctor(doctor) => doctor.run(),
            Self::Report(report) => report.run(),
            Self::Events(events) => events.run(),
            Self::Log(log) => log.run(),
            Self::View(view) => view.run(),
            Self::Export(export) => export.run(),
            Self::Image(image) => image.run(),
            Self::Heap(heap) => heap.run(),
            Self::Demo(demo) => demo.run(),
            Self::Gdbinit(gdbinit) => gdbinit.run(),
            Self::Description(description) => description.run(),
            Self::Completions(completions) => completions.run(),
            Self::Man(man) => man.run(),
        }?;
        Ok(ExitCode::SUCCESS)
    }
}
