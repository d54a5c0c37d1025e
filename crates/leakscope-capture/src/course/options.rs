//! What a recording in a debugger's hands has to know.

use std::fmt;
use std::time::Duration;

use super::Plan;
use crate::gdb::Architecture;
use crate::interrupt::Interrupt;
use crate::memory::{SnapshotRequest, WordLayout};
use crate::receiver::place;
use crate::rtt::Place;

/// From where to where is recorded, and what addresses mean.
pub struct Options {
    /// From where to where.
    pub plan: Plan,
    /// After this time without the start, it is said to be missed.
    pub patience: Duration,
    /// Where RTT's control block is, unless the target is Espressif's; `None`: it is not known.
    pub rtt: Option<Place>,
    /// What the program's ELF file says of the processor.
    pub processor: Option<(Architecture, WordLayout)>,
    /// Stop a target that has to be stopped for each look only when its buffer may be nearly full.
    pub few_stops: bool,
    /// What is to be read of the target's memory at the end, if anything.
    pub image: Option<SnapshotRequest>,
    /// Whether the user has had enough.
    pub interrupt: Interrupt,
    /// A name for an address of the program, as the user knows it: `heap_trace_start`.
    pub name: Box<dyn Fn(u64) -> String + Send>,
}

impl Options {
    /// Of a program of which nothing else is known; addresses are shown as numbers.
    pub fn new(plan: Plan) -> Self {
        Self {
            plan,
            patience: Duration::from_secs(30),
            rtt: None,
            processor: None,
            few_stops: false,
            image: None,
            interrupt: Interrupt::default(),
            name: Box::new(|address| format!("{address:#x}")),
        }
    }

    /// How numbers lie in the target's memory.
    pub(crate) fn layout(&self) -> WordLayout {
        self.processor
            .map_or_else(WordLayout::default, |(_, layout)| layout)
    }

    /// What is said of a start that was not reached for so long; and where the target is instead, if that is known.
    pub(crate) fn missed(&self, start: u64, address: Option<u64>) -> String {
        let place = match address {
            Some(_) => format!("; it is at {}", place(address, &*self.name)),
            None => String::new(),
        };
        format!(
            "the program did not reach {} within {} s{place}. If it gets there only when it starts, add --reset; \
             --start names another place",
            (self.name)(start),
            self.patience.as_secs_f32()
        )
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Options")
            .field("plan", &self.plan)
            .field("patience", &self.patience)
            .field("rtt", &self.rtt)
            .field("processor", &self.processor)
            .field("few_stops", &self.few_stops)
            .field("image", &self.image)
            .finish_non_exhaustive()
    }
}
