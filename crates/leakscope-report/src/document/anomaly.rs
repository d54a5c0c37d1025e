//! Frees that cannot be right, and allocations that found no memory.

use std::sync::Arc;

use leakscope_analysis::outcome;
use serde::{Deserialize, Serialize};

use super::call_site::Block;
use super::{Address, Facts};
use crate::symbolizer::{NamedFrame, Symbolizer};

/// A free that cannot be right.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Anomaly {
    /// What is wrong about it.
    pub kind: AnomalyKind,
    /// Whether an allocation before it may have gone unseen, or a free before it may have been none: then it may be right.
    #[serde(default)]
    pub is_doubtful: bool,
    /// When, in seconds.
    pub time_s: Option<f64>,
    /// When, in ticks.
    pub time_ticks: u64,
    /// By whom.
    pub context: Arc<str>,
    /// On which core.
    pub core: u8,
    /// The address that was freed.
    pub address: Address,
    /// From where, the allocator's frames included.
    pub frames: Vec<NamedFrame>,
    /// Of a double free: the one before.
    pub first_free: Option<FirstFree>,
    /// Of a wrong free: the block around the address.
    pub inside: Option<Inside>,
}

/// What is wrong about a free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnomalyKind {
    /// The block had been freed.
    DoubleFree,
    /// The address lies inside a block.
    WrongFree,
}

/// When a block was freed that is freed again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FirstFree {
    /// In seconds.
    pub time_s: Option<f64>,
    /// In ticks.
    pub time_ticks: u64,
    /// From where, the allocator's frames included.
    pub frames: Vec<NamedFrame>,
}

/// The block around an address that is freed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inside {
    /// The block.
    pub block: Block,
    /// From where it was allocated, the allocator's frames included.
    pub allocated_by: Vec<NamedFrame>,
}

impl Anomaly {
    pub(super) fn new(
        facts: &Facts<'_>,
        symbolizer: &mut Symbolizer<'_>,
        anomaly: &outcome::Anomaly,
    ) -> Self {
        let frames = symbolizer.all_frames(&anomaly.stack);
        let (kind, first_free, inside) = match &anomaly.kind {
            outcome::AnomalyKind::DoubleFree { freed_at, freed_by } => {
                let first = FirstFree {
                    time_s: facts.seconds(*freed_at),
                    time_ticks: *freed_at,
                    frames: symbolizer.all_frames(freed_by),
                };
                (AnomalyKind::DoubleFree, Some(first), None)
            }
            outcome::AnomalyKind::WrongFree {
                block,
                allocated_by,
            } => {
                let inside = Inside {
                    block: Block::new(facts, block),
                    allocated_by: symbolizer.all_frames(allocated_by),
                };
                (AnomalyKind::WrongFree, None, Some(inside))
            }
        };
        Self {
            kind,
            is_doubtful: anomaly.is_doubtful,
            time_s: facts.seconds(anomaly.time),
            time_ticks: anomaly.time,
            context: facts.context(anomaly.context),
            core: anomaly.core,
            address: Address(anomaly.address),
            frames,
            first_free,
            inside,
        }
    }
}

/// An allocation that found no memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FailedAllocation {
    /// The size asked for.
    pub size_bytes: u64,
    /// When, in seconds.
    pub time_s: Option<f64>,
    /// When, in ticks.
    pub time_ticks: u64,
    /// By whom.
    pub context: Arc<str>,
    /// On which core.
    pub core: u8,
    /// Whether the same request found memory in another region at once.
    pub retried: bool,
    /// Bytes of the trace's blocks that lived then.
    pub live_bytes: u64,
    /// From where, the allocator's frames included.
    pub frames: Vec<NamedFrame>,
}

impl FailedAllocation {
    pub(super) fn new(
        facts: &Facts<'_>,
        symbolizer: &mut Symbolizer<'_>,
        failure: &outcome::FailedAllocation,
    ) -> Self {
        Self {
            size_bytes: failure.size,
            time_s: facts.seconds(failure.time),
            time_ticks: failure.time,
            context: facts.context(failure.context),
            core: failure.core,
            retried: failure.retried,
            live_bytes: failure.live_bytes,
            frames: symbolizer.all_frames(&failure.stack),
        }
    }
}
