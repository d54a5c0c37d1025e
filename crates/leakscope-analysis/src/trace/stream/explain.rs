//! The cheapest explanation of bytes: which of them are packets, and which are damaged.

use std::ops::Range;

use leakscope_systemview::{Frame, FrameError, MAX_PAYLOAD, id, sync, varint};

use super::counts::{Counts, Topic};
use super::kinds::Kinds;
use super::news::News;
use super::plain::Plain;
use super::price::{BIT, BYTE, GAP, Payload, Price, Prices, ZERO};
use super::split;
use super::whole::{goes_on, is_as_likely, steps_of};

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
    /// Whether something was damaged before.
    pub(super) is_broken: bool,
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
struct Way {
    price: Price,
    from: u32,
    /// What ends here; `None` at the beginning, and where a gap begins.
    what: Option<What>,
    /// Whether what ends here began in a gap.
    from_gap: bool,
    /// The id of the packet that ends here.
    id: Option<u16>,
}

const NO_WAY: Way = Way {
    price: Price::MAX / 2,
    from: 0,
    what: None,
    from_gap: false,
    id: None,
};

/// What is left of a packet at the end is no longer than this.
pub(super) const LONGEST_CUT: usize = 1024;

/// Ten zeros before what follows a sync.
const SYNC: Price = 12 * BIT;

/// Zeros that stand for nothing cost this more than others.
const ZEROS: Price = 14 * BIT;

/// The cheapest way to read the window; or the one that nothing breaks, if it is as likely.
pub(super) fn explain(window: &Window<'_>, counts: &Counts, kinds: &Kinds) -> Vec<Step> {
    let frames: Frames<'_> = (0..window.bytes.len())
        .map(|at| split(&window.bytes[at..], window.core_bit))
        .collect();
    let starts = starts(window);
    let longest = longest_chain(&frames);
    let unbroken = window.before.and_then(|_| unbroken_chain(&frames));
    let unbroken = unbroken.filter(|chain| {
        let mut packets = chain.iter();
        packets.all(|&(at, frame)| swallowed(&starts, at, frame).is_none())
    });
    let news = match &unbroken {
        // The longest has more packets because it finds some in the payloads of these: two may be alike by chance.
        Some(unbroken) => [News::of(unbroken, 1), News::of(&longest, 3)],
        None => [News::of(&chain(&frames, 0), 1), News::of(&longest, 1)],
    };
    let prices = Prices {
        counts,
        kinds,
        news: &news,
    };
    let search = Search {
        window,
        prices,
        plain: Plain::of(window.bytes, prices),
        packets: vec![NO_WAY; window.bytes.len() + 1],
        gaps: vec![NO_WAY; window.bytes.len() + 1],
        last: NO_WAY,
        starts: &starts,
    };
    let (price, steps) = search.run(&frames);
    let likely = unbroken.filter(|chain| {
        goes_on(chain, window, prices, &steps)
            || !window.is_broken && is_as_likely(chain, window, prices, (&steps, price))
    });
    likely.map_or(steps, |chain| with_zeros(steps_of(&chain, window)))
}

/// These steps, and the zeros between them.
fn with_zeros(steps: Vec<Step>) -> Vec<Step> {
    let mut end = 0;
    let all = steps.into_iter().flat_map(|step| {
        let zeros = Step {
            what: What::Zeros,
            place: end..step.place.start,
        };
        end = step.place.end;
        [zeros, step]
    });
    all.filter(|step| !step.place.is_empty()).collect()
}

/// What packets begin at each offset.
pub(super) type Frames<'a> = Vec<Result<Frame<'a>, FrameError>>;

/// Packets that follow one another, and where each begins.
pub(super) type Chain<'f, 'b> = Vec<(usize, &'f Frame<'b>)>;

fn packet<'f, 'b>(frames: &'f Frames<'b>, at: usize) -> Option<&'f Frame<'b>> {
    let frame = frames.get(at)?.as_ref().ok();
    frame.filter(|frame| is_packet(frame))
}

/// Whether it may be a packet where bytes are in doubt. Of zeros, only those are with which a recorder tells of silence: others
/// are found in any payload.
pub(super) const fn is_packet(frame: &Frame<'_>) -> bool {
    frame.id <= id::LAST && (frame.id != id::NOP || is_silence(frame))
}

/// Whether a recorder tells that a part of its clock's period has gone by: a half, or a quarter.
pub(super) const fn is_silence(frame: &Frame<'_>) -> bool {
    /// A clock of fewer bits than one more would wrap between two packets.
    const SHORTEST: u32 = 1 << 7;
    frame.id == id::NOP && frame.delta.is_power_of_two() && frame.delta >= SHORTEST
}

fn chain<'f, 'b>(frames: &'f Frames<'b>, first: usize) -> Chain<'f, 'b> {
    let mut at = first;
    std::iter::from_fn(|| {
        let frame = packet(frames, at)?;
        at += frame.length;
        Some((at - frame.length, frame))
    })
    .collect()
}

/// The packets from the first byte to the last, if there is nothing else between them but zeros.
fn unbroken_chain<'f, 'b>(frames: &'f Frames<'b>) -> Option<Chain<'f, 'b>> {
    let (mut chain, mut at) = (Vec::new(), 0);
    loop {
        match frames.get(at) {
            None | Some(Err(FrameError::Incomplete)) => return Some(chain),
            Some(Ok(frame)) if frame.id == id::NOP && !is_silence(frame) => at += 1,
            Some(Ok(frame)) if is_packet(frame) => {
                chain.push((at, frame));
                at += frame.length;
            }
            Some(_) => return None,
        }
    }
}

/// The chain of the most packets.
pub(super) fn longest_chain<'f, 'b>(frames: &'f Frames<'b>) -> Chain<'f, 'b> {
    let mut lengths = vec![0u32; frames.len() + 1];
    for at in (0..frames.len()).rev() {
        if let Some(frame) = packet(frames, at) {
            lengths[at] = 1 + lengths[at + frame.length];
        }
    }
    let longest = (0..lengths.len()).max_by_key(|&at| (lengths[at], std::cmp::Reverse(at)));
    chain(frames, longest.unwrap_or(0))
}

struct Search<'w, 'b> {
    window: &'w Window<'b>,
    prices: Prices<'w>,
    plain: Plain,
    /// The cheapest ways to each offset at which a packet ends.
    packets: Vec<Way>,
    /// The cheapest ways to each offset that lies in a gap.
    gaps: Vec<Way>,
    /// The cheapest way that ends inside a packet.
    last: Way,
    /// Where start sequences begin.
    starts: &'w [usize],
}

impl Search<'_, '_> {
    /// The cheapest way, and its price.
    fn run(mut self, frames: &Frames<'_>) -> (Price, Vec<Step>) {
        self.packets[0] = Way {
            price: 0,
            id: self.window.before.map(|id| id as u16),
            ..NO_WAY
        };
        self.gaps[0].price = self.window.first_gap;
        let mut zeros = 0..0;
        for (at, frame) in frames.iter().enumerate() {
            self.enter_gap(at);
            if zeros.end <= at {
                let run = self.window.bytes[at..]
                    .iter()
                    .take_while(|&&byte| byte == 0);
                zeros = at..at + run.count();
            }
            let zeros_left = zeros.end - at;
            self.skip(at);
            let from_gap = self.gaps[at].price < self.packets[at].price;
            let from = if from_gap {
                self.gaps[at]
            } else {
                self.packets[at]
            };
            let here = Way {
                from: at as u32,
                from_gap,
                ..from
            };
            let before = here.id.filter(|_| !from_gap).map(u32::from);
            if zeros_left > 0 {
                self.read_zeros(at, zeros_left, here);
            }
            match frame {
                Ok(frame) => self.read(at, here, before, frame),
                Err(FrameError::Incomplete) if !from_gap => self.read_to_the_end(at, here, before),
                Err(_) => {}
            }
        }
        self.enter_gap(frames.len());
        self.steps()
    }

    fn enter_gap(&mut self, at: usize) {
        let price = self.packets[at].price + GAP;
        if price < self.gaps[at].price {
            self.gaps[at] = Way {
                price,
                from: at as u32,
                ..NO_WAY
            };
        }
    }

    fn skip(&mut self, at: usize) {
        let here = Way {
            from: at as u32,
            what: Some(What::Gap),
            from_gap: true,
            ..NO_WAY
        };
        let price = self.gaps[at].price;
        reach(&mut self.gaps[at + 1], here, price + BYTE);
        if let Some((length, more)) = self.plain.cheap(at) {
            reach(&mut self.gaps[at + length], here, price + more);
        }
    }

    /// Zeros that stand for nothing, all that there are, and a sync.
    fn read_zeros(&mut self, at: usize, zeros: usize, here: Way) {
        let behind = &self.window.bytes[at + zeros..];
        let starts = is_behind_sync(Head::of(behind, self.window.core_bit).id);
        let way = Way {
            what: Some(What::Zeros),
            id: None,
            ..here
        };
        let sync = sync::SYNC.len();
        let mut pass = |count: usize, more: Price| {
            reach(&mut self.packets[at + count], way, here.price + more);
        };
        if starts && zeros == sync {
            pass(sync, SYNC);
        } else if starts && zeros > sync {
            pass(zeros - sync, zeros_price(zeros - sync));
        }
        pass(zeros, zeros_price(zeros));
    }

    fn read(&mut self, at: usize, here: Way, before: Option<u32>, frame: &Frame<'_>) {
        if let Some(start) = swallowed(self.starts, at, frame) {
            return self.tear(at, before, start);
        }
        if !is_packet(frame) || here.from_gap && !self.may_follow_gap(at, frame) {
            return;
        }
        if self
            .starts
            .iter()
            .any(|start| start + sync::SYNC.len() == at)
        {
            // All that follows confirms it, so that no gap goes on over it, whatever its delta.
            let start = Way {
                what: Some(What::Packet),
                id: Some(frame.id as u16),
                ..here
            };
            return reach(&mut self.packets[at + frame.length], start, here.price);
        }
        let slack = if here.from_gap { 0 } else { GAP };
        let payload = at + frame.payload_start;
        let end = payload + frame.payload.len();
        let plain = self.plain.price(payload..end);
        let price = (self.prices).without_delta(frame, plain, before, slack);
        let Some(price) = price.map(|price| here.price + price) else {
            return;
        };
        let last = self.window.bytes[at + frame.length - 1];
        let surcharge = self.prices.surcharge(frame, last);
        let way = Way {
            what: Some(What::Packet),
            id: Some(frame.id as u16),
            ..here
        };
        let whole =
            price + self.prices.delta(frame) + surcharge + self.other_part(at, before, frame);
        reach(&mut self.packets[at + frame.length], way, whole);
        let without_delta = Way {
            what: Some(What::WithoutDelta),
            ..way
        };
        reach(&mut self.gaps[end], without_delta, price + GAP);
    }

    /// How much more a silence costs behind one of another length.
    fn other_part(&self, at: usize, before: Option<u32>, frame: &Frame<'_>) -> Price {
        if before != Some(id::NOP) || !is_silence(frame) {
            return 0;
        }
        let before = self.packets[at].from as usize;
        let before = split(&self.window.bytes[before..], self.window.core_bit);
        before.map_or(0, |before| {
            self.prices.other_part(before.delta, frame.delta)
        })
    }

    /// Whether a packet is believed behind a gap. A start and a full buffer are told seldom, and stand in the bytes of log messages:
    /// the end of a line, the number of arguments.
    fn may_follow_gap(&self, at: usize, frame: &Frame<'_>) -> bool {
        let behind = &self.window.bytes[at + frame.length..];
        match frame.id {
            id::OVERFLOW => self.prices.counts.of(Topic::Id, id::OVERFLOW) > 0,
            id::TRACE_START => Head::of(behind, self.window.core_bit).id == id::INIT,
            _ => self.prices.has_seen(frame.id),
        }
    }

    /// A packet that ends beyond the window: what lies inside is charged for.
    fn read_to_the_end(&mut self, at: usize, here: Way, before: Option<u32>) {
        let end = self.window.bytes.len();
        if let Some(&start) = self.starts.iter().find(|&&start| start > at) {
            return self.tear(at, before, start);
        }
        let is_cut = self.window.is_end;
        let Some(price) = self.price_up_to(at..end, before, is_cut) else {
            return;
        };
        let way = Way {
            what: Some(if is_cut { What::Cut } else { What::Packet }),
            ..here
        };
        reach(&mut self.last, way, here.price + price);
    }

    /// A packet that goes on where a start sequence begins: a reset has cut it off there, and what there is of it is lost.
    fn tear(&mut self, at: usize, before: Option<u32>, start: usize) {
        let Some(price) = self.price_up_to(at..start, before, true) else {
            return;
        };
        let way = Way {
            from: at as u32,
            what: Some(What::Gap),
            from_gap: true,
            ..NO_WAY
        };
        let price = self.gaps[at].price + price;
        reach(&mut self.gaps[start], way, price);
    }

    /// What the beginning of a packet costs, which is cut off, or ends beyond the window.
    fn price_up_to(&self, place: Range<usize>, before: Option<u32>, is_cut: bool) -> Option<Price> {
        let bytes = &self.window.bytes[place.clone()];
        let head = Head::of(bytes, self.window.core_bit);
        if head.id > id::LAST || head.id == id::NOP || is_cut && bytes.len() > LONGEST_CUT {
            return None;
        }
        let behind = &bytes[head.start..];
        let inside = behind.len().min(head.payload);
        let start = place.start + head.start;
        let payload = Payload {
            bytes: &behind[..inside],
            whole: head.payload,
            plain: self.plain.price(start..start + inside),
        };
        let payload = if is_cut && !self.prices.has_seen(head.id) {
            // Nothing vouches for what it says: neither packets like it, nor its end.
            (inside + 1) as Price * BYTE
        } else {
            self.prices.payload(head.id, payload, GAP)?
        };
        let rest = (behind.len() - inside) as Price * BYTE;
        Some(self.prices.id(head.id, before) + payload + rest)
    }

    /// Goes back from the cheapest end.
    fn steps(self) -> (Price, Vec<Step>) {
        let mut at = self.window.bytes.len();
        let ends = [self.packets[at], self.gaps[at], self.last];
        let mut way = ends
            .into_iter()
            .min_by_key(|end| end.price)
            .unwrap_or(NO_WAY);
        let price = way.price;
        let mut steps: Vec<Step> = Vec::new();
        loop {
            let from = way.from as usize;
            match (way.what, steps.last_mut()) {
                (None, _) if from == at && at > 0 => {}
                (None, _) => break,
                (
                    Some(What::Gap),
                    Some(Step {
                        what: What::Gap,
                        place,
                    }),
                ) if place.start == at => {
                    place.start = from;
                }
                (Some(what), _) => steps.push(Step {
                    what,
                    place: from..at,
                }),
            }
            let in_gap = way.what.is_some() && way.from_gap;
            at = from;
            way = if in_gap {
                self.gaps[at]
            } else {
                self.packets[at]
            };
        }
        steps.reverse();
        (price, steps)
    }
}

/// Where start sequences begin in a window.
fn starts(window: &Window<'_>) -> Vec<usize> {
    let (bytes, core_bit) = (window.bytes, window.core_bit);
    let zeros = sync::zeros(bytes, 0);
    let starts = zeros.filter(|&at| sync::at(&bytes[at..], core_bit) == Some(sync::Sync::Start));
    starts.collect()
}

/// Where a start sequence begins inside a packet: whoever was reset did not send it to its end.
fn swallowed(starts: &[usize], at: usize, frame: &Frame<'_>) -> Option<usize> {
    let inside = at + 1..at + frame.length;
    let mut starts = starts.iter().copied();
    starts.find(|start| inside.contains(start) && can_be_torn(frame.id))
}

/// Whether zeros behind a packet may be some of a sync that it has taken the others of. Behind a stop, fewer are padding.
pub(super) const fn can_be_torn(id: u32) -> bool {
    id != id::TRACE_STOP
}

/// What follows a sync: a start, or the time, which a recorder tells again for who comes late.
const fn is_behind_sync(id: u32) -> bool {
    matches!(id, id::TRACE_START | id::SYSTIME_CYCLES | id::SYSTIME_US)
}

const fn zeros_price(count: usize) -> Price {
    ZEROS + ZERO * count as Price
}

/// A cheaper way to get there.
fn reach(to: &mut Way, way: Way, price: Price) {
    if price < to.price {
        *to = Way { price, ..way };
    }
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
