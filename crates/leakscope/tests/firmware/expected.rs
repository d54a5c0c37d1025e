//! Comparing a report with an expectation (`firmware/FORM.md`).

use std::fs;
use std::path::PathBuf;

use libtest_mimic::Failed;
use serde_json::{Map, Value};
use xtask::firmware::{Build, Firmware, Sink};

/// What a run must come to.
pub(crate) struct Expected {
    pub(crate) exit_code: i32,
    report: Map<String, Value>,
    sources: PathBuf,
}

impl Expected {
    pub(crate) fn read(firmware: &Firmware, build: &Build, variant: &str) -> Result<Self, Failed> {
        let file = |suffix: &str| {
            firmware
                .folder()
                .join(format!("expected/{variant}{suffix}.json"))
        };
        let mut kinds = [".esp-idf", ".heap-3"].into_iter();
        let of_kind = kinds.find(|kind| build.name.ends_with(&kind.replacen('.', "-", 1)));
        let of_kind = of_kind.map(file).filter(|path| path.exists());
        let path = match build.sink {
            Sink::Dump => file(".standalone"),
            _ => of_kind.unwrap_or_else(|| file("")),
        };
        let text = fs::read_to_string(&path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let mut report: Map<String, Value> = serde_json::from_str(&text)?;
        let exit_code = report
            .remove("exit_code")
            .map_or(Some(0), |code| code.as_i64());
        Ok(Self {
            exit_code: exit_code.ok_or("exit_code is no number")? as i32,
            report,
            sources: firmware.folder().to_owned(),
        })
    }

    /// What is different: where, and how.
    pub(crate) fn compare(&self, report: &Value) -> Result<(), String> {
        self.object(&self.report, report)
    }

    fn value(&self, expected: &Value, found: &Value) -> Result<(), String> {
        match (expected, found) {
            (Value::Object(expected), _) => self.object(expected, found),
            (Value::Array(expected), Value::Array(found)) => self.array(expected, found),
            _ if expected == found => Ok(()),
            _ => Err(format!(": {expected} expected, {found} found")),
        }
    }

    fn object(&self, expected: &Map<String, Value>, found: &Value) -> Result<(), String> {
        for (name, expected) in expected {
            let value = &found[name];
            let compared = match (name.as_str(), expected) {
                ("function", Value::String(function)) => compare_function(function, value),
                ("line", Value::String(mark)) => self.line(mark, found),
                ("tasks", Value::Array(names)) => contains_all(names, value),
                ("at_least", least) => bound(least, found, "at least", u64::ge),
                ("at_most", most) => bound(most, found, "at most", u64::le),
                ("one_of", Value::Array(answers)) => self.one_of(answers, found),
                _ => self.value(expected, value),
            };
            compared.map_err(|difference| format!(".{name}{difference}"))?;
        }
        Ok(())
    }

    /// Where chance decides, as between a block that lives when recording stops and none.
    fn one_of(&self, answers: &[Value], found: &Value) -> Result<(), String> {
        if answers
            .iter()
            .any(|answer| self.value(answer, found).is_ok())
        {
            return Ok(());
        }
        Err(format!(": one of {answers:?} expected, {found} found"))
    }

    /// Each expected element stands in the array, in this order; others may stand between them.
    fn array(&self, expected: &[Value], found: &[Value]) -> Result<(), String> {
        let mut rest = found;
        for (index, expected) in expected.iter().enumerate() {
            let mut differences = Vec::new();
            let place = rest.iter().position(|found| {
                let compared = self.value(expected, found);
                compared
                    .map_err(|difference| differences.push(difference))
                    .is_ok()
            });
            let Some(place) = place else {
                let differences = differences.join("\n    ");
                return Err(format!(
                    "[{index}]: none is as expected:\n    {differences}"
                ));
            };
            rest = &rest[place + 1..];
        }
        Ok(())
    }

    /// The source line that `frame` names, or the one above, is marked with `mark`.
    fn line(&self, mark: &str, frame: &Value) -> Result<(), String> {
        let (Some(file), Some(line)) = (frame["file"].as_str(), frame["line"].as_u64()) else {
            return Err(": not known".to_owned());
        };
        // Relative to the firmware's folder, if it is.
        let path = self.sources.join(file);
        let text = fs::read_to_string(&path).map_err(|error| format!(": {file}: {error}"))?;
        let above = (line as usize).saturating_sub(2);
        let marked = format!("MARK: {mark}");
        if text
            .lines()
            .skip(above)
            .take(2)
            .any(|line| line.contains(&marked))
        {
            return Ok(());
        }
        Err(format!(": {file}:{line} is not marked “{mark}”"))
    }
}

/// Which task comes first is up to the scheduler, and to how long a debugger holds the target.
fn contains_all(expected: &[Value], found: &Value) -> Result<(), String> {
    let found = found.as_array().map_or(&[][..], Vec::as_slice);
    match expected.iter().find(|name| !found.contains(name)) {
        Some(name) => Err(format!(": {name} expected, {found:?} found")),
        None => Ok(()),
    }
}

fn bound(
    limit: &Value,
    found: &Value,
    words: &str,
    holds: fn(&u64, &u64) -> bool,
) -> Result<(), String> {
    let numbers = found.as_u64().zip(limit.as_u64());
    let is_so = numbers.is_some_and(|(found, limit)| holds(&found, &limit));
    let difference = || format!(": {words} {limit} expected, {found} found");
    is_so.then_some(()).ok_or_else(difference)
}

fn compare_function(expected: &str, found: &Value) -> Result<(), String> {
    let is_it = found.as_str().is_some_and(|found| {
        let rest = found.strip_suffix(expected);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with("::"))
    });
    if is_it {
        return Ok(());
    }
    Err(format!(": {expected} expected, {found} found"))
}
