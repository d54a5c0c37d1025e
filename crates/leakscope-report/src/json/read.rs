//! Reads back what was written. The file may be anything: it is said what is wrong with it.

use serde::Deserialize;
use serde_json::error::Category;
use thiserror::Error;

use crate::document::Report;

/// Why a file is no report that can be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// It is no JSON, or is cut off.
    #[error("this is no whole JSON document: {0}")]
    Broken(serde_json::Error),
    /// It is JSON of somebody else.
    #[error("this is JSON, but no report of leakscope: its `schema` is not `leakscope.report`")]
    NotAReport,
    /// A newer program has written it.
    #[error(
        "this report has version {0} of its schema, and this program reads version {known}: a newer \
         leakscope reads it",
        known = Report::VERSION
    )]
    Newer(u64),
    /// A field is missing, or holds what it cannot hold.
    #[error("this report cannot be read: {0}")]
    Field(serde_json::Error),
}

/// What tells whether the rest can be understood.
#[derive(Deserialize)]
struct Head {
    schema: Option<serde_json::Value>,
    version: Option<serde_json::Value>,
}

/// Reads a report as [`write()`](super::write()) writes it. Fields that are not known are passed over.
///
/// # Errors
/// See [`ReadError`].
pub fn read(json: &[u8]) -> Result<Report, ReadError> {
    let head: Head = serde_json::from_slice(json).map_err(|error| match error.classify() {
        Category::Data => ReadError::NotAReport,
        Category::Io | Category::Syntax | Category::Eof => ReadError::Broken(error),
    })?;
    if head
        .schema
        .is_none_or(|schema| schema != "leakscope.report")
    {
        return Err(ReadError::NotAReport);
    }
    match head.version.as_ref().and_then(serde_json::Value::as_u64) {
        Some(version) if version > u64::from(Report::VERSION) => Err(ReadError::Newer(version)),
        _ => serde_json::from_slice(json).map_err(ReadError::Field),
    }
}
