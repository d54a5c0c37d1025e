//! One stream of packets: bytes in, frames with times out, damage skipped.

use std::ops::Range;

use leakscope_systemview::{Frame, FrameError, Text, id, sync, varint};

use super::layout::Part;
use super::plausible::{self, Judgement, Seen, is_readable};

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
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) time: u64,
    start: u32,
    payload_start: u32,
    payload_length: u32,
    pub(super) delta: u32,
    id: u16,
    pub(super) core: u8,
}

impl Piece {
    #[inline]
    pub(super) fn id(&self) -> u32 {
        u32::from(self.id)
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
    /// The next frame, which was cut already.
    next_frame: Option<Piece>,
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
const BUFFER: usize = 64 * 1024;

/// So many bytes are searched for a start sequence before other beginnings are tried.
const SEARCH: usize = 256 * 1024;

/// A sync, `TRACE_START` and `INIT` at their longest.
const START: usize = 64;

/// So many plausible packets in a row show that the way was found again.
const RUN: usize = 12;

/// So many of them may be unlike those before the damage.
const FEW: usize = 3;

/// So many plausible packets in a row show that a recording was found that has lost its start.
const RUN_WITHOUT_START: usize = 128;

/// What is left of a packet at the begin or at the end of a recording is no longer than this.
const LONGEST_PACKET: usize = 512;

/// Behind a packet that is none, the way is looked for within so many bytes.
const NEAR: usize = 128;

/// After damage, a silence is believed if it is shorter than this many bytes take at the usual rate, or
/// at least if it is shorter than [`SHORT_SILENCE`].
const USUAL_BYTES: u64 = 1 << 16;

/// A tenth of a second at 40 MHz, in ticks.
const SHORT_SILENCE: u64 = 1 << 22;

/// A silence longer than this (6.7 s at 40 MHz) is never believed after damage.
const MODERATE_SILENCE: u64 = 1 << 28;

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
            seen: Seen::default(),
            next_frame: None,
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
        let first =
            (self.next_frame.as_ref()).map_or(self.unread.start, |next| next.start as usize);
        let kept = &self.buffer[first..self.unread.start];
        let mut next_frame = self.next_frame;
        if let Some(next) = &mut next_frame {
            next.start -= first as u32;
            next.payload_start -= first as u32;
        }
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
            next_frame,
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

    /// Takes the next item, if it is a frame that is ready.
    #[inline(always)]
    pub(super) fn take_frame(&mut self) -> Option<Piece> {
        let piece = self.next_frame?;
        self.cut_ordinary();
        Some(piece)
    }

    /// Takes the next item, if it is none; `None` if [`Stream::prepare`] must be asked first.
    pub(super) fn take_special(&mut self) -> Option<Special> {
        self.special.take()
    }

    /// Makes the next item ready.
    pub(super) fn prepare(&mut self) -> Ready {
        let ready = self.find_item();
        self.next_time = match (ready, &self.next_frame, &self.special) {
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
            if self.next_frame.is_some() {
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

    /// Cuts the next frame, if nothing about it calls for a second look.
    #[inline(always)]
    fn cut_ordinary(&mut self) {
        let start = self.unread.start;
        let bytes = &self.buffer[start..self.unread.end];
        match split(bytes, self.part.core_bit) {
            Ok(frame) if self.seen.is_ordinary(&frame) => {
                self.time += u64::from(frame.delta);
                self.next_time = self.time;
                self.next_frame = Some(Piece::of(&frame, start, self.time));
                self.unread.start = start + frame.length;
            }
            _ => {
                self.next_time = 0;
                self.next_frame = None;
            }
        }
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
        self.next_frame = Some(Piece::of(&frame, start, self.time));
        self.unread.start += frame.length;
        Some(Ready::Item)
    }

    /// Looks for the beginning; `None` when it stands there.
    fn search(&mut self) -> Option<Ready> {
        let bytes = self.unread_bytes();
        let offset = self.position();
        let may_grow = !self.complete && bytes.len() < SEARCH;
        if may_grow && sync::at(bytes, self.part.core_bit).is_none() {
            return Some(Ready::NeedBytes);
        }
        if let Some(start) = sync::find(bytes, 0, self.part.core_bit) {
            self.unread.start += start;
            self.state = State::Reading;
            let bytes = start as u64;
            return match bytes {
                0 => None,
                _ => Some(self.special(Special::BeforeStart { offset, bytes })),
            };
        }
        if may_grow {
            return Some(Ready::NeedBytes);
        }
        if bytes.is_empty() {
            self.state = State::End;
            return None;
        }
        let begin = if plausible::is_another_format(bytes) {
            None
        } else {
            // Ten zeros are a better beginning than none.
            let zeros = sync::zeros(bytes, 0).map(|at| at + sync::SYNC.len());
            let mut places = zeros.chain(0..bytes.len());
            places.find(|&at| self.may_begin(at))
        };
        let Some(begin) = begin else {
            self.drop_rest();
            return Some(self.special(Special::Nothing { offset }));
        };
        self.unread.start += begin;
        self.state = State::Reading;
        let offset = self.position();
        Some(self.special(Special::NoStart { offset }))
    }

    /// Reads a packet that is not ordinary, or finds out what stands there instead; `None` if something
    /// without meaning was passed over.
    fn read_doubtful(&mut self) -> Option<Ready> {
        let bytes = self.unread_bytes();
        if bytes.is_empty() && self.complete {
            self.state = State::End;
            return None;
        }
        if bytes.starts_with(&sync::SYNC[..bytes.len().min(2)]) {
            return self.read_zeros();
        }
        match split(bytes, self.part.core_bit) {
            Ok(frame) => match self.judge_doubtful(&frame) {
                Judgement::Good => self.accept(),
                Judgement::NeedBytes => Some(Ready::NeedBytes),
                Judgement::Bad => self.lose_way(),
            },
            Err(FrameError::Incomplete) if !self.complete => Some(Ready::NeedBytes),
            Err(FrameError::Incomplete) if self.goes_on() => self.lose_way(),
            Err(FrameError::Incomplete) => Some(self.cut()),
            Err(FrameError::Malformed(_)) => self.lose_way(),
        }
    }

    /// Whether packets follow a packet that seems to go beyond the end: its length is damaged.
    fn goes_on(&self) -> bool {
        (1..self.unread.len()).any(|at| self.run_from(at) == Judgement::Good)
    }

    /// A doubtful packet stands if packets that make sense follow it, or if at least no others begin
    /// where it and those behind it are said to be.
    fn judge_doubtful(&self, frame: &Frame<'_>) -> Judgement {
        if !Seen::is_possible(frame) {
            return Judgement::Bad;
        }
        let (mut chain, mut sound) = (frame.length, 0);
        let judgement = self.follow(frame.length, CONFIRMATION, |next| {
            let is_plausible = Seen::is_plausible(next);
            chain += if is_plausible { next.length } else { 0 };
            sound += usize::from(is_plausible);
            is_plausible
        });
        let contested = match judgement {
            Judgement::Good if self.seen.is_short(frame) => return Judgement::Good,
            Judgement::Good => frame.length,
            // The next damage is not far, but behind these.
            Judgement::Bad if sound >= FEW && self.seen.is_short(frame) => return Judgement::Good,
            Judgement::Bad => chain.min(frame.length + NEAR),
            Judgement::NeedBytes => return Judgement::NeedBytes,
        };
        let rival = (1..contested)
            .map(|at| self.run_from(at))
            .find(|judgement| *judgement != Judgement::Bad);
        match rival {
            Some(Judgement::Good) => Judgement::Bad,
            Some(judgement) => judgement,
            None => Judgement::Good,
        }
    }

    /// The data end inside a packet.
    fn cut(&mut self) -> Ready {
        let (offset, time) = (self.position(), self.time);
        let bytes = self.drop_rest();
        self.special(Special::Cut {
            offset,
            bytes,
            time,
        })
    }

    /// Two zeros or more: a sync, padding at the end, or `NOP` packets, which no recorder sends.
    fn read_zeros(&mut self) -> Option<Ready> {
        let bytes = self.unread_bytes();
        if bytes.len() < START && !self.complete {
            return Some(Ready::NeedBytes);
        }
        if bytes.iter().all(|&byte| byte == 0) {
            return self.read_padding();
        }
        if sync::at(bytes, self.part.core_bit) == Some(sync::Sync::Start) {
            self.unread.start += sync::SYNC.len();
            return None;
        }
        let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
        let skipped = zeros.min(sync::SYNC.len()) & !1;
        match self.run_from(skipped) {
            Judgement::Good => {
                self.unread.start += skipped;
                None
            }
            Judgement::NeedBytes => Some(Ready::NeedBytes),
            Judgement::Bad => self.lose_way(),
        }
    }

    /// Nothing but zeros is left, so far.
    fn read_padding(&mut self) -> Option<Ready> {
        let zeros = self.unread.len();
        match (self.complete, zeros) {
            (true, 1) => Some(self.cut()),
            (true, _) => {
                self.drop_rest();
                None
            }
            (false, _) => {
                // A sync may still follow: the last ten are its.
                self.unread.start += zeros.saturating_sub(sync::SYNC.len());
                Some(Ready::NeedBytes)
            }
        }
    }

    fn lose_way(&mut self) -> Option<Ready> {
        self.unread.start += 1;
        self.state = State::Lost { skipped: 1 };
        None
    }

    /// Skips bytes until packets follow that make sense.
    fn find_way(&mut self) -> Ready {
        let State::Lost { skipped } = self.state else {
            return Ready::End;
        };
        let length = self.unread.len();
        for at in 0..length {
            let judgement = match sync::at(&self.unread_bytes()[at..], self.part.core_bit) {
                Some(sync::Sync::Start) => Judgement::Good,
                _ => self.run_from(at),
            };
            match judgement {
                Judgement::Good => return self.found_way(skipped, at),
                Judgement::NeedBytes => {
                    self.unread.start += at;
                    let skipped = skipped + at as u64;
                    self.state = State::Lost { skipped };
                    return Ready::NeedBytes;
                }
                Judgement::Bad => {}
            }
        }
        if self.complete {
            return self.found_way(skipped, length);
        }
        self.unread.start = self.unread.end;
        let skipped = skipped + length as u64;
        self.state = State::Lost { skipped };
        Ready::NeedBytes
    }

    fn found_way(&mut self, skipped: u64, more: usize) -> Ready {
        self.unread.start += more;
        let bytes = skipped + more as u64;
        self.state = State::Reading;
        self.special = Some(Special::Skipped {
            offset: self.position() - bytes,
            bytes,
            time: self.time,
        });
        Ready::Item
    }

    /// Whether the stream may go on `at` bytes into what was not read yet: with packets that make sense,
    /// and speak of little that is new.
    fn run_from(&self, at: usize) -> Judgement {
        let longest = self.longest_silence();
        let (mut known, mut new) = (0, 0);
        self.follow(at, RUN, |frame| {
            if self.seen.is_known(frame) {
                known += 1;
            } else {
                new += 1;
            }
            known > 0
                && new <= FEW
                && self.seen.is_short(frame)
                && frame.delta <= longest
                && Seen::is_plausible(frame)
        })
    }

    /// Whether a recording may begin `at` bytes into what was not read yet, although no start sequence
    /// stands there.
    fn may_begin(&self, at: usize) -> bool {
        let mut ids = Vec::with_capacity(RUN_WITHOUT_START);
        let mut length = 0;
        let run = self.follow(at, RUN_WITHOUT_START, |frame| {
            ids.push(frame.id);
            length += frame.length;
            Seen::is_plausible(frame)
        });
        let is_whole = ids.len() == RUN_WITHOUT_START;
        ids.sort_unstable();
        ids.dedup();
        let bytes = &self.unread_bytes()[at..];
        run == Judgement::Good
            && !is_readable(Text(&bytes[..length.min(bytes.len())]))
            && if is_whole {
                ids.len() <= RUN_WITHOUT_START / 4
            } else {
                at <= LONGEST_PACKET
            }
    }

    /// The longest silence, in ticks, that is believed behind damage: so many ticks as usually go by
    /// in many packets.
    fn longest_silence(&self) -> u32 {
        let bytes = (self.position() - self.part.start).max(1);
        let ticks = (self.time / bytes).saturating_mul(USUAL_BYTES);
        ticks.clamp(SHORT_SILENCE, MODERATE_SILENCE) as u32
    }

    /// Judges the `count` packets that begin `at` bytes into what was not read yet.
    fn follow(
        &self,
        mut at: usize,
        count: usize,
        mut accepts: impl FnMut(&Frame<'_>) -> bool,
    ) -> Judgement {
        /// Fewer packets do if the data end behind them.
        const AT_THE_END: usize = 3;
        let bytes = self.unread_bytes();
        for index in 0..count {
            let rest = bytes.get(at..).unwrap_or_default();
            match split(rest, self.part.core_bit) {
                Ok(frame) if frame.id == id::NOP => {
                    return match sync::at(rest, self.part.core_bit) {
                        Some(sync::Sync::Start) => Judgement::Good,
                        _ if rest.len() < START && !self.complete => Judgement::NeedBytes,
                        _ => Judgement::Bad,
                    };
                }
                Ok(frame) if accepts(&frame) => at += frame.length,
                Err(FrameError::Incomplete) if !self.complete => return Judgement::NeedBytes,
                Err(FrameError::Incomplete) if rest.len() > LONGEST_PACKET => {
                    return Judgement::Bad;
                }
                Err(FrameError::Incomplete) if index >= AT_THE_END || count == CONFIRMATION => {
                    return Judgement::Good;
                }
                _ => return Judgement::Bad,
            }
        }
        Judgement::Good
    }
}

impl Piece {
    #[inline(always)]
    fn of(frame: &Frame<'_>, start: usize, time: u64) -> Self {
        Self {
            time,
            start: start as u32,
            payload_start: (start + frame.payload_start) as u32,
            payload_length: frame.payload.len() as u32,
            delta: frame.delta,
            id: frame.id as u16,
            core: frame.core,
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
