//! JUnit: a suite a recording, a test for each call site that leaks or may, and for each other failure.

use std::io;
use std::path::Path;

use leakscope_report::Standing;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::{Checked, function, stack};
use crate::gate::{Answer, Judgement};

/// The XML. What XML 1.0 forbids is left out.
pub fn junit(checked: &Checked<'_>) -> String {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 4);
    // To memory, nothing fails.
    let _: io::Result<()> = suites(checked, &mut writer);
    String::from_utf8(writer.into_inner()).unwrap_or_default()
}

type Xml = Writer<Vec<u8>>;

/// A test in a suite.
struct Case {
    name: String,
    ending: Ending,
    message: String,
    /// The kind of a failure or an error.
    kind: Option<String>,
    text: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Success,
    Skipped,
    Failure,
    Error,
}

impl Case {
    fn new(name: String, ending: Ending, message: String) -> Self {
        Self {
            name,
            ending,
            message,
            kind: None,
            text: None,
        }
    }
}

fn suites(checked: &Checked<'_>, xml: &mut Xml) -> io::Result<()> {
    let suites: Vec<(String, Vec<Case>)> = checked
        .judgements
        .iter()
        .map(|judgement| (class(checked, judgement), cases(checked, judgement)))
        .collect();
    let all = suites.iter().flat_map(|(_, cases)| cases);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    xml.create_element("testsuites")
        .with_attribute(("name", "leakscope"))
        .with_attributes(
            counts(all)
                .iter()
                .map(|(name, count)| (*name, count.as_str())),
        )
        .write_inner_content(|xml| {
            for (class, cases) in &suites {
                suite(class, cases, xml)?;
            }
            Ok(())
        })?;
    xml.get_mut().push(b'\n');
    Ok(())
}

fn counts<'c>(cases: impl Iterator<Item = &'c Case>) -> [(&'static str, String); 4] {
    let endings: Vec<Ending> = cases.map(|case| case.ending).collect();
    let of = |ending| endings.iter().filter(|&&each| each == ending).count();
    [
        ("tests", endings.len()),
        ("skipped", of(Ending::Skipped)),
        ("failures", of(Ending::Failure)),
        ("errors", of(Ending::Error)),
    ]
    .map(|(name, count)| (name, count.to_string()))
}

fn suite(class: &str, cases: &[Case], xml: &mut Xml) -> io::Result<()> {
    let class = allowed(class);
    xml.create_element("testsuite")
        .with_attribute(("name", format!("leakscope {class}").as_str()))
        .with_attributes(
            counts(cases.iter())
                .iter()
                .map(|(name, count)| (*name, count.as_str())),
        )
        .write_inner_content(|xml| {
            for case in cases {
                let element = xml
                    .create_element("testcase")
                    .with_attribute(("name", allowed(&case.name).as_str()))
                    .with_attribute(("classname", class.as_str()));
                if case.ending == Ending::Success {
                    element.write_empty()?;
                } else {
                    element.write_inner_content(|xml| why(case, xml))?;
                }
            }
            Ok(())
        })?;
    Ok(())
}

/// The element that says why a test has not succeeded.
fn why(case: &Case, xml: &mut Xml) -> io::Result<()> {
    let name = match case.ending {
        Ending::Failure => "failure",
        Ending::Error => "error",
        Ending::Skipped | Ending::Success => "skipped",
    };
    let mut element = xml
        .create_element(name)
        .with_attribute(("message", allowed(&case.message).as_str()));
    if let Some(kind) = &case.kind {
        element = element.with_attribute(("type", kind.as_str()));
    }
    match &case.text {
        Some(text) => element.write_text_content(BytesText::new(&allowed(text)))?,
        None => element.write_empty()?,
    };
    Ok(())
}

/// Without the characters that XML 1.0 forbids.
fn allowed(text: &str) -> String {
    let is_allowed = |c: &char| {
        !c.is_control() && !matches!(c, '\u{FFFE}' | '\u{FFFF}') || matches!(c, '\n' | '\t')
    };
    text.chars().filter(is_allowed).collect()
}

fn cases(checked: &Checked<'_>, judgement: &Judgement<'_>) -> Vec<Case> {
    let mut cases = Vec::new();
    for failure in &judgement.failures {
        let site = judgement.site(failure);
        let name = match site {
            Some(site) => format!("{} {}", site.identity.stack, function(&site.frames)),
            // The message's first words tell one limit from the next.
            None => format!("{} {}", failure.kind.name(), failure.message),
        };
        cases.push(Case {
            kind: Some(failure.kind.name().to_owned()),
            text: (failure.identity.as_ref())
                .map(|_| stack(&failure.frames).collect::<Vec<_>>().join("\n")),
            ..Case::new(name, Ending::Failure, failure.message.clone())
        });
    }
    for (site, standing) in judgement.report.call_sites.iter().zip(&judgement.standings) {
        let reason = match standing {
            Standing::Suppressed(id) => {
                let rule = checked.gate.rules.iter().find(|rule| rule.id == *id);
                format!("{id}: {}", rule.map_or("", |rule| &rule.reason))
            }
            Standing::Known(baseline) => format!("known in {baseline}"),
            Standing::Unknown => format!("nothing is claimed: {}", site.reason),
            Standing::Leak | Standing::Fine => continue,
        };
        let name = format!("{} {}", site.identity.stack, function(&site.frames));
        cases.push(Case::new(name, Ending::Skipped, reason));
    }
    if !judgement.inconclusive.is_empty() {
        let ending = if checked.lets_inconclusive_pass {
            Ending::Skipped
        } else {
            Ending::Error
        };
        let name = "the recording can tell".to_owned();
        cases.push(Case {
            kind: Some("inconclusive".to_owned()),
            ..Case::new(name, ending, judgement.reasons())
        });
    }
    if judgement.answer == Answer::Passed {
        let name = judgement.headline(checked.gate);
        cases.push(Case::new(name, Ending::Success, String::new()));
    }
    cases
}

/// The name of the recording: without its folder and its ending, if that is enough to tell it from the others. Of two
/// tests of one name, GitLab takes the first alone.
fn class(checked: &Checked<'_>, judgement: &Judgement<'_>) -> String {
    let stem = |name: &str| {
        let stem = Path::new(name).file_stem();
        stem.map_or_else(
            || name.to_owned(),
            |stem| stem.to_string_lossy().into_owned(),
        )
    };
    let name = judgement.name();
    let short = stem(&name);
    let names = checked.judgements.iter().map(Judgement::name);
    match names.filter(|name| stem(name) == short).count() {
        1 => short,
        _ => name,
    }
}
