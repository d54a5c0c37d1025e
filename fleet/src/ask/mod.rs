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
    /// Its statements, each whole by itself: what it begins with, and what it asks. Words in braces stand for what is said.
    statements: &'static [[&'static str; 2]],
    /// What follows from the rows of each.
    conclude: fn(&[Answer], &Asked) -> Answer,
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
    /// There is no such question.
    #[error("the questions are {0}")]
    Unknown(String),
    /// It needs something to be about.
    #[error("`{0}` needs {1}")]
    Incomplete(&'static str, &'static str),
    /// The engine has no answer.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Begins with the recordings over time.
const RECORDED: &str = include_str!("sql/base.sql");

/// Begins with the last dump of each device.
const DUMPED: &str = include_str!("sql/dumps.sql");

/// Questions: the name, what its statements begin with and what each asks, and what follows from the rows.
macro_rules! questions {
    ($($name:literal: $begin:ident $($sql:literal)+ => $conclude:path;)*) => {
        [$(Self {
            name: $name,
            statements: &[$([$begin, include_str!(concat!("sql/", $sql, ".sql"))],)+],
            conclude: $conclude,
        },)*]
    };
}

impl Question {
    /// All of them; `docs/fleet.md` says what each claims.
    pub const ALL: [Self; 9] = questions! {
        "new-in": RECORDED "new_in" => new_in::conclude;
        "regressions": RECORDED "watched_both" "found_both" => regressions::conclude;
        "top": RECORDED "top" => top::conclude;
        "who": RECORDED "who" "who_labels" => who::conclude;
        "exhaustion": RECORDED "exhaustion" "spells" => exhaustion::conclude;
        "trend": RECORDED "trend" => trend::conclude;
        "coverage": RECORDED "coverage" => coverage::conclude;
        "outliers": RECORDED "outliers" => outliers::conclude;
        "leak-by-uptime": DUMPED "dumped_devices" "dumped_sites" => leak_by_uptime::conclude;
    };

    /// Its statements, with what was said in them.
    ///
    /// # Errors
    /// If it needs more to be said.
    pub fn sql(&self, asked: &Asked) -> Result<Vec<String>, AskError> {
        let since = asked.since.as_deref().unwrap_or("1970-01-01 00:00:00");
        let subject = asked.subject.as_deref();
        let said = [
            ("{firmware}", subject, "a version"),
            ("{against}", asked.against.as_deref(), "--against a version"),
            ("{site}", subject, "a call site, as `top` names it"),
            ("{since}", Some(since), "a moment"),
        ];
        let fill = |statement: &[&str; 2]| {
            let mut sql = statement.concat();
            for (place, value, what) in said {
                if sql.contains(place) {
                    let value = value.ok_or(AskError::Incomplete(self.name, what))?;
                    sql = sql.replace(place, &format!("'{}'", value.replace('\'', "''")));
                }
            }
            Ok(sql)
        };
        self.statements.iter().map(fill).collect()
    }

    /// The rows of its statements.
    ///
    /// # Errors
    /// If it needs more to be said, and those of the engine.
    pub fn rows(&self, engine: &Engine, asked: &Asked) -> Result<Vec<Answer>, AskError> {
        let statements = self.sql(asked)?;
        let rows = statements.iter().map(|statement| engine.run(statement));
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What follows from the rows of its statements, whichever engine has run them.
    pub fn conclude(&self, rows: &[Answer], asked: &Asked) -> Answer {
        Answer {
            question: self.name.to_owned(),
            ..(self.conclude)(rows, asked)
        }
    }

    /// Asks it.
    ///
    /// # Errors
    /// If it needs more to be said, and those of the engine.
    pub fn ask(&self, engine: &Engine, asked: &Asked) -> Result<Answer, AskError> {
        Ok(self.conclude(&self.rows(engine, asked)?, asked))
    }
}

impl FromStr for Question {
    type Err = AskError;

    fn from_str(name: &str) -> Result<Self, AskError> {
        let mut all = Self::ALL.into_iter();
        let found = all.find(|question| question.name == name);
        let names = Self::ALL.map(|question| question.name);
        found.ok_or_else(|| AskError::Unknown(names.join(", ")))
    }
}
