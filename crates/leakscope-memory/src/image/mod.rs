//! What lay where in a device's memory at one moment.
//!
//! [`read`] recognises what a file is; a file here reads each format: `elf` core dumps, with their `notes`;
//! `esp_idf` the container of ESP-IDF's; `zephyr` Zephyr's; `console` both as a device prints them. [`write()`] writes our own.
//! A [`Problem`] says what is wrong with a file; what of it can be read is read.
mod about;
mod console;
mod elf;
mod esp_idf;
mod notes;
mod problem;
mod read;
mod write;
mod zephyr;

use std::ops::Range;

pub use about::About;
pub use notes::Machine;
pub use problem::{ImageError, Problem};
pub use read::read;
pub use write::write;

/// What lay where in a device's memory at one moment.
#[derive(Clone, Debug, Default)]
pub struct Image {
    data: Vec<u8>,
    /// In order of addresses; none overlaps another.
    segments: Vec<Segment>,
    /// The processor, if the file says it.
    pub machine: Option<Machine>,
    /// How numbers lie in it.
    pub words: Words,
    /// Registers: of each core, or of each task.
    pub threads: Vec<Thread>,
    /// Whether ESP-IDF has written it: then each segment is one thing, a stack, a control block or a block of the heap.
    pub is_esp_idf: bool,
    /// The chip, if the file says it.
    pub chip: Option<String>,
    /// What our own file says of itself.
    pub about: Option<About>,
    /// What is wrong with the file.
    pub problems: Vec<Problem>,
}

/// Where a stretch of memory is in the data.
#[derive(Clone, Debug)]
struct Segment {
    address: u64,
    place: Range<usize>,
}

impl Segment {
    fn range(&self) -> Range<u64> {
        self.address..self.address + self.place.len() as u64
    }
}

/// Bytes from an address on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The first byte's.
    pub address: u64,
    /// What lay there.
    pub bytes: Vec<u8>,
}

/// How numbers lie in memory: how wide a pointer is, and in which order its bytes come. The default is 32 bits, the
/// lowest byte first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// Pointers have 64 bits rather than 32.
    pub is_64_bit: bool,
    /// The highest byte comes first.
    pub is_big_endian: bool,
}

impl Words {
    /// Bytes of a pointer.
    pub const fn size(self) -> usize {
        if self.is_64_bit { 8 } else { 4 }
    }

    /// The pointer that these bytes are, of which there are as many as it has.
    #[inline]
    pub fn pointer(self, bytes: &[u8]) -> u64 {
        match (<[u8; 4]>::try_from(bytes), self.is_big_endian) {
            (Ok(bytes), false) => u32::from_le_bytes(bytes).into(),
            (Ok(bytes), true) => u32::from_be_bytes(bytes).into(),
            (Err(_), is_big_endian) => {
                let bytes = <[u8; 8]>::try_from(bytes).unwrap_or_default();
                if is_big_endian {
                    u64::from_be_bytes(bytes)
                } else {
                    u64::from_le_bytes(bytes)
                }
            }
        }
    }
}

/// The registers of a core, or of a task that does not run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thread {
    /// ESP-IDF: the address of the task's control block. Linux: the thread's number. Our own files: the core's number.
    pub id: u64,
    /// All of them, in the order of the core dump.
    pub registers: Vec<u64>,
    /// Which of them is the stack pointer says the processor; `None` if it is not known.
    pub stack_pointer: Option<u64>,
}

impl Image {
    /// Of memory that lay in these places. Where two overlap, the first one counts.
    pub fn of_pieces(pieces: Vec<Piece>) -> Self {
        let mut image = Self::default();
        let mut placed = Vec::new();
        for piece in pieces {
            let from = image.data.len();
            image.data.extend(piece.bytes);
            placed.push((piece.address, from..image.data.len()));
        }
        image.place(placed);
        image
    }

    /// Of segments of one file.
    fn of_file(data: Vec<u8>, placed: Vec<(u64, Range<usize>)>) -> Self {
        let mut image = Self {
            data,
            ..Self::default()
        };
        image.place(placed);
        image
    }

    /// Sorts segments, and cuts off what an earlier one has. All of them together are never more than the data, however
    /// often a made-up file names the same bytes.
    fn place(&mut self, placed: Vec<(u64, Range<usize>)>) {
        let mut segments = Vec::new();
        let mut left = self.data.len();
        for (address, place) in placed {
            let fits = place.start <= place.end && place.end <= self.data.len();
            if !fits || address.checked_add(place.len() as u64).is_none() {
                self.problems.push(Problem::SegmentOutside { address });
            } else if place.len() > left {
                self.problems.push(Problem::SegmentsTooLarge);
                break;
            } else if !place.is_empty() {
                left -= place.len();
                segments.push(Segment { address, place });
            }
        }
        segments.sort_by_key(|segment| segment.address);
        let mut overlapping = 0;
        let mut end = 0;
        segments.retain_mut(|segment| {
            let range = segment.range();
            let hidden = end.min(range.end).saturating_sub(range.start);
            overlapping += hidden;
            segment.address += hidden;
            segment.place.start += hidden as usize;
            end = end.max(range.end);
            !segment.place.is_empty()
        });
        if overlapping > 0 {
            self.problems.push(Problem::Overlap { bytes: overlapping });
        }
        self.segments = segments;
    }

    /// The stretches of memory that it holds, in order of addresses. Neighbours may touch.
    pub fn segments(&self) -> impl Iterator<Item = (Range<u64>, &[u8])> {
        let bytes = |segment: &Segment| (segment.range(), &self.data[segment.place.clone()]);
        self.segments.iter().map(bytes)
    }

    /// How many bytes of memory it holds.
    pub fn len(&self) -> u64 {
        self.segments
            .iter()
            .map(|segment| segment.place.len() as u64)
            .sum()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// What lay at these addresses: as much as is in one segment.
    pub fn bytes(&self, range: &Range<u64>) -> &[u8] {
        let after = self
            .segments
            .partition_point(|segment| segment.address <= range.start);
        let Some(segment) = after.checked_sub(1).map(|index| &self.segments[index]) else {
            return &[];
        };
        let held = segment.range();
        let (from, to) = (range.start.min(held.end), range.end.min(held.end));
        let offset = |address: u64| segment.place.start + (address - held.start) as usize;
        &self.data[offset(from)..offset(to.max(from))]
    }

    /// Where the first segment behind an address begins.
    pub(crate) fn next_segment(&self, address: u64) -> Option<u64> {
        let after = self
            .segments
            .partition_point(|segment| segment.address <= address);
        self.segments.get(after).map(|segment| segment.address)
    }

    /// The pointer at an address.
    pub fn pointer(&self, address: u64) -> Option<u64> {
        let size = self.words.size();
        let end = address.checked_add(size as u64)?;
        let bytes = self.bytes(&(address..end));
        (bytes.len() == size).then(|| self.words.pointer(bytes))
    }

    /// Whether all of these addresses are in it.
    pub fn holds(&self, range: &Range<u64>) -> bool {
        let mut from = range.start;
        while from < range.end {
            match self.bytes(&(from..range.end)).len() {
                0 => return false,
                length => from += length as u64,
            }
        }
        true
    }
}
