//! Whether bytes are packets: the stream has no checksums, so that what it says must make sense.
//!
//! Three degrees. *Ordinary*: like others before it; almost every packet is, and the test is cheap.
//! *Possible*: nothing forbids it. *Plausible*: a recorder could well have sent it; text is text, numbers
//! are moderate.

use leakscope_systemview::varint::{self, Numbers};
use leakscope_systemview::{Frame, Packet, Text, id};
use rustc_hash::FxHashSet;

use super::lane::Lane;

/// What a stream has shown so far, against which doubtful packets are judged.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// By id.
    kinds: Vec<Kind>,
    tasks: FxHashSet<u32>,
}

/// What makes packets with one id ordinary.
#[derive(Clone, Copy, Debug)]
struct Kind {
    check: Check,
    lane: Lane,
    /// The longest payload, in bytes, that calls for no second look.
    longest: u16,
}

/// In an order that [`Seen::ordinary_without_fields`] makes use of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    /// The id is enough: there are no fields that could be wrong.
    Id,
    /// Its payload does not end inside a number.
    End,
    /// Its fields can be read.
    Fields,
    /// It has been seen, but is rare, or says much.
    Rare,
    /// The id was never seen before.
    New,
}

/// The answer to whether packets make sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    Good,
    Bad,
    NeedBytes,
}

/// A silence longer than this is looked at twice: half of what a delta can say.
const LONG_SILENCE: u32 = 1 << 31;

/// After damage, a silence longer than this (6.7 s at 40 MHz) is not believed.
const MODERATE_SILENCE: u32 = 1 << 28;

/// Longer payloads are believed only of packets that are not in doubt.
const MODERATE_PAYLOAD: usize = 2048;

/// A packet whose id was never seen is looked at more closely if its payload is longer than this.
const SHORT_PAYLOAD: usize = 64;

/// No known chip has more interrupts.
const INTERRUPTS: u32 = 1024;

impl Seen {
    /// Which way the frame takes, if nothing about it calls for a second look.
    pub(super) fn ordinary(&self, frame: &Frame<'_>) -> Option<Lane> {
        let kind = self.kinds.get(frame.id as usize)?;
        match kind.check {
            Check::Fields if kind.is_moderate(frame) => {
                Packet::parse(frame).is_ok().then_some(kind.lane)
            }
            _ => self.ordinary_without_fields(frame),
        }
    }

    /// As [`Seen::ordinary`], but `None` also if fields must be looked at. That is fast: there is no branch
    /// on the kind of packet, which cannot be foreseen.
    #[inline(always)]
    pub(super) fn ordinary_without_fields(&self, frame: &Frame<'_>) -> Option<Lane> {
        let kind = self.kinds.get(frame.id as usize)?;
        let is_cut_off = frame.payload.last().is_some_and(|&last| last >= 0x80);
        let is_sound = kind.check as u8 + u8::from(is_cut_off) <= Check::End as u8;
        (is_sound && kind.is_moderate(frame)).then_some(kind.lane)
    }

    /// Which way packets with this id take.
    pub(super) fn lane(&self, id: u32) -> Lane {
        let kind = self.kinds.get(id as usize);
        kind.map_or(Lane::Common, |kind| kind.lane)
    }

    /// From now on, packets with this id of a module take this way.
    pub(super) fn set_lane(&mut self, id: u32, lane: Lane) {
        if let Some(kind) = self.kind(id) {
            kind.lane = lane;
        }
    }

    /// What is known of packets with this id.
    fn kind(&mut self, id: u32) -> Option<&mut Kind> {
        let index = id as usize;
        if index >= self.kinds.len() && id <= id::LAST {
            self.kinds.resize(index + 1, Kind::NEW);
        }
        self.kinds.get_mut(index)
    }

    /// Whether a recorder may have sent it.
    pub(super) fn is_possible(frame: &Frame<'_>) -> bool {
        frame.id <= id::LAST && (frame.id >= id::FIRST_API || Packet::parse(frame).is_ok())
    }

    /// Whether a recorder may well have sent it.
    pub(super) fn is_plausible(frame: &Frame<'_>) -> bool {
        if frame.delta > MODERATE_SILENCE
            || frame.payload.len() > MODERATE_PAYLOAD
            || !Self::is_possible(frame)
        {
            return false;
        }
        match Packet::parse(frame) {
            Ok(Packet::Nop) | Err(_) => false,
            Ok(Packet::IsrEnter { interrupt }) => interrupt < INTERRUPTS,
            Ok(Packet::TaskInfo { name, priority, .. }) => {
                name.0.len() <= 32 && priority < 1 << 16 && is_readable(name)
            }
            Ok(Packet::SysDesc { text } | Packet::ModuleDesc { text, .. }) => is_readable(text),
            Ok(Packet::NameResource { name, .. }) => is_readable(name),
            Ok(Packet::PrintFormatted(print)) => is_readable(print.text),
            Ok(Packet::EndCall { event, .. }) => (id::FIRST_API..=id::LAST).contains(&event),
            Ok(Packet::NumModules { count }) => count < 256,
            Ok(Packet::Other { payload, .. }) => {
                let mut numbers = Numbers::new(payload);
                numbers.by_ref().for_each(drop);
                numbers.is_whole() || is_readable(Text(payload))
            }
            Ok(_) => true,
        }
    }

    /// Whether it speaks of nothing but what is known: after damage, anything else is no proof.
    pub(super) fn is_known(&self, frame: &Frame<'_>) -> bool {
        let Some(kind) = self.kinds.get(frame.id as usize) else {
            return false;
        };
        let is_task = matches!(
            frame.id,
            id::TASK_START_EXEC | id::TASK_START_READY | id::TASK_STOP_READY
        );
        kind.check != Check::New
            && frame.payload.len() <= usize::from(kind.longest)
            && (!is_task || self.tasks.is_empty() || self.is_known_task(frame.payload))
    }

    fn is_known_task(&self, payload: &[u8]) -> bool {
        varint::read(payload, 0).is_ok_and(|(task, _)| self.tasks.contains(&task))
    }

    /// Whether it is no longer than others of its id, or if there are none, than most packets.
    pub(super) fn is_short(&self, frame: &Frame<'_>) -> bool {
        let longest = self.kinds.get(frame.id as usize);
        let longest = longest.map_or(0, |kind| usize::from(kind.longest));
        frame.payload.len() <= longest.max(SHORT_PAYLOAD)
    }

    /// Remembers what an accepted packet is evidence of.
    pub(super) fn learn(&mut self, id: u32, payload: &[u8]) {
        if let id::TASK_INFO | id::TASK_CREATE = id
            && let Ok((task, _)) = varint::read(payload, 0)
        {
            self.tasks.insert(task);
        }
        self.announce(id);
        if let Some(kind) = self.kinds.get_mut(id as usize) {
            let longest = (2 * payload.len() + 16).min(usize::from(u16::MAX));
            kind.longest = kind.longest.max(longest as u16);
        }
    }

    /// A packet with this id may come.
    pub(super) fn announce(&mut self, id: u32) {
        let Some(kind) = self.kind(id) else {
            return;
        };
        if kind.check == Check::New {
            kind.check = match id {
                id::MARK_START
                | id::MARK_STOP
                | id::TIMER_ENTER
                | id::TIMER_EXIT
                | id::DATA_SAMPLE => Check::Id,
                id::FIRST_API.. => Check::End,
                _ => Check::Rare,
            };
        }
    }
}

impl Kind {
    const NEW: Self = Self {
        check: Check::New,
        lane: Lane::Common,
        longest: 0,
    };

    #[inline(always)]
    fn is_moderate(self, frame: &Frame<'_>) -> bool {
        frame.delta < LONG_SILENCE && frame.payload.len() <= usize::from(self.longest)
    }
}

impl Default for Seen {
    fn default() -> Self {
        let kind = |id| match id {
            id::ISR_ENTER
            | id::ISR_EXIT
            | id::TASK_START_EXEC
            | id::TASK_STOP_EXEC
            | id::TASK_START_READY
            | id::TASK_STOP_READY
            | id::IDLE
            | id::ISR_TO_SCHEDULER => Kind {
                check: Check::Id,
                lane: Lane::of_id(id),
                longest: u16::MAX,
            },
            id::PRINT_FORMATTED | id::EX | id::END_CALL => Kind {
                check: Check::Fields,
                lane: Lane::Common,
                longest: 0,
            },
            _ => Kind::NEW,
        };
        Self {
            kinds: (0..id::FIRST_API).map(kind).collect(),
            tasks: FxHashSet::default(),
        }
    }
}

/// Whether a person could have written it: no control characters but white space and escapes.
pub(super) fn is_readable(text: Text<'_>) -> bool {
    text.0
        .iter()
        .all(|&byte| byte >= 0x20 && byte != 0x7F || matches!(byte, b'\t' | b'\n' | b'\r' | 0x1B))
}

/// Whether these are the first bytes of a file in a format that says so itself. Parts of a large enough
/// file can look like packets.
pub(super) fn is_another_format(bytes: &[u8]) -> bool {
    /// ELF, PNG, PDF, ZIP, Windows and macOS programs, static libraries, images of ESP chips for UF2.
    const SIGNATURES: [&[u8]; 9] = [
        b"\x7FELF",
        b"\x89PNG",
        b"%PDF",
        b"PK\x03\x04",
        b"MZ\x90\x00",
        b"\xCF\xFA\xED\xFE",
        b"\xCA\xFE\xBA\xBE",
        b"!<arch>\n",
        b"UF2\n",
    ];
    SIGNATURES
        .iter()
        .any(|signature| bytes.starts_with(signature))
}
