//! Who ends the lives of a call site's blocks: by call stack and task, with how long the blocks had lived.

use std::collections::BTreeMap;

use leakscope_analysis::heap::KnownBlock;
use leakscope_analysis::trace::{EventKind, HeapEvent, StackId, Stacks};
use leakscope_report::Symbolizer;
use serde::Serialize;

use super::counting::{Counter, Counting};
use super::frames::{Frames, ListedFrame, title};
use crate::index::running::Running;
use crate::query::Window;
use crate::replay::Seen;
use crate::scan::Scan;

/// Rows of an answer.
const ROWS: usize = 50;

/// The ends of blocks in a window, of all call sites.
#[derive(Default)]
pub(crate) struct Ends {
    /// By call site, call stack and context.
    sums: BTreeMap<(usize, StackId, u16), EndSum>,
}

#[derive(Clone, Copy)]
struct End {
    key: (usize, StackId, u16),
    size: u64,
    lifetime: u64,
}

#[derive(Clone, Copy)]
struct EndSum {
    blocks: u64,
    bytes: u64,
    shortest: u64,
    longest: u64,
    all: u128,
}

impl Counter for Ends {
    fn new(_scan: &Scan<'_>, _window: Window) -> Self {
        Self::default()
    }

    fn event(&mut self, seen: &Seen<'_>, scan: &Scan<'_>, _running: &Running) {
        let Some(effect) = &seen.effect else {
            return;
        };
        if let (Some(ended), Some(stack)) = (effect.ended(), stack_of(seen)) {
            let KnownBlock { block, site } = ended;
            let actors = &scan.actors;
            let context = actors.numbered(seen.event.core, seen.event.context).context;
            let end = End {
                key: (site.index(), stack, context),
                size: block.size,
                lifetime: seen.event.time.saturating_sub(block.time),
            };
            self.add(end);
        }
    }
}

impl Ends {
    fn add(&mut self, end: End) {
        let lifetime = end.lifetime;
        let sum = self.sums.entry(end.key).or_insert(EndSum {
            blocks: 0,
            bytes: 0,
            shortest: lifetime,
            longest: lifetime,
            all: 0,
        });
        sum.blocks += 1;
        sum.bytes += end.size;
        sum.shortest = sum.shortest.min(lifetime);
        sum.longest = sum.longest.max(lifetime);
        sum.all += u128::from(lifetime);
    }
}

/// From where a block is freed, or given another size.
fn stack_of(seen: &Seen<'_>) -> Option<StackId> {
    match seen.event.kind {
        EventKind::Heap(
            HeapEvent::Free { stack, .. }
            | HeapEvent::Reallocation { stack, .. }
            | HeapEvent::Moving { stack, .. }
            | HeapEvent::Moved { stack, .. },
        ) => Some(stack),
        _ => None,
    }
}

/// The answer about one call site.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Frees {
    site: usize,
    from: u64,
    to: u64,
    complete: bool,
    counted_to: u64,
    /// How many rows there would be.
    total: usize,
    frames: Vec<ListedFrame>,
    frees: Vec<Freer>,
}

/// Who frees, and what: most blocks first.
#[derive(Clone, Debug, Serialize)]
struct Freer {
    title: String,
    stack: Vec<usize>,
    allocator: Vec<usize>,
    context: u16,
    blocks: u64,
    bytes: u64,
    /// How long the blocks had lived, in ticks.
    shortest: u64,
    longest: u64,
    mean: u64,
}

impl Frees {
    pub(crate) fn new(
        site: usize,
        ends: &Counting<Ends>,
        scan: &Scan<'_>,
        symbolizer: &mut Symbolizer<'_>,
    ) -> Self {
        let of_site = (site, StackId::NONE, 0)..(site + 1, StackId::NONE, 0);
        let mut sums: Vec<_> = ends.counter.sums.range(of_site).collect();
        sums.sort_by_key(|(_, sum)| std::cmp::Reverse(sum.blocks));
        let mut frames = Frames::default();
        let stacks = scan.trace.stacks();
        let rows = sums.iter().take(ROWS);
        let rows = rows.map(|((_, stack, context), sum)| {
            Freer::new(*stack, *context, sum, stacks, scan, symbolizer, &mut frames)
        });
        Self {
            site,
            from: ends.window.from,
            to: ends.window.to,
            complete: ends.is_complete(),
            counted_to: ends.counted_to(),
            total: sums.len(),
            frees: rows.collect(),
            frames: frames.into_list(),
        }
    }
}

impl Freer {
    fn new(
        stack: StackId,
        context: u16,
        sum: &EndSum,
        stacks: &Stacks,
        scan: &Scan<'_>,
        symbolizer: &mut Symbolizer<'_>,
        frames: &mut Frames,
    ) -> Self {
        let all = stacks.frames(stack);
        let program = scan.program_frames(all);
        let allocator = &all[..all.len() - program.len()];
        let named = symbolizer.stack(allocator, program, stacks.certainty(stack));
        Self {
            title: title(&named.frames),
            stack: (named.frames.iter())
                .map(|frame| frames.number(frame))
                .collect(),
            allocator: (named.allocator.iter())
                .map(|frame| frames.number(frame))
                .collect(),
            context,
            blocks: sum.blocks,
            bytes: sum.bytes,
            shortest: sum.shortest,
            longest: sum.longest,
            mean: (sum.all / u128::from(sum.blocks)) as u64,
        }
    }
}
