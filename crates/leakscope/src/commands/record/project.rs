//! What the project around says of a recording: its program, its debugger, and whether its options will do.

use leakscope_project::{Examination, State, Way};
use leakscope_symbols::Symbols;

use crate::cli::Record;
use crate::cli::record::SourceArguments;
use crate::commands::doctor::{lacking, name, typed};
use crate::project::{Kind, Project, shown};
use crate::screen;

/// Where OpenOCD's Tcl port is, unless it was told otherwise.
const OPENOCD: &str = "localhost:6666";

/// Fills in what was not typed, and says so. The project, if there is one.
pub(super) fn complete(record: &mut Record) -> anyhow::Result<Option<Project>> {
    let Some(project) = Project::of(record.symbols.project.as_deref())? else {
        return Ok(None);
    };
    let mut filled = Vec::new();
    if record.symbols.elf.is_none() {
        match project.program() {
            Ok(program) => {
                filled.push(format!("the program is `{}`", shown(&program)));
                record.symbols.elf = Some(program);
            }
            Err(error) if record.symbols.project.is_some() => return Err(error),
            // A folder above may have nothing to do with it.
            Err(_) if matches!(&project.kind, Kind::Cargo(programs) if programs.is_empty()) => {}
            Err(error) => screen::note(&format!("{error:#}: nothing has a name without --elf")),
        }
    }
    let is_esp_idf = matches!(project.kind, Kind::EspIdf(_));
    if is_esp_idf && record.source == SourceArguments::default() {
        filled.push(format!("OpenOCD is at {OPENOCD}"));
        record.source.openocd = Some(OPENOCD.parse()?);
    }
    if !filled.is_empty() {
        screen::note(&format!("of {project}: {}", filled.join(", ")));
    }
    Ok(Some(project))
}

/// Warns if the build cannot be recorded as it was asked for, in a line or two. What it lacks is no error: the options
/// may have changed since the program was built.
pub(super) fn warn(record: &Record, project: &Project, symbols: Option<&Symbols>) {
    let Kind::EspIdf(project) = &project.kind else {
        return;
    };
    // It brings its own events.
    if symbols.is_some_and(|symbols| symbols.symbol("leakscope_start").is_some()) {
        return;
    }
    if project.is_stale() {
        screen::note(
            "sdkconfig is newer than the program: build it again if its options were changed",
        );
    }
    let Ok((_, ways)) = project.examine() else {
        return;
    };
    let kinds = asked(&record.source);
    let mut asked = ways.iter().filter(|way| kinds.contains(&way.way));
    // Of a component that is part of the project, it is not known by which link it is recorded.
    let chosen = ways.iter().find(|way| way.is_chosen() && !way.is_ready());
    let first = chosen.or_else(|| asked.clone().next());
    if let Some(way) = asked.find(|way| way.is_ready()) {
        for limit in &way.limits {
            screen::note(limit);
        }
    } else if let Some(way) = first {
        screen::note(&sentence(way));
        screen::hint(&format!(
            "`leakscope doctor --way {}` says which options to add",
            typed(way.way)
        ));
    }
}

/// The ways that a source may be the end of.
fn asked(source: &SourceArguments) -> &'static [Way] {
    if source.start_openocd || source.openocd.is_some() || source.gdb.is_some() {
        &[Way::Jtag]
    } else if source.serial.is_some() {
        &[Way::Uart, Way::UsbSerialJtag]
    } else {
        &[]
    }
}

fn sentence(way: &Examination) -> String {
    let what = name(way.way);
    if let Some(why) = way.impossible {
        return format!("this build cannot be recorded over {what}: {why}");
    }
    let mut options = way.options.iter();
    match options.find(|option| option.state == State::Missing) {
        Some(option) => format!(
            "this build is not set up for {what}: {}, such as {}",
            lacking(way),
            option.line()
        ),
        None => format!("this build is not set up for {what}: {}", lacking(way)),
    }
}
