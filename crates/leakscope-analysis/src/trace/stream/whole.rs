//! Two ways to read the same bytes, of which only one needs a gap.
//!
//! Where payloads end in a number that is an id, and packets come at an even pace, there may be two ways that part and never meet
//! again, or not for long. As long as nothing was damaged, and packets as in the other way never came before, the one from the start
//! is right, even where its packets are the dearer ones; and damage does not make of packets ever more of the same kinds, where those
//! behind it would all be of others.

use std::collections::BTreeSet;

use leakscope_systemview::Frame;

use super::counts::Topic;
use super::explain::{Chain, Step, What, Window};
use super::kinds::announced_by;
use super::price::{Price, Prices};
use super::split;

/// The chain costs more than the cheapest way by no more than one part in so many of its price.
const HARDLY_DEARER: Price = 8;

/// Each of its kinds of packets comes so often, on average: what damage makes of packets is of many kinds.
const ALIKE: usize = 8;

/// Of the packets that go on as before, at most one in so many is of a kind that did not come before; and of those that do not, at
/// least one in so many.
const MOSTLY: usize = 8;
const OFTEN: usize = 4;

/// There are so many of both: one packet that swallows others, or is torn, goes on nowhere.
const IN_A_ROW: usize = 4;

/// Whether a chain of packets without a gap goes on as before where the cheapest way parts from it, and that way does not.
pub(super) fn goes_on(
    chain: &Chain<'_, '_>,
    window: &Window<'_>,
    prices: Prices<'_>,
    steps: &[Step],
) -> bool {
    let find = |at: usize| chain.binary_search_by_key(&at, |&(at, _)| at);
    let is_shared = |step: &Step| find(step.place.start).is_ok();
    let mut stretches = steps.chunk_by(|one, next| is_shared(one) == is_shared(next));
    stretches.any(|stretch| {
        let [from, to] = [stretch[0].place.start, stretch[stretch.len() - 1].place.end]
            .map(|at| find(at).unwrap_or_else(|place| place));
        let announced = chain[..from].iter();
        let announced = announced.flat_map(|(_, frame)| announced_by(frame));
        let known: BTreeSet<u32> = ids(&chain[..from]).chain(announced).collect();
        let is_new = |id: &u32| {
            !known.contains(id)
                && !prices.kinds.is_announced(*id)
                && prices.counts.of(Topic::Id, *id) == 0
        };
        let frames = stretch
            .iter()
            .filter_map(|step| split(&window.bytes[step.place.clone()], window.core_bit).ok());
        let others: Vec<u32> = frames.map(|frame| frame.id).collect();
        let new = |ids: &[u32]| ids.iter().filter(|id| is_new(id)).count();
        let own: Vec<u32> = ids(&chain[from..to]).collect();
        !is_shared(&stretch[0])
            && own.len() >= IN_A_ROW
            && others.len() >= IN_A_ROW
            && OFTEN * new(&others) >= others.len()
            && MOSTLY * new(&own) <= own.len()
    })
}

fn ids(chain: &[(usize, &Frame<'_>)]) -> impl Iterator<Item = u32> {
    chain.iter().map(|(_, frame)| frame.id)
}

/// Whether a chain of packets without a gap is as likely as the cheapest way, and not the same that damage parts from it for a
/// while.
pub(super) fn is_as_likely(
    chain: &Chain<'_, '_>,
    window: &Window<'_>,
    prices: Prices<'_>,
    (steps, cheapest): (&[Step], Price),
) -> bool {
    let is_shared = |step: &Step| {
        let at = step.place.start;
        chain.binary_search_by_key(&at, |&(at, _)| at).is_ok()
    };
    let parted = steps.iter().rposition(is_shared).map_or(0, |last| last + 1);
    let elsewhere = &steps[parted..];
    let part_early =
        (elsewhere.first()).is_some_and(|step| 2 * step.place.start < window.bytes.len());
    let is_familiar = |step: &Step| {
        let frame = split(&window.bytes[step.place.clone()], window.core_bit);
        frame.is_ok_and(|frame| prices.kinds.is_ordinary(&frame))
    };
    let ids: BTreeSet<u32> = chain.iter().map(|(_, frame)| frame.id).collect();
    part_early
        && !elsewhere.iter().any(is_familiar)
        && ALIKE * ids.len() <= chain.len()
        && price(chain, window, prices)
            .is_some_and(|price| price - price / HARDLY_DEARER <= cheapest)
}

/// What a chain costs that fills most of the window; `None` if there is something else between its packets.
fn price(chain: &Chain<'_, '_>, window: &Window<'_>, prices: Prices<'_>) -> Option<Price> {
    let (mut price, mut end, mut before) = (0_u32, 0, window.before);
    for &(at, frame) in chain {
        let last = window.bytes[at + frame.length - 1];
        let more = prices.packet(frame, before) + prices.surcharge(frame, last);
        price = price.saturating_add(more);
        if at > end {
            return None;
        }
        (end, before) = (at + frame.length, Some(frame.id));
    }
    (2 * end > window.bytes.len()).then_some(price)
}

/// The chain, and what follows it.
pub(super) fn steps_of(chain: &Chain<'_, '_>, window: &Window<'_>) -> Vec<Step> {
    let packets = chain.iter().map(|&(at, frame)| Step {
        what: What::Packet,
        place: at..at + frame.length,
    });
    let mut steps: Vec<Step> = packets.collect();
    let end = steps.last().map_or(0, |step| step.place.end);
    if end < window.bytes.len() {
        steps.push(Step {
            what: if window.is_end {
                What::Cut
            } else {
                What::Packet
            },
            place: end..window.bytes.len(),
        });
    }
    steps
}
