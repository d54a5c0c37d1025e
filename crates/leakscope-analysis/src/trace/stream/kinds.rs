//! Which packets are ordinary: like some before them, so that nothing about them calls for a second look.

use std::ops::Range;
use std::sync::Arc;

use leakscope_systemview::{Frame, Packet, Print, id, varint};

use super::price::bits_of;
use super::quick::{Quick, QuickKinds};
use crate::trace::lane::{Label, Lane};
use crate::trace::layout::Part;

/// What is known of packets by their ids.
#[derive(Clone, Debug)]
pub(super) struct Kinds {
    /// The stream's core.
    core: u8,
    /// Whether the core is in the id, so that packets are cut in another way.
    has_core_bit: bool,
    /// By id. Shared with checkpoints: it seldom changes, and there are many of those.
    by_id: Arc<[Kind]>,
    /// Those of which packets are cut quickly.
    quick: QuickKinds,
    /// Whether ordinary packets begin with a byte.
    begins: [bool; 256],
    /// Ordinary deltas are shorter, in ticks.
    long_delta: u32,
    /// How many long deltas there were of each length in bits.
    long_deltas: [u32; 33],
    /// The number of the packet that had the last one.
    last_long: usize,
}

/// What makes packets with one id ordinary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kind {
    lane: Lane,
    /// A module announced it.
    is_announced: bool,
    /// How often it was seen, up to [`FAMILIAR`].
    seen: u8,
    /// The longest payload that was seen, in bytes, and some more.
    longest: u16,
}

/// An id is ordinary when it was seen this often.
const FAMILIAR: u8 = 4;

/// A delta is long if so many packets before it have shorter ones.
const LONG: usize = 32;

/// A delta that is longer than so many ordinary ones is odd, if none was so long before: no shorter one than the first of these
/// is, and every one that is as long as the second, in ticks.
const ODD_TIMES: u32 = 16;
const ODD: std::ops::RangeInclusive<u32> = 1 << 12..=1 << 20;

/// The number of a module's events is not sent: it is believed to be no more than this.
const EVENTS: u32 = 16;

impl Kinds {
    pub(super) fn new(part: &Part) -> Self {
        Self {
            core: part.core,
            has_core_bit: part.core_bit,
            by_id: Arc::default(),
            quick: QuickKinds::default(),
            begins: [false; 256],
            long_delta: 0,
            long_deltas: [0; 33],
            last_long: 0,
        }
    }

    fn get(&self, id: u32) -> &Kind {
        self.by_id.get(id as usize).unwrap_or(Kind::UNKNOWN)
    }

    /// Which way packets with this id take.
    pub(super) fn lane(&self, id: u32) -> Lane {
        let kind = self.by_id.get(id as usize);
        kind.map_or(Lane::of_id(id), |kind| kind.lane)
    }

    /// Whether packets with this id are no surprise.
    pub(super) fn is_known(&self, id: u32) -> bool {
        let kind = self.get(id);
        (1..id::FIRST_API - 2).contains(&id) || kind.is_announced || kind.seen > 0
    }

    /// Whether a description of a module has named packets with this id.
    pub(super) fn is_announced(&self, id: u32) -> bool {
        self.get(id).is_announced
    }

    /// Whether the frame is ordinary.
    pub(super) fn is_ordinary(&self, frame: &Frame<'_>) -> bool {
        self.is_usual(frame) && frame.delta < self.long_delta
    }

    /// Whether the frame is ordinary but for its delta.
    pub(super) fn is_usual(&self, frame: &Frame<'_>) -> bool {
        let kind = self.get(frame.id);
        kind.seen == FAMILIAR
            && is_plain(frame.id)
            && frame.payload.len() <= usize::from(kind.longest)
            && if has_fields(frame.id) {
                has_sound_fields(frame.id, frame.payload)
            } else {
                frame.payload.last().is_none_or(|&last| last < 0x80)
            }
    }

    /// Whether this may be the first byte of an ordinary packet.
    #[inline]
    pub(super) const fn may_begin(&self, byte: u8) -> bool {
        self.begins[byte as usize]
    }

    /// Whether packets with this id, and a payload of this length, may be ordinary.
    pub(super) fn may_be_ordinary(&self, id: u32, payload: usize) -> bool {
        let kind = self.get(id);
        kind.seen == FAMILIAR && is_plain(id) && payload <= usize::from(kind.longest)
    }

    /// The packet at the front of `bytes` and its kind, if it is ordinary and that is quickly seen. There
    /// is no branch on the kind of packet, which cannot be foreseen.
    #[inline(always)]
    pub(super) fn split_ordinary<'a>(&self, bytes: &'a [u8]) -> Option<(Frame<'a>, &Quick)> {
        let (frame, quick) = Frame::split_usual(bytes, |head| self.quick.of_head(head))?;
        let length = frame.payload.len() as i32;
        if frame.delta >= self.long_delta
            || length > quick.longest
                && (length > quick.longest_fields || !has_sound_fields(quick.id(), frame.payload))
        {
            return None;
        }
        Some((frame, quick))
    }

    /// Whether deltas of this length came more than once.
    pub(super) fn is_usual_delta(&self, delta: u32) -> bool {
        let as_long = &self.long_deltas[bits_of(delta) as usize..];
        delta < self.long_delta || as_long.iter().sum::<u32>() > 1
    }

    /// Whether a delta is so long that damage may have made it of other bytes: none was so long, or one.
    pub(super) fn is_odd_delta(&self, delta: u32) -> bool {
        let odd = match self.long_delta {
            0 => *ODD.end(),
            long => long
                .saturating_mul(ODD_TIMES)
                .clamp(*ODD.start(), *ODD.end()),
        };
        delta >= odd && !self.is_usual_delta(delta)
    }

    /// Whether [`Kinds::learn`] would change anything.
    pub(super) fn is_news(&self, frame: &Frame<'_>, number: usize) -> bool {
        let kind = self.get(frame.id);
        kind.seen < FAMILIAR
            || frame.payload.len() > usize::from(kind.longest)
            || frame.id == id::MODULEDESC
            || self.is_often_so_long(frame.delta, number)
    }

    /// Whether a long delta is so soon behind another one that it is none.
    fn is_often_so_long(&self, delta: u32, number: usize) -> bool {
        delta >= self.long_delta
            && self.is_usual_delta(delta)
            && number.saturating_sub(self.last_long) < LONG
    }

    /// This delta was accepted.
    pub(super) fn learn_delta(&mut self, delta: u32, number: usize) {
        if delta >= self.long_delta {
            let bits = bits_of(delta);
            if self.is_often_so_long(delta, number) {
                // Some that are longer will come, too.
                self.long_delta = u32::MAX >> (31_u32.saturating_sub(bits));
            }
            let count = &mut self.long_deltas[bits as usize];
            *count = count.saturating_add(1);
            self.last_long = number;
        }
    }

    /// A packet was accepted that is not ordinary.
    pub(super) fn learn(&mut self, frame: &Frame<'_>) {
        let length = frame.payload.len().min(usize::from(u16::MAX / 2)) as u16;
        self.change(frame.id, |kind| {
            kind.seen = (kind.seen + 1).min(FAMILIAR);
            if length > kind.longest {
                kind.longest = length + length / 4 + 4;
            }
        });
        if self.get(frame.id).seen == FAMILIAR {
            let first = frame.id as usize & 0x7F;
            match frame.id {
                0x80.. => self.begins[first | 0x80] = true,
                _ => self.begins[first] = true,
            }
            if self.has_core_bit {
                self.begins[first | 0x40] = true;
            }
        }
        // The last one first, so that the table grows once.
        for id in announced_by(frame).rev() {
            self.change(id, |kind| kind.is_announced = true);
        }
    }

    /// From now on, packets with this id of a module take this way.
    pub(super) fn set_lane(&mut self, id: u32, lane: Lane) {
        self.change(id, |kind| kind.lane = lane);
    }

    /// Changes what is known of packets with this id.
    fn change(&mut self, id: u32, change: impl FnOnce(&mut Kind)) {
        if id as usize >= self.by_id.len() && id <= id::LAST {
            let new = (self.by_id.len() as u32..=id).map(|id| Kind {
                lane: Lane::of_id(id),
                ..*Kind::UNKNOWN
            });
            self.by_id = self.by_id.iter().copied().chain(new).collect();
        }
        let Some(known) = self.by_id.get(id as usize) else {
            return;
        };
        let mut changed = *known;
        change(&mut changed);
        if changed == *known {
            return;
        }
        Arc::make_mut(&mut self.by_id)[id as usize] = changed;
        if changed.seen == FAMILIAR && is_plain(id) && !self.has_core_bit {
            let label = Label {
                id: id as u16,
                core: self.core,
                lane: changed.lane,
            };
            self.quick
                .set(Quick::new(label, has_fields(id), changed.longest));
        }
    }
}

/// The ids of a module's events, if the packet describes one.
pub(super) fn announced_by(frame: &Frame<'_>) -> Range<u32> {
    let is_description = frame.id == id::MODULEDESC;
    let offset = is_description.then(|| varint::Numbers::new(frame.payload).nth(1));
    offset.flatten().map_or(0..0, |offset| {
        offset.max(id::FIRST_MODULE)..offset.saturating_add(EVENTS)
    })
}

/// Whether packets with this id may be taken without a look at what they say. Those that say much are few.
const fn is_plain(id: u32) -> bool {
    matches!(
        id,
        id::ISR_ENTER..=id::TASK_STOP_READY
            | id::MARK_START..=id::TIMER_EXIT
            | id::DATA_SAMPLE
            | id::PRINT_FORMATTED
            | id::END_CALL
            | id::EX
            | id::FIRST_API..
    )
}

const fn has_fields(id: u32) -> bool {
    matches!(id, id::PRINT_FORMATTED | id::END_CALL | id::EX)
}

/// Whether the fields fill the payload, and a text in them holds no control character that none has.
#[inline(never)]
fn has_sound_fields(id: u32, payload: &[u8]) -> bool {
    if id == id::PRINT_FORMATTED {
        Print::of(payload).is_ok_and(|print| !has_control(print.text.0))
    } else {
        Packet::of(id, payload).is_ok()
    }
}

/// Whether a byte is below the first white space.
fn has_control(text: &[u8]) -> bool {
    const FIRST: u8 = b'\t';
    // The lowest bit of each byte, and the topmost one; with these, eight are compared at once (Bit Twiddling Hacks).
    const ONES: u64 = u64::MAX / 0xFF;
    const TOPS: u64 = ONES * 0x80;
    let has_low = |word: u64| word.wrapping_sub(ONES * u64::from(FIRST)) & !word & TOPS != 0;
    match text.last_chunk() {
        Some(&last) => {
            let (words, _) = text.as_chunks();
            let has = words.iter().any(|&word| has_low(u64::from_le_bytes(word)));
            has || has_low(u64::from_le_bytes(last))
        }
        None => text.iter().any(|&byte| byte < FIRST),
    }
}

#[test]
fn a_control_character_is_found_wherever_it_stands() {
    for length in 0..30 {
        let text = vec![b'\t'; length];
        assert!(!has_control(&text));
        for at in 0..length {
            let with = |byte| {
                let mut text = text.clone();
                text[at] = byte;
                has_control(&text)
            };
            assert!(with(0) && with(8), "{at} of {length}");
            assert!(
                !with(0x7F) && !with(0x80) && !with(0xFF),
                "{at} of {length}"
            );
        }
    }
}

impl Kind {
    /// What is known of ids that were never seen.
    const UNKNOWN: &'static Self = &Self {
        lane: Lane::Common,
        is_announced: false,
        seen: 0,
        longest: 0,
    };
}
