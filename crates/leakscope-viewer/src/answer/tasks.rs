//! Who ran, and who used the heap.

use std::collections::BTreeMap;

use leakscope_analysis::outcome::ContextUsage;
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
use crate::scan::Scan;

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
    share: Option<f64>,
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
        let lanes = scan.actors.lanes();
        let runs = census.map_or_else(
            || scan.index.lanes.runs(),
            |census| census.counter.runs.clone(),
        );
        let mut runs: Vec<(&Lane, Run)> = lanes.iter().zip(runs).collect();
        runs.retain(|(_, run)| census.is_none() || run.ticks + run.switches > 0);
        runs.sort_by_key(|(lane, _)| lane.core);
        // The time of which it is known what ran.
        let mut known = BTreeMap::new();
        for (lane, run) in runs.iter().filter(|(lane, _)| lane.context != UNKNOWN) {
            *known.entry(lane.core).or_insert(0) += run.ticks;
        }
        let used = used(&outcome.contexts, scan);
        let runs_of = |number: u16| runs.iter().filter(move |(lane, _)| lane.context == number);
        let task = |number: u16, context: Context| {
            let run = runs_of(number).map(|(lane, run)| CoreRun {
                core: lane.core,
                ticks: run.ticks,
                share: (number != UNKNOWN).then(|| {
                    let all: u64 = known.get(&lane.core).copied().unwrap_or(0);
                    run.ticks as f64 / all.max(1) as f64
                }),
                switches: run.switches,
            });
            let known = match context {
                Context::Task(task) => scan.trace.tasks().get(task.index()),
                _ => None,
            };
            let sum = match census {
                Some(census) => {
                    let contexts = &census.counter.contexts;
                    contexts.get(&number).copied().unwrap_or_default()
                }
                None => used
                    .get(&number)
                    .map_or_else(ContextSum::default, |used| used.0),
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
                peak_bytes: (census.is_none()).then(|| used.get(&number).map_or(0, |used| used.1)),
                ..known.map(Task::of).unwrap_or_default()
            }
        };
        let mut ranked: Vec<_> = (0..)
            .zip(scan.actors.contexts())
            .map(|(number, &context)| (context_rank(context, &scan.trace), task(number, context)))
            .collect();
        ranked.extend(only_named(scan).into_iter().map(|known| {
            let task = Task {
                peak_bytes: census.is_none().then_some(0),
                ..Task::of(known)
            };
            (task_rank(known), task)
        }));
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

/// How each context used the heap in all sessions, and the most of it that lived at once.
fn used(usages: &[ContextUsage], scan: &Scan<'_>) -> BTreeMap<u16, (ContextSum, u64)> {
    let mut used: BTreeMap<u16, (ContextSum, u64)> = BTreeMap::new();
    for usage in usages {
        let Some(number) = scan.actors.context(usage.context) else {
            continue;
        };
        let (sum, peak) = used.entry(number).or_default();
        sum.allocated.join(Sum {
            blocks: usage.allocations,
            bytes: usage.allocated_bytes,
        });
        sum.freed.join(Sum {
            blocks: usage.frees,
            bytes: usage.freed_bytes,
        });
        sum.live_bytes += usage.outstanding_bytes;
        *peak = usage.peak_bytes.max(*peak);
    }
    used
}

/// The tasks that never ran and asked for nothing, each once and not after every reset.
fn only_named<'s>(scan: &'s Scan<'_>) -> Vec<&'s Known> {
    let tasks = scan.trace.tasks();
    let mut seen = vec![false; tasks.len()];
    for task in scan.actors.tasks() {
        seen[task.index()] = true;
    }
    // Of each name, after how many resets it was heard of first.
    let mut heard = BTreeMap::new();
    for (known, _) in tasks.iter().zip(&seen).filter(|(_, seen)| **seen) {
        heard.entry(known.display_name()).or_insert(known.resets);
    }
    let unseen = tasks.iter().zip(seen).filter(|(_, seen)| !seen);
    unseen
        .filter(|(known, _)| {
            *heard.entry(known.display_name()).or_insert(known.resets) == known.resets
        })
        .map(|(known, _)| known)
        .collect()
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
