//! `leakscope fleet ask`, `sql` and `page`.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueEnum};
use leakscope_fleet::answer::Answer;
use leakscope_fleet::ask::{Asked, Question};
use leakscope_fleet::engine::{Engine, EngineError};
use leakscope_fleet::ingest;
use leakscope_fleet::page::page;
use leakscope_fleet::store::Folder;

/// Ask a question that is prepared.
///
/// new-in FIRMWARE, regressions FIRMWARE --against FIRMWARE, top, who SITE, exhaustion, trend SITE, coverage, outliers,
/// leak-by-uptime. docs/fleet.md says what each claims, and what it cannot claim.
#[derive(Debug, Args)]
pub(super) struct Ask {
    /// Which.
    #[arg(value_name = "QUESTION")]
    question: Question,
    /// The version or the call site that it is about.
    subject: Option<String>,
    /// The version that it is compared with.
    #[arg(long, value_name = "FIRMWARE")]
    against: Option<String>,
    #[command(flatten)]
    of: Of,
    #[command(flatten)]
    since: Since,
    /// Text for people, JSON, or CSV.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Rows shown, in text.
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,
    /// Print the SQL instead, which DuckDB and Spark run as well.
    #[arg(long)]
    sql: bool,
}

/// Run a statement of SQL over the tables: recordings, labels, sites, windows, stacks, events_bad, metrics, names.
#[derive(Debug, Args)]
pub(super) struct Sql {
    statement: String,
    #[command(flatten)]
    of: Of,
    /// Text for people, JSON, or CSV.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Write one HTML page: what leaks most, on how many devices, how it grew, how long devices last.
#[derive(Debug, Args)]
pub(super) struct Page {
    #[command(flatten)]
    of: Of,
    #[command(flatten)]
    since: Since,
    /// The file, which must not exist.
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
}

#[derive(Debug, Args)]
struct Of {
    /// The fleet's folder.
    #[arg(long = "in", value_name = "DIR")]
    folder: PathBuf,
    /// The scheduler of a Ballista cluster that is to answer; its executors find the folder at the same path.
    #[arg(long, value_name = "df://HOST:PORT")]
    cluster: Option<String>,
}

#[derive(Debug, Args)]
struct Since {
    /// Only what was recorded since: 7d, 12h, or a day such as 2026-11-28 (UTC).
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    Csv,
}

/// As SQL has it: 2026-11-28 00:00:00.
fn since(text: &str) -> Result<String, String> {
    let number = |unit: char| text.strip_suffix(unit)?.parse::<u32>().ok();
    let days = number('d').map(|days| i64::from(days) * 24);
    let hours = days.or(number('h').map(i64::from));
    if let Some(hours) = hours {
        return Ok(ingest::moment(super::now() - hours * 3_600_000_000));
    }
    if text.len() == 10 && text.bytes().filter(|&byte| byte == b'-').count() == 2 {
        return Ok(format!("{text} 00:00:00"));
    }
    Err(format!(
        "`{text}` is neither 7d nor 12h nor a day such as 2026-11-28"
    ))
}

impl Of {
    fn engine(&self) -> Result<Engine, EngineError> {
        Engine::on(self.cluster.as_deref(), &Folder::new(&self.folder))
    }
}

impl Ask {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let asked = Asked {
            subject: self.subject,
            against: self.against,
            since: self.since.since,
        };
        if self.sql {
            let mut out = anstream::stdout().lock();
            for statement in self.question.sql(&asked)? {
                writeln!(out, "{};\n", statement.trim_end())?;
            }
            return Ok(());
        }
        let mut answer = self.question.ask(&self.of.engine()?, &asked)?;
        if self.format == Format::Text {
            answer.cut(self.top);
        }
        self.format.write(&answer)
    }
}

impl Sql {
    pub(super) fn run(self) -> anyhow::Result<()> {
        self.format.write(&self.of.engine()?.run(&self.statement)?)
    }
}

impl Page {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let asked = Asked {
            since: self.since.since,
            ..Asked::default()
        };
        let text = page(&self.of.engine()?, &asked)?;
        let written =
            fs::File::create_new(&self.output).and_then(|mut file| file.write_all(text.as_bytes()));
        written.with_context(|| format!("`{}` cannot be written", self.output.display()))
    }
}

impl Format {
    fn write(self, answer: &Answer) -> anyhow::Result<()> {
        match self {
            Self::Text => answer.write_text(&mut anstream::stdout().lock())?,
            Self::Json => answer.write_json(&mut io::stdout().lock())?,
            Self::Csv => answer.write_csv(io::stdout())?,
        }
        Ok(())
    }
}
