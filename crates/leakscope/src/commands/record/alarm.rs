//! `--alarm`: a call site that leaks too fast is told of at once, and in the exit code. Of a recording that is added to
//! another one, only what is new is judged.

use std::collections::BTreeSet;
use std::fmt;
use std::time::{Duration, Instant};

use leakscope_compare::rate::Rate;
use leakscope_report::{Report, Standing, units};

use super::alone::Alone;
use super::live::Reader;
use super::status;

/// Call sites are looked at this often.
const PERIOD: Duration = Duration::from_secs(1);

/// What raises it, and by what it was raised.
pub(super) struct Alarm<'s> {
    limit: Rate,
    /// Reads what is new, if that is not all of the recording.
    added: Option<Alone<'s>>,
    next_look: Instant,
    /// Call sites, by number.
    raised: BTreeSet<u32>,
}

impl<'s> Alarm<'s> {
    pub(super) fn new(limit: Rate, added: Option<Alone<'s>>) -> Self {
        Self {
            limit,
            added,
            next_look: Instant::now(),
            raised: BTreeSet::new(),
        }
    }

    /// Whether it is time to look.
    pub(super) fn is_due(&self) -> bool {
        Instant::now() >= self.next_look
    }

    /// A line for each call site that was not told of yet. `whole` is the report on all of the recording.
    pub(super) fn look(&mut self, whole: impl FnOnce() -> Report) -> anyhow::Result<Vec<String>> {
        self.next_look = Instant::now() + PERIOD;
        let report = match &mut self.added {
            None => whole(),
            Some(added) => {
                while added.read()?.0 {}
                added.report()
            }
        };
        let limit = self.limit;
        let sites = report.call_sites.iter();
        let fast = sites.filter(|site| {
            site.standing == Standing::Leak
                && Rate::of(site, &report.totals, limit.per)
                    .is_some_and(|rate| rate.bytes >= limit.bytes)
        });
        let mut lines = Vec::new();
        for site in fast {
            if self.raised.insert(site.id) {
                let rate = report.clock().rate(site.growth_bytes, site.growth_ticks);
                let place = status::place(site).unwrap_or_default();
                lines.push(format!(
                    "ALARM:{place} leaks {rate}, more than {limit}: {}",
                    site.reason
                ));
            }
        }
        Ok(lines)
    }

    /// What is to be said at the end.
    pub(super) fn raised(&self) -> Option<Alarmed> {
        (!self.raised.is_empty()).then_some(Alarmed {
            sites: self.raised.len() as u64,
            limit: self.limit,
        })
    }
}

/// The alarm was raised: what the device does is wrong, and not the recording.
#[derive(Debug)]
pub(crate) struct Alarmed {
    sites: u64,
    limit: Rate,
}

impl std::error::Error for Alarmed {}

impl fmt::Display for Alarmed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sites = units::counted(self.sites, "call site");
        write!(f, "{sites} leaked faster than --alarm {}", self.limit)
    }
}
