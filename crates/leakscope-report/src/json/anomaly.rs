//! Frees that cannot be right, and allocations that found no memory.

use leakscope_analysis::outcome::{self, AnomalyKind};
use serde::Serialize;

use super::call_site::Block;
use super::stack::{self, FrameObject};
use super::{Address, View};
use crate::symbolizer::Symbolizer;

#[derive(Serialize)]
pub(super) struct Anomaly {
    kind: &'static str,
    time_s: Option<f64>,
    time_ticks: u64,
    context: String,
    core: u8,
    address: Address,
    frames: Vec<FrameObject>,
    first_free: Option<FirstFree>,
    inside: Option<Inside>,
}

#[derive(Serialize)]
struct FirstFree {
    time_s: Option<f64>,
    time_ticks: u64,
    frames: Vec<FrameObject>,
}

#[derive(Serialize)]
struct Inside {
    block: Block,
    allocated_by: Vec<FrameObject>,
}

impl Anomaly {
    pub(super) fn new(
        view: View<'_>,
        symbolizer: &mut Symbolizer<'_>,
        anomaly: &outcome::Anomaly,
    ) -> Self {
        let frames = stack::of_addresses(symbolizer, &anomaly.stack);
        let (kind, first_free, inside) = match &anomaly.kind {
            AnomalyKind::DoubleFree { freed_at, freed_by } => {
                let first = FirstFree {
                    time_s: view.seconds(*freed_at),
                    time_ticks: *freed_at,
                    frames: stack::of_addresses(symbolizer, freed_by),
                };
                ("double-free", Some(first), None)
            }
            AnomalyKind::WrongFree {
                block,
                allocated_by,
            } => {
                let inside = Inside {
                    block: Block::new(view, block),
                    allocated_by: stack::of_addresses(symbolizer, allocated_by),
                };
                ("wrong-free", None, Some(inside))
            }
        };
        Self {
            kind,
            time_s: view.seconds(anomaly.time),
            time_ticks: anomaly.time,
            context: view.context(anomaly.context),
            core: anomaly.core,
            address: Address(anomaly.address),
            frames,
            first_free,
            inside,
        }
    }
}

#[derive(Serialize)]
pub(super) struct FailedAllocation {
    size_bytes: u64,
    time_s: Option<f64>,
    time_ticks: u64,
    context: String,
    core: u8,
    retried: bool,
    live_bytes: u64,
    frames: Vec<FrameObject>,
}

impl FailedAllocation {
    pub(super) fn new(
        view: View<'_>,
        symbolizer: &mut Symbolizer<'_>,
        failure: &outcome::FailedAllocation,
    ) -> Self {
        Self {
            size_bytes: failure.size,
            time_s: view.seconds(failure.time),
            time_ticks: failure.time,
            context: view.context(failure.context),
            core: failure.core,
            retried: failure.retried,
            live_bytes: failure.live_bytes,
            frames: stack::of_addresses(symbolizer, &failure.stack),
        }
    }
}
