//! The cheapest explanation of bytes: which of them are packets, and which are damaged.

use std::ops::Range;

use leakscope_systemview::{Frame, FrameError, MAX_PAYLOAD, id, sync, varint};

use super::counts::Counts;
use super::price::{self, BIT, BYTE, GAP, Price, Prices, SYNC};
use super::split;

/// Bytes to be explained.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) core_bit: bool,
    /// Nothing follows them.
    pub(super) is_end: bool,
    /// What it costs if they begin with a gap.
    pub(super) first_gap: Price,
    /// The id of the packet before them.
    pub(super) before: Option<u32>,
}

/// A piece of the explanation: where it begins and ends in the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) what: What,
    pub(super) place: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A packet, perhaps one that ends beyond the window.
    Packet,
    /// A packet whose delta is damaged: the bytes up to the end of its payload.
    WithoutDelta,
    /// A sync, or zeros that stand for nothing.
    Zeros,
    /// Damage.
    Gap,
    /// The beginning of a packet whose end was never recorded.
    Cut,
}

/// A way of reading, up to some offset: in a packet's end, or in a gap.
#[derive(Clone, Copy, Debug)]
struct Node {
    price: Price,
    from: u32,
    how: How,
    /// Whether what ends here began in a gap.
    from_gap: bool,
    /// The id of the packet that ends here.
    id: Option<u16>,
    /// What it costs more if a gap begins here.
    before_gap: Price,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Begin,
    Packet,
    WithoutDelta,
    Zeros,
    /// A gap begins.
    Enter,
    /// A gap goes on.
    Skip,
    Cut,
}

const NOWHERE: Node = Node {
    price: Price::MAX / 2,
    from: 0,
    how: How::Begin,
    from_gap: false,
    id: None,
    before_gap: 0,
};

/// What is left of a packet at the end is no longer than this.
pub(super) const LONGEST_CUT: usize = 1024;

/// Zeros that stand for nothing: dearer than fields that are zero, cheaper than zeros in a gap.
const ZEROS: Price = 14 * BIT;
const ZERO: Price = 5 * BIT;

/// Behind a gap, a packet of which the end is not seen costs this much more: nothing confirms its length.
const UNSEEN_END: Price = 10 * BIT;

/// Few payloads hold more zeros in a row than this: what is more costs a bit for each.
const MANY_ZEROS: usize = 12;

/// Beside damage, a long delta of a size that was never seen costs this much more: it is likelier made of
/// foreign bytes.
const ODD_DELTA: Price = 10 * BIT;

/// The cheapest way to read the window, and its price.
pub(super) fn explain(window: &Window<'_>, counts: &Counts) -> (Vec<Step>, Price) {
    let frames: Vec<_> = (0..window.bytes.len())
        .map(|at| split(&window.bytes[at..], window.core_bit))
        .collect();
    let news = news(&frames);
    let search = Search {
        window,
        prices: Prices {
            counts,
            news: &news,
        },
        letters: letters(window.bytes),
        zeros: zeros(window.bytes),
        packets: vec![NOWHERE; window.bytes.len() + 1],
        gaps: vec![NOWHERE; window.bytes.len() + 1],
        last: NOWHERE,
    };
    search.run(&frames)
}

/// The sums of the prices of letters: what lies between two offsets is their difference. A letter that is repeated
/// costs as much as a number that is.
pub(super) fn letters(bytes: &[u8]) -> Vec<Price> {
    let mut sums = vec![0; bytes.len() + 1];
    let mut repeats = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        repeats = if at > 0 && bytes[at - 1] == byte {
            repeats + 1
        } else {
            0
        };
        let letter = price::letter(byte);
        let repeated = if repeats > 0 {
            price::repeated(repeats)
        } else {
            letter
        };
        sums[at + 1] = sums[at] + letter.min(repeated);
    }
    sums
}

/// How many zeros stand from each offset on.
fn zeros(bytes: &[u8]) -> Vec<u32> {
    let mut run = 0;
    let mut runs: Vec<u32> = bytes
        .iter()
        .rev()
        .map(|&byte| {
            run = if byte == 0 { run + 1 } else { 0 };
            run
        })
        .collect();
    runs.reverse();
    runs
}

/// The ids of packets in the longest chain, and in the one that begins at the front, and how often each comes
/// in one of them.
fn news(frames: &[Result<Frame<'_>, FrameError>]) -> Vec<(u32, u32)> {
    let chains = Chains::of(frames);
    let is_packet =
        |frame: &Result<Frame<'_>, _>| frame.as_ref().is_ok_and(|frame| frame.id != id::NOP);
    let front = frames.iter().position(is_packet).unwrap_or(0);
    let mut news: Vec<(u32, u32)> = Vec::new();
    for places in [chains.from(frames, front), chains.longest(frames)] {
        let mut ids: Vec<u32> = places
            .iter()
            .filter_map(|&at| Some(frames[at].ok()?.id))
            .collect();
        ids.sort_unstable();
        let times = ids.chunk_by(|a, b| a == b);
        news.extend(times.map(|same| (same[0], same.len() as u32)));
    }
    news.sort_unstable_by_key(|&(id, times)| (id, std::cmp::Reverse(times)));
    news.dedup_by_key(|&mut (id, _)| id);
    news
}

/// Where packets follow one another.
pub(super) struct Chains {
    /// How many packets there are from each offset on.
    lengths: Vec<u32>,
}

impl Chains {
    pub(super) fn of(frames: &[Result<Frame<'_>, FrameError>]) -> Self {
        let mut lengths = vec![0u32; frames.len() + 1];
        for (at, frame) in frames.iter().enumerate().rev() {
            if let Ok(frame) = frame
                && frame.id != id::NOP
                && frame.id <= id::LAST
            {
                lengths[at] = 1 + lengths[at + frame.length];
            }
        }
        Self { lengths }
    }

    /// Where the packets of the chain begin that begins there.
    fn from(&self, frames: &[Result<Frame<'_>, FrameError>], first: usize) -> Vec<usize> {
        let is_packet = |&at: &usize| self.lengths[at] > 0;
        let next = |&at: &usize| Some(at + frames[at].ok()?.length).filter(is_packet);
        std::iter::successors(Some(first).filter(is_packet), next).collect()
    }

    /// Where the packets of the longest chain begin.
    pub(super) fn longest(&self, frames: &[Result<Frame<'_>, FrameError>]) -> Vec<usize> {
        let lengths = self.lengths.iter().enumerate();
        let longest = lengths.max_by_key(|&(at, &length)| (length, std::cmp::Reverse(at)));
        longest.map_or_else(Vec::new, |(first, _)| self.from(frames, first))
    }
}

struct Search<'w, 'b> {
    window: &'w Window<'b>,
    prices: Prices<'w>,
    letters: Vec<Price>,
    zeros: Vec<u32>,
    /// The cheapest ways to each offset at which a packet ends.
    packets: Vec<Node>,
    /// The cheapest ways to each offset that lies in a gap.
    gaps: Vec<Node>,
    /// The cheapest way that ends inside a packet.
    last: Node,
}

impl Search<'_, '_> {
    fn run(mut self, frames: &[Result<Frame<'_>, FrameError>]) -> (Vec<Step>, Price) {
        self.packets[0] = Node {
            price: 0,
            id: self.window.before.map(|id| id as u16),
            ..NOWHERE
        };
        self.gaps[0] = Node {
            price: self.window.first_gap,
            how: How::Enter,
            ..NOWHERE
        };
        for (at, frame) in frames.iter().enumerate() {
            self.enter_gap(at);
            self.skip(at);
            let from_gap = self.gaps[at].price < self.packets[at].price;
            let from = if from_gap {
                self.gaps[at]
            } else {
                self.packets[at]
            };
            let here = Node {
                from: at as u32,
                from_gap,
                ..from
            };
            let before = here.id.filter(|_| !from_gap).map(u32::from);
            self.read_zeros(at, here);
            match frame {
                Ok(frame) => self.read(at, here, before, frame),
                Err(FrameError::Incomplete) => self.read_to_the_end(at, here, before),
                Err(FrameError::Malformed(_)) => {}
            }
        }
        let end = frames.len();
        self.enter_gap(end);
        self.steps(end)
    }

    fn enter_gap(&mut self, at: usize) {
        let price = self.packets[at].price + self.packets[at].before_gap + GAP;
        if price < self.gaps[at].price {
            self.gaps[at] = Node {
                price,
                from: at as u32,
                how: How::Enter,
                ..NOWHERE
            };
        }
    }

    fn skip(&mut self, at: usize) {
        let price = self.gaps[at].price;
        let mut skip = |length: usize, more: Price| {
            let node = &mut self.gaps[at + length];
            if price + more < node.price {
                *node = Node {
                    price: price + more,
                    from: at as u32,
                    how: How::Skip,
                    ..NOWHERE
                };
            }
        };
        skip(1, BYTE);
        if self.zeros[at] >= 2 {
            skip(2, price::ZEROS_IN_GAP);
        } else if let Some((length, more)) = self.prices.in_gap(&self.window.bytes[at..]) {
            skip(length, more);
        }
    }

    /// Zeros that stand for nothing, all that there are, and a sync.
    fn read_zeros(&mut self, at: usize, here: Node) {
        let zeros = self.zeros[at] as usize;
        if zeros == 0 {
            return;
        }
        let length = sync::SYNC.len();
        let starts = self
            .window
            .bytes
            .get(at + zeros)
            .is_some_and(|&next| u32::from(next) == id::TRACE_START);
        let node = Node {
            how: How::Zeros,
            id: None,
            before_gap: 0,
            ..here
        };
        let mut pass = |count: usize, more: Price| {
            reach(&mut self.packets[at + count], node, here.price + more);
        };
        if starts && zeros == length {
            pass(length, SYNC);
        } else if starts && zeros > length {
            pass(zeros - length, zeros_price(zeros - length));
        }
        pass(zeros, zeros_price(zeros));
    }

    fn read(&mut self, at: usize, here: Node, before: Option<u32>, frame: &Frame<'_>) {
        let most = here.price + frame.length as Price * BYTE + 2 * GAP;
        if frame.id > id::LAST || frame.id == id::NOP {
            return;
        }
        let start = at + frame.payload_start;
        let end = start + frame.payload.len();
        let letters = &self.letters[start..=end];
        let id = here.price + self.prices.id(frame.id, before) + padding(frame);
        if id > most {
            return;
        }
        let payload = id
            + self
                .prices
                .payload(frame.id, frame.payload, frame.payload.len(), letters);
        let rest = at + frame.length - end;
        let delta = self.prices.delta(frame.delta, rest);
        let is_odd = self.prices.is_new_delta(frame.delta);
        let surcharge = if is_odd { ODD_DELTA } else { 0 };
        let node = Node {
            how: How::Packet,
            id: Some(frame.id as u16),
            before_gap: surcharge,
            ..here
        };
        let behind_gap = if here.from_gap { surcharge } else { 0 };
        reach(
            &mut self.packets[at + frame.length],
            node,
            payload + delta + behind_gap,
        );
        if is_odd {
            self.leave_out_delta(end, node, payload);
        }
    }

    /// A packet whose payload ends there, and behind which a gap begins.
    fn leave_out_delta(&mut self, end: usize, node: Node, price: Price) {
        let node = Node {
            how: How::WithoutDelta,
            before_gap: 0,
            ..node
        };
        reach(&mut self.gaps[end], node, price + GAP);
    }

    /// A packet that ends beyond the window: what lies inside is charged for.
    fn read_to_the_end(&mut self, at: usize, here: Node, before: Option<u32>) {
        let bytes = &self.window.bytes[at..];
        let head = Head::of(bytes, self.window.core_bit);
        if head.id > id::LAST || head.id == id::NOP {
            return;
        }
        let id = here.price + self.prices.id(head.id, before);
        let payload = &bytes[head.start..];
        let inside = payload.len().min(head.payload);
        let letters = &self.letters[at + head.start..=at + head.start + inside];
        let price = id
            + self
                .prices
                .payload(head.id, &payload[..inside], head.payload, letters);
        let rest = (payload.len() - inside) as Price * BYTE;
        self.end_inside(here, price + rest, bytes.len());
    }

    fn end_inside(&mut self, here: Node, price: Price, length: usize) {
        let is_cut = self.window.is_end;
        if is_cut && length > LONGEST_CUT {
            return;
        }
        let how = if is_cut { How::Cut } else { How::Packet };
        let price = if here.from_gap {
            price + UNSEEN_END
        } else {
            price
        };
        if price < self.last.price {
            self.last = Node { price, how, ..here };
        }
    }

    /// Goes back from the cheapest end.
    fn steps(self, end: usize) -> (Vec<Step>, Price) {
        let (packet, gap) = (self.packets[end], self.gaps[end]);
        let cheapest = packet.price.min(gap.price).min(self.last.price);
        let mut steps = Vec::new();
        let mut at = end;
        let mut in_gap = cheapest != packet.price && cheapest == gap.price;
        let mut node = if in_gap { gap } else { packet };
        if cheapest != packet.price && !in_gap {
            node = self.last;
        }
        loop {
            let from = node.from as usize;
            let what = match node.how {
                How::Begin => break,
                How::Packet => Some(What::Packet),
                How::Zeros => Some(What::Zeros),
                How::Cut => Some(What::Cut),
                How::WithoutDelta => Some(What::WithoutDelta),
                How::Skip => Some(What::Gap),
                How::Enter => None,
            };
            if let Some(what) = what {
                push(&mut steps, what, from..at);
            }
            in_gap = match node.how {
                How::Skip => true,
                How::Enter => false,
                _ => node.from_gap,
            };
            // The window may begin in a gap: nothing stands before that.
            if node.how == How::Enter && from == 0 {
                break;
            }
            at = from;
            node = if in_gap {
                self.gaps[at]
            } else {
                self.packets[at]
            };
        }
        steps.reverse();
        (steps, cheapest)
    }
}

/// What bytes cost by which an id and a length are longer than they need be.
fn padding(frame: &Frame<'_>) -> Price {
    let length = match frame.id {
        id if id < id::FIRST_WITH_LENGTH => 0,
        _ => varint::length(frame.payload.len() as u32),
    };
    // Recorders write 127 as two bytes.
    let id = varint::length(frame.id.max(1) + u32::from(frame.id == 0x7F));
    frame.payload_start.saturating_sub(id + length) as Price * BYTE
}

fn zeros_price(count: usize) -> Price {
    let more = count.saturating_sub(MANY_ZEROS) as Price;
    ZEROS + ZERO * (count as Price - more) + more * BIT / 2
}

/// A cheaper way to get there.
fn reach(to: &mut Node, node: Node, price: Price) {
    if price < to.price {
        *to = Node { price, ..node };
    }
}

/// Steps are found from the last to the first; a gap is one step.
fn push(steps: &mut Vec<Step>, what: What, place: Range<usize>) {
    if let Some(last) = steps.last_mut()
        && last.what == What::Gap
        && what == What::Gap
    {
        last.place.start = place.start;
        return;
    }
    steps.push(Step { what, place });
}

/// What can be seen of a packet whose end is missing.
struct Head {
    id: u32,
    /// Where the payload begins.
    start: usize,
    /// How long it is, or is at least.
    payload: usize,
}

impl Head {
    fn of(bytes: &[u8], core_bit: bool) -> Self {
        let (id, id_length) = varint::read(bytes, 0).unwrap_or((id::FIRST_MODULE, bytes.len()));
        let bit = if id_length == 1 { 1 << 6 } else { 1 << 13 };
        let id = if core_bit { id & !bit } else { id };
        let (start, payload) = if id < id::FIRST_WITH_LENGTH {
            (id_length, bytes.len() - id_length)
        } else {
            let length = varint::read(bytes, id_length);
            let (length, start) = length.unwrap_or((bytes.len() as u32, id_length));
            (start, (length as usize).min(MAX_PAYLOAD))
        };
        Self { id, start, payload }
    }
}
