//! Whether bytes are packets: the stream has no checksums, so that what it says must make sense.
//!
//! Three degrees. *Ordinary*: like others before it; almost every packet is, and the test is cheap.
//! *Possible*: nothing forbids it. *Plausible*: a recorder could well have sent it; text is text, numbers
//! are moderate.

use leakscope_systemview::varint::{self, Numbers};
use leakscope_systemview::{Frame, Packet, Text, id};
use rustc_hash::FxHashSet;

/// What a stream has shown so far, against which doubtful packets are judged.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// Bit n: API or module event n was seen, or announced.
    ids: Vec<u64>,
    tasks: FxHashSet<u32>,
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

/// No known chip has more interrupts.
const INTERRUPTS: u32 = 1024;

impl Seen {
    /// Whether nothing about the frame calls for a second look.
    #[inline]
    pub(super) fn is_ordinary(&self, frame: &Frame<'_>) -> bool {
        match frame.id {
            id::ISR_ENTER
            | id::ISR_EXIT
            | id::TASK_START_EXEC
            | id::TASK_STOP_EXEC
            | id::TASK_START_READY
            | id::TASK_STOP_READY
            | id::IDLE
            | id::ISR_TO_SCHEDULER => frame.delta < LONG_SILENCE,
            id::PRINT_FORMATTED | id::EX | id::END_CALL => {
                frame.delta < LONG_SILENCE && Packet::parse(frame).is_ok()
            }
            id::FIRST_API.. => {
                self.has_id(frame.id)
                    && frame.delta < LONG_SILENCE
                    && frame.payload.last().is_none_or(|&last| last < 0x80)
            }
            _ => false,
        }
    }

    /// Whether a recorder may have sent it.
    pub(super) fn is_possible(frame: &Frame<'_>) -> bool {
        frame.id != 30
            && frame.id <= id::LAST
            && (frame.id >= id::FIRST_API || Packet::parse(frame).is_ok())
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
        let task_is_known = |payload: &[u8]| {
            self.tasks.is_empty()
                || varint::read(payload, 0).is_ok_and(|(task, _)| self.tasks.contains(&task))
        };
        match frame.id {
            id::TASK_START_EXEC | id::TASK_START_READY | id::TASK_STOP_READY => {
                task_is_known(frame.payload)
            }
            id::FIRST_API.. => self.has_id(frame.id),
            _ => true,
        }
    }

    /// Remembers what an accepted packet is evidence of.
    pub(super) fn learn(&mut self, id: u32, payload: &[u8]) {
        match id {
            id::TASK_INFO | id::TASK_CREATE => {
                if let Ok((task, _)) = varint::read(payload, 0) {
                    self.tasks.insert(task);
                }
            }
            id::FIRST_API..=id::LAST => self.announce(id),
            _ => {}
        }
    }

    /// An event with this id may come.
    pub(super) fn announce(&mut self, id: u32) {
        let word = id as usize / 64;
        if word >= self.ids.len() {
            self.ids.resize(word + 1, 0);
        }
        self.ids[word] |= 1 << (id % 64);
    }

    #[inline]
    fn has_id(&self, id: u32) -> bool {
        self.ids
            .get(id as usize / 64)
            .is_some_and(|word| word >> (id % 64) & 1 == 1)
    }
}

/// Whether a person could have written it: no control characters but white space and escapes.
fn is_readable(text: Text<'_>) -> bool {
    text.0
        .iter()
        .all(|&byte| byte >= 0x20 && byte != 0x7F || matches!(byte, b'\t' | b'\n' | b'\r' | 0x1B))
}
