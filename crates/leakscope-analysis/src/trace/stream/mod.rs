//! One stream of packets: bytes in, frames with times out, damage skipped.

mod begin;
mod damage;
mod doubt;

use std::ops::Range;

use leakscope_systemview::{Frame, FrameError, varint};

use super::lane::{Label, Lane};
use super::layout::Part;
use super::plausible::Seen;

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
pub(super) struct Stream {
    pub(super) part: Part,
    buffer: Vec<u8>,
    /// The bytes of the buffer that were not read yet.
    unread: Range<usize>,
    /// Where the buffer's first byte stands in the input.
    offset: u64,
    /// No more bytes will come.
    complete: bool,
    state: State,
    time: u64,
    /// The clock has its zero: at the first `TRACE_START`, or lacking that, at the first packet.
    clock_runs: bool,
    seen: Seen,
    /// The frame that was taken last, and the next one: they take turns, so that none is copied.
    pieces: [Piece; 2],
    /// Which of them is the next one.
    next: usize,
    /// Whether the next one was cut already.
    is_cut: bool,
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
    /// Behind damage: so many bytes were skipped so far.
    Lost {
        skipped: u64,
    },
    End,
}

/// Room for bytes: what one read of a file brings.
const BUFFER: usize = 128 * 1024;

/// A sync, `TRACE_START` and `INIT` at their longest.
const START: usize = 64;

/// So many of them may be unlike those before the damage.
const FEW: usize = 3;

/// What is left of a packet at the begin or at the end of a recording is no longer than this.
const LONGEST_PACKET: usize = 512;

/// So many plausible packets must follow one that is doubtful.
const CONFIRMATION: usize = 8;

impl Stream {
    pub(super) fn new(part: Part) -> Self {
        Self {
            part,
            buffer: Vec::new(),
            unread: 0..0,
            offset: part.start,
            complete: false,
            state: State::Searching,
            time: 0,
            clock_runs: false,
            seen: Seen::new(&part),
            pieces: [Piece::default(); 2],
            next: 0,
            is_cut: false,
            special: None,
            next_time: 0,
        }
    }

    /// Room for more bytes; never empty.
    pub(super) fn space(&mut self) -> &mut [u8] {
        let (start, end) = (self.unread.start, self.unread.end);
        self.buffer.copy_within(start..end, 0);
        self.offset += start as u64;
        self.unread = 0..end - start;
        if self.buffer.len() < BUFFER {
            self.buffer.resize(BUFFER, 0);
        } else if self.unread.end * 2 > self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        &mut self.buffer[self.unread.end..]
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

    /// A copy to which only the bytes up to the next item were supplied.
    pub(super) fn without_unread(&self) -> Self {
        let next = self.next_piece();
        let first = next.map_or(self.unread.start, |next| next.start as usize);
        let kept = &self.buffer[first..self.unread.start];
        let next = next.map(|next| Piece {
            start: next.start - first as u32,
            payload_start: next.payload_start - first as u32,
            ..*next
        });
        Self {
            part: self.part,
            buffer: kept.to_vec(),
            unread: kept.len()..kept.len(),
            offset: self.offset + first as u64,
            complete: false,
            state: self.state,
            time: self.time,
            clock_runs: self.clock_runs,
            seen: self.seen.clone(),
            pieces: [next.unwrap_or_default(); 2],
            next: self.next,
            is_cut: self.is_cut,
            special: self.special,
            next_time: self.next_time,
        }
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

    /// Packets with this id may come.
    pub(super) fn announce(&mut self, id: u32) {
        self.seen.announce(id);
    }

    /// From now on, packets with this id of a module take this way.
    pub(super) fn set_lane(&mut self, id: u32, lane: Lane) {
        self.seen.set_lane(id, lane);
        let next = &mut self.pieces[self.next & 1];
        if next.id() == id {
            next.label.lane = lane;
        }
    }

    /// The next item, if it is a frame that is ready.
    #[inline(always)]
    fn next_piece(&self) -> Option<&Piece> {
        self.is_cut.then(|| &self.pieces[self.next & 1])
    }

    /// Takes the next item, if it is a frame that is ready: it is [`Stream::taken`] then.
    #[inline(always)]
    pub(super) fn take_frame(&mut self) -> bool {
        if self.is_cut {
            self.next ^= 1;
            self.cut_quickly();
            return true;
        }
        false
    }

    /// The frame that was taken last.
    #[inline(always)]
    pub(super) fn taken(&self) -> &Piece {
        &self.pieces[(self.next ^ 1) & 1]
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
            if self.state == State::Reading && self.clock_runs {
                self.cut_ordinary();
            }
            if self.is_cut {
                return Ready::Item;
            }
            let answer = match self.state {
                State::Searching => self.search(),
                State::Reading => self.read_doubtful(),
                State::Lost { .. } => Some(self.find_way()),
                State::End => Some(Ready::End),
            };
            if let Some(answer) = answer {
                return answer;
            }
        }
    }

    /// Cuts the next frame, if that is quickly done: else [`Stream::prepare`] does it.
    #[inline(always)]
    fn cut_quickly(&mut self) {
        let start = self.unread.start;
        let bytes = &self.buffer[start..self.unread.end];
        if let Some((frame, kind)) = self.seen.split_ordinary(bytes) {
            let time = self.time + u64::from(frame.delta);
            let end = start + frame.length;
            self.offer(Piece::of(&frame, start, time, kind.label), end);
        } else {
            self.next_time = 0;
            self.is_cut = false;
        }
    }

    /// Cuts the next frame, if nothing about it calls for a second look.
    fn cut_ordinary(&mut self) {
        let start = self.unread.start;
        let bytes = &self.buffer[start..self.unread.end];
        if let Ok(frame) = split(bytes, self.part.core_bit)
            && let Some(lane) = self.seen.ordinary(&frame)
        {
            let time = self.time + u64::from(frame.delta);
            let end = start + frame.length;
            let label = self.label(&frame, lane);
            self.offer(Piece::of(&frame, start, time, label), end);
            self.is_cut = true;
        }
    }

    /// The next item is this frame, which ends there in the buffer.
    #[inline(always)]
    fn offer(&mut self, piece: Piece, end: usize) {
        self.time = piece.time;
        self.next_time = piece.time;
        self.pieces[self.next & 1] = piece;
        self.unread.start = end;
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

    fn label(&self, frame: &Frame<'_>, lane: Lane) -> Label {
        Label {
            id: frame.id as u16,
            core: self.part.core.max(frame.core),
            lane,
        }
    }

    /// Accepts the packet at the front.
    fn accept(&mut self) -> Option<Ready> {
        let start = self.unread.start;
        let frame = split(&self.buffer[self.unread.clone()], self.part.core_bit).ok()?;
        if self.clock_runs {
            self.time += u64::from(frame.delta);
        } else {
            self.clock_runs = true;
        }
        self.seen.learn(frame.id, frame.payload);
        let lane = self.seen.lane(frame.id);
        let label = self.label(&frame, lane);
        self.pieces[self.next & 1] = Piece::of(&frame, start, self.time, label);
        self.is_cut = true;
        self.unread.start += frame.length;
        Some(Ready::Item)
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

#[inline]
fn split(bytes: &[u8], core_bit: bool) -> Result<Frame<'_>, FrameError> {
    if core_bit {
        Frame::split_with_core_bit(bytes)
    } else {
        Frame::split(bytes)
    }
}
