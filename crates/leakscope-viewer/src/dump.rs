//! A heap dump in a console's log, in place of a recording: it has call sites and blocks, and no times.

use std::io;
use std::sync::Arc;

use leakscope_analysis::dump::{Log, Mode};
use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::trace::Feed;
use leakscope_report::program::{self, AllocatorFrames};
use leakscope_report::{Decorated, FrameSource};
use leakscope_symbols::{CodeFrame, Symbols};
use serde::Serialize;

use crate::source::TraceInputs;

/// What a device has printed of its heap.
#[derive(Clone, Debug)]
pub struct Dump {
    /// The log's name, as the user would call it.
    pub name: String,
    /// What was found in it.
    pub log: Log,
}

impl Dump {
    /// What the last whole dump says, with an ELF file's functions or a monitor's.
    pub(crate) fn outcome(&self, symbols: Option<&Symbols>) -> Outcome {
        let Some(symbols) = symbols else {
            return self
                .log
                .outcome(&mut AllocatorFrames(Some(&Decorated(&self.log))));
        };
        let mut outcome = self.log.outcome(&mut AllocatorFrames(Some(symbols)));
        program::check(symbols, &mut outcome);
        outcome
    }

    /// Whether a monitor has named functions in it.
    pub(crate) fn has_names(&self) -> bool {
        !self.log.decorations.is_empty()
    }

    pub(crate) fn summary(&self) -> Summary {
        let dump = self.log.fullest();
        Summary {
            dumps: self.log.dumps.len(),
            records: dump.map_or(0, |dump| dump.records.len()),
            capacity: dump.and_then(|dump| dump.capacity),
            mode: dump.and_then(|dump| dump.mode).map(|mode| match mode {
                Mode::All => "all",
                Mode::Leaks => "leaks",
            }),
            total_allocations: dump.and_then(|dump| dump.total_allocations),
            total_frees: dump.and_then(|dump| dump.total_frees),
        }
    }
}

impl FrameSource for Dump {
    fn frames(&self, return_address: u64) -> Arc<[CodeFrame]> {
        Decorated(&self.log).frames(return_address)
    }
}

/// What the page says of a dump.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Summary {
    /// How many the log holds.
    dumps: usize,
    records: usize,
    /// `None` if the first line of the dump is missing.
    capacity: Option<u64>,
    mode: Option<&'static str>,
    total_allocations: Option<u64>,
    total_frees: Option<u64>,
}

/// The log, as the engine knows inputs: there is no packet in it.
pub(crate) struct Packetless {
    name: String,
    length: u64,
}

impl Packetless {
    pub(crate) fn of(dump: &Dump) -> Self {
        Self {
            name: dump.name.clone(),
            length: dump.log.bytes,
        }
    }
}

impl Feed for Packetless {
    type Error = io::Error;

    fn read_at(&mut self, _: usize, _: u64, _: &mut [u8]) -> io::Result<usize> {
        Ok(0)
    }
}

impl TraceInputs for Packetless {
    fn names(&self) -> Vec<String> {
        vec![self.name.clone()]
    }

    fn head(&mut self, _: usize) -> io::Result<Vec<u8>> {
        Ok(Vec::new())
    }

    fn length(&self) -> u64 {
        self.length
    }
}
