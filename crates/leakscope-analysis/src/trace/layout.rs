//! How a recording is laid out in its files: one stream of packets for each core, or one for all.

use leakscope_systemview::Header;

use super::stream::has_core_bits;
use super::unwind::Unwinder;

/// The streams of packets in the inputs that the user named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The streams; each has its own chain of deltas.
    pub parts: Vec<Part>,
    /// Whether Espressif's OpenOCD wrote it: its cores share one clock, and some packets stand in the
    /// parts of both.
    pub espressif: bool,
    /// A core that two inputs say they are. The streams are then numbered in the order given.
    pub same_core_twice: Option<u8>,
    /// Inputs that end before what was packed in them does. Their bytes do not say it: who unpacks them does.
    pub cut_inputs: Vec<usize>,
    /// What knows the program. The inputs do not say it: [`Layout::unwound_by`].
    pub unwinder: Unwinder,
}

/// Where one part of a joined file ends and the next one begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Border {
    /// Where the header says that it is, as an offset in the input.
    pub expected: u64,
    /// It is not before this.
    pub from: u64,
    /// It is before this.
    pub to: u64,
}

/// A border is looked for up to so many bytes before and behind the place that the header names.
const REACH: u64 = 64 * 1024;

/// One stream of packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// The input it stands in.
    pub input: usize,
    /// Its first byte in that input, or the first one that may be.
    pub start: u64,
    /// The first byte behind it, or the last one that may be that, if it is not the end of the input.
    pub end: Option<u64>,
    /// Where in a joined file it begins, if other parts stand before it.
    pub begins: Option<Border>,
    /// Where it ends, if others stand behind it.
    pub ends: Option<Border>,
    /// The core that wrote it; with [`Part::core_bit`], the lower one.
    pub core: u8,
    /// Whether each packet's id says which core wrote it.
    pub core_bit: bool,
}

/// How much of the front of each input [`Layout::of`] wants to see, in bytes.
pub const HEAD: usize = 64 * 1024;

impl Layout {
    /// Finds the streams from the first bytes of each input ([`HEAD`] of them, or all there are).
    ///
    /// A joined file (V3.60) has one part a core. Otherwise each input is one core: the one that it
    /// names itself (`C=core1`), or else the one of its place.
    pub fn of(heads: &[&[u8]]) -> Self {
        let mut layout = Self::default();
        let mut unnamed = Vec::new();
        for (input, head) in heads.iter().enumerate() {
            let header = Header::parse(head);
            let data = header.data as u64;
            let core_bit =
                header.has_core_bit() || is_silent(&header) && has_core_bits(&head[header.data..]);
            layout.espressif |= header.is_espressif() || core_bit;
            let mut offsets: Vec<(u32, u64)> = header.core_offsets().collect();
            offsets.sort_by_key(|&(core, offset)| (offset, core));
            if offsets.len() < 2 {
                let core = match named_core(&head[header.data..]) {
                    _ if core_bit => 0,
                    Some(core) => core,
                    None => {
                        unnamed.push(layout.parts.len());
                        input as u8
                    }
                };
                layout.parts.push(Part {
                    input,
                    start: data,
                    end: None,
                    begins: None,
                    ends: None,
                    core,
                    core_bit,
                });
                continue;
            }
            let places: Vec<u64> = offsets
                .iter()
                .map(|&(_, offset)| data.saturating_add(offset))
                .collect();
            for (index, &(core, _)) in offsets.iter().enumerate() {
                let begins = border(&places, index);
                let ends = border(&places, index + 1);
                layout.parts.push(Part {
                    input,
                    start: begins.map_or(places[index], |border| border.from),
                    end: ends.map(|border| border.to),
                    begins,
                    ends,
                    core: core as u8,
                    core_bit,
                });
            }
        }
        layout.tell_cores_apart(&unnamed);
        layout.parts.sort_by_key(|part| (part.core, part.input));
        layout
    }

    /// The same, with call stacks by what knows the program that was recorded.
    #[must_use]
    pub fn unwound_by(self, unwinder: Unwinder) -> Self {
        Self { unwinder, ..self }
    }

    /// Sees to it that each part is a core of its own. Those that do not say which give way.
    fn tell_cores_apart(&mut self, unnamed: &[usize]) {
        let parts = &mut self.parts;
        let is_taken = |parts: &[Part], index: usize, core: u8| {
            let mut others = parts.iter().enumerate();
            others.any(|(other, part)| other != index && part.core == core)
        };
        for &index in unnamed {
            if is_taken(parts, index, parts[index].core) {
                let free = (0..=u8::MAX).find(|&core| !is_taken(parts, index, core));
                parts[index].core = free.unwrap_or(u8::MAX);
            }
        }
        let twice = (0..parts.len()).find(|&index| is_taken(parts, index, parts[index].core));
        self.same_core_twice = twice.map(|index| parts[index].core);
        if twice.is_some() {
            for (place, part) in parts.iter_mut().enumerate() {
                part.core = place as u8;
            }
        }
    }
}

/// Whether a header says nothing of cores where there might be some: none does, and that of `leakscope record` is written
/// before anything has come.
fn is_silent(header: &Header<'_>) -> bool {
    let is_ours =
        || (header.value("Author")).is_some_and(|author| author.0.starts_with(b"leakscope"));
    header.text.0.is_empty() || is_ours() && header.core_offsets().next().is_none()
}

/// The border before a part, of which this is where each is said to begin. None stands before the first.
fn border(places: &[u64], part: usize) -> Option<Border> {
    let expected = *places.get(part).filter(|_| part > 0)?;
    let before = expected - places[part - 1];
    let behind = places
        .get(part + 1)
        .map_or(u64::MAX, |next| next - expected);
    Some(Border {
        expected,
        from: expected - (before / 2).min(REACH),
        to: expected.saturating_add((behind / 2).min(REACH)),
    })
}

/// The core that a recording's system description names: `C=core1`.
fn named_core(data: &[u8]) -> Option<u8> {
    const KEY: &[u8] = b"C=core";
    let key = data.windows(KEY.len()).position(|bytes| bytes == KEY)?;
    match data.get(key + KEY.len())? {
        digit @ b'0'..=b'9' => Some(digit - b'0'),
        _ => None,
    }
}
