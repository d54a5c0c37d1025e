//! Puts side by side what an image, a recording and a program know: which memory is what.

use std::collections::BTreeMap;
use std::ops::Range;

use leakscope_analysis::heap::KnownBlock;
use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::trace::Task;
use leakscope_memory::image::{Image, Thread};
use leakscope_memory::reach::{Block, Scene, Stack, Type, aliases};
use leakscope_symbols::{Symbols, ValueKind, Variable};

use super::{Live, Look, NO_SITE};
use crate::units::counted;

/// A scene, and what else is known of it.
pub(super) struct Built<'i> {
    pub(super) scene: Scene<'i>,
    /// What each stack is called.
    pub(super) stacks: Vec<String>,
    /// The variables of the scene.
    pub(super) variables: Vec<Variable>,
    /// Blocks that do not live any more, by the allocator's map.
    pub(super) gone: Vec<Block>,
    /// Whether the image has such a map.
    pub(super) has_map: bool,
}

/// More bytes than this in front of a block, or behind it, are no allocator's header (ESP-IDF: poisoning 8 and 4, task
/// tracking 4, rounding 16).
const MOST_OVERHEAD: u64 = 32;

pub(super) fn build<'i>(
    image: &'i Image,
    symbols: Option<&Symbols>,
    live: &Live,
    outcome: Option<&Outcome>,
    look: &Look,
) -> Built<'i> {
    let all_variables = variables_of(symbols);
    let map = allocators_map(image, &all_variables);
    let (blocks, gone) = blocks(image, live, map.as_deref());
    // A variable that holds blocks is the heap.
    let (heap, variables): (Vec<_>, Vec<_>) =
        (all_variables.into_iter()).partition(|variable| holds_block(&range_of(variable), &blocks));
    let heap = heap_regions(
        image,
        heap.iter().map(range_of),
        &variables,
        &blocks,
        live,
        outcome,
    );
    let ranges: Vec<Range<u64>> = variables.iter().map(range_of).collect();
    let tasks = outcome.map_or(&[][..], |outcome| &outcome.tasks);
    let (stacks, names): (Vec<_>, Vec<_>) = task_stacks(image, tasks)
        .chain(thread_stacks(
            image,
            &ranges,
            &heap,
            &blocks,
            symbols.is_some(),
        ))
        .unzip();
    let device = outcome.and_then(|outcome| outcome.target.device.as_deref());
    let chip = image.chip.as_deref().or(device);
    let of_chip = aliases::of_chip(chip.unwrap_or_default());
    let mut scene = Scene {
        heap,
        free: live.free.clone(),
        left_out: recorders_own(image, &variables),
        stacks,
        variables: ranges,
        aliases: [&look.aliases, of_chip].concat(),
        roots: look.roots.clone(),
        unaligned: look.unaligned,
        ..Scene::new(image, blocks)
    };
    if let Some(symbols) = symbols {
        scene.typed = types(&scene, symbols, &variables);
    }
    Built {
        scene,
        stacks: names,
        variables,
        gone,
        has_map: map.is_some(),
    }
}

/// What the words of variables are that look like pointers to blocks.
fn types(scene: &Scene<'_>, symbols: &Symbols, variables: &[Variable]) -> BTreeMap<u64, Type> {
    let of_word = |address: u64| {
        let after = variables.partition_point(|variable| variable.address <= address);
        let variable = &variables[after.checked_sub(1)?];
        let offset = address - variable.address;
        let (_, kind) = (offset < variable.size).then(|| symbols.member_at(variable, offset))?;
        let known = match kind {
            ValueKind::Pointer => Type::Pointer,
            ValueKind::Float => Type::Float,
            ValueKind::Other => return None,
        };
        Some((address, known))
    };
    scene
        .static_pointers()
        .into_iter()
        .filter_map(of_word)
        .collect()
}

/// What of a complete image is missing, a sentence each.
pub(super) fn missing(
    image: &Image,
    symbols: Option<&Symbols>,
    variables: &[Variable],
    outside: &[&Block],
    tasks: &[Task],
) -> Vec<String> {
    let mut missing: Vec<String> = missing_blocks(image, outside).into_iter().collect();
    let absent = variables
        .iter()
        .filter(|variable| !image.holds(&range_of(variable)))
        .count();
    if symbols.is_none() {
        missing.push(
            "without the ELF file (--elf) nobody knows whether all variables are in the image"
                .to_owned(),
        );
    } else if absent > 0 {
        let variables = counted(absent as u64, "variable");
        missing.push(format!("{variables} of the program are not in the image"));
    }
    if image.threads.is_empty() {
        missing.push("no registers are in the image".to_owned());
    }
    missing.extend(missing_stacks(image, tasks));
    missing
}

/// The live blocks that are not in the image, in order of addresses: where they lie, and what reads them.
fn missing_blocks(image: &Image, outside: &[&Block]) -> Option<String> {
    let (first, last) = (outside.first()?, outside.last()?);
    let how = match (&image.about, image.is_esp_idf) {
        (Some(_), _) => "`record --image` reads what --ram names",
        (None, true) => "CONFIG_ESP_COREDUMP_CAPTURE_DRAM puts it there",
        (None, false) => "an image of all RAM has it",
    };
    let (are, their) = if outside.len() == 1 {
        ("is", "its")
    } else {
        ("are", "their")
    };
    Some(format!(
        "{}, from {:#x} to {:#x}, {are} not in the image: {their} memory was not read ({how}), or the image is of another program",
        counted(outside.len() as u64, "live block"),
        first.start,
        last.range().end,
    ))
}

/// The stacks that are known to be elsewhere: of cores, and of tasks.
fn missing_stacks(image: &Image, tasks: &[Task]) -> Vec<String> {
    // The pointer of an empty stack is its end.
    let is_absent = |pointer: u64| {
        let mut segments = image.segments();
        !segments.any(|(range, _)| (range.start..=range.end).contains(&pointer))
    };
    let mut missing = Vec::new();
    for thread in &image.threads {
        // A core that was never started has none.
        let pointer = thread.stack_pointer.filter(|pointer| *pointer != 0);
        if let Some(pointer) = pointer.filter(|pointer| is_absent(*pointer)) {
            missing.push(format!(
                "the stack of thread {:#x}, at {pointer:#x}, is not in the image",
                thread.id
            ));
        }
    }
    for task in tasks {
        let start = task.stack.map(|stack| u64::from(stack.base));
        if start.is_some_and(is_absent) {
            missing.push(format!(
                "the stack of {} is not in the image",
                task.display_name()
            ));
        }
    }
    missing
}

fn range_of(variable: &Variable) -> Range<u64> {
    variable.address..variable.address.saturating_add(variable.size)
}

fn holds_block(range: &Range<u64>, blocks: &[Block]) -> bool {
    let after = blocks.partition_point(|block| block.start < range.start);
    blocks
        .get(after)
        .is_some_and(|block| block.start < range.end)
}

fn variables_of(symbols: Option<&Symbols>) -> Vec<Variable> {
    let mut variables = symbols.map(Symbols::variables).unwrap_or_default();
    variables.retain(|variable| !variable.is_constant);
    variables
}

/// The blocks that are in use, if the image lists them.
pub(crate) fn used_blocks(image: &Image, symbols: Option<&Symbols>) -> Option<Vec<Range<u64>>> {
    allocators_map(image, &variables_of(symbols))
}

/// ESP-IDF's core dump of all RAM has each used block of the heap as a segment of its own: what is no variable. One that has
/// not all variables has no such segments either.
fn allocators_map(image: &Image, variables: &[Variable]) -> Option<Vec<Range<u64>>> {
    let is_whole = !variables.is_empty()
        && variables
            .iter()
            .all(|variable| image.holds(&range_of(variable)));
    if !image.is_esp_idf || !is_whole {
        return None;
    }
    let holds_variable = |range: &Range<u64>| {
        let after = variables.partition_point(|variable| range_of(variable).end <= range.start);
        variables
            .get(after)
            .is_some_and(|variable| variable.address < range.end)
    };
    let segments = image.segments().map(|(range, _)| range);
    Some(segments.filter(|range| !holds_variable(range)).collect())
}

/// The blocks in order of addresses: those of the recording that the map has too, if there is one, and those that it alone has. And
/// those that the map has not.
fn blocks(image: &Image, live: &Live, map: Option<&[Range<u64>]>) -> (Vec<Block>, Vec<Block>) {
    let block_of = |known: &KnownBlock| Block {
        start: known.block.address,
        size: known.block.size,
        group: known.site.number(),
    };
    let mut blocks: Vec<Block> = live.blocks.iter().map(block_of).collect();
    let mut gone = Vec::new();
    let Some(map) = map else {
        return (blocks, gone);
    };
    let mut is_of_trace = vec![false; map.len()];
    blocks.retain(|block| {
        let end = block.start.saturating_add(block.size);
        let after = map.partition_point(|used| used.end <= block.start);
        let used = map.get(after).filter(|used| {
            used.start <= block.start
                && block.start - used.start <= MOST_OVERHEAD
                && used
                    .end
                    .checked_sub(end)
                    .is_some_and(|rest| rest <= MOST_OVERHEAD)
        });
        match used {
            Some(_) => is_of_trace[after] = true,
            None => gone.push(*block),
        }
        used.is_some()
    });
    let older = map.iter().zip(is_of_trace);
    let older = older.filter(|(_, is_of_trace)| !is_of_trace);
    blocks.extend(older.map(|(used, _)| programs_own(image, used)));
    blocks.sort_by_key(|block| block.start);
    (blocks, gone)
}

/// The block that the program knows, of one that the allocator has: with heap poisoning it lies behind a mark and its
/// size; with task tracking the address of a task stands before these or, until ESP-IDF 5, between them.
///
/// ESP-IDF, `components/heap/multi_heap_poisoning.c` (`HEAD_CANARY_PATTERN`, `poison_head_t`).
fn programs_own(image: &Image, used: &Range<u64>) -> Block {
    const MARK: u64 = 0xABBA_1234;
    let forms = [(0, 8), (4, 12), (0, 12)];
    let behind_mark = forms.into_iter().find_map(|(mark, header)| {
        let start = used.start + header;
        let is_marked = image.pointer(used.start + mark) == Some(MARK);
        let size = image.pointer(start - 4).filter(|_| is_marked)?;
        (size <= used.end.checked_sub(start)?).then_some((start, size))
    });
    let (start, size) = behind_mark.unwrap_or((used.start, used.end - used.start));
    Block {
        start,
        size,
        group: NO_SITE,
    }
}

/// The memory of a recorder that sends through RTT: addresses of blocks stand in it because they were told to the host.
///
/// The control block and its channels: SEGGER's `SEGGER_RTT.h`, with pointers of 32 bits.
fn recorders_own(image: &Image, variables: &[Variable]) -> Vec<Range<u64>> {
    const FIRST_CHANNEL: u64 = 24;
    const CHANNEL: u64 = 24;
    const MOST_CHANNELS: u64 = 32;
    let found = variables
        .iter()
        .find(|variable| &*variable.name == "_SEGGER_RTT");
    let Some(control) = found.filter(|_| !image.words.is_64_bit) else {
        return Vec::new();
    };
    let word = |offset: u64| image.pointer(control.address.wrapping_add(offset));
    let channels = word(16).unwrap_or(0).saturating_add(word(20).unwrap_or(0));
    let buffers = (0..channels.min(MOST_CHANNELS)).filter_map(|channel| {
        let at = FIRST_CHANNEL + CHANNEL * channel;
        let start = word(at + 4)?;
        Some(start..start.checked_add(word(at + 8)?)?)
    });
    std::iter::once(range_of(control)).chain(buffers).collect()
}

/// Where the heap is: as the target has said, the variables that are it and, in each segment, from the first to the
/// last block that ever was, without other variables.
fn heap_regions(
    image: &Image,
    variables_of_heap: impl Iterator<Item = Range<u64>>,
    variables: &[Variable],
    blocks: &[Block],
    live: &Live,
    outcome: Option<&Outcome>,
) -> Vec<Range<u64>> {
    let heaps = outcome.map_or(&[][..], |outcome| &outcome.heaps).iter();
    let defined = heaps.filter_map(|heap| Some(heap.base?..heap.base?.checked_add(heap.size?)?));
    let mut regions: Vec<Range<u64>> = defined.chain(variables_of_heap).collect();
    for (segment, _) in image.segments() {
        let inside = |range: Range<u64>| segment.contains(&range.start).then_some(range);
        let seen = blocks.iter().map(Block::range);
        let seen = seen.chain(live.free.iter().cloned()).filter_map(inside);
        let hull = seen.reduce(|a, b| a.start.min(b.start)..a.end.max(b.end));
        let Some(hull) = hull else { continue };
        let mut from = hull.start;
        for variable in variables
            .iter()
            .map(range_of)
            .filter(|variable| hull.contains(&variable.start))
        {
            regions.push(from..variable.start);
            from = variable.end;
        }
        regions.push(from..hull.end);
    }
    regions
}

/// The stacks of tasks that live, as the recording tells them: from their saved stack pointer on, which is the first
/// word of a control block of FreeRTOS (`pxTopOfStack`), or from that of a thread in it.
fn task_stacks(image: &Image, tasks: &[Task]) -> impl Iterator<Item = (Stack, String)> {
    let lowest_of_threads = |whole: &Range<u64>| {
        let pointers = image
            .threads
            .iter()
            .filter_map(|thread| thread.stack_pointer);
        pointers.filter(|pointer| whole.contains(pointer)).min()
    };
    tasks.iter().rev().filter_map(move |task| {
        let stack = task.stack?;
        let whole = u64::from(stack.base)..u64::from(stack.base) + u64::from(stack.size);
        let saved = || {
            image
                .pointer(task.address.into())
                .filter(|pointer| whole.contains(pointer))
        };
        let pointer = lowest_of_threads(&whole).or_else(saved)?;
        let used = pointer..whole.end;
        Some((
            Stack { whole, used },
            format!("stack of {}", task.display_name()),
        ))
    })
}

/// The stacks of threads in the image. How far down one goes nobody says: to whatever else is known below it. Without
/// a program nothing is, and only files in which stacks are segments of their own tell.
fn thread_stacks(
    image: &Image,
    variables: &[Range<u64>],
    heap: &[Range<u64>],
    blocks: &[Block],
    has_program: bool,
) -> impl Iterator<Item = (Stack, String)> {
    /// x86-64: leaf functions use so much below the stack pointer (System V ABI, 3.2.2).
    const RED_ZONE: u64 = 128;
    let tells = has_program || image.is_esp_idf || image.words.is_64_bit;
    let red_zone = if image.words.is_64_bit { RED_ZONE } else { 0 };
    let stack = move |thread: &Thread| {
        let pointer = thread.stack_pointer.filter(|_| tells)?;
        let (segment, _) = image
            .segments()
            .find(|(range, _)| range.contains(&pointer))?;
        let from = pointer.saturating_sub(red_zone).max(segment.start);
        // A task's stack that is a block is one, and no more.
        let block = blocks.iter().find(|block| block.range().contains(&pointer));
        let whole = match block {
            Some(block) => block.range(),
            // A stack from before the trace: where it begins nobody knows, and all of it is taken to be in use.
            None if heap.iter().any(|region| region.contains(&pointer)) => return None,
            None => {
                let known = || variables.iter().chain(heap);
                let below = known()
                    .map(|range| range.end)
                    .filter(|end| *end <= pointer)
                    .max();
                let above = known()
                    .map(|range| range.start)
                    .filter(|start| *start > pointer)
                    .min();
                // A stack that the program has as a variable.
                let own = variables
                    .iter()
                    .find(|range| range.contains(&pointer))
                    .cloned();
                own.unwrap_or_else(|| {
                    segment.start.max(below.unwrap_or(0))
                        ..segment.end.min(above.unwrap_or(u64::MAX))
                })
            }
        };
        let used = from.max(whole.start)..whole.end;
        let name = if image.is_esp_idf {
            format!("stack of task {:#x}", thread.id)
        } else {
            format!("stack of thread {}", thread.id)
        };
        Some((Stack { whole, used }, name))
    };
    image
        .threads
        .iter()
        .filter_map(stack)
        .collect::<Vec<_>>()
        .into_iter()
}
