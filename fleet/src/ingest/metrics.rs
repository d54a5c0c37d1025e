//! Lists of metrics, which services collect: `X.metrics.jsonl` with an object a line, `{"time": …, "key": …, "value": …}`.

use serde::Deserialize;

use super::metadata::moment;

/// How the name of such a list ends.
pub(super) const ENDING: &str = ".metrics.jsonl";

/// A moment in microseconds since 1970, a name, a value.
pub(super) type Metric = (Option<i64>, String, f64);

#[derive(Deserialize)]
struct Line {
    time: Option<String>,
    key: String,
    value: f64,
}

/// Reads one.
///
/// # Errors
/// Which line cannot be understood, and why.
pub(super) fn read(text: &[u8]) -> Result<Vec<Metric>, String> {
    let lines = text.split(|&byte| byte == b'\n').zip(1..);
    let lines = lines.filter(|(line, _)| !line.trim_ascii().is_empty());
    let read = lines.map(|(text, number)| {
        let bad = |why| format!("line {number}: {why}");
        let line: Line = serde_json::from_slice(text).map_err(|error| bad(error.to_string()))?;
        let time = line.time.as_deref().map(moment).transpose().map_err(bad)?;
        Ok((time, line.key, line.value))
    });
    read.collect()
}
