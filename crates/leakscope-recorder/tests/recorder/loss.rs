//! What a host makes of a recording of which it misses a part: for how long it knows less, and that it says nothing wrong.
//!
//! Each of a program's blocks has an address and a size of its own, and none is freed: so a block that is known says by
//! which event it was told.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use leakscope_analysis::trace::{EventKind, HeapEvent, Layout, Step, Trace};
use leakscope_recorder::dialect::Leakscope;
use leakscope_recorder::stack::Origin;
use leakscope_recorder::stream::{Config, Stream};
use leakscope_recorder::{Block, Recorder};

use crate::host::{FakeClock, drained};

const HEAP: usize = 0x2000_0000;
const EVENTS: usize = 16_000;
const SITES: usize = 16;
/// A stack in use is told again after 250 of its own events, as far as 5 % of the bytes allow that: the definitions of all
/// stacks wait for each other.
const TOLD_AGAIN: usize = 350 * SITES;
/// What else a host has to know is told in turn, once a second: here all of it in so many events.
const PARTS: usize = 2_100;
/// Events that can be read wrongly, or not at all, next to the place.
const NEAR: usize = 40;

fn block(event: usize) -> Block {
    Block {
        address: HEAP + 64 * event,
        size: 1 + event % 61,
    }
}

fn stack(event: usize) -> [usize; 4] {
    let site = event * 7 % SITES;
    [0x100, 0x2000, 0x3_0000, 0x4000].map(|frame| 0x0800_0000 + frame + 0x20 * site)
}

/// A recording of one event a millisecond, and where each of them ends in it.
fn recording() -> (Vec<u8>, Vec<usize>) {
    let clock = FakeClock::at(0);
    let stream: Stream<Leakscope<8>, &FakeClock> = Stream::new();
    let config = Config::new("loss")
        .heap(HEAP, 64 * EVENTS)
        .code(0x0800_0000..0x0900_0000);
    stream.init(&clock, config);
    stream.start();
    let mut bytes = drained(&stream, 0);
    let mut ends = Vec::new();
    for event in 0..EVENTS {
        clock.0.fetch_add(1_000, Ordering::Relaxed);
        stream.alloc(block(event), Origin::Frames(&stack(event)));
        bytes.extend(drained(&stream, 0));
        ends.push(bytes.len());
    }
    (bytes, ends)
}

/// The size and the stack of each block of which the host was told.
fn heard(bytes: &[u8]) -> BTreeMap<u64, (u64, Vec<u64>)> {
    let inputs: &[&[u8]] = &[bytes];
    let mut trace = Trace::new(&Layout::of(inputs));
    let mut heard = BTreeMap::new();
    while let Ok(Step::Event(event, trace)) = trace.step(inputs) {
        if let EventKind::Heap(HeapEvent::Allocation {
            address,
            size,
            stack,
            ..
        }) = event.kind
        {
            heard.insert(address, (size, trace.stacks().frames(stack).to_vec()));
        }
    }
    heard
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Known,
    WithoutStack,
    Missing,
    Wrong,
}

fn fate(event: usize, heard: &BTreeMap<u64, (u64, Vec<u64>)>) -> Fate {
    let block = block(event);
    let told = stack(event).map(|frame| frame as u64);
    match heard.get(&(block.address as u64)) {
        None => Fate::Missing,
        Some((size, stack)) if *size == block.size as u64 && *stack == told => Fate::Known,
        Some((size, stack)) if *size == block.size as u64 && stack.is_empty() => Fate::WithoutStack,
        Some(_) => Fate::Wrong,
    }
}

/// Places all over a recording, other ones for each `seed`.
fn places(bytes: usize, seed: usize) -> impl Iterator<Item = usize> {
    (0..24).map(move |number| (number * 7_919_993 + seed * 104_729) % bytes)
}

#[test]
fn four_bytes_lost_anywhere_cost_a_window() {
    let (bytes, ends) = recording();
    assert_eq!(heard(&bytes).len(), EVENTS);
    // Each stack is told for the first time by one of the first events.
    let of_definitions = (ends[0]..ends[SITES]).step_by(9);
    let (mut without_stack, mut with_another) = (0, 0);
    for place in places(bytes.len() - 4, 1).chain(of_definitions) {
        let damaged = [&bytes[..place], &bytes[place + 4..]].concat();
        let heard = heard(&damaged);
        let first = ends.partition_point(|&end| end <= place);
        for event in 0..EVENTS {
            let fate = fate(event, &heard);
            let is_in_window = (first..first + TOLD_AGAIN).contains(&event);
            let is_near = (first..first + NEAR).contains(&event);
            // There are no checksums: a definition that lost bytes can be taken for another one.
            let is_of_lost_definition = is_in_window && stack(event) == stack(first);
            let is_allowed = match fate {
                Fate::Known => true,
                Fate::WithoutStack => is_in_window,
                Fate::Missing => is_near,
                Fate::Wrong => is_near || is_of_lost_definition,
            };
            assert!(
                is_allowed,
                "{fate:?}: event {event}, bytes lost at {place}, in event {first}"
            );
            without_stack += usize::from(fate == Fate::WithoutStack);
            with_another += usize::from(fate == Fate::Wrong);
        }
    }
    assert!(without_stack > 200, "definitions were hit");
    println!("without a stack: {without_stack}, with another: {with_another}");
    assert!(with_another < without_stack / 2);
}

#[test]
fn a_host_that_joins_late_knows_all_after_a_while() {
    let (bytes, ends) = recording();
    for place in places(bytes.len() / 2, 2) {
        let heard = heard(&bytes[place..]);
        let first = ends.partition_point(|&end| end <= place);
        for event in first..EVENTS {
            let fate = fate(event, &heard);
            let is_allowed = match fate {
                Fate::Known => true,
                Fate::WithoutStack => event < first + TOLD_AGAIN,
                Fate::Missing => event < first + PARTS,
                Fate::Wrong => false,
            };
            assert!(
                is_allowed,
                "{fate:?}: event {event}, joined at {place}, in event {first}"
            );
        }
    }
}
