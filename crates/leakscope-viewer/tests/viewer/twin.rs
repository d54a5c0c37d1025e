//! The naive twin: every event, kept, with who ran and what lived after it.

use std::collections::BTreeMap;

use leakscope_analysis::heap::{Effect, HeapModel, KeepAll};
use leakscope_analysis::trace::{Context, Event, EventKind, HeapEvent, Layout, Step, Trace};
use leakscope_systemview::{Print, id};

/// An event that was kept.
pub(crate) struct Kept {
    pub(crate) time: u64,
    /// When what it says of who runs begins to hold: of a gap is told at its end.
    pub(crate) since: u64,
    pub(crate) core: u8,
    pub(crate) context: String,
    pub(crate) kind: &'static str,
    pub(crate) live_bytes: u64,
    pub(crate) heap: Option<HeapEvent>,
    pub(crate) effect: Option<Effect>,
    pub(crate) stack: Vec<u64>,
    /// Of a log message.
    pub(crate) text: String,
    /// Who runs on each core after it.
    pub(crate) running: Vec<Context>,
}

/// A trace, kept.
pub(crate) struct Twin {
    pub(crate) events: Vec<Kept>,
    pub(crate) names: BTreeMap<u32, String>,
}

/// The name of a context, for those of the made-up program.
fn name(context: Context, trace: &Trace) -> String {
    match context {
        Context::Unknown => "unknown".to_owned(),
        Context::Idle => "idle".to_owned(),
        Context::Scheduler => "scheduler".to_owned(),
        Context::Task(task) => trace.tasks()[task.index()].display_name(),
        Context::Interrupt(_) => "SysTick".to_owned(),
    }
}

fn kind(event: &Event<'_>) -> &'static str {
    match (event.kind, event.id) {
        (EventKind::Heap(_), _) => "heap",
        (EventKind::Api, _) => "api",
        (EventKind::Log(Print { options, .. }) | EventKind::LogInElf { options, .. }, _) => {
            ["log", "warning", "error", "log"][options as usize & 3]
        }
        (EventKind::Mark { .. }, _) | (EventKind::System, id::MARK_START | id::MARK_STOP) => "mark",
        (EventKind::Gap { .. }, _) => "gap",
        (EventKind::Unreadable, _) => "damaged",
        (EventKind::System, id::ISR_ENTER | id::ISR_EXIT | id::ISR_TO_SCHEDULER) => "isr",
        (
            EventKind::System,
            id::TASK_START_EXEC..=id::TASK_CREATE | id::TASK_TERMINATE | id::IDLE,
        ) => "task",
        (EventKind::Module | EventKind::FreeOfOther { .. }, _) => "module",
        _ => "system",
    }
}

/// What turns out to have been no free, as its reallocation failed, did nothing.
fn take_back(events: &mut [Kept]) {
    let mut freed: BTreeMap<u64, usize> = BTreeMap::new();
    let mut unknown: BTreeMap<String, usize> = BTreeMap::new();
    for place in 0..events.len() {
        match events[place].effect {
            Some(Effect::Free { ended }) => {
                freed.insert(ended.block.address, place);
            }
            Some(Effect::UnknownFree(_)) => {
                unknown.insert(events[place].context.clone(), place);
            }
            Some(Effect::Failed {
                site,
                size,
                revived,
                spares_older,
            }) => {
                let begin = match revived {
                    Some(revived) => freed[&revived.block.address],
                    None if spares_older => unknown[&events[place].context],
                    None => continue,
                };
                events[begin].effect = None;
                for between in &mut events[begin..place] {
                    between.live_bytes += revived.map_or(0, |revived| revived.block.size);
                }
                events[place].effect = Some(Effect::Failed {
                    site,
                    size,
                    revived: None,
                    spares_older: false,
                });
            }
            _ => {}
        }
    }
}

impl Twin {
    pub(crate) fn of(inputs: &[Vec<u8>]) -> Self {
        let heads: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
        let layout = Layout::of(&heads);
        let mut trace = Trace::new(&layout);
        let mut heap = HeapModel::default();
        let mut events = Vec::new();
        while let Ok(Step::Event(event, trace)) = trace.step(inputs) {
            let effect = heap.observe(&event, trace.stacks(), &mut KeepAll);
            let of_heap = match event.kind {
                EventKind::Heap(of_heap) => Some(of_heap),
                _ => None,
            };
            let stack = match of_heap {
                Some(HeapEvent::Allocation { stack, .. }) => trace.stacks().frames(stack),
                _ => &[],
            };
            events.push(Kept {
                time: event.time,
                since: match event.kind {
                    EventKind::Gap { from, .. } => from,
                    _ => event.time,
                },
                core: event.core,
                context: name(event.context, trace),
                kind: kind(&event),
                live_bytes: heap.live_bytes(),
                heap: of_heap,
                effect,
                stack: stack.to_vec(),
                text: match event.kind {
                    EventKind::Log(print) => print.formatted().to_string(),
                    _ => String::new(),
                },
                running: (0..2).map(|core| trace.running(core)).collect(),
            });
        }
        take_back(&mut events);
        let tasks = trace.tasks().iter();
        let names = tasks.map(|task| (task.address, task.display_name()));
        Self {
            events,
            names: names.collect(),
        }
    }

    /// How long each context ran on a core within a window, by name.
    pub(crate) fn run(
        &self,
        core: u8,
        from: u64,
        to: u64,
        name: impl Fn(Context) -> String,
    ) -> BTreeMap<String, u64> {
        let mut sums = BTreeMap::new();
        let mut since: Option<(Context, u64)> = None;
        let last = self.events.last().map_or(0, |event| event.time);
        let mut add = |context: Context, begin: u64, end: u64| {
            let ticks = end.min(to).saturating_sub(begin.max(from));
            if ticks > 0 {
                *sums.entry(name(context)).or_insert(0) += ticks;
            }
        };
        for event in &self.events {
            // Nobody is known to run on a core before its own first event, unless data are lost before that.
            let is_own = event.core == core || event.kind == "gap";
            let now = event.running[usize::from(core)];
            match since {
                None if is_own => since = Some((now, event.since)),
                Some((before, begin)) if before != now => {
                    let end = event.since.max(begin);
                    add(before, begin, end);
                    since = Some((now, end));
                }
                _ => {}
            }
        }
        if let Some((context, begin)) = since {
            add(context, begin, last);
        }
        sums
    }
}
