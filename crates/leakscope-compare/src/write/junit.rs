//! JUnit: a suite a recording, a test for each call site that leaks or may, and for each other failure.

use std::path::Path;

use leakscope_report::Standing;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{Checked, function, stack};
use crate::gate::{Answer, Judgement};

/// The XML. What XML 1.0 forbids is left out.
pub fn junit(checked: &Checked<'_>) -> String {
    let mut report = Report::new("leakscope");
    for judgement in checked.judgements {
        report.add_test_suite(suite(checked, judgement));
    }
    // To a string, nothing fails. The library leaves out controls; these two XML 1.0 forbids, too.
    let text = report.to_string().unwrap_or_default();
    text.replace(['\u{FFFE}', '\u{FFFF}'], "")
}

fn suite(checked: &Checked<'_>, judgement: &Judgement<'_>) -> TestSuite {
    let class = class(checked, judgement);
    let mut suite = TestSuite::new(format!("leakscope {class}"));
    let mut add = |name: String, status: TestCaseStatus| {
        let mut case = TestCase::new(name, status);
        case.set_classname(class.as_str());
        suite.add_test_case(case);
    };
    for failure in &judgement.failures {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status
            .set_type(failure.kind.name())
            .set_message(failure.message.as_str());
        let name = match judgement.site(failure) {
            Some(site) => {
                status.set_description(stack(site).collect::<Vec<_>>().join("\n"));
                format!("{} {}", site.identity.stack, function(site))
            }
            // The message's first words tell one limit from the next.
            None => format!("{} {}", failure.kind.name(), failure.message),
        };
        add(name, status);
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
        let mut status = TestCaseStatus::skipped();
        status.set_message(reason);
        add(
            format!("{} {}", site.identity.stack, function(site)),
            status,
        );
    }
    match judgement.answer {
        Answer::Inconclusive => {
            let mut status = if checked.lets_inconclusive_pass {
                TestCaseStatus::skipped()
            } else {
                TestCaseStatus::non_success(NonSuccessKind::Error)
            };
            status
                .set_type("inconclusive")
                .set_message(judgement.reasons());
            add("the recording can tell".to_owned(), status);
        }
        Answer::Passed => add(judgement.headline(checked.gate), TestCaseStatus::success()),
        Answer::Failed => {}
    }
    suite
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
