//! `leakscope doctor`: what an ESP-IDF project lacks to be recorded.
//!
//! - [`text`] is what is printed for people; the document is for programs.
//! - [`warnings`] is what is wrong with the project's files.
//! - [`defaults`] adds lines to a file.

mod defaults;
mod text;
mod warnings;

pub(super) use text::{lacking, name, typed};

use std::io::Write;

use leakscope_project::{Additions, Chip, Examination, UnknownVersion, Way, additions};
use leakscope_report::json;
use leakscope_symbols::Symbols;
use serde::Serialize;

use crate::cli::{Doctor, DoctorWay, ReportFormat};
use crate::project::{EspIdf, Kind, Project, shown};
use crate::screen::{Advised, Screen};

/// The answer, as JSON has it: `docs/doctor-json.md`.
#[derive(Serialize)]
struct Answer<'p> {
    schema: &'static str,
    version: u32,
    project: About<'p>,
    ways: Vec<Judged>,
    /// The way that the additions are for.
    chosen: Option<Way>,
    /// The file that they belong into; null if the project has none.
    defaults: Option<String>,
    additions: Additions,
    /// Whether they were added.
    written: bool,
}

/// What a project is.
#[derive(Serialize)]
struct About<'p> {
    name: &'p str,
    folder: String,
    /// Null if it was not built.
    program: Option<String>,
    /// Options were changed after it was built.
    stale: bool,
    esp_idf: String,
    chip: Chip,
    /// The chip that the description names, if `sdkconfig` names another one, which counts.
    described_target: Option<&'p str>,
    /// Null if there is none.
    sdkconfig: Option<String>,
    openocd_arguments: Vec<String>,
    /// What is wrong with its files, a sentence each.
    warnings: Vec<String>,
}

/// A way, and whether it is ready.
#[derive(Serialize)]
struct Judged {
    ready: bool,
    /// Functions that the program has to call, and has not; null if there is no program that can be read.
    not_called: Option<Vec<&'static str>>,
    #[serde(flatten)]
    examination: Examination,
}

impl Judged {
    fn of(examination: Examination, symbols: Option<&Symbols>) -> Self {
        let calls = examination.calls.iter().copied();
        let not_called: Option<Vec<_>> = symbols.map(|symbols| {
            let lacks = |call: &&str| symbols.symbol(call).is_none();
            calls.filter(lacks).collect()
        });
        Self {
            ready: examination.is_ready() && not_called.as_ref().is_none_or(Vec::is_empty),
            not_called: not_called.filter(|_| examination.impossible.is_none()),
            examination,
        }
    }
}

impl Doctor {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let project = esp_idf(self)?;
        let mut answer = answer(self, &project)?;
        let mut screen = Screen::new();
        if self.format == ReportFormat::Text {
            // Lines are shown before they are added.
            screen.out.write_all(text::answer(&answer).as_bytes())?;
            screen.out.flush()?;
        }
        if self.write && !answer.additions.lines.is_empty() {
            let chosen = answer.chosen.map(text::name).unwrap_or_default();
            defaults::add(&project, chosen, &answer.additions.lines)?;
            answer.written = true;
        }
        match self.format {
            ReportFormat::Text => {
                let next = text::next(&answer, &project, self);
                screen.out.write_all(next.as_bytes())?;
            }
            ReportFormat::Json => json::write(&mut screen.out, &answer)?,
        }
        screen.out.flush()?;
        if self.write {
            refuse_impossible(&answer)?;
        }
        Ok(())
    }
}

/// The project that is meant, which must be one of ESP-IDF's.
fn esp_idf(doctor: &Doctor) -> anyhow::Result<EspIdf> {
    let project = match &doctor.project {
        Some(folder) => Some(Project::named(folder)?),
        None => Project::around()?,
    };
    let (message, hint) = match project {
        Some(Project {
            kind: Kind::EspIdf(project),
            ..
        }) => return Ok(*project),
        Some(other) => (
            format!("{other} has none of ESP-IDF's options"),
            "docs/rust.md and docs/record.md say what such a program needs",
        ),
        None => (
            "no project was found here or above".to_owned(),
            "`idf.py reconfigure` (or a build) makes build/project_description.json, which is read; --project DIR names \
             another folder",
        ),
    };
    Err(Advised { message, hint }.into())
}

/// Lines were to be written for a way that cannot be gone.
fn refuse_impossible(answer: &Answer<'_>) -> Result<(), Advised> {
    let mut ways = answer.ways.iter().map(|judged| &judged.examination);
    // Without a choice, no way is possible, and all for one reason.
    let Some(way) = ways.find(|way| answer.chosen.is_none_or(|chosen| way.way == chosen)) else {
        return Ok(());
    };
    let Some(why) = way.impossible else {
        return Ok(());
    };
    Err(Advised {
        message: format!(
            "nothing was written: {} is not possible: {why}",
            text::name(way.way)
        ),
        hint: "`leakscope doctor` shows which ways are possible",
    })
}

fn answer<'p>(doctor: &Doctor, project: &'p EspIdf) -> anyhow::Result<Answer<'p>> {
    let (build, ways) = project.examine().map_err(|unknown| Advised {
        message: unknown.to_string(),
        hint: match unknown {
            UnknownVersion::NotSaid => {
                "`idf.py reconfigure` writes the version into build/project_description.json"
            }
            UnknownVersion::TooOld(_) => {
                "what heap_trace_dump() prints in the console is read, of older versions too: docs/heap-dumps.md"
            }
        },
    })?;
    let program = project.program.as_deref();
    let opened = program.map(Symbols::open);
    let warnings = warnings::of(project, &build.chip, opened.as_ref());
    let symbols = opened.and_then(Result::ok);
    let chosen = match doctor.way.map(Way::from) {
        Some(wanted) => ways.iter().find(|way| way.way == wanted),
        None => Examination::usual(&ways),
    };
    let files = project.defaults_files()?;
    let additions = chosen.map(|way| additions(way, &files));
    let version = build.version.map(|version| version.to_string());
    let revision = &project.description.revision;
    Ok(Answer {
        schema: "leakscope.doctor",
        version: 1,
        project: About {
            name: &project.description.project_name,
            folder: shown(&project.folder),
            program: project.program.as_deref().map(shown),
            stale: project.is_stale(),
            esp_idf: if revision.is_empty() {
                version.unwrap_or_default()
            } else {
                revision.trim_start_matches('v').to_owned()
            },
            openocd_arguments: leakscope_project::openocd::arguments(
                &project.description,
                &build.chip,
            ),
            described_target: Some(project.description.target.as_str())
                .filter(|target| !target.is_empty() && *target != build.chip.target),
            warnings,
            chip: build.chip,
            sdkconfig: project.config.as_ref().map(|_| shown(&project.sdkconfig)),
        },
        chosen: chosen.map(|way| way.way),
        defaults: project.defaults().as_deref().map(shown),
        additions: additions.unwrap_or_default(),
        ways: ways
            .into_iter()
            .map(|examination| Judged::of(examination, symbols.as_ref()))
            .collect(),
        written: false,
    })
}

impl From<DoctorWay> for Way {
    fn from(way: DoctorWay) -> Self {
        match way {
            DoctorWay::Jtag => Self::Jtag,
            DoctorWay::Uart => Self::Uart,
            DoctorWay::UsbSerialJtag => Self::UsbSerialJtag,
            DoctorWay::Component => Self::Component,
            DoctorWay::Console => Self::Console,
        }
    }
}
