//! What a target says of its heap in its own words, beside what the map has at that moment.

use std::collections::BTreeMap;
use std::fmt::Display;

use leakscope_analysis::trace::{Event, EventKind};
use leakscope_systemview::{DataKind, Extended, Packet, RegisterData, id};

use crate::pool::Pool;

/// What a target says of its whole heap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Bytes that are free.
    pub free: Option<u64>,
    /// The largest block that can be had.
    pub largest: Option<u64>,
}

/// What a target said, and what the map has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    /// When, in ticks.
    pub time: u64,
    /// What it said.
    pub told: Told,
    /// Bytes of holes in all regions.
    pub free: u64,
    /// The most bytes that one allocation can get, wherever that is.
    pub largest: u64,
}

/// The names of the largest free block: of ESP-IDF (`heap_caps_print_heap_info`, and as programs call
/// `heap_caps_get_largest_free_block`), of FreeRTOS' `HeapStats_t`, and of NuttX (what its test `mm` prints of `mallinfo`).
const LARGEST: &[&str] = &[
    "largest_free_block",
    "largest free block",
    "xsizeoflargestfreeblockinbytes",
    "largest non-inuse chunk",
];
/// Those of what is free. Each is a whole word.
const FREE: &[&str] = &[
    "xavailableheapspaceinbytes",
    "free heap size",
    "free heap",
    "total non-inuse space",
    "free",
];

/// What all names of the largest free block have in them.
const IN_LARGEST: &[u8] = b"largest";

/// Listens to what a target says of its heap: in its log, and in data that it samples.
#[derive(Debug, Default)]
pub struct Listener {
    /// Data that are about the heap, by their numbers: whether they are the largest free block.
    data: BTreeMap<u32, bool>,
}

impl Listener {
    /// Data that are remembered. A damaged or made-up trace could name any number.
    const MOST: usize = 64;

    /// What an event says of the heap.
    pub fn told(&mut self, event: &Event<'_>) -> Option<Told> {
        match (event.kind, event.id) {
            (EventKind::Log(print), _) => Told::in_log(print.text.0, print.formatted()),
            (EventKind::System, id::EX) => {
                if let Ok(Packet::Extended(Extended::RegisterData(data))) =
                    Packet::of(event.id, event.payload)
                {
                    self.learn(&data);
                }
                None
            }
            (EventKind::System, id::DATA_SAMPLE) if !self.data.is_empty() => {
                let Ok(Packet::DataSample { data, value }) = Packet::of(event.id, event.payload)
                else {
                    return None;
                };
                let value = Some(u64::from(value));
                let (free, largest) = if *self.data.get(&data)? {
                    (None, value)
                } else {
                    (value, None)
                };
                Some(Told { free, largest })
            }
            _ => None,
        }
    }

    /// Whole bytes are understood, under the names that logs have, too.
    fn learn(&mut self, data: &RegisterData<'_>) {
        let name = data.name.to_string().to_ascii_lowercase();
        let unit = data.unit.to_string().to_ascii_lowercase();
        let is_plain =
            data.kind == DataKind::U32 && data.offset == 0 && matches!(data.scale, 0.0 | 1.0);
        let is_largest = LARGEST.contains(&name.trim());
        let is_meant = is_plain
            && matches!(unit.trim(), "" | "b" | "byte" | "bytes")
            && (is_largest || FREE.contains(&name.trim()));
        if is_meant && self.data.len() < Self::MOST {
            self.data.insert(data.data, is_largest);
        }
    }
}

impl Told {
    /// As [`Told::in_text`], of a message of which most formats show that it is about something else: then nothing is formatted.
    fn in_log(format: &[u8], message: impl Display) -> Option<Self> {
        let mut parts = format.windows(IN_LARGEST.len());
        let may_be = parts.any(|part| part.eq_ignore_ascii_case(IN_LARGEST));
        may_be.then(|| Self::in_text(&message.to_string()))?
    }

    /// What a line of a log says of the largest free block, and perhaps of what is free; `None` if it is about something else.
    /// A line of `heap_caps_print_heap_info` about one region of several has no free bytes before it, and is left out.
    ///
    /// ```
    /// use leakscope_heap::Told;
    /// let told = Told::in_text("    free 178064 allocated 98000 min_free 170000 largest_free_block 110592");
    /// assert_eq!(told, Some(Told { free: Some(178_064), largest: Some(110_592) }));
    /// assert_eq!(Told::in_text("largest_free_block 8 alloc_blocks 34 free_blocks 1 total_blocks 35"), None);
    /// let told = Told::in_text("Largest non-inuse chunk           = 155520");
    /// assert_eq!(told, Some(Told { free: None, largest: Some(155_520) }));
    /// assert_eq!(Told::in_text("the largest tree has 12 leaves"), None);
    /// ```
    pub fn in_text(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let named = |names: &[&str]| names.iter().find_map(|name| number_after(&text, name));
        let is_of_a_region = text.contains("total_blocks") || text.contains("alloc_blocks");
        let largest = named(LARGEST).filter(|_| !is_of_a_region)?;
        Some(Self {
            free: named(FREE),
            largest: Some(largest),
        })
    }
}

/// The number that follows a name, as `name: 12`, `name=12 bytes` or `name 12`; not one in another unit than bytes.
fn number_after(text: &str, name: &str) -> Option<u64> {
    let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
    text.match_indices(name).find_map(|(start, _)| {
        let (before, behind) = (&text[..start], &text[start + name.len()..]);
        if before.ends_with(is_word) || behind.starts_with(is_word) {
            return None;
        }
        let value = behind.trim_start_matches([' ', '\t', ':', '=', '(']);
        let digits = value.find(|character: char| !character.is_ascii_digit());
        let (number, rest) = value.split_at(digits.unwrap_or(value.len()));
        let rest = rest.trim_start();
        let is_in_bytes = !rest.starts_with(['k', 'm', '.', 'x', '%']);
        number.parse().ok().filter(|_| is_in_bytes)
    })
}

impl Check {
    /// How many are kept.
    pub const KEPT: usize = 100;

    pub(crate) fn new(time: u64, told: Told, pools: &[Pool]) -> Self {
        let largest = pools.iter().map(Pool::largest_request);
        Self {
            time,
            told,
            free: pools.iter().map(|pool| pool.space().free_bytes()).sum(),
            largest: largest.max().unwrap_or(0),
        }
    }
}
