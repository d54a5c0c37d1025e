//! Who ran, and who used the heap.

use std::collections::BTreeMap;

use leakscope_analysis::trace::Context;
use serde::Serialize;

use super::address;
use super::census::{Census, ContextSum};
use crate::engine::Engine;
use crate::index::contexts::UNKNOWN;
use crate::names::{context_kind, context_name, context_rank};
use crate::query::Window;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Tasks {
    from: u64,
    to: u64,
    limited: bool,
    complete: bool,
    counted_to: u64,
    tasks: Vec<Task>,
    matrix: Vec<Exchanged>,
    unknown_ticks: Vec<Unknown>,
}

#[derive(Clone, Debug, Serialize)]
struct Task {
    context: u16,
    name: String,
    kind: &'static str,
    address: Option<String>,
    priority: Option<u32>,
    stack: Option<Stack>,
    run: Vec<Run>,
    allocations: u64,
    allocated_bytes: u64,
    frees: u64,
    freed_bytes: u64,
    net_bytes: i64,
    outstanding_bytes: u64,
    peak_bytes: Option<u64>,
}

#[derive(Clone, Debug, Serialize)]
struct Stack {
    base: String,
    size: Option<u32>,
    used: Option<u32>,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Run {
    core: u8,
    ticks: u64,
    share: f64,
    switches: u64,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Exchanged {
    allocated_by: u16,
    freed_by: u16,
    blocks: u64,
    bytes: u64,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Unknown {
    core: u8,
    ticks: u64,
}

impl Engine<'_> {
    pub(crate) fn tasks(&mut self, window: Option<Window>) -> Tasks {
        let window = self.bounded(window);
        let length = (window.to - window.from) as f64;
        let census = self.census(window);
        let complete = census.is_none_or(Census::is_complete);
        let counted_to = census.map_or(window.to, Census::counted_to);
        let (limited, runs, sums, pairs) = match self.census(window) {
            Some(census) => (
                true,
                census.runs.clone(),
                census.contexts.clone(),
                census.exchange.pairs(),
            ),
            None => (
                false,
                self.all_runs(),
                BTreeMap::new(),
                self.scan.index.exchange.pairs(),
            ),
        };
        let (outcome, _, scan) = self.outcome();
        let contexts = scan.index.contexts.list();
        let unknown_ticks = runs.iter().filter(|((_, context), _)| *context == UNKNOWN);
        let unknown_ticks = unknown_ticks.map(|(&(core, _), &(ticks, _))| Unknown { core, ticks });
        let unknown_ticks = unknown_ticks.collect();
        let task = |number: u16, context: Context| {
            let run = runs.iter().filter(|((_, runs), _)| *runs == number);
            let run = run.map(|(&(core, _), &(ticks, switches))| Run {
                core,
                ticks,
                share: ticks as f64 / length,
                switches,
            });
            let known = match context {
                Context::Task(task) => scan.trace.tasks().get(task.index()),
                _ => None,
            };
            let mut usages = outcome.contexts.iter();
            let usage = usages.rfind(|usage| usage.context == context);
            let sum = match (limited, usage) {
                (true, _) => sums.get(&number).copied().unwrap_or_default(),
                (false, None) => ContextSum::default(),
                (false, Some(usage)) => ContextSum {
                    allocated: crate::index::exchange::Sum {
                        blocks: usage.allocations,
                        bytes: usage.allocated_bytes,
                    },
                    freed: crate::index::exchange::Sum {
                        blocks: usage.frees,
                        bytes: usage.freed_bytes,
                    },
                    live_bytes: usage.outstanding_bytes,
                },
            };
            Task {
                context: number,
                name: context_name(context, &scan.trace),
                kind: context_kind(context),
                address: known.map(|task| address(task.address.into())),
                priority: known.and_then(|task| task.priority),
                stack: known.and_then(|task| task.stack).map(|stack| Stack {
                    base: address(stack.base.into()),
                    // ESP-IDF sends the difference the wrong way round, as a negative number.
                    size: Some(stack.size).filter(|&size| i32::try_from(size).is_ok()),
                    used: Some(stack.usage).filter(|&usage| usage > 0),
                }),
                run: run.collect(),
                allocations: sum.allocated.blocks,
                allocated_bytes: sum.allocated.bytes,
                frees: sum.freed.blocks,
                freed_bytes: sum.freed.bytes,
                net_bytes: sum.allocated.bytes as i64 - sum.freed.bytes as i64,
                outstanding_bytes: sum.live_bytes,
                peak_bytes: (!limited).then_some(usage.map_or(0, |usage| usage.peak_bytes)),
            }
        };
        let mut numbered: Vec<(u16, Context)> = (0..).zip(contexts.iter().copied()).collect();
        numbered.sort_by_cached_key(|&(_, context)| context_rank(context, &scan.trace));
        Tasks {
            from: window.from,
            to: window.to,
            limited,
            complete,
            counted_to,
            tasks: (numbered.into_iter())
                .map(|(number, context)| task(number, context))
                .collect(),
            matrix: pairs
                .into_iter()
                .map(|((allocated_by, freed_by), sum)| Exchanged {
                    allocated_by,
                    freed_by,
                    blocks: sum.blocks,
                    bytes: sum.bytes,
                })
                .collect(),
            unknown_ticks,
        }
    }

    fn all_runs(&self) -> BTreeMap<(u8, u16), (u64, u64)> {
        let lanes = self.scan.index.lanes.list().iter();
        lanes
            .map(|lane| ((lane.core, lane.context), (lane.run.total, lane.switches)))
            .collect()
    }
}
