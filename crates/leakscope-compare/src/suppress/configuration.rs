//! Our own file, `leakscope.toml`: rules that say why, and what a gate asks for.

use std::collections::BTreeMap;

use leakscope_analysis::findings::Verdict;
use leakscope_report::can_be_leak;
use serde::Deserialize;
use toml::Spanned;

use super::{Date, Frame, Frames, Pattern, Place, Rule, RuleError, Rules};

/// What `[check]` asks for: the options of `leakscope check`, without their dashes.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[allow(
    missing_docs,
    reason = "each is the option of its name, as it is typed"
)]
pub struct Settings {
    pub min_confidence: Option<String>,
    pub max_growth: Option<String>,
    #[serde(deserialize_with = "size")]
    pub max_outstanding: Option<String>,
    #[serde(deserialize_with = "size")]
    pub max_peak: Option<String>,
    pub max_loss: Option<String>,
    pub min_length: Option<String>,
    pub min_cycles: Option<u64>,
    pub no_failed_allocations: Option<bool>,
    pub allow_filtered: Option<bool>,
    pub strict: Option<bool>,
    pub cycle: Option<String>,
    #[serde(skip)]
    places: BTreeMap<String, Place>,
}

impl Settings {
    /// What is wrong with the value of this name, and where it stands.
    pub fn wrong(&self, name: &str, why: &str) -> RuleError {
        RuleError {
            place: self.places.get(name).cloned().unwrap_or_default(),
            message: format!("{name}: {why}"),
        }
    }
}

/// The names in `[check]`, and where they stand.
#[derive(Deserialize)]
struct Names {
    #[serde(default)]
    check: BTreeMap<Spanned<String>, toml::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    check: Settings,
    #[serde(default)]
    suppress: Vec<Spanned<Suppress>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Suppress {
    id: String,
    reason: String,
    frames: Option<Vec<String>>,
    any_frame: Option<String>,
    file: Option<String>,
    task: Option<String>,
    #[serde(default, deserialize_with = "one_or_more")]
    verdict: Vec<String>,
    #[serde(default, deserialize_with = "size")]
    max_bytes: Option<String>,
    max_growth: Option<String>,
    until: Option<toml::value::Datetime>,
    issue: Option<String>,
}

/// A size as people write it: `4096` is as good as `"4KiB"`.
fn size<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(
        untagged,
        expecting = "a size is a number of bytes, or a text such as \"4KiB\""
    )]
    enum Size {
        Bytes(u64),
        Text(String),
    }
    Ok(Some(match Size::deserialize(deserializer)? {
        Size::Bytes(bytes) => bytes.to_string(),
        Size::Text(text) => text,
    }))
}

/// One text, or a list of them.
fn one_or_more<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a verdict is a text, or a list of texts")]
    enum Texts {
        One(String),
        Several(Vec<String>),
    }
    Ok(match Texts::deserialize(deserializer)? {
        Texts::One(text) => vec![text],
        Texts::Several(texts) => texts,
    })
}

pub(super) fn read(name: &str, text: &str) -> Result<Rules, RuleError> {
    let place = |offset: usize| Place {
        file: name.to_owned(),
        line: text[..offset.min(text.len())].matches('\n').count() + 1,
    };
    let file: File = toml::from_str(text).map_err(|error| RuleError {
        place: place(error.span().map_or(0, |span| span.start)),
        message: error.message().to_owned(),
    })?;
    let mut settings = file.check;
    // What could be read once can be again.
    let names = toml::from_str::<Names>(text).map(|names| names.check);
    let names = names.unwrap_or_default().into_keys();
    let names = names.map(|name| (name.get_ref().clone(), place(name.span().start)));
    settings.places.extend(names);
    let mut rules: Vec<Rule> = Vec::new();
    for suppress in file.suppress {
        let place = place(suppress.span().start);
        let suppress = suppress.into_inner();
        let is_taken = rules.iter().any(|rule| rule.id == suppress.id);
        let rule = match rule(suppress, place.clone()) {
            Ok(_) if is_taken => Err("another rule has this id".to_owned()),
            other => other,
        };
        rules.push(rule.map_err(|message| RuleError { place, message })?);
    }
    Ok(Rules { rules, settings })
}

fn rule(suppress: Suppress, place: Place) -> Result<Rule, String> {
    if suppress.id.trim().is_empty() || suppress.reason.trim().is_empty() {
        return Err(
            "a rule has an id and a reason: who reads it in a year must know why".to_owned(),
        );
    }
    let glob = |text: &str| Pattern::glob(text).ok_or_else(|| format!("`{text}` is no pattern"));
    let frames = match (&suppress.frames, &suppress.any_frame) {
        (Some(_), Some(_)) => return Err("`frames` and `any-frame` exclude each other".to_owned()),
        (Some(frames), None) if !frames.is_empty() => {
            let frames = frames.iter().map(|name| match name.as_str() {
                "..." => Ok(Frame::Between),
                name => Frame::function(name).ok_or_else(|| format!("`{name}` is no pattern")),
            });
            Frames::Like(frames.collect::<Result<_, _>>()?)
        }
        (_, Some(name)) => Frames::Any(glob(name)?),
        _ => Frames::All,
    };
    let any_frame = suppress.any_frame.as_deref();
    if frames.are_all() || any_frame.is_some_and(|name| name.chars().all(|c| c == '*')) {
        return Err(
            "these frames are those of every call stack: the rule would excuse everything"
                .to_owned(),
        );
    }
    if let Some(unknown) = suppress.verdict.iter().find(|name| !is_leak(name)) {
        return Err(format!("`{unknown}` is no verdict of a leak"));
    }
    let is_for_all = matches!(frames, Frames::All)
        && suppress.file.is_none()
        && suppress.task.is_none()
        && suppress.verdict.is_empty();
    if is_for_all {
        return Err(
            "a rule says which leaks: by frames, any-frame, file, task or verdict".to_owned(),
        );
    }
    let max_bytes = suppress.max_bytes.as_deref().map(|text| {
        let size = crate::rate::size(text).ok_or_else(|| format!("`{text}` is no size"))?;
        Ok::<_, String>(size as u64)
    });
    let max_growth = suppress.max_growth.as_deref().map(str::parse).transpose();
    let unmatchable = match &frames {
        Frames::Like(frames) if frames.iter().any(Frame::is_mangled) => {
            Some("a mangled name with wildcards cannot be compared")
        }
        _ => None,
    };
    Ok(Rule {
        id: suppress.id,
        reason: suppress.reason,
        place,
        issue: suppress.issue,
        until: suppress.until.as_ref().map(day).transpose()?,
        frames,
        file: suppress.file.as_deref().map(glob).transpose()?,
        task: suppress.task.as_deref().map(glob).transpose()?,
        verdicts: suppress.verdict,
        max_bytes: max_bytes.transpose()?,
        max_growth: max_growth.map_err(|error: crate::rate::RateError| error.to_string())?,
        unmatchable,
    })
}

fn day(until: &toml::value::Datetime) -> Result<Date, String> {
    let date = until.date.ok_or("`until` is a day, such as 2027-03-01")?;
    Ok((date.year, date.month, date.day))
}

/// Whether a verdict is one that fails.
fn is_leak(name: &str) -> bool {
    let mut all = Verdict::ALL.into_iter();
    all.any(|verdict| verdict.name() == name && can_be_leak(verdict))
}
