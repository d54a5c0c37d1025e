//! Moments of a recording that pauses: what lived before a pause may have been freed in it, and nobody has seen that.

use std::collections::BTreeMap;

use leakscope_report::Report;

use super::matching::Pair;
use super::site::Site;
use super::status::Status;

/// Why nothing is told of a call site.
const NOTE: &str = "what lived before a pause of the recording may have been freed in it: without that, it is not more each time";

/// Which moments have a pause between them, and what is unsure at each.
pub(super) struct Pauses<'u> {
    /// When the session of each moment begins.
    sessions: Vec<u64>,
    /// By call sites' numbers: bytes that may have been freed in a pause.
    unsure: &'u [BTreeMap<u32, u64>],
}

impl<'u> Pauses<'u> {
    pub(super) fn new<'r>(
        moments: impl Iterator<Item = &'r &'r Report>,
        unsure: &'u [BTreeMap<u32, u64>],
    ) -> Self {
        let begin = |report: &&Report| report.sessions.last().map_or(0, |last| last.start_ticks);
        Self {
            sessions: moments.map(begin).collect(),
            unsure,
        }
    }

    /// A call site that has more at each moment is worse only if it would be so had all been freed in pauses that may have been.
    pub(super) fn weigh(&self, site: &mut Site, pair: &Pair<'_>) {
        if !matches!(site.status, Status::Worse | Status::New) {
            return;
        }
        let runs = pair.before.iter().chain(&pair.after);
        let unsure = runs.zip(self.unsure).map(|(sites, unsure)| -> u64 {
            let sites = sites.iter().filter_map(|site| unsure.get(&site.id));
            sites.sum()
        });
        let sides = [
            &*site.before.outstanding_bytes,
            &site.after.outstanding_bytes,
        ]
        .concat();
        let all: Vec<_> = self.sessions.iter().zip(sides).zip(unsure).collect();
        let is_sure = all.iter().zip(all.iter().skip(1)).all(|(before, after)| {
            let (((session, bytes), _), ((next, later), unsure)) = (before, after);
            session == next || later.saturating_sub(*unsure) > *bytes
        });
        if !is_sure {
            site.status = Status::CannotTell;
            site.note = Some(NOTE);
        }
    }
}
