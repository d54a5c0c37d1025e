//! What the host makes of what it heard, beside what happened.

use std::collections::BTreeMap;

use leakscope_analysis::Analysis;
use leakscope_analysis::heap::KeepAll;
use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::trace::Layout;
use leakscope_systemview::{Frame, id, sync, varint::Numbers};

use crate::driven::Driven;
use crate::happened::Happened;

fn outcome(driven: &dyn Driven) -> Outcome {
    let heard = [0, 1].map(|core| driven.heard(core));
    let inputs: Vec<&[u8]> = heard.iter().map(Vec::as_slice).collect();
    let inputs: &[&[u8]] = &inputs;
    let mut analysis = Analysis::new(&Layout::of(inputs), KeepAll);
    let Ok(_) = analysis.run(inputs);
    analysis.outcome()
}

/// The blocks that live, by address: size and stack.
fn live(outcome: &Outcome) -> BTreeMap<usize, (usize, Vec<usize>)> {
    let sites = outcome.call_sites.iter();
    let blocks = sites.flat_map(|site| {
        let stack: Vec<usize> = site.stack.iter().map(|&frame| frame as usize).collect();
        let size_and_stack = move |size: u64| (size as usize, stack.clone());
        (site.blocks.iter()).map(move |block| (block.address as usize, size_and_stack(block.size)))
    });
    blocks.collect()
}

fn is_right_about_frees(outcome: &Outcome) {
    let totals = &outcome.totals;
    assert_eq!(
        (totals.double_frees, totals.wrong_frees),
        (0, 0),
        "{totals:?}"
    );
}

/// Nothing was lost, and everything is known.
pub(crate) fn check(driven: &dyn Driven, happened: &Happened) {
    let outcome = outcome(driven);
    let totals = &outcome.totals;
    is_right_about_frees(&outcome);
    assert_eq!(totals.dropped_packets, 0);
    assert_eq!(live(&outcome), happened.live, "{happened:?}");
    assert_eq!(
        (totals.allocations, totals.frees, totals.failed_allocations),
        (happened.allocations, happened.frees, happened.failures)
    );
    assert_eq!(totals.reallocations, happened.reallocations);
    assert_eq!(totals.frees_of_older_blocks, 0);
}

/// It was not recorded all the time.
pub(crate) fn check_part(driven: &dyn Driven, happened: &Happened) {
    let outcome = outcome(driven);
    is_right_about_frees(&outcome);
    assert!(outcome.totals.allocations <= happened.allocations);
    let told = happened.told() + happened.events + 1;
    assert!(outcome.totals.heap_events + outcome.totals.dropped_packets <= told);
}

/// What a host was told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Events of the program.
    pub(crate) stored: u64,
    pub(crate) lost: u64,
    /// Of all packets.
    pub(crate) ids: Vec<u32>,
    /// In ticks.
    pub(crate) end: u64,
}

/// Every byte belongs to a packet.
pub(crate) fn told(heard: &[u8]) -> Told {
    let (mut told, mut count) = (Told::default(), 0);
    let mut rest = heard;
    while !rest.is_empty() {
        if rest.starts_with(&sync::SYNC) {
            rest = &rest[sync::SYNC.len()..];
            continue;
        }
        let frame = Frame::split(rest).expect("every byte belongs to a packet");
        rest = &rest[frame.length..];
        told.ids.push(frame.id);
        told.end += u64::from(frame.delta);
        match frame.id {
            // By SEGGER's rule: what the count grew by, and one for each time the buffer was found full.
            id::OVERFLOW => {
                let now = Numbers::new(frame.payload).next().expect("a count");
                told.lost += u64::from(now - count) + 1;
                count = now;
            }
            512 | 515 | 519..=522 | id::MARK_STOP => told.stored += 1,
            _ => {}
        }
    }
    told
}

/// What was stored and what was lost add up to what happened.
pub(crate) fn check_losses(driven: &dyn Driven, happened: &Happened) {
    let Told { stored, lost, .. } = told(&driven.heard(0));
    // The last event is the model's own.
    let all = happened.told() + happened.events + 1;
    assert_eq!(stored + lost, all, "{happened:?}");
    let outcome = outcome(driven);
    if lost == 0 {
        check(driven, happened);
    } else {
        assert_eq!(outcome.totals.dropped_packets, lost);
    }
}
