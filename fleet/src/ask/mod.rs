//! Questions: each is SQL that DataFusion, DuckDB and Spark run unchanged, and what follows from its rows.
//!
//! A file a question; its SQL is in `sql/`, where `base.sql` is what most begin with. SQL adds up by device, the
//! [`statistics`](crate::statistics) come after that.
mod coverage;
mod exhaustion;
mod leak_by_uptime;
mod new_in;
mod outliers;
mod regressions;
mod top;
mod trend;
mod who;

use std::str::FromStr;

use thiserror::Error;

use crate::answer::Answer;
use crate::engine::{Engine, EngineError};
pub use exhaustion::{Survival, survival};

/// A question that is prepared.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// What it is called.
    pub name: &'static str,
    /// What it asks.
    pub purpose: &'static str,
    /// What has to be said with it.
    pub subject: Subject,
    /// Its statements, of which each is whole by itself; `{firmware}` and others stand for what was said.
    statements: &'static [&'static str],
    /// What follows from the rows of each.
    conclude: fn(&[Answer], &Asked) -> Answer,
}

/// What a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// All of it.
    Nothing,
    /// One version.
    Firmware,
    /// One version, compared with another.
    Versions,
    /// One call site.
    Site,
}

/// What was said with a question.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The version or the call site.
    pub subject: Option<String>,
    /// The version that it is compared with.
    pub against: Option<String>,
    /// Only what was recorded from this moment on: `2026-11-28 00:00:00`, UTC.
    pub since: Option<String>,
}

/// Why a question cannot be asked.
#[derive(Debug, Error)]
pub enum AskError {
    /// It needs something to be about.
    #[error("`{0}` needs {1}")]
    Incomplete(&'static str, &'static str),
    /// The engine has no answer.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Begins with the recordings over time.
macro_rules! over_time {
    ($file:literal) => {
        concat!(
            include_str!("sql/base.sql"),
            include_str!(concat!("sql/", $file))
        )
    };
}

/// Begins with the last dump of each device.
macro_rules! of_dumps {
    ($file:literal) => {
        concat!(
            include_str!("sql/dumps.sql"),
            include_str!(concat!("sql/", $file))
        )
    };
}

impl Question {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self {
            name: "new-in",
            purpose: "call sites that leak in a version, and in none before it",
            subject: Subject::Firmware,
            statements: &[over_time!("new_in.sql")],
            conclude: new_in::conclude,
        },
        Self {
            name: "regressions",
            purpose: "call sites that leak more, or less, in a version than in another",
            subject: Subject::Versions,
            statements: &[over_time!("watched_both.sql"), over_time!("found_both.sql")],
            conclude: regressions::conclude,
        },
        Self {
            name: "top",
            purpose: "call sites by leaked bytes a day, times devices",
            subject: Subject::Nothing,
            statements: &[over_time!("top.sql")],
            conclude: top::conclude,
        },
        Self {
            name: "who",
            purpose: "where a call site leaks: versions, hardware, labels, and recordings to open",
            subject: Subject::Site,
            statements: &[over_time!("who.sql"), over_time!("who_labels.sql")],
            conclude: who::conclude,
        },
        Self {
            name: "exhaustion",
            purpose: "devices by the time until their heap is used up; how long devices last",
            subject: Subject::Nothing,
            statements: &[over_time!("exhaustion.sql"), over_time!("spells.sql")],
            conclude: exhaustion::conclude,
        },
        Self {
            name: "trend",
            purpose: "how fast a call site grows, version by version",
            subject: Subject::Site,
            statements: &[over_time!("trend.sql")],
            conclude: trend::conclude,
        },
        Self {
            name: "coverage",
            purpose: "how long each version was watched, and what can be claimed from that",
            subject: Subject::Nothing,
            statements: &[over_time!("coverage.sql")],
            conclude: coverage::conclude,
        },
        Self {
            name: "outliers",
            purpose: "devices that leak far more than others of their hardware and version",
            subject: Subject::Nothing,
            statements: &[over_time!("outliers.sql")],
            conclude: outliers::conclude,
        },
        Self {
            name: "leak-by-uptime",
            purpose: "call sites of heap dumps that hold more the longer a device has run",
            subject: Subject::Nothing,
            statements: &[
                of_dumps!("dumped_devices.sql"),
                of_dumps!("dumped_sites.sql"),
            ],
            conclude: leak_by_uptime::conclude,
        },
    ];

    /// Its statements, with what was said in them.
    ///
    /// # Errors
    /// If it needs more to be said.
    pub fn sql(&self, asked: &Asked) -> Result<Vec<String>, AskError> {
        let needed = match self.subject {
            Subject::Nothing => None,
            Subject::Firmware => Some("a version"),
            Subject::Versions => Some("a version, and --against another"),
            Subject::Site => Some("a call site, as `top` names it"),
        };
        let lacks_other = self.subject == Subject::Versions && asked.against.is_none();
        if let Some(needed) = needed
            && (asked.subject.is_none() || lacks_other)
        {
            return Err(AskError::Incomplete(self.name, needed));
        }
        let subject = asked.subject.as_deref().unwrap_or_default();
        let said = [
            ("{firmware}", subject),
            ("{site}", subject),
            ("{against}", asked.against.as_deref().unwrap_or_default()),
            (
                "{since}",
                asked.since.as_deref().unwrap_or("1970-01-01 00:00:00"),
            ),
        ];
        let filled = |statement: &&str| {
            let fill =
                |text: String, (name, value): (&str, &str)| text.replace(name, &quoted(value));
            said.into_iter().fold((*statement).to_owned(), fill)
        };
        Ok(self.statements.iter().map(filled).collect())
    }

    /// Asks it.
    ///
    /// # Errors
    /// If it needs more to be said, and those of the engine.
    pub fn ask(&self, engine: &Engine, asked: &Asked) -> Result<Answer, AskError> {
        let mut rows = Vec::new();
        for statement in self.sql(asked)? {
            rows.push(engine.run(&statement)?);
        }
        Ok(self.conclude(&rows, asked))
    }

    /// What follows from the rows of its statements, whichever engine has run them.
    pub fn conclude(&self, rows: &[Answer], asked: &Asked) -> Answer {
        Answer {
            question: self.name.to_owned(),
            ..(self.conclude)(rows, asked)
        }
    }
}

impl FromStr for Question {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let mut found = Self::ALL
            .into_iter()
            .filter(|question| question.name == name);
        found.next().ok_or_else(|| {
            let names = Self::ALL.map(|question| question.name).join(", ");
            format!("the questions are {names}")
        })
    }
}

/// Text as a literal of SQL.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
