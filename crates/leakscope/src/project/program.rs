//! The program that was recorded, where none is named: the project's, if the recording was made of it.

use std::collections::BTreeSet;

use leakscope_analysis::trace::{EventKind, HeapEvent, Step, Trace};
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
    let traces = Traces::of(recording)?;
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
            None if matches!(project.kind, Kind::EspIdf(_))
                && !traces.return_addresses.is_empty() =>
            {
                screen::note(&format!(
                    "`{shown}`, of {project}, is not used: that it was recorded cannot be told; --elf {shown} takes it"
                ));
            }
            _ => {}
        }
    }
    Ok(completed)
}

/// What tells the program that was running from any other.
#[derive(Default)]
struct Traces {
    /// The first digits of its ELF file's checksum, if it has told them.
    elf_sha256: Option<String>,
    return_addresses: Vec<u64>,
}

impl Traces {
    /// A few distinct addresses are enough, and no more than a part of a long recording is read for them.
    fn of(recording: &mut OpenRecording) -> anyhow::Result<Self> {
        /// By chance, not so many addresses have a call before them in another program.
        const ENOUGH: usize = 64;
        const MOST_EVENTS: u32 = 1 << 18;
        if recording.saved_report()?.is_some() {
            return Ok(Self::default());
        }
        if let Some(log) = recording.dumps()? {
            let program = log.fullest().and_then(|dump| log.program(dump));
            return Ok(Self {
                elf_sha256: program.map(|program| program.elf_sha256.clone()),
                return_addresses: recording.return_addresses()?,
            });
        }
        let mut addresses = BTreeSet::new();
        let mut trace = Trace::new(&recording.layout);
        for _ in 0..MOST_EVENTS {
            let Step::Event(event, trace) = trace.step(&mut *recording)? else {
                break;
            };
            if let EventKind::Heap(HeapEvent::Allocation { stack, .. }) = event.kind {
                addresses.extend(trace.stacks().frames(stack));
            }
            if addresses.len() >= ENOUGH {
                break;
            }
        }
        recording.begin_again();
        Ok(Self {
            elf_sha256: trace.target().elf_sha256,
            return_addresses: addresses.into_iter().collect(),
        })
    }
}
