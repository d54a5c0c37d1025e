//! One stream of packets: bytes in, frames with times out, damage read as its cheapest explanation.
//!
//! Packets that are ordinary ([`kinds`]) are cut in batches ([`cut`]). Where bytes are in doubt ([`doubt`]), they
//! are read as their cheapest explanation ([`explain`]), by the prices ([`price`]) of what the stream has held
//! before ([`counts`]).

mod begin;
mod counts;
mod cut;
mod doubt;
mod explain;
mod history;
mod kinds;
mod news;
mod parts;
mod plain;
mod price;
mod quick;
mod texts;
mod torn;
mod trial;
mod whole;

use std::collections::VecDeque;
use std::ops::Range;

use leakscope_systemview::{Frame, FrameError, varint};

use self::counts::Counts;
use self::doubt::Gap;
use self::explain::Step;
use self::history::History;
use self::kinds::Kinds;
pub(super) use self::trial::has_core_bits;
use super::clock::Clock;
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
    /// The part that stands there begins so many bytes before the place that the header names.
    Early { offset: u64, bytes: u64 },
    /// The data end inside a packet.
    Cut { offset: u64, bytes: u64, time: u64 },
    /// The next packet, which comes at this time if its delta is none that damage has made, is the last one before a start
    /// sequence, in which the target's clock says this.
    PerhapsTorn { time: u64, clock: Clock },
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
    /// The bytes of the buffer that were not cut yet. In a checkpoint, those before them are still to be supplied.
    unread: Range<usize>,
    /// Where in the buffer the bytes end that were supplied: behind `unread`, if they may be another part's.
    supplied: usize,
    /// Where the buffer's first byte stands in the input.
    offset: u64,
    /// Where the stream begins in it.
    first: u64,
    /// No more bytes will come.
    complete: bool,
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
    /// Packets that were cut, by their numbers, in a ring: the one that was taken last, and those that what comes
    /// behind them may still put in doubt.
    pieces: [Piece; RING],
    /// Packets before this one were taken.
    taken: usize,
    /// Packets before this one may be taken.
    sure: usize,
    /// Packets before this one were cut.
    cut: usize,
    /// Up to this place in the buffer, packets are cut as they are taken, so that [`LOOKBACK`] of them are not sure:
    /// nothing is in doubt, and there is room to cut quickly. The counts behind `taken` are not kept. 0 otherwise.
    smooth_until: usize,
    /// Where in the input the packets begin that were not learnt from yet, and two places behind that.
    history: History,
    /// At a checkpoint: how many are, as soon as their bytes are supplied once more.
    resuming: Option<usize>,
    /// The explanation of the bytes at the front, as far as it was not followed.
    steps: VecDeque<Step>,
    /// Bytes that are being skipped.
    gap: Option<Gap>,
    /// Zeros that stand before the front, behind a gap if there is one. What follows them says whether they are padding.
    zeros: u64,
    /// Whether it was asked if the packet at the front is torn.
    is_asked: bool,
    /// What comes next stands behind a gap.
    is_behind_gap: bool,
    /// There was a gap.
    is_broken: bool,
    /// The bytes before the first packet: in a ring, they may be the end of the last one.
    wrapped: Vec<u8>,
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

/// Damage is noticed up to so many packets late.
const LOOKBACK: usize = 8;

/// The number of the first packet.
const FIRST: usize = LOOKBACK + 1;

/// Packets that are kept: more than [`LOOKBACK`], and the one that was taken last. Twice as many, so that to go so far ahead
/// in the ring is to change one bit.
const RING: usize = 2 * LOOKBACK;

/// Room for bytes: what one read of a file brings, and some that are kept.
const BUFFER: usize = 256 * 1024;

impl Stream {
    pub(super) fn new(part: Part) -> Self {
        Self {
            part,
            buffer: Vec::new(),
            unread: 0..0,
            supplied: 0,
            offset: part.start,
            first: part.start,
            complete: false,
            state: State::Searching,
            is_inside: false,
            lacks_start: false,
            time: 0,
            clock_runs: false,
            kinds: Kinds::new(&part),
            counts: Counts::default(),
            pieces: [Piece::default(); RING],
            taken: FIRST,
            sure: FIRST,
            cut: FIRST,
            smooth_until: 0,
            history: History::default(),
            resuming: None,
            steps: VecDeque::new(),
            gap: None,
            zeros: 0,
            is_asked: false,
            is_behind_gap: false,
            is_broken: false,
            wrapped: Vec::new(),
            special: None,
            next_time: 0,
        }
    }

    /// Room for more bytes; never empty.
    pub(super) fn space(&mut self) -> &mut [u8] {
        if self.unread.start <= self.unread.end {
            self.drop_past();
        }
        if self.buffer.is_empty() {
            self.buffer = vec![0; BUFFER];
        } else if self.supplied * 2 > self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        &mut self.buffer[self.supplied..]
    }

    /// Takes what was written into [`Stream::space`], this many bytes; 0 means that no more will come.
    pub(super) fn supply(&mut self, count: usize) {
        self.supplied += count;
        self.complete |= count == 0;
        self.find_borders();
    }

    /// Whether the beginning was found.
    pub(super) fn has_begun(&self) -> bool {
        self.state != State::Searching
    }

    pub(super) fn has_ended(&self) -> bool {
        self.state == State::End
    }

    /// When the last packet came, if there was one.
    pub(super) fn last_time(&self) -> Option<u64> {
        (self.cut > FIRST).then_some(self.time)
    }

    /// Up to where in the input bytes were supplied.
    pub(super) fn supplied_to(&self) -> u64 {
        self.offset + self.supplied as u64
    }

    /// How many bytes of its own were supplied.
    pub(super) fn bytes(&self) -> u64 {
        self.supplied_to() - self.first
    }

    #[inline]
    pub(super) fn payload(&self, piece: &Piece) -> &[u8] {
        let start = piece.payload_start as usize;
        &self.buffer[start..start + piece.payload_length as usize]
    }

    /// The first number of a payload. What follows the payload may be looked at: that is faster.
    #[inline]
    pub(super) fn first_number(&self, piece: &Piece) -> u32 {
        let number = varint::read_any(&self.buffer, piece.payload_start as usize);
        number.map_or(0, |(number, _)| number)
    }

    /// Where a packet begins in the input.
    #[inline]
    pub(super) fn offset(&self, piece: &Piece) -> u64 {
        self.offset + u64::from(piece.start)
    }

    /// The clock was behind: what was not taken yet came so many ticks later.
    pub(super) fn catch_up(&mut self, ticks: u64) {
        self.time += ticks;
        for number in self.taken..=self.taken + LOOKBACK {
            self.pieces[number % RING].time += ticks;
        }
        if let Some(Special::Skipped { time, .. } | Special::Cut { time, .. }) = &mut self.special {
            *time += ticks;
        }
        if (1..u64::MAX).contains(&self.next_time) {
            self.next_time += ticks;
        }
    }

    /// From now on, packets with this id of a module take this way.
    pub(super) fn set_lane(&mut self, id: u32, lane: Lane) {
        self.kinds.set_lane(id, lane);
        for piece in &mut self.pieces {
            if piece.id() == id {
                piece.label.lane = lane;
            }
        }
    }

    /// The next item, if it is a frame that is ready.
    #[inline(always)]
    fn next_piece(&self) -> Option<&Piece> {
        (self.taken < self.sure).then(|| &self.pieces[self.taken % RING])
    }

    /// Takes the next item, if it is a frame that is ready: its number, for [`Stream::numbered`].
    #[inline(always)]
    pub(super) fn take_frame(&mut self) -> Option<usize> {
        let number = self.taken;
        if self.unread.start < self.smooth_until {
            self.cut_as_taken();
            return Some(number);
        }
        self.take_sure().then_some(number)
    }

    /// As [`Stream::take_frame`], where packets are not cut as they are taken.
    #[inline(never)]
    fn take_sure(&mut self) -> bool {
        if self.smooth_until > 0 {
            self.taken += 1;
            self.cut_no_more();
            return true;
        }
        let is_ready = self.taken < self.sure;
        if is_ready {
            self.taken += 1;
            self.foretell();
        }
        is_ready
    }

    /// The next item's time is known, if it is a frame that is ready.
    fn foretell(&mut self) {
        self.next_time = self.next_piece().map_or(0, |next| next.time);
    }

    /// One of the packets that are kept.
    #[inline(always)]
    pub(super) fn numbered(&self, number: usize) -> &Piece {
        &self.pieces[number % RING]
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
            let answer = match (self.resuming, self.state) {
                (Some(sure), _) => self.resume(sure),
                (None, State::End) => Some(Ready::End),
                (None, State::Searching) => self.begin(),
                (None, State::Reading) => self.read(),
            };
            if let Some(answer) = answer.filter(|_| self.taken == self.sure) {
                return answer;
            }
        }
    }

    /// The packet that was cut last.
    fn last(&self) -> &Piece {
        &self.pieces[(self.cut - 1) % RING]
    }

    fn special(&mut self, item: Special) -> Ready {
        self.special = Some(item);
        Ready::Item
    }

    /// None, in a stream that goes on from a checkpoint and was not given its bytes again yet.
    fn unread_bytes(&self) -> &[u8] {
        self.buffer.get(self.unread.clone()).unwrap_or_default()
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

#[inline]
fn split(bytes: &[u8], core_bit: bool) -> Result<Frame<'_>, FrameError> {
    if core_bit {
        Frame::split_with_core_bit(bytes)
    } else {
        Frame::split(bytes)
    }
}
