//! Whether the functions that a report names are those of the program that was recorded.

use leakscope_report::Report;
use leakscope_report::document::call_site::CallSite;

/// Problems that mean that another program was recorded.
const ANOTHER_PROGRAM: [&str; 2] = ["elf-differs", "not-behind-calls"];

/// What speaks against the program, a sentence each, without full stops; nothing if the names can be relied on.
pub(crate) fn doubts(report: &Report) -> Vec<String> {
    let mut doubts: Vec<String> = messages(report, &ANOTHER_PROGRAM).collect();
    if is_mostly_unnamed(report) {
        doubts.push(
            "the ELF file names hardly any function of the call stacks: another program ran"
                .to_owned(),
        );
    }
    doubts
}

/// What could not be found out of the program, where nothing speaks against it: the same.
pub(crate) fn open_questions(report: &Report) -> impl Iterator<Item = String> {
    messages(report, &["addresses-outside-elf", "elf-unchecked"])
}

fn messages(report: &Report, codes: &[&str]) -> impl Iterator<Item = String> {
    let problems = report.problems.iter();
    let named = problems.filter(|problem| codes.contains(&&*problem.code));
    named.map(|problem| problem.message.clone())
}

/// Whether functions should have names, and of most call sites none has one.
fn is_mostly_unnamed(report: &Report) -> bool {
    let is_unnamed = |site: &&CallSite| {
        !site.frames.is_empty() && site.frames.iter().all(|frame| frame.function.is_none())
    };
    let unnamed = report.call_sites.iter().filter(is_unnamed).count();
    report.trace.has_symbols && unnamed * 2 > report.call_sites.len()
}
