//! `leakscope diff`: what is different between recordings before and after a change.

use std::io::Write;
use std::process::ExitCode;
use std::slice::from_ref;

use leakscope_compare::diff::{self, Basis, Per, Status, TextOptions};
use leakscope_report::{Report, json};

use super::reading;
use crate::cli::{self, AtTheEnd, Diff, FailOn, ReportFormat, Unit};
use crate::input_files::InputFiles;
use crate::output;
use crate::recording::refuse_same;
use crate::screen::{self, Advised, Screen};

impl Diff {
    pub(crate) fn run(&self) -> anyhow::Result<ExitCode> {
        if let Some(path) = &self.html {
            let read = InputFiles::of(&self.inputs, &self.symbols).traces(&self.against);
            read.files(&self.before_elf).spare([&**path])?;
            // Before anything is read: whoever must choose another name shall not wait for that.
            output::require_room(path, self.force)?;
            let diff = self.compare()?;
            output::write_page(path, self.force, diff::html(&diff).as_bytes())?;
            return Ok(self.exit_code(&diff));
        }
        let diff = self.compare()?;
        let mut screen = Screen::new();
        match self.format {
            ReportFormat::Text => {
                let options = TextOptions {
                    top: self.top,
                    all: self.all,
                    width: screen.width,
                };
                let text = diff::text(&diff, &options);
                screen.out.write_all(text.as_bytes())?;
            }
            ReportFormat::Json => json::write(&mut screen.out, &diff)?,
        }
        screen.out.flush()?;
        Ok(self.exit_code(&diff))
    }

    fn compare(&self) -> anyhow::Result<diff::Diff> {
        match (self.inputs.as_slice(), self.against.as_slice()) {
            ([_], []) if !self.at.is_empty() => {
                let is_in_order = self.at.is_sorted_by(|one, next| one < next);
                if self.at.len() < 2 || !is_in_order {
                    return Err(wrong(
                        "--at wants two different moments or more, in order of time",
                    ));
                }
                let (moments, unsure) = reading::moments(
                    &self.inputs,
                    &self.unpacking,
                    &self.symbols,
                    &self.at,
                    self.fail_on.is_some(),
                )?;
                Ok(diff::Diff::of_moments_with_pauses(&moments, &unsure))
            }
            (_, []) if !self.at.is_empty() => Err(wrong("--at is for moments of one recording")),
            ([_], []) => {
                let (dumps, restarted) = reading::dumps(
                    &self.inputs,
                    &self.unpacking,
                    &self.symbols,
                    self.before_elf.as_deref(),
                )?;
                if dumps.len() < 2 {
                    return Err(wrong("there is nothing to compare this recording with"));
                }
                let mut diff = diff::Diff::of_moments(&dumps);
                let notes = restarted.iter().map(|number| {
                    format!(
                        "the device restarted before dump {number}, with an empty heap: less than before is no improvement"
                    )
                });
                diff.notes.splice(0..0, notes);
                Ok(diff)
            }
            ([before, after], []) => self.sides(from_ref(before), from_ref(after)),
            (_, []) => Err(wrong(
                "which of these recordings are before, and which after?",
            )),
            (before, after) => self.sides(before, after),
        }
    }

    fn sides(&self, before: &[String], after: &[String]) -> anyhow::Result<diff::Diff> {
        for side in [before, after] {
            refuse_same(side)?;
        }
        let before_symbols = cli::Symbols {
            elf: self.before_elf.clone().or_else(|| self.symbols.elf.clone()),
            ..self.symbols.clone()
        };
        let read = |inputs: &[String], symbols: &cli::Symbols| {
            let (unpacking, cycle) = (&self.unpacking, self.cycle.as_deref());
            let no_image = AtTheEnd::default();
            let reports = inputs.iter().map(|input| {
                reading::report(from_ref(input), unpacking, symbols, cycle, &no_image)
            });
            reports.collect::<anyhow::Result<Vec<Report>>>()
        };
        let (before, after) = (read(before, &before_symbols)?, read(after, &self.symbols)?);
        let mut all = before.iter().chain(&after);
        match self.per {
            Some(Unit::Cycle) if all.any(|report| report.totals.cycles == 0) => {
                let hint = "a cycle begins with a marker, or with the log message that --cycle names; --per second needs none";
                return Err(refused(
                    "a recording has no whole cycle after the first two",
                    hint,
                ));
            }
            Some(Unit::Second) if all.any(|report| report.trace.length_s.is_none()) => {
                let hint = "--per cycle, --per allocation and --per run need no clock";
                return Err(refused(
                    "a recording does not say how fast its clock runs",
                    hint,
                ));
            }
            _ => {}
        }
        let diff = diff::Diff::of(&before, &after, self.per.map(per));
        if diff.basis == Basis::Outstanding && self.per.is_some() {
            screen::note("--per is for recordings: what was outstanding is compared as it is");
        }
        Ok(diff)
    }

    fn exit_code(&self, diff: &diff::Diff) -> ExitCode {
        let Some(fail_on) = self.fail_on else {
            return ExitCode::SUCCESS;
        };
        let has = |status| diff.with(status).next().is_some();
        let is_new = match diff.basis {
            Basis::Growth => has(Status::NewLeak),
            // Of dumps and moments nobody knows what leaks: what is there now and was not is new.
            Basis::Outstanding | Basis::Moments => has(Status::New),
        };
        if is_new || fail_on == FailOn::Worse && has(Status::Worse) {
            ExitCode::from(1)
        } else if diff.is_uncertain() {
            let mut hints = diff.hints();
            if hints.is_empty() {
                hints = match diff.basis {
                    Basis::Growth => Vec::new(),
                    Basis::Outstanding | Basis::Moments => diff.reasons(),
                };
            }
            if hints.is_empty() {
                hints.push(match diff.basis {
                    Basis::Growth => "record longer, and without loss",
                    Basis::Outstanding | Basis::Moments => {
                        "of dumps and moments, more is worse only if it is more each time; a recording over time tells"
                    }
                });
            }
            for hint in hints {
                screen::hint(&format!("that nothing is worse cannot be told: {hint}"));
            }
            ExitCode::from(3)
        } else {
            ExitCode::SUCCESS
        }
    }
}

fn per(unit: Unit) -> Per {
    match unit {
        Unit::Second => Per::Second,
        Unit::Cycle => Per::Cycle,
        Unit::Allocation => Per::Allocation,
        Unit::Run => Per::Run,
    }
}

fn wrong(message: &str) -> anyhow::Error {
    let hint =
        "leakscope diff BEFORE AFTER; BEFORE... --against AFTER...; or TRACE --at T1 --at T2";
    refused(message, hint)
}

fn refused(message: &str, hint: &'static str) -> anyhow::Error {
    let message = message.to_owned();
    Advised { message, hint }.into()
}
