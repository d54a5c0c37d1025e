//! Who ran, and who used the heap.

use std::collections::BTreeSet;

use leakscope_analysis::trace::{Context, Task as Known};
use leakscope_report::sanitise;
use serde::Serialize;

use super::Subject;
use super::address;
use super::census::{Census, ContextSum};
use super::counting::Counting;
use crate::index::actors::{Lane, UNKNOWN};
use crate::index::exchange::{Exchange, Sum};
use crate::index::sums::Run;
use crate::names::{context_kind, context_name, context_rank, task_rank};
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

#[derive(Clone, Debug, Default, Serialize)]
struct Task {
    context: i64,
    name: String,
    kind: &'static str,
    address: Option<String>,
    priority: Option<u32>,
    stack: Option<Stack>,
    run: Vec<CoreRun>,
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
struct CoreRun {
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

impl Exchanged {
    fn all(exchange: &Exchange) -> Vec<Self> {
        let pairs = exchange.pairs().into_iter();
        let matrix = pairs.map(|((allocated_by, freed_by), sum)| Self {
            allocated_by,
            freed_by,
            blocks: sum.blocks,
            bytes: sum.bytes,
        });
        matrix.collect()
    }
}

impl Tasks {
    /// Of a window if there is a census of it, otherwise of all of the trace.
    pub(crate) fn new(
        window: Window,
        census: Option<&Counting<Census>>,
        subject: Subject<'_, '_>,
    ) -> Self {
        let (outcome, scan) = (subject.outcome, subject.scan);
        let length = (window.to - window.from) as f64;
        let lanes = scan.actors.lanes();
        let runs = census.map_or_else(
            || scan.index.lanes.runs(),
            |census| census.counter.runs.clone(),
        );
        let mut runs: Vec<(&Lane, Run)> = lanes.iter().zip(runs).collect();
        runs.retain(|(_, run)| census.is_none() || run.ticks + run.switches > 0);
        runs.sort_by_key(|(lane, _)| lane.core);
        let runs_of = |number: u16| runs.iter().filter(move |(lane, _)| lane.context == number);
        let task = |number: u16, context: Context| {
            let run = runs_of(number).map(|(lane, run)| CoreRun {
                core: lane.core,
                ticks: run.ticks,
                share: run.ticks as f64 / length,
                switches: run.switches,
            });
            let known = match context {
                Context::Task(task) => scan.trace.tasks().get(task.index()),
                _ => None,
            };
            let mut usages = outcome.contexts.iter();
            let usage = usages.rfind(|usage| usage.context == context);
            let sum = match (census, usage) {
                (Some(census), _) => census
                    .counter
                    .contexts
                    .get(&number)
                    .copied()
                    .unwrap_or_default(),
                (None, None) => ContextSum::default(),
                (None, Some(usage)) => ContextSum {
                    allocated: Sum {
                        blocks: usage.allocations,
                        bytes: usage.allocated_bytes,
                    },
                    freed: Sum {
                        blocks: usage.frees,
                        bytes: usage.freed_bytes,
                    },
                    live_bytes: usage.outstanding_bytes,
                },
            };
            Task {
                context: number.into(),
                name: context_name(context, &scan.trace),
                kind: context_kind(context),
                run: run.collect(),
                allocations: sum.allocated.blocks,
                allocated_bytes: sum.allocated.bytes,
                frees: sum.freed.blocks,
                freed_bytes: sum.freed.bytes,
                net_bytes: sum.allocated.bytes as i64 - sum.freed.bytes as i64,
                outstanding_bytes: sum.live_bytes,
                peak_bytes: (census.is_none()).then_some(usage.map_or(0, |usage| usage.peak_bytes)),
                ..known.map(Task::of).unwrap_or_default()
            }
        };
        let contexts = scan.actors.contexts();
        let mut ranked: Vec<_> = (0..)
            .zip(contexts)
            .map(|(number, &context)| (context_rank(context, &scan.trace), task(number, context)))
            .collect();
        let seen = contexts.iter().filter_map(|context| match context {
            Context::Task(task) => Some(task.index()),
            _ => None,
        });
        let seen: BTreeSet<usize> = seen.collect();
        // A task that was only named: it never ran and asked for nothing.
        let named = scan.trace.tasks().iter().enumerate();
        ranked.extend(
            named
                .filter(|(place, _)| !seen.contains(place))
                .map(|(_, known)| {
                    let task = Task {
                        peak_bytes: census.is_none().then_some(0),
                        ..Task::of(known)
                    };
                    (task_rank(known), task)
                }),
        );
        ranked.sort_by(|(a, _), (b, _)| a.cmp(b));
        let exchange = census.map_or(&scan.index.exchange, |census| &census.counter.exchange);
        Self {
            from: window.from,
            to: window.to,
            limited: census.is_some(),
            complete: census.is_none_or(Counting::is_complete),
            counted_to: census.map_or(window.to, Counting::counted_to),
            tasks: ranked.into_iter().map(|(_, task)| task).collect(),
            matrix: Exchanged::all(exchange),
            unknown_ticks: runs_of(UNKNOWN)
                .map(|(lane, run)| Unknown {
                    core: lane.core,
                    ticks: run.ticks,
                })
                .collect(),
        }
    }
}

impl Task {
    /// What the recording says of a task, which has done nothing.
    fn of(known: &Known) -> Self {
        Self {
            context: -1,
            name: sanitise(&known.display_name()).into_owned(),
            kind: "task",
            address: Some(address(known.address.into())),
            priority: known.priority,
            stack: known.stack.map(|stack| Stack {
                base: address(stack.base.into()),
                // ESP-IDF sends the difference the wrong way round, as a negative number.
                size: Some(stack.size).filter(|&size| i32::try_from(size).is_ok()),
                used: Some(stack.usage).filter(|&usage| usage > 0),
            }),
            ..Self::default()
        }
    }
}
