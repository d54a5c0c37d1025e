//! Packets into the ring, with their time, and the account of those that found no room.

#![allow(
    clippy::inline_always,
    reason = "a call for each packet, with its output in memory, cost a third of the instructions"
)]

use leakscope_systemview::{BufferTooSmall, Writer, id};

use super::cursor::Cursor;
use super::repeats::Repeats;
use super::ring::{Place, Ring};
use super::time::{Look, Scale};
use crate::event::SystemEvent;

/// What a stream does with events at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
#[repr(u8)]
pub(crate) enum Mode {
    /// Nothing. It is 0, so that a new stream is all zeros.
    Stopped = 0,
    /// The buffer was full: before the next event, it has to tell how many were dropped.
    Dropping,
    /// It drops them until there is room to begin anew.
    Restarting,
    /// It stores them. From here on there is a short way for events that fit.
    Recording,
    /// It stores them, and lets the caller wait for room.
    Waiting,
}

/// What has to be known of the packets before.
#[derive(Debug)]
pub(crate) struct Chain {
    pub(crate) mode: Mode,
    /// The mode to return to from [`Mode::Dropping`].
    pub(crate) usual_mode: Mode,
    /// When the last packet was stored, in units of the clock.
    pub(crate) last: u32,
    /// Quarters of the clock's period that went by before that and were not told for lack of room.
    pub(crate) owed: u32,
    /// Its last look at the clock, if any counts.
    pub(crate) look: Option<Look>,
    /// Of a core that does not record: up to where its recording tells the time that all cores share.
    pub(crate) told: u64,
    /// It does not record, for lack of room to begin, and an event was lost.
    pub(crate) has_missed: bool,
    /// The short way may write below this position of the ring, and no event later than so many units after the last:
    /// then the long way looks after what comes up now and then.
    pub(crate) limit: usize,
    pub(crate) pause: u32,
    pub(crate) repeats: Repeats,
    /// How many were dropped, not counting those that found the buffer full.
    pub(crate) dropped: u32,
    /// Whether the host knows that nothing runs.
    pub(crate) idle: bool,
    /// What runs, for a host that comes later.
    pub(crate) running: Running,
    /// Interrupts that have begun, and not ended.
    pub(crate) interrupts: u32,
}

/// What a core does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Running {
    /// Not known. It comes first, so that a new stream is all zeros.
    Unknown,
    Task(usize),
    Nothing,
}

impl Running {
    /// Whether this event says what runs.
    pub(crate) fn is_told_by(event: SystemEvent) -> bool {
        matches!(
            event,
            SystemEvent::TaskStartExec(_)
                | SystemEvent::Idle
                | SystemEvent::TaskStopExec
                | SystemEvent::IsrEnter(_)
                | SystemEvent::IsrExit
                | SystemEvent::IsrToScheduler
        )
    }
}

impl Chain {
    pub(crate) const NEW: Self = Self {
        mode: Mode::Stopped,
        usual_mode: Mode::Stopped,
        last: 0,
        owed: 0,
        look: None,
        told: 0,
        has_missed: false,
        limit: 0,
        pause: 0,
        repeats: Repeats::NEW,
        dropped: 0,
        idle: false,
        running: Running::Unknown,
        interrupts: 0,
    };

    /// Keeps in mind what runs.
    #[inline]
    pub(crate) fn note(&mut self, event: SystemEvent) {
        match event {
            SystemEvent::TaskStartExec(task) => self.running = Running::Task(task),
            SystemEvent::Idle => self.running = Running::Nothing,
            SystemEvent::TaskStopExec => self.running = Running::Unknown,
            _ => {}
        }
        self.count(event);
    }

    /// Counts interrupts that begin and end.
    #[inline]
    pub(crate) fn count(&mut self, event: SystemEvent) {
        match event {
            SystemEvent::IsrEnter(_) => self.interrupts = self.interrupts.wrapping_add(1),
            SystemEvent::IsrExit | SystemEvent::IsrToScheduler => {
                // Some kernels tell of ends whose beginnings nobody has told.
                self.interrupts = self.interrupts.saturating_sub(1);
            }
            _ => {}
        }
    }
}

/// Writes the fields of a packet.
pub(crate) type Fields<'f> = dyn FnMut(&mut Writer<'_>) -> Result<(), BufferTooSmall> + 'f;

/// Writes packets at one point in time. Exists inside the critical section only.
pub struct Output<'a> {
    pub(crate) ring: Ring<'a>,
    pub(crate) chain: &'a mut Chain,
    pub(crate) now: u32,
    /// Units since the first core began, as far as they were counted. (The short way asks for none.)
    pub(crate) time: u64,
    /// For the short way: room for one packet, in one piece.
    pub(crate) place: Option<Place>,
    /// How the clock counts.
    pub(crate) scale: Scale,
    /// Bytes that were stored.
    pub(crate) stored: usize,
}

impl Output<'_> {
    /// The short way of an event of the heap module, of at most `longest` bytes in all: it is written where it
    /// stays. If it does not fit there in one piece, nothing is done; returns whether it was stored.
    ///
    /// Only for a stream that is [`Mode::Recording`] or [`Mode::Waiting`].
    #[inline(always)]
    pub(crate) fn module_event_in_place(
        &mut self,
        id: u32,
        longest: usize,
        fields: impl FnOnce(&mut Cursor),
    ) -> bool {
        self.in_place(longest, |cursor| with_length(cursor, id, longest, fields))
    }

    /// The same of a packet with an id below 24, and at most two numbers.
    #[inline(always)]
    pub(crate) fn short_in_place(&mut self, id: u32, numbers: [Option<u32>; 2]) -> bool {
        self.in_place(SHORT, |cursor| short(cursor, id, numbers))
    }

    /// The long way of the first: with an account of what is dropped, and around the end of the ring.
    #[inline]
    pub(crate) fn module_event(
        &mut self,
        id: u32,
        longest: usize,
        fields: impl FnOnce(&mut Cursor),
    ) -> bool {
        self.store(longest, |cursor| with_length(cursor, id, longest, fields))
    }

    /// The long way of the second.
    pub(crate) fn short(&mut self, id: u32, numbers: [Option<u32>; 2]) -> bool {
        if !self.is_ready() {
            return false;
        }
        let stored = self.put_short(id, numbers, self.delta());
        self.account(stored)
    }

    #[inline(never)]
    pub(super) fn put_short(&mut self, id: u32, numbers: [Option<u32>; 2], delta: u32) -> bool {
        self.put_anywhere(SHORT, delta, |cursor| {
            cursor.byte(id as u8);
            for number in numbers.into_iter().flatten() {
                cursor.seldom_number(number);
            }
        })
    }

    /// Any packet, put together outside the ring: for what is rare.
    #[inline(never)]
    pub(crate) fn packet(&mut self, id: u32, fields: &mut Fields<'_>) -> bool {
        if !self.is_ready() {
            return false;
        }
        let (scratch, room) = self.ring.scratch();
        // SAFETY: the scratch belongs to the writer, which this is.
        let scratch = unsafe { core::slice::from_raw_parts_mut(scratch, room) };
        let mut writer = Writer::new(scratch);
        let stored = self
            .write_packet(&mut writer, id, fields)
            .is_ok_and(|()| self.commit_scratch(writer.written().len()));
        self.account(stored)
    }

    fn write_packet(
        &self,
        writer: &mut Writer<'_>,
        id: u32,
        fields: &mut Fields<'_>,
    ) -> Result<(), BufferTooSmall> {
        writer.number(id)?;
        if id < id::FIRST_WITH_LENGTH {
            fields(writer)?;
        } else {
            writer.with_length(fields)?;
        }
        writer.number(self.delta())
    }

    /// A packet without fields.
    pub(crate) fn bare(&mut self, id: u32) -> bool {
        self.short(id, [None; 2])
    }

    /// The recording ends. That is told, and a loss before it, out of the reserve. Time for which there is no room is told
    /// before the next start.
    pub(crate) fn end(&mut self) {
        self.settle();
        self.ring.open_reserve();
        if self.chain.mode == Mode::Dropping {
            self.tell_overflow();
        }
        let stored = self.put_short(id::TRACE_STOP, [None; 2], self.delta());
        self.account(stored);
        self.chain.mode = Mode::Stopped;
        self.leave_time();
    }

    /// Bytes as they are, without time; false if there is no room.
    pub(crate) fn raw(&mut self, bytes: &[u8]) -> bool {
        let (scratch, room) = self.ring.scratch();
        assert!(bytes.len() <= room, "raw bytes are few");
        // SAFETY: the scratch belongs to the writer, which this is, and has room.
        unsafe { scratch.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        self.commit_scratch(bytes.len())
    }

    /// Where the short way may go on from here, for events of at most `longest` bytes.
    pub(crate) fn reopen(&mut self, longest: usize) {
        let is_open = self.chain.mode >= Mode::Recording && self.chain.owed == 0;
        self.chain.limit = if is_open { self.ring.limit(longest) } else { 0 };
    }

    /// An event is dropped without an attempt to store it.
    pub(crate) fn drop_event(&mut self) {
        match self.chain.mode {
            Mode::Stopped if !self.chain.has_missed => self.chain.has_missed = true,
            Mode::Stopped | Mode::Dropping => {
                self.chain.dropped = self.chain.dropped.wrapping_add(1);
            }
            _ => self.chain.mode = Mode::Dropping,
        }
    }

    /// Tells of events that were lost before there was room to begin.
    pub(crate) fn tell_missed(&mut self) {
        if core::mem::take(&mut self.chain.has_missed) {
            self.chain.mode = Mode::Dropping;
            self.is_ready();
        }
    }

    #[inline(always)]
    fn in_place(&mut self, longest: usize, write: impl FnOnce(&mut Cursor)) -> bool {
        let Some(place) = self.place.take().filter(|place| longest <= place.longest) else {
            return false;
        };
        // SAFETY: there are `longest` bytes at the place, and they are the writer's.
        let length = unsafe { put(place.start, longest, self.delta(), write) };
        self.ring.commit(place, length);
        self.chain.last = self.told();
        true
    }

    #[inline]
    fn store(&mut self, longest: usize, write: impl FnOnce(&mut Cursor)) -> bool {
        if !self.is_ready() {
            return false;
        }
        let stored = self.put_anywhere(longest, self.delta(), write);
        self.account(stored)
    }

    /// Tells what has to be told before any other packet; false if there is no room for that, and the event at hand is
    /// dropped.
    pub(crate) fn is_ready(&mut self) -> bool {
        if self.chain.owed > 0 && !self.settle() {
            self.drop_event();
            return false;
        }
        self.chain.mode != Mode::Dropping || self.tell_overflow()
    }

    fn account(&mut self, stored: bool) -> bool {
        if stored {
            self.chain.last = self.told();
        } else {
            // As in SEGGER's recorder, the event that finds the buffer full is not counted.
            self.chain.mode = Mode::Dropping;
        }
        stored
    }

    /// Writes a packet where it stays, or around the end of the ring; false if there is no room.
    #[inline]
    fn put_anywhere(
        &mut self,
        longest: usize,
        delta: u32,
        write: impl FnOnce(&mut Cursor),
    ) -> bool {
        let (scratch, room) = self.ring.scratch();
        debug_assert!(longest <= room, "the scratch holds the longest packet");
        let place = self.ring.place(longest);
        let start = place.as_ref().map_or(scratch, |place| place.start);
        // SAFETY: there are `longest` bytes at the place, and the scratch is as large as the longest packet; both are the
        // writer's.
        let length = unsafe { put(start, longest, delta, write) };
        let Some(place) = place else {
            return self.commit_scratch(length);
        };
        self.ring.commit(place, length);
        self.stored += length;
        true
    }

    fn commit_scratch(&mut self, length: usize) -> bool {
        let stored = self.ring.commit_scratch(length);
        self.stored += if stored { length } else { 0 };
        stored
    }

    /// Tries to say how many events were dropped. If there is no room even for that, the event at hand
    /// is dropped and counted.
    #[cold]
    #[inline(never)]
    fn tell_overflow(&mut self) -> bool {
        let dropped = self.chain.dropped;
        let stored = self.put_short(id::OVERFLOW, [Some(dropped), None], self.delta());
        if stored {
            self.chain.last = self.told();
            self.chain.mode = self.chain.usual_mode;
            self.chain.idle = false;
        } else {
            self.chain.dropped = dropped.wrapping_add(1);
        }
        stored
    }

    /// Units since the last packet.
    #[inline(always)]
    pub(crate) fn passed(&self) -> u32 {
        self.now.wrapping_sub(self.chain.last) & self.scale.mask
    }

    #[inline(always)]
    fn delta(&self) -> u32 {
        self.passed() >> self.scale.shift
    }

    /// The time that a packet of now tells: what is less than a tick is left to the next one.
    #[inline(always)]
    fn told(&self) -> u32 {
        let untold = self.passed() & ((1 << self.scale.shift) - 1);
        self.now.wrapping_sub(untold)
    }
}

/// Writes a packet at `start`, and the time behind it; returns its length.
///
/// # Safety
/// `longest` bytes there are the writer's, and `write` needs no more, with the time.
#[inline(always)]
unsafe fn put(
    start: *mut u8,
    longest: usize,
    delta: u32,
    write: impl FnOnce(&mut Cursor),
) -> usize {
    // SAFETY: promised by the caller.
    let mut cursor = unsafe { Cursor::new(start, longest) };
    write(&mut cursor);
    cursor.number(delta);
    // SAFETY: both point into the packet.
    unsafe { cursor.position().offset_from(start) as usize }
}

/// The longest `OVERFLOW` packet.
pub(crate) const OVERFLOW: usize = 1 + 5 + 5;
/// The longest packet without fields.
pub(super) const BARE: usize = 1 + 5;
/// The longest packet of an id below 24 and two numbers.
const SHORT: usize = 1 + 2 * 5 + 5;

#[inline(always)]
fn short(cursor: &mut Cursor, id: u32, numbers: [Option<u32>; 2]) {
    cursor.byte(id as u8);
    let [first, second] = numbers;
    if let Some(number) = first {
        cursor.number(number);
    }
    if let Some(number) = second {
        cursor.number(number);
    }
}

/// An id from 24 on, the length of the fields, and the fields.
#[inline(always)]
fn with_length(cursor: &mut Cursor, id: u32, longest: usize, fields: impl FnOnce(&mut Cursor)) {
    cursor.number(id);
    let length_at = cursor.skip_byte();
    let start = cursor.position();
    fields(cursor);
    // SAFETY: both point into the packet.
    let length = unsafe { cursor.position().offset_from(start) as usize };
    // Where the packet's longest form is short enough, the compiler sees that.
    if longest <= SHORT_LENGTH || length <= 0x7F {
        // SAFETY: the byte that was left out.
        unsafe { length_at.write(length as u8) };
    } else {
        cursor.byte(0);
        widen(length_at, length);
    }
}

/// A packet that is at most this long in all has a payload of at most 127 bytes: with an id of two bytes
/// and a delta of one.
const SHORT_LENGTH: usize = 2 + 1 + 0x7F + 1;

/// Writes a length of more than 127 at `length_at`, and moves the payload behind it up by one byte, for
/// which there must be room.
#[cold]
#[inline(never)]
fn widen(length_at: *mut u8, length: usize) {
    // SAFETY: `length` bytes follow the byte that was left out, and one more.
    unsafe {
        let payload = length_at.add(1);
        payload.copy_to(payload.add(1), length);
        length_at.write(length as u8 | 0x80);
        payload.write((length >> 7) as u8);
    }
}
