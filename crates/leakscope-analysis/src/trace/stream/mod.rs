//! One stream of packets: bytes in, frames with times out, damage skipped.
//!
//! Packets that are ordinary ([`kinds`]) are cut in batches. Where bytes are in doubt ([`doubt`]), they are
//! read as their cheapest explanation ([`explain`]), by the prices ([`price`]) of what the stream has held
//! so far ([`counts`]).

mod begin;
mod copies;
mod counts;
mod doubt;
mod explain;
mod kinds;
mod parts;
mod price;
mod trial;

use std::collections::VecDeque;
use std::ops::Range;

use leakscope_systemview::{Frame, FrameError, id, varint};

use self::counts::Counts;
use self::doubt::Gap;
use self::explain::Step;
use self::kinds::Kinds;
pub(super) use self::trial::has_core_bits;
use super::lane::{Label, Lane};
use super::layout::Part;

/// What a stream can hold beside frames.
#[derive(Clone, Copy, Debug)]
pub(super) enum Special {
    /// Bytes that are no packets, behind a packet of this time.
    Skipped { offset: u64, bytes: u64, time: u64 },
    /// The bytes before the first sync.
    BeforeStart { offset: u64, bytes: u64 },
    /// The stream was read from its first plausible packet on.
    NoStart { offset: u64 },
    /// Nothing in it looks like packets.
    Nothing { offset: u64 },
    /// The data end before the part that stands there.
    Missing { offset: u64 },
    /// The data end inside a packet.
    Cut { offset: u64, bytes: u64, time: u64 },
}

/// A frame and its place. Places are indices into the stream's buffer, and hold until the next
/// [`Stream::space`].
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Piece {
    pub(super) time: u64,
    start: u32,
    payload_start: u32,
    payload_length: u32,
    pub(super) delta: u32,
    label: Label,
}

impl Piece {
    #[inline]
    pub(super) fn id(&self) -> u32 {
        u32::from(self.label.id)
    }

    #[inline]
    pub(super) fn core(&self) -> u8 {
        self.label.core
    }

    #[inline]
    pub(super) fn lane(&self) -> Lane {
        self.label.lane
    }
}

/// What it takes to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ready {
    /// There is an item to take.
    Item,
    NeedBytes,
    End,
}

/// One stream of packets.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each says something else")]
pub(super) struct Stream {
    pub(super) part: Part,
    buffer: Vec<u8>,
    /// The bytes of the buffer that were not cut yet.
    unread: Range<usize>,
    /// Where the buffer's first byte stands in the input.
    offset: u64,
    /// Where the stream begins in it.
    first: u64,
    /// No more bytes will come.
    complete: bool,
    /// Whether other streams hold copies of some packets: then it must be seen which come next.
    has_copies: bool,
    state: State,
    /// Whether a gap would be one inside the recording, and not what stands before it.
    is_inside: bool,
    /// Whether no start sequence was found, which is still to be said.
    lacks_start: bool,
    /// The time of the packet that was cut last.
    time: u64,
    /// The clock has its zero: at the first `TRACE_START`, or lacking that, at the first packet.
    clock_runs: bool,
    kinds: Kinds,
    counts: Counts,
    /// Packets that were cut: the one that was taken last, those that may be taken, and the last
    /// [`LOOKBACK`], which damage behind them may still put in doubt.
    pieces: Box<[Piece; ROOM]>,
    /// Pieces before this one were taken.
    taken: usize,
    /// Pieces before this one may be taken.
    sure: usize,
    /// Pieces before this one were cut.
    cut: usize,
    /// How many packets were cut, since the beginning.
    number: u64,
    /// The explanation of the bytes at the front, as far as it was not followed.
    steps: VecDeque<Step>,
    /// Bytes that are being skipped.
    gap: Option<Gap>,
    /// What comes next, if it is no frame.
    special: Option<Special>,
    /// The time of the next item. 0 if it is not known yet, so that the stream is asked next; the
    /// largest number if there is none.
    pub(super) next_time: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before the first packet.
    Searching,
    Reading,
    End,
}

/// Room for bytes: what one read of a file brings.
const BUFFER: usize = 128 * 1024;

/// Damage is noticed up to so many packets late: these are given out when as many were cut behind them.
const LOOKBACK: usize = 8;

/// Every packet is learnt from until this many were cut; from then on, one in [`SAMPLE`].
const LEARNT: u64 = 2048;
const SAMPLE: u64 = 256;

/// While every packet is learnt from, it is found out again this often which deltas are long.
const MEASURE: u64 = 64;

/// A packet is learnt from when so many were cut behind it that it is given out.
const LEARN_AT: u64 = LOOKBACK as u64 + 1;

/// Pieces that are kept: a batch, those that are not sure, and the one that was taken last.
const ROOM: usize = 96;

impl Stream {
    pub(super) fn new(part: Part, has_copies: bool) -> Self {
        Self {
            part,
            buffer: Vec::new(),
            unread: 0..0,
            offset: part.start,
            first: part.start,
            complete: false,
            has_copies,
            state: State::Searching,
            is_inside: false,
            lacks_start: false,
            time: 0,
            clock_runs: false,
            kinds: Kinds::new(&part),
            counts: Counts::default(),
            pieces: Box::new([Piece::default(); ROOM]),
            taken: 1,
            sure: 1,
            cut: 1,
            number: 0,
            steps: VecDeque::new(),
            gap: None,
            special: None,
            next_time: 0,
        }
    }

    /// Room for more bytes; never empty.
    pub(super) fn space(&mut self) -> &mut [u8] {
        self.drop_taken();
        if self.buffer.len() < BUFFER {
            self.buffer.resize(BUFFER, 0);
        } else if self.unread.end * 2 > self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        &mut self.buffer[self.unread.end..]
    }

    /// Forgets the bytes of what was taken.
    fn drop_taken(&mut self) {
        let pending = &mut self.pieces[self.taken..self.cut];
        let first = pending
            .first()
            .map_or(self.unread.start, |first| first.start as usize);
        for piece in pending {
            piece.start -= first as u32;
            piece.payload_start -= first as u32;
        }
        self.buffer.copy_within(first..self.unread.end, 0);
        self.offset += first as u64;
        self.unread = self.unread.start - first..self.unread.end - first;
    }

    /// So many bytes were written into [`Stream::space`]; none means that no more will come.
    pub(super) fn supply(&mut self, count: usize) {
        self.unread.end += count;
        self.complete |= count == 0;
    }

    /// Whether the beginning was found.
    pub(super) fn has_begun(&self) -> bool {
        self.state != State::Searching
    }

    /// Up to where in the input bytes were supplied.
    pub(super) fn supplied_to(&self) -> u64 {
        self.offset + self.unread.end as u64
    }

    /// How many bytes of its own were supplied.
    pub(super) fn bytes(&self) -> u64 {
        self.supplied_to() - self.first
    }

    /// A copy to which only the bytes up to the next item were supplied, and of those that were cut
    /// before it is sure of them.
    pub(super) fn without_unread(&self) -> Self {
        let mut copy = self.clone();
        copy.drop_taken();
        let decided = match (self.steps.front(), self.steps.back()) {
            (Some(first), Some(last)) => last.place.end - first.place.start,
            _ => 0,
        };
        copy.unread.end = copy.unread.end.min(copy.unread.start + decided);
        copy.buffer = copy.buffer[..copy.unread.end].to_vec();
        copy.complete = false;
        copy
    }

    #[inline]
    pub(super) fn payload(&self, piece: &Piece) -> &[u8] {
        let start = piece.payload_start as usize;
        &self.buffer[start..start + piece.payload_length as usize]
    }

    /// The first number of a payload. What follows the payload may be looked at: that is faster.
    #[inline]
    pub(super) fn first_number(&self, piece: &Piece) -> u32 {
        let number = varint::read(&self.buffer, piece.payload_start as usize);
        number.map_or(0, |(number, _)| number)
    }

    /// Where a packet begins in the input.
    #[inline]
    pub(super) fn offset(&self, piece: &Piece) -> u64 {
        self.offset + u64::from(piece.start)
    }

    /// From now on, packets with this id of a module take this way.
    pub(super) fn set_lane(&mut self, id: u32, lane: Lane) {
        self.kinds.set_lane(id, lane);
        for piece in &mut self.pieces[self.taken..self.cut] {
            if piece.id() == id {
                piece.label.lane = lane;
            }
        }
    }

    /// The next item, if it is a frame that is ready.
    #[inline(always)]
    fn next_piece(&self) -> Option<&Piece> {
        (self.taken < self.sure).then(|| &self.pieces[self.taken])
    }

    /// Takes the next item, if it is a frame that is ready: it is [`Stream::taken`] then.
    #[inline(always)]
    pub(super) fn take_frame(&mut self) -> bool {
        let is_ready = self.taken < self.sure;
        if is_ready {
            self.taken += 1;
            self.next_time = self.next_piece().map_or(0, |next| next.time);
        }
        is_ready
    }

    /// The frame that was taken last.
    #[inline(always)]
    pub(super) fn taken(&self) -> &Piece {
        &self.pieces[(self.taken - 1).min(ROOM - 1)]
    }

    /// Takes the next item, if it is none; `None` if [`Stream::prepare`] must be asked first.
    pub(super) fn take_special(&mut self) -> Option<Special> {
        self.special.take()
    }

    /// Makes the next item ready.
    pub(super) fn prepare(&mut self) -> Ready {
        let ready = self.find_item();
        self.next_time = match (ready, self.next_piece(), &self.special) {
            (Ready::End, _, _) => u64::MAX,
            (_, Some(piece), _) => piece.time,
            (_, None, Some(Special::Skipped { time, .. } | Special::Cut { time, .. })) => *time,
            (_, None, _) => 0,
        };
        ready
    }

    fn find_item(&mut self) -> Ready {
        loop {
            if self.taken < self.sure || self.special.is_some() {
                return Ready::Item;
            }
            let needed = match self.state {
                State::End => Some(Ready::End),
                _ => self.find_borders(),
            };
            let answer = needed.or_else(|| match self.state {
                State::Searching => self.begin(),
                _ => self.read(),
            });
            if let Some(answer) = answer.filter(|_| self.taken == self.sure) {
                return answer;
            }
        }
    }

    /// Goes on; `None` if anything came of it.
    fn read(&mut self) -> Option<Ready> {
        self.make_room();
        if let Some(step) = self.steps.pop_front() {
            return self.follow(&step);
        }
        if self.gap.is_some() {
            return self.resolve();
        }
        if self.has_copies && self.unread.len() < copies::AHEAD && !self.complete {
            return Some(Ready::NeedBytes);
        }
        let before = self.cut;
        self.cut_ahead();
        if self.unread.is_empty() && self.complete {
            self.sure = self.cut;
            if self.taken == self.sure {
                self.state = State::End;
            }
            return None;
        }
        self.sure = self.sure.max(self.cut.saturating_sub(LOOKBACK));
        if self.cut > before {
            return None;
        }
        let bytes = self.unread_bytes();
        let is_cut_short = matches!(
            split(bytes, self.part.core_bit),
            Err(FrameError::Incomplete)
        );
        if is_cut_short && bytes.len() <= doubt::AHEAD && !self.complete {
            return Some(Ready::NeedBytes);
        }
        self.resolve()
    }

    /// Keeps the piece that was taken last, and those that were not taken.
    fn make_room(&mut self) {
        let first = self.taken - 1;
        self.pieces.copy_within(first..self.cut, 0);
        self.taken = 1;
        self.sure -= first;
        self.cut -= first;
    }

    /// Cuts packets as long as nothing is in doubt and there is room.
    fn cut_ahead(&mut self) {
        while self.cut < ROOM {
            let before = self.cut;
            if self.clock_runs {
                self.cut_quickly(self.room());
            }
            if self.cut == before && !self.cut_slowly() {
                return;
            }
            self.learn_behind();
        }
    }

    /// Up to which piece to cut before one is to be learnt from.
    fn room(&self) -> usize {
        let until = if self.number < LEARNT {
            1
        } else {
            SAMPLE - (self.number + SAMPLE - LEARN_AT) % SAMPLE
        };
        ROOM.min(self.cut + until as usize)
    }

    /// Cuts packets that are ordinary, if that is quickly seen.
    fn cut_quickly(&mut self, room: usize) {
        let Self {
            buffer,
            unread,
            pieces,
            kinds,
            ..
        } = self;
        let bytes = &buffer[..unread.end];
        let (mut start, mut time) = (unread.start, self.time);
        let first = self.cut;
        for piece in &mut pieces[first..room] {
            let Some((frame, kind)) = kinds.split_ordinary(&bytes[start..]) else {
                break;
            };
            time += u64::from(frame.delta);
            *piece = Piece::of(&frame, start, time, kind.label);
            start += frame.length;
            self.cut += 1;
        }
        unread.start = start;
        self.time = time;
        self.number += (self.cut - first) as u64;
    }

    /// Cuts one packet, if nothing about it is in doubt.
    fn cut_slowly(&mut self) -> bool {
        let bytes = &self.buffer[self.unread.clone()];
        let Ok(frame) = split(bytes, self.part.core_bit) else {
            return false;
        };
        let is_ordinary = self.kinds.ordinary(&frame).is_some();
        if !is_ordinary && !self.is_cheap(&frame) {
            return false;
        }
        let payload = frame.payload.to_vec();
        let frame = Frame {
            payload: &payload,
            ..frame
        };
        if !is_ordinary && self.number >= LEARNT {
            self.learn(&frame);
        }
        self.offer(&frame);
        true
    }

    /// Learns from the packet behind which enough were cut, if its turn has come.
    fn learn_behind(&mut self) {
        let is_turn = self.number < LEARNT || self.number % SAMPLE == LEARN_AT;
        let behind = self
            .cut
            .checked_sub(LOOKBACK + 1)
            .filter(|&behind| behind > 0);
        if let Some(behind) = behind.filter(|_| is_turn) {
            let piece = self.pieces[behind];
            let start = piece.payload_start as usize;
            let payload = &self.buffer[start..start + piece.payload_length as usize];
            let before = self.pieces[behind - 1].id();
            self.counts
                .learn(piece.id(), payload, piece.delta, Some(before));
            self.kinds.learn(piece.id(), payload);
            announce(&mut self.counts, piece.id(), payload);
        }
        let is_turn = self.number < LEARNT && self.number.is_multiple_of(MEASURE);
        if is_turn || self.number % SAMPLE == LEARN_AT {
            self.kinds.measure_deltas(&self.counts);
        }
    }

    fn learn(&mut self, frame: &Frame<'_>) {
        let before = self.pieces[self.cut - 1].id();
        self.counts
            .learn(frame.id, frame.payload, frame.delta, Some(before));
        self.kinds.learn(frame.id, frame.payload);
        announce(&mut self.counts, frame.id, frame.payload);
    }

    /// The packet at the front is accepted as an explanation of its bytes.
    fn accept(&mut self, frame: &Frame<'_>) {
        self.learn(frame);
        self.offer(frame);
        self.sure = self.cut;
        if self.number.is_multiple_of(MEASURE) {
            self.kinds.measure_deltas(&self.counts);
        }
    }

    /// The packet at the front is cut.
    fn offer(&mut self, frame: &Frame<'_>) {
        let start = self.unread.start;
        if self.clock_runs {
            self.time += u64::from(frame.delta);
        } else {
            self.clock_runs = true;
        }
        let label = Label {
            id: frame.id as u16,
            core: self.part.core.max(frame.core),
            lane: self.kinds.lane(frame.id),
        };
        self.pieces[self.cut] = Piece::of(frame, start, self.time, label);
        self.cut += 1;
        self.number += 1;
        self.unread.start += frame.length;
    }

    fn special(&mut self, item: Special) -> Ready {
        self.special = Some(item);
        Ready::Item
    }

    fn unread_bytes(&self) -> &[u8] {
        &self.buffer[self.unread.clone()]
    }

    fn position(&self) -> u64 {
        self.offset + self.unread.start as u64
    }

    /// Drops everything that was not read yet; returns how much that was.
    fn drop_rest(&mut self) -> u64 {
        let bytes = self.unread.len() as u64;
        self.unread.start = self.unread.end;
        self.state = State::End;
        bytes
    }
}

impl Piece {
    #[inline(always)]
    fn of(frame: &Frame<'_>, start: usize, time: u64, label: Label) -> Self {
        Self {
            time,
            start: start as u32,
            payload_start: (start + frame.payload_start) as u32,
            payload_length: frame.payload.len() as u32,
            delta: frame.delta,
            label,
        }
    }
}

/// Packets of a module that was described may come.
fn announce(counts: &mut Counts, id: u32, payload: &[u8]) {
    /// The number of a module's events is not sent.
    const EVENTS: u32 = 16;
    if id == id::MODULEDESC
        && let Some(offset) = varint::Numbers::new(payload).nth(1)
    {
        counts.announce(offset..offset.saturating_add(EVENTS));
    }
}

#[inline]
fn split(bytes: &[u8], core_bit: bool) -> Result<Frame<'_>, FrameError> {
    if core_bit {
        Frame::split_with_core_bit(bytes)
    } else {
        Frame::split(bytes)
    }
}
