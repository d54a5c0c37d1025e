//! Whether the functions that a report names are those of the program that was recorded.

use leakscope_report::Report;
use leakscope_report::document::call_site::CallSite;

use crate::doubt::Doubt;

/// What to do if a problem does not say it.
const HINT: &str = "give the ELF file of the very build that was recorded";

/// Problems that mean that another program was recorded.
const ANOTHER_PROGRAM: [&str; 2] = ["elf-differs", "not-behind-calls"];

/// What speaks against the program; nothing if the names can be relied on.
pub(crate) fn doubts(report: &Report) -> Vec<Doubt> {
    let mut doubts: Vec<Doubt> = Doubt::of_problems(report, &ANOTHER_PROGRAM, HINT).collect();
    if is_mostly_unnamed(report) {
        let what = "the ELF file names hardly any function of the call stacks: it is stripped, or another program ran";
        doubts.push(Doubt::new(what, HINT));
    }
    doubts
}

/// Whether functions may have the names of others. Where nothing has a name, call sites are what they are without an ELF file.
pub(crate) fn misnames(report: &Report) -> bool {
    let is_another = |code: &str| ANOTHER_PROGRAM.contains(&code);
    let mut frames = report.call_sites.iter().flat_map(|site| &site.frames);
    (report.problems.iter()).any(|problem| is_another(&problem.code))
        || is_mostly_unnamed(report) && frames.any(|frame| frame.function.is_some())
}

/// What could not be found out of the program, where nothing speaks against it.
pub(crate) fn open_questions(report: &Report) -> Vec<Doubt> {
    Doubt::of_problems(
        report,
        &["addresses-outside-elf", "place-unknown", "elf-unchecked"],
        HINT,
    )
    .collect()
}

/// Whether functions should have names, and of most call sites none has one.
fn is_mostly_unnamed(report: &Report) -> bool {
    let is_unnamed = |site: &&CallSite| {
        !site.frames.is_empty() && site.frames.iter().all(|frame| frame.function.is_none())
    };
    let unnamed = report.call_sites.iter().filter(is_unnamed).count();
    report.trace.has_symbols && unnamed * 2 > report.call_sites.len()
}
