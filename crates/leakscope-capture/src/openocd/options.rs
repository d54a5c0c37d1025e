//! What a recording through OpenOCD has to know.

use std::fmt;
use std::time::Duration;

use crate::gdb::Plan;

/// From where to where is recorded, and what addresses mean.
pub struct Options {
    /// From where to where.
    pub plan: Plan,
    /// How long the target may take to come to the start.
    pub start_limit: Duration,
    /// Where RTT's control block is: for targets that are not Espressif's.
    pub rtt: RttPlace,
    /// A name for an address of the program, as the user knows it: `heap_trace_start`.
    pub name: Box<dyn Fn(u64) -> String + Send>,
}

/// Where RTT's control block is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RttPlace {
    /// Nowhere: it is not known where the target's RAM is.
    Unknown,
    /// At this address (the symbol `_SEGGER_RTT`).
    At(u64),
    /// Somewhere in this range.
    Within {
        /// The first address.
        start: u64,
        /// How many bytes.
        length: u64,
    },
}

impl Options {
    /// Options for this plan; addresses are shown as numbers.
    pub fn new(plan: Plan) -> Self {
        Self {
            plan,
            start_limit: Duration::from_secs(30),
            rtt: RttPlace::Unknown,
            name: Box::new(|address| format!("{address:#x}")),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Options")
            .field("plan", &self.plan)
            .field("start_limit", &self.start_limit)
            .field("rtt", &self.rtt)
            .finish_non_exhaustive()
    }
}
