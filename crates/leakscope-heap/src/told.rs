//! What a target says of its heap in its own words, beside what the map has at that moment.

use std::fmt::Display;

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
/// `heap_caps_get_largest_free_block`), and of FreeRTOS' `HeapStats_t`.
const LARGEST: &[&str] = &[
    "largest_free_block",
    "largest free block",
    "xsizeoflargestfreeblockinbytes",
];
/// Those of what is free. Each is a whole word.
const FREE: &[&str] = &[
    "xavailableheapspaceinbytes",
    "free heap size",
    "free heap",
    "free",
];

/// What all names of the largest free block have in them.
const IN_LARGEST: &[u8] = b"largest";

impl Told {
    /// As [`Told::in_text`], of a message of which most formats show that it is about something else: then nothing is formatted.
    pub fn in_log(format: &[u8], message: impl Display) -> Option<Self> {
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
