//! What a recording through OpenOCD has to know.

use std::fmt;
use std::time::Duration;

use crate::gdb::Plan;
use crate::interrupt::Interrupt;
use crate::memory::WordLayout;
use crate::rtt::Place;

/// From where to where is recorded, and what addresses mean.
pub struct OpenOcdOptions {
    /// From where to where.
    pub plan: Plan,
    /// How long the target may take to come to the start.
    pub start_limit: Duration,
    /// Where RTT's control block is, unless the target is Espressif's; `None`: it is not known.
    pub rtt: Option<Place>,
    /// How numbers lie in the target's memory.
    pub layout: WordLayout,
    /// Whether the user has had enough.
    pub interrupt: Interrupt,
    /// A name for an address of the program, as the user knows it: `heap_trace_start`.
    pub name: Box<dyn Fn(u64) -> String + Send>,
}

impl OpenOcdOptions {
    /// OpenOcdOptions for this plan; addresses are shown as numbers.
    pub fn new(plan: Plan) -> Self {
        Self {
            plan,
            start_limit: Duration::from_secs(30),
            rtt: None,
            layout: WordLayout::default(),
            interrupt: Interrupt::default(),
            name: Box::new(|address| format!("{address:#x}")),
        }
    }
}

impl fmt::Debug for OpenOcdOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OpenOcdOptions")
            .field("plan", &self.plan)
            .field("start_limit", &self.start_limit)
            .field("rtt", &self.rtt)
            .finish_non_exhaustive()
    }
}
