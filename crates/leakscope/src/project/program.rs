//! The program that was recorded, where none is named: the project's, if the recording was made of it.

use leakscope_report::program::made_of;
use leakscope_symbols::Symbols;

use super::{Kind, Project, shown};
use crate::cli;
use crate::recording::OpenRecording;
use crate::screen;

/// The options with the project's program in them, if none was named: the one in the folder that was named, or else the
/// one around, if it is certain that it was recorded. Which one it is, is told.
pub(crate) fn completed(
    options: &cli::Symbols,
    recording: &mut OpenRecording,
) -> anyhow::Result<cli::Symbols> {
    let mut completed = options.clone();
    if options.elf.is_some() {
        return Ok(completed);
    }
    let Some(project) = Project::of(options.project.as_deref())? else {
        return Ok(completed);
    };
    if options.project.is_some() {
        let program = project.program()?;
        screen::note(&format!("the program is `{}`", shown(&program)));
        completed.elf = Some(program);
        return Ok(completed);
    }
    let programs = project.programs();
    if programs.is_empty() {
        return Ok(completed);
    }
    let traces = recording.traces_of_program()?;
    for program in programs {
        let Ok(symbols) = Symbols::open(&program) else {
            continue;
        };
        let shown = shown(&program);
        match made_of(
            &symbols,
            traces.elf_sha256.as_deref(),
            &traces.return_addresses,
        ) {
            Some(true) => {
                screen::note(&format!("the program is `{shown}`, of {project}"));
                completed.elf = Some(program);
                return Ok(completed);
            }
            Some(false) if matches!(project.kind, Kind::EspIdf(_)) => screen::note(&format!(
                "`{shown}`, of {project}, is not the program that was recorded; --elf FILE names another one"
            )),
            _ => {}
        }
    }
    Ok(completed)
}
