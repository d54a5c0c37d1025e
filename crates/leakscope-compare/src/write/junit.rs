//! JUnit: a suite a recording, a test for each call site that leaks or may, and for each other failure.

use std::fmt::{self, Display, Write};
use std::path::Path;

use leakscope_report::Standing;

use super::{Checked, function, stack};
use crate::gate::{Answer, Judgement};

/// The XML. What XML 1.0 forbids is left out.
pub fn junit(checked: &Checked<'_>) -> String {
    let suites = checked.judgements.iter().map(|judgement| Suite {
        class: class(checked, judgement),
        cases: cases(checked, judgement),
    });
    let suites: Vec<Suite> = suites.collect();
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // To a string, nothing fails.
    let _ = write_suites(&mut text, &suites);
    text
}

/// A recording.
struct Suite {
    class: String,
    cases: Vec<Case>,
}

struct Case {
    name: String,
    status: Status,
}

enum Status {
    Success,
    Failure {
        kind: String,
        message: String,
        stack: String,
    },
    Error {
        message: String,
    },
    Skipped {
        message: String,
    },
}

fn cases(checked: &Checked<'_>, judgement: &Judgement<'_>) -> Vec<Case> {
    let failures = judgement.failures.iter().map(|failure| {
        let message = failure.message.clone();
        let kind = failure.kind.name().to_owned();
        let site = judgement.site(failure);
        // Of what is no call site, the message's first words tell one limit from the next.
        let name = site.map_or_else(
            || format!("{kind} {message}"),
            |site| format!("{} {}", site.identity.stack, function(site)),
        );
        let stack = site.map_or_else(String::new, |site| {
            stack(site).collect::<Vec<_>>().join("\n")
        });
        let status = Status::Failure {
            kind,
            message,
            stack,
        };
        Case { name, status }
    });
    let mut cases: Vec<Case> = failures.collect();
    for (site, standing) in judgement.report.call_sites.iter().zip(&judgement.standings) {
        let message = match standing {
            Standing::Suppressed(id) => {
                let rule = checked.gate.rules.iter().find(|rule| rule.id == *id);
                format!("{id}: {}", rule.map_or("", |rule| &rule.reason))
            }
            Standing::Known(baseline) => format!("known in {baseline}"),
            Standing::Unknown => format!("nothing is claimed: {}", site.reason),
            Standing::Leak | Standing::Fine => continue,
        };
        cases.push(Case {
            name: format!("{} {}", site.identity.stack, function(site)),
            status: Status::Skipped { message },
        });
    }
    match judgement.answer {
        Answer::Inconclusive => {
            let message = judgement.inconclusive.join("; ");
            let status = if checked.lets_inconclusive_pass {
                Status::Skipped { message }
            } else {
                Status::Error { message }
            };
            cases.push(Case {
                name: "the recording can tell".to_owned(),
                status,
            });
        }
        Answer::Passed => cases.push(Case {
            name: judgement.report.headline.clone(),
            status: Status::Success,
        }),
        Answer::Failed => {}
    }
    cases
}

fn write_suites(out: &mut String, suites: &[Suite]) -> fmt::Result {
    let all = suites.iter().flat_map(|suite| &suite.cases);
    writeln!(out, "<testsuites name=\"leakscope\" {}>", Counts::of(all))?;
    for suite in suites {
        let class = Escaped(&suite.class);
        let counts = Counts::of(&suite.cases);
        writeln!(out, "    <testsuite name=\"leakscope {class}\" {counts}>")?;
        for case in &suite.cases {
            let name = Escaped(&case.name);
            write!(
                out,
                "        <testcase name=\"{name}\" classname=\"{class}\">"
            )?;
            match &case.status {
                Status::Success => {}
                Status::Failure {
                    kind,
                    message,
                    stack,
                } => write!(
                    out,
                    "<failure message=\"{}\" type=\"{kind}\">{}</failure>",
                    Escaped(message),
                    Escaped(stack)
                )?,
                Status::Error { message } => {
                    write!(
                        out,
                        "<error message=\"{}\" type=\"inconclusive\"/>",
                        Escaped(message)
                    )?;
                }
                Status::Skipped { message } => {
                    write!(out, "<skipped message=\"{}\"/>", Escaped(message))?;
                }
            }
            writeln!(out, "</testcase>")?;
        }
        writeln!(out, "    </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

/// How many tests there are, and how they ended: attributes of a suite, and of all suites.
#[derive(Default)]
struct Counts {
    tests: usize,
    skipped: usize,
    failures: usize,
    errors: usize,
}

impl Counts {
    fn of<'c>(cases: impl IntoIterator<Item = &'c Case>) -> Self {
        let mut counts = Self::default();
        for case in cases {
            counts.tests += 1;
            match case.status {
                Status::Success => {}
                Status::Failure { .. } => counts.failures += 1,
                Status::Error { .. } => counts.errors += 1,
                Status::Skipped { .. } => counts.skipped += 1,
            }
        }
        counts
    }
}

impl Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            tests,
            skipped,
            failures,
            errors,
        } = self;
        write!(
            f,
            "tests=\"{tests}\" skipped=\"{skipped}\" failures=\"{failures}\" errors=\"{errors}\""
        )
    }
}

/// Text as a value or a content of XML 1.0, which some characters cannot be in at all.
struct Escaped<'t>(&'t str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                // As a value's, a reader would make a blank of it.
                '\n' => f.write_str("&#10;")?,
                '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
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
