//! Whether bytes are packets: the stream has no checksums, so that what it says must make sense.
//!
//! Three degrees. *Ordinary*: like others before it; almost every packet is, and the test is cheap.
//! *Possible*: nothing forbids it. *Plausible*: a recorder could well have sent it; text is text, numbers
//! are moderate.

use std::borrow::Borrow;
use std::sync::Arc;

use leakscope_systemview::varint::{self, Numbers};
use leakscope_systemview::{Frame, Packet, Shape, Text, id};
use rustc_hash::FxHashSet;

use super::lane::{Label, Lane};
use super::layout::Part;

/// What a stream has shown so far, against which doubtful packets are judged.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// The stream's core.
    core: u8,
    /// Whether the core is in the id, so that packets are cut in another way.
    has_core_bit: bool,
    /// By id. Shared with checkpoints: it seldom changes, and there are many of those.
    kinds: Arc<[Kind]>,
    tasks: FxHashSet<u32>,
}

/// What makes packets with one id ordinary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    shape: Shape,
    /// The longest payload, in bytes, of a packet that is ordinary whatever its fields say; -1 if none is.
    usual: i32,
    pub(super) label: Label,
    check: Check,
    /// The longest payload, in bytes, that calls for no second look.
    longest: u16,
}

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
    /// Nothing was shown yet by the stream that this part holds.
    pub(super) fn new(part: &Part) -> Self {
        let mut seen = Self {
            core: part.core,
            has_core_bit: part.core_bit,
            kinds: Arc::default(),
            tasks: FxHashSet::default(),
        };
        let predefined = |id| {
            let (check, longest) = match id {
                id::ISR_ENTER
                | id::ISR_EXIT
                | id::TASK_START_EXEC
                | id::TASK_STOP_EXEC
                | id::TASK_START_READY
                | id::TASK_STOP_READY
                | id::IDLE
                | id::ISR_TO_SCHEDULER => (Check::Id, u16::MAX),
                id::PRINT_FORMATTED | id::EX | id::END_CALL => (Check::Fields, 0),
                _ => (Check::New, 0),
            };
            seen.new_kind(id, check, longest)
        };
        seen.kinds = (0..id::FIRST_API).map(predefined).collect();
        seen
    }

    fn new_kind(&self, id: u32, check: Check, longest: u16) -> Kind {
        let mut kind = Kind {
            shape: *Shape::of(id),
            usual: -1,
            label: Label {
                id: id as u16,
                core: self.core,
                lane: Lane::of_id(id),
            },
            check,
            longest,
        };
        self.settle(&mut kind);
        kind
    }

    /// The check or the longest payload of a kind have changed.
    fn settle(&self, kind: &mut Kind) {
        let is_usual = matches!(kind.check, Check::Id | Check::End) && !self.has_core_bit;
        kind.usual = if is_usual {
            i32::from(kind.longest)
        } else {
            -1
        };
    }

    /// Which way the frame takes, if nothing about it calls for a second look.
    pub(super) fn ordinary(&self, frame: &Frame<'_>) -> Option<Lane> {
        let kind = self.kinds.get(frame.id as usize)?;
        let is_sound = match kind.check {
            Check::Id => true,
            Check::End => frame.payload.last().is_none_or(|&last| last < 0x80),
            Check::Fields => Packet::parse(frame).is_ok(),
            Check::Rare | Check::New => false,
        };
        let is_moderate =
            frame.delta < LONG_SILENCE && frame.payload.len() <= usize::from(kind.longest);
        (is_sound && is_moderate).then_some(kind.label.lane)
    }

    /// The packet at the front of `bytes` and its kind, if it is ordinary and that is quickly seen. There
    /// is no branch on the kind of packet, which cannot be foreseen.
    #[inline(always)]
    pub(super) fn split_ordinary<'a>(&self, bytes: &'a [u8]) -> Option<(Frame<'a>, &Kind)> {
        let kind = |id| self.kinds.get(id as usize).unwrap_or(Kind::UNKNOWN);
        let (frame, kind) = Frame::split_usual(bytes, kind)?;
        let is_ordinary = frame.payload.len() as i32 <= kind.usual && frame.delta < LONG_SILENCE;
        is_ordinary.then_some((frame, kind))
    }

    /// Which way packets with this id take.
    pub(super) fn lane(&self, id: u32) -> Lane {
        let kind = self.kinds.get(id as usize);
        kind.map_or(Lane::Common, |kind| kind.label.lane)
    }

    /// From now on, packets with this id of a module take this way.
    pub(super) fn set_lane(&mut self, id: u32, lane: Lane) {
        self.change(id, |kind| kind.label.lane = lane);
    }

    /// Changes what is known of packets with this id.
    fn change(&mut self, id: u32, change: impl FnOnce(&mut Kind)) {
        if id as usize >= self.kinds.len() && id <= id::LAST {
            let new = self.kinds.len() as u32..=id;
            let new = new.map(|id| self.new_kind(id, Check::New, 0));
            self.kinds = self.kinds.iter().copied().chain(new).collect();
        }
        if let Some(known) = self.kinds.get(id as usize) {
            let mut changed = *known;
            change(&mut changed);
            self.settle(&mut changed);
            if changed != *known {
                Arc::make_mut(&mut self.kinds)[id as usize] = changed;
            }
        }
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
        let longest = (2 * payload.len() + 16).min(usize::from(u16::MAX));
        self.change(id, |kind| kind.longest = kind.longest.max(longest as u16));
    }

    /// A packet with this id may come.
    pub(super) fn announce(&mut self, id: u32) {
        self.change(id, |kind| {
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
        });
    }
}

impl Kind {
    /// What is known of ids that cannot be.
    const UNKNOWN: &'static Self = &Self {
        shape: Shape::UNUSUAL,
        usual: -1,
        label: Label {
            id: 0,
            core: 0,
            lane: Lane::Common,
        },
        check: Check::New,
        longest: 0,
    };
}

impl Borrow<Shape> for Kind {
    #[inline(always)]
    fn borrow(&self) -> &Shape {
        &self.shape
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
