//! Call stacks, each kept once.

use std::collections::BTreeMap;
use std::hash::Hasher;

use hashbrown::HashTable;
use leakscope_systemview::varint::Numbers;
use rustc_hash::FxHasher;

use super::continued::{Continued, Cut, Known};
use super::unwind::{Scan, StackCertainty, Unwinder};
use crate::outcome::CallStack;

/// Which call stack, in order of first appearance. [`StackId::NONE`] is the empty one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StackId(u32);

impl StackId {
    /// No call stack was recorded.
    pub const NONE: Self = Self(0);

    /// As an index: stacks are numbered from 0 without holes.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// All call stacks of a trace: return addresses, the innermost first.
///
/// The same stack comes with almost every event, always as the same bytes: those are looked up before
/// anything is decoded.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each says something else")]
pub struct Stacks {
    frames: Vec<u64>,
    /// Where each stack's frames end; they begin where those of the one before end.
    ends: Vec<u32>,
    by_frames: HashTable<StackId>,
    /// Of those that are not exact.
    certainties: BTreeMap<StackId, StackCertainty>,
    unwinder: Unwinder,
    continued: Continued,
    encoded: Vec<u8>,
    by_encoding: HashTable<Encoding>,
    /// The bytes of the shortest of them.
    shortest: Option<u32>,
    /// The encodings met lately, by hash: the newer one wins.
    recent: Vec<Recent>,
    /// Whether there were more than are kept.
    overflowed: bool,
    /// Whether the target tells of reallocations: a free and what comes after it, from the same stack, are two calls.
    pub(crate) are_of_whole_calls: bool,
    /// Whether the target's pointers have 8 bytes, and its heap no size: it is the C library's, and no part of the program.
    pub(crate) are_of_a_computer: bool,
    /// Whether the device was told to leave blocks out: what one becomes that is reallocated may be left out, too.
    pub(crate) leave_blocks_out: bool,
}

/// How many encodings are remembered as recent; a power of two.
const RECENT: usize = 1024;

/// A stack as it came over the wire.
#[derive(Clone, Copy, Debug, Default)]
struct Encoding {
    start: u32,
    length: u32,
    stack: StackId,
}

impl Default for Stacks {
    fn default() -> Self {
        Self::new(Unwinder::default())
    }
}

impl Stacks {
    /// None yet; `unwinder` finds the frames of those that are scanned.
    pub(super) fn new(unwinder: Unwinder) -> Self {
        Self {
            unwinder,
            frames: Vec::new(),
            ends: vec![0],
            by_frames: HashTable::new(),
            certainties: BTreeMap::new(),
            continued: Continued::default(),
            encoded: Vec::new(),
            by_encoding: HashTable::new(),
            shortest: None,
            recent: vec![Recent::default(); RECENT],
            overflowed: false,
            are_of_whole_calls: false,
            are_of_a_computer: false,
            leave_blocks_out: false,
        }
    }

    /// None at all, and no room for any: takes the place of others that are kept elsewhere.
    pub(super) fn elsewhere() -> Self {
        Self {
            frames: Vec::new(),
            ends: Vec::new(),
            by_frames: HashTable::new(),
            certainties: BTreeMap::new(),
            continued: Continued::default(),
            unwinder: Unwinder::default(),
            encoded: Vec::new(),
            by_encoding: HashTable::new(),
            shortest: None,
            recent: Vec::new(),
            overflowed: false,
            are_of_whole_calls: false,
            are_of_a_computer: false,
            leave_blocks_out: false,
        }
    }

    /// The return addresses of a stack, the innermost first.
    pub fn frames(&self, stack: StackId) -> &[u64] {
        let end = self.ends[stack.index()] as usize;
        let start = match stack.index() {
            0 => 0,
            index => self.ends[index - 1] as usize,
        };
        &self.frames[start..end]
    }

    /// How many stacks there are, the empty one included.
    pub fn count(&self) -> usize {
        self.ends.len()
    }

    /// At most so many are kept. Programs have some thousands; a million are no stacks, but what a damaged
    /// unwinder finds.
    pub const MOST: usize = 1 << 16;

    /// Whether there were more than [`Stacks::MOST`]: those that came later count as [`StackId::NONE`].
    pub fn overflowed(&self) -> bool {
        self.overflowed
    }

    fn is_full(&self) -> bool {
        self.ends.len() >= Self::MOST
    }

    /// The stack with these frames. Zeros at its end are unused slots, no frames.
    pub fn intern(&mut self, frames: &[u64]) -> StackId {
        let used = frames.iter().rposition(|&frame| frame != 0);
        let Some(frames) = used.map(|last| &frames[..=last]) else {
            return StackId::NONE;
        };
        let hash = hash_frames(frames);
        let known = self
            .by_frames
            .find(hash, |&stack| self.frames(stack) == frames);
        if let Some(&stack) = known {
            return stack;
        }
        if self.is_full() {
            self.overflowed = true;
            return StackId::NONE;
        }
        let stack = self.push(frames);
        let (all, ends) = (&self.frames, &self.ends);
        self.by_frames.insert_unique(hash, stack, |&stack| {
            let index = stack.index();
            hash_frames(&all[ends[index - 1] as usize..ends[index] as usize])
        });
        stack
    }

    fn push(&mut self, frames: &[u64]) -> StackId {
        let stack = StackId(self.ends.len() as u32);
        self.frames.extend_from_slice(frames);
        self.ends.push(self.frames.len() as u32);
        stack
    }

    /// A stack, and how sure its frames are.
    pub fn call_stack(&self, stack: StackId) -> CallStack {
        CallStack {
            frames: self.frames(stack).to_vec(),
            certainty: self.certainty(stack),
        }
    }

    /// How sure the frames of a stack are.
    pub fn certainty(&self, stack: StackId) -> StackCertainty {
        self.certainties.get(&stack).copied().unwrap_or_default()
    }

    /// Whether what a device finds on its stack becomes whole call stacks.
    pub(super) fn has_unwinder(&self) -> bool {
        self.unwinder.is_there()
    }

    /// The stack of which a device found these words. Many scans have the same frames, and are one stack: it is as sure
    /// as the least sure of them. One that is cut off is the only one that begins alike and goes on, if there is such a one.
    pub(super) fn intern_scan(&mut self, scan: &Scan<'_>) -> StackId {
        let unwound = self.unwinder.unwind(scan);
        let frames: Vec<u64> = unwound.frames.iter().map(|&(frame, _)| frame).collect();
        let cut = if unwound.is_cut_off {
            self.continued.of_cut(&frames, self)
        } else {
            Cut::Own
        };
        let mut certainty = StackCertainty::of(&unwound);
        let stack = match cut {
            Cut::Longer(longer) => {
                certainty = certainty.up_to(frames.len());
                longer
            }
            Cut::Parted => self.intern_apart(&frames),
            Cut::Own => self.intern_whole(&frames),
        };
        certainty = certainty.or_less(self.certainty(stack));
        if certainty != StackCertainty::EXACT && stack != StackId::NONE {
            self.certainties.insert(stack, certainty);
        }
        stack
    }

    fn intern_whole(&mut self, frames: &[u64]) -> StackId {
        let count = self.count();
        let stack = self.intern(frames);
        if self.count() > count {
            let mut continued = std::mem::take(&mut self.continued);
            continued.add(stack, self);
            self.continued = continued;
            if let Some(shorter) = self.shorter(stack) {
                // What was cut off is taken to have gone on like this.
                let known = self.frames(shorter).len();
                let certainty = self.certainty(shorter).up_to(known);
                self.certainties.insert(stack, certainty);
            }
        }
        stack
    }

    /// The stack with these frames that is none of those which go on so.
    fn intern_apart(&mut self, frames: &[u64]) -> StackId {
        let stack = self.intern(frames);
        if self.is_full() {
            return stack;
        }
        let mut continued = std::mem::take(&mut self.continued);
        let apart = continued.apart(stack, || self.push(frames));
        self.continued = continued;
        apart
    }

    /// The stack that was cut off where this one goes on, if no other one goes on there another way.
    pub(crate) fn shorter(&self, stack: StackId) -> Option<StackId> {
        self.continued.shorter(stack)
    }

    /// How many bytes each stack takes at least, in an event that has one; 0 if events have none.
    pub(crate) fn shortest(&self) -> u64 {
        self.shortest.unwrap_or(0).into()
    }

    /// The stack that `bytes` encode, as numbers on the wire; `None` if they are no whole numbers.
    #[inline(always)]
    pub fn intern_encoded(&mut self, bytes: &[u8]) -> Option<StackId> {
        if let Some(ends) = Ends::of(bytes)
            && let Some(recent) = self.recent.get(ends.place())
            && recent.ends == ends
            && (ends.are_all() || recent.encoding.of(&self.encoded) == bytes)
        {
            return Some(recent.encoding.stack);
        }
        self.look_up(bytes)
    }

    #[inline(never)]
    fn look_up(&mut self, bytes: &[u8]) -> Option<StackId> {
        let hash = hash_bytes(bytes);
        let known = self
            .by_encoding
            .find(hash, |encoding| encoding.of(&self.encoded) == bytes);
        let encoding = match known {
            Some(&encoding) => encoding,
            None if self.is_full() => return self.decode(bytes),
            None => self.intern_new(bytes, hash)?,
        };
        if let Some(ends) = Ends::of(bytes)
            && let Some(recent) = self.recent.get_mut(ends.place())
        {
            *recent = Recent { ends, encoding };
        }
        Some(encoding.stack)
    }

    fn decode(&mut self, bytes: &[u8]) -> Option<StackId> {
        let mut numbers = Numbers::new(bytes);
        let frames: Vec<u64> = numbers.by_ref().map(u64::from).collect();
        numbers.is_whole().then(|| self.intern(&frames))
    }

    #[cold]
    fn intern_new(&mut self, bytes: &[u8], hash: u64) -> Option<Encoding> {
        let stack = self.decode(bytes)?;
        let encoding = Encoding {
            start: self.encoded.len() as u32,
            length: bytes.len() as u32,
            stack,
        };
        self.encoded.extend_from_slice(bytes);
        self.shortest = Some(encoding.length.min(self.shortest.unwrap_or(u32::MAX)));
        let encoded = &self.encoded;
        self.by_encoding
            .insert_unique(hash, encoding, |known| hash_bytes(known.of(encoded)));
        Some(encoding)
    }
}

impl Known for Stacks {
    fn frames(&self, stack: StackId) -> &[u64] {
        self.frames(stack)
    }

    fn cut_off(&self, frames: &[u64]) -> Option<StackId> {
        let same = |stack: &StackId| self.frames(*stack) == frames;
        let stack = *self.by_frames.find(hash_frames(frames), same)?;
        self.certainty(stack).is_cut_off.then_some(stack)
    }
}

impl Encoding {
    #[inline]
    fn of<'a>(&self, encoded: &'a [u8]) -> &'a [u8] {
        &encoded[self.start as usize..(self.start + self.length) as usize]
    }
}

/// An encoding and its ends, which are looked at first. A line of the cache holds it.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
struct Recent {
    ends: Ends,
    encoding: Encoding,
}

/// How a stack's bytes begin and end: for most stacks, that is all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Ends {
    first: u128,
    last: u128,
    length: usize,
}

impl Ends {
    /// `None` of stacks that are shorter.
    #[inline(always)]
    fn of(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            first: u128::from_le_bytes(*bytes.first_chunk()?),
            last: u128::from_le_bytes(*bytes.last_chunk()?),
            length: bytes.len(),
        })
    }

    /// Whether there is nothing between them.
    #[inline(always)]
    fn are_all(&self) -> bool {
        self.length <= 2 * size_of::<u128>()
    }

    /// Their place among the recent ones.
    #[inline(always)]
    fn place(&self) -> usize {
        let words = |number: u128| (number as u64, (number >> 64) as u64);
        let ((a, b), (c, d)) = (words(self.first), words(self.last));
        let mixed = (a ^ b.rotate_left(17) ^ c.rotate_left(31) ^ d.rotate_left(47))
            .wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed >> (u64::BITS - RECENT.trailing_zeros())) as usize
    }
}

fn hash_bytes(bytes: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(bytes);
    hasher.finish()
}

fn hash_frames(frames: &[u64]) -> u64 {
    let mut hasher = FxHasher::default();
    for &frame in frames {
        hasher.write_u64(frame);
    }
    hasher.finish()
}
