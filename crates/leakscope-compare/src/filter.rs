//! What a device was told to leave out: recordings with different filters are of different blocks.

use leakscope_report::{Report, unrecorded};

use crate::doubt::Doubt;

/// What was left out as a doubt: leaks that were found are leaks all the same.
pub(crate) fn doubt(report: &Report, hint: &'static str) -> Option<Doubt> {
    let what = unrecorded(report)?;
    Some(Doubt {
        is_of_more: true,
        ..Doubt::new(
            format!("the device was told to leave blocks out: {what}"),
            hint,
        )
    })
}

/// Whether all reports lack the same, or nothing.
pub(crate) fn is_common<'r>(reports: impl Iterator<Item = &'r Report>) -> bool {
    let mut all = reports.map(unrecorded);
    let first = all.next();
    all.all(|other| Some(other) == first)
}
