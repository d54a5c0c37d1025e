//! The recordings of one side, added up.

use leakscope_report::{Conclusion, Report};
use serde::Serialize;

use crate::doubt::Doubt;

/// Recordings of one side.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Side {
    /// The inputs of each, as they were named.
    pub recordings: Vec<Vec<String>>,
    /// How long all of them were, in seconds.
    pub length_s: Option<f64>,
    /// Their cycles, after the first two of each.
    pub cycles: u64,
    /// What speaks against the data, or the program whose functions are named, with the inputs, a sentence each, without full
    /// stops: then nothing is compared.
    pub doubts: Vec<Doubt>,
    /// What the worst of them says of leaks.
    pub conclusion: Conclusion,
    /// Growth of all leaks together, in bytes per unit.
    pub growth_bytes: Option<f64>,
    /// Blocks that were outstanding, on average.
    pub outstanding_blocks: f64,
    /// Their bytes.
    pub outstanding_bytes: f64,
    /// The most bytes that lived at once in any of them.
    pub peak_bytes: u64,
    /// Blocks allocated, in all of them.
    pub allocations: u64,
}

impl Side {
    pub(super) fn of(reports: &[&Report], growth_bytes: Option<f64>, doubts: Vec<Doubt>) -> Self {
        let runs = reports.len().max(1) as f64;
        let sum = |of: fn(&Report) -> u64| reports.iter().map(|report| of(report)).sum::<u64>();
        let lengths = reports.iter().map(|report| report.trace.length_s);
        let uncertainty = |report: &&Report| match report.conclusion {
            Conclusion::NoLeakSeen => 0,
            Conclusion::Leak => 1,
            Conclusion::Uncertain => 2,
            Conclusion::NothingKnown => 3,
        };
        let worst = reports.iter().copied().max_by_key(uncertainty);
        Self {
            recordings: (reports.iter())
                .map(|report| report.trace.inputs.clone())
                .collect(),
            length_s: lengths.sum(),
            cycles: sum(|report| report.totals.cycles),
            doubts,
            conclusion: worst.map_or(Conclusion::NothingKnown, |report| report.conclusion),
            growth_bytes,
            outstanding_blocks: sum(|report| report.totals.outstanding_blocks) as f64 / runs,
            outstanding_bytes: sum(|report| report.totals.outstanding_bytes) as f64 / runs,
            peak_bytes: (reports.iter())
                .map(|report| report.totals.peak_bytes)
                .max()
                .unwrap_or(0),
            allocations: sum(|report| report.totals.allocations),
        }
    }
}
