//! Inputs: files that can be read at any offset, packed ones too.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

use crate::chain::Chain;
use crate::compressed::{self, Compression, Unpacked};
use crate::error::OpenError;
use crate::parts;
use crate::place::{Gone, Place, is_same_file};
use crate::rotated::{self, Part};

/// One input, open.
#[derive(Debug)]
pub struct Input {
    name: String,
    bytes: Chain,
    notes: Vec<Note>,
    /// Of a file that is read where it lies.
    place: Option<Place>,
}

/// What was done to read an input, beyond opening it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// It was unpacked.
    Unpacked {
        /// The program that packs so.
        format: &'static str,
    },
    /// Unpacking stopped before the end: the packed file is damaged or cut off.
    UnpackedInPart {
        /// The bytes that came out.
        bytes: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// It is the first of so many parts of a recording, which are read as one.
    Parts {
        /// It and those behind it.
        count: u32,
    },
    /// A recording was made of another program's file.
    Translated {
        /// Whose file it is, and what is known only in part.
        from: &'static str,
    },
    /// It is empty, and this file of one core beside it was read in its place.
    Replaced {
        /// The empty file.
        empty: PathBuf,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unpacked { format } => write!(f, "unpacked ({format})"),
            Self::UnpackedInPart { bytes, reason } => write!(
                f,
                "unpacking it stopped after {bytes} bytes, which were read: {reason}"
            ),
            Self::Parts { count } => write!(f, "read with the parts behind it: {count} in all"),
            Self::Translated { from } => f.write_str(from),
            Self::Replaced { empty } => write!(
                f,
                "read in place of `{}`, which is empty: OpenOCD joins the cores' files when it is \
                 told to stop, and was not",
                empty.display()
            ),
        }
    }
}

impl Input {
    /// What is being written.
    pub(crate) fn growing(name: String, bytes: Chain) -> Self {
        Self {
            name,
            bytes,
            notes: Vec::new(),
            place: None,
        }
    }

    fn of_file(name: &str, file: File, notes: Vec<Note>) -> io::Result<Self> {
        let bytes = Chain::default();
        bytes.add(file, 0)?;
        Ok(Self {
            name: name.to_owned(),
            bytes,
            notes,
            place: None,
        })
    }

    /// What to call it: the path as the user named it, or `standard input`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What was done to read it.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// Whether it was packed, and not all of it came out.
    pub fn is_unpacked_in_part(&self) -> bool {
        let mut notes = self.notes.iter();
        notes.any(|note| matches!(note, Note::UnpackedInPart { .. }))
    }

    /// Reads at an offset; returns how many bytes there were, 0 at the end.
    pub fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.bytes.read_at(offset, buffer)
    }

    /// The first bytes, `length` of them or all there are.
    pub fn head(&mut self, length: usize) -> io::Result<Vec<u8>> {
        /// What one read may bring.
        const CHUNK: usize = 64 * 1024;
        let mut head = Vec::new();
        loop {
            let from = head.len();
            head.resize(from + CHUNK.min(length - from), 0);
            let count = self.read_at(from as u64, &mut head[from..])?;
            head.truncate(from + count);
            if count == 0 || head.len() == length {
                return Ok(head);
            }
        }
    }

    /// Puts a recording in its place, which `translate` makes of it.
    ///
    /// # Errors
    /// Those of reading and writing, and of `translate`.
    pub fn translate<T, E: From<io::Error>>(
        &mut self,
        from: &'static str,
        translate: impl FnOnce(&mut dyn Read, &File) -> Result<T, E>,
    ) -> Result<T, E> {
        let recording = tempfile::tempfile()?;
        let mut reader = FromFront {
            input: self,
            offset: 0,
        };
        let translated = translate(&mut reader, &recording)?;
        self.bytes = Chain::default();
        self.bytes.add(recording, 0)?;
        self.place = None;
        self.notes.push(Note::Translated { from });
        Ok(translated)
    }

    /// Whether it holds no packets: nothing at all, or nothing but a header.
    fn is_empty(&mut self) -> io::Result<bool> {
        let head = self.head(HEADER)?;
        let is_short = self.length()? == head.len() as u64;
        let mut lines = head.split_inclusive(|&byte| byte == b'\n');
        Ok(is_short && lines.all(|line| line.starts_with(b";")))
    }

    /// Which part of a recording it is, if it is one.
    fn part(&mut self) -> Result<Option<Part>, OpenError> {
        let head = self.head(HEADER);
        let head = head.map_err(|error| OpenError::of(&self.name, error))?;
        Ok(Part::of(&head))
    }

    /// Adds what `next` has from `start` on: the part of the recording that follows.
    fn add(&mut self, next: &Self, start: u64) -> Result<(), OpenError> {
        let added = self.bytes.join(&next.bytes, start);
        added.map_err(|error| OpenError::of(&next.name, error))
    }

    /// Adds the parts that lie beside this first one; how many there are.
    fn add_those_beside(
        &mut self,
        first: Part,
        max_unpacked: Option<u64>,
    ) -> Result<u32, OpenError> {
        let mut path = PathBuf::from(&self.name);
        let mut last = first;
        let mut count = 0;
        while let Some((next_path, next, part)) = part_behind(&last, &path, max_unpacked)? {
            self.add(&next, part.start)?;
            (path, last, count) = (next_path, part, count + 1);
        }
        // One may be missing in between.
        let number = last.number + 1;
        for _ in 0..MOST_MISSING {
            let Some(beyond) = last.next_path(&path) else {
                break;
            };
            (path, last.number) = (beyond, last.number + 1);
            if let Some((later, ..)) = part_behind(&last, &path, max_unpacked)? {
                let name = later.display().to_string();
                return Err(OpenError::PartMissing { name, number });
            }
        }
        Ok(count)
    }

    /// Where the file has gone that is read; `None` if it lies where it was opened, and of what is read as a copy.
    pub fn gone(&self) -> Option<Gone> {
        self.place.as_ref().and_then(Place::gone)
    }

    /// Whether it is read where it lies, so that what is added to the file comes; not if it is read as a copy.
    pub fn may_grow(&self) -> bool {
        self.place.is_some()
    }

    /// Its length in bytes, unpacked.
    pub fn length(&self) -> io::Result<u64> {
        self.bytes.length()
    }
}

/// Notices a gap of at most this many parts.
const MOST_MISSING: u32 = 100;

/// The part of the same recording behind this one, which lies at `path`, or should.
fn part_behind(
    last: &Part,
    path: &Path,
    max_unpacked: Option<u64>,
) -> Result<Option<(PathBuf, Input, Part)>, OpenError> {
    let Some(next_path) = last.next_path(path).filter(|path| path.is_file()) else {
        return Ok(None);
    };
    let mut next = open_file(&next_path.display().to_string(), &next_path, max_unpacked)?;
    let part = next.part()?;
    let part =
        part.filter(|part| part.recording == last.recording && part.number == last.number + 1);
    Ok(part.map(|part| (next_path, next, part)))
}

/// No header that anybody writes is longer.
const HEADER: usize = 4096;

/// An input, read from front to end.
struct FromFront<'i> {
    input: &'i mut Input,
    offset: u64,
}

impl Read for FromFront<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read_at(self.offset, buffer)?;
        self.offset += count as u64;
        Ok(count)
    }
}

/// The numbers of those that were packed, and of which not all came out.
pub fn cut(inputs: &[Input]) -> Vec<usize> {
    let cut = (0..inputs.len()).filter(|&input| inputs[input].is_unpacked_in_part());
    cut.collect()
}

/// Opens what the user named: paths, `file://` addresses, or `-` for standard input.
///
/// A joined file that OpenOCD left empty is replaced by the files of its cores, if they stand beside it.
///
/// Of a packed file, `max_unpacked` bytes are unpacked at most; `None`: 100 times its size, and 256 MiB in any case.
pub fn open(names: &[String], max_unpacked: Option<u64>) -> Result<Vec<Input>, OpenError> {
    let mut inputs = Vec::new();
    for name in &names
        .iter()
        .flat_map(|name| rotated::expand(name))
        .collect::<Vec<_>>()
    {
        if name == "-" {
            inputs.push(spool(
                name,
                "standard input",
                io::stdin().lock(),
                max_unpacked,
            )?);
            continue;
        }
        let path = path_of(name);
        let mut input = open_file(name, path, max_unpacked)?;
        let is_empty = input
            .is_empty()
            .map_err(|error| OpenError::of(name, error))?;
        let cores = if is_empty {
            parts::beside(path)
        } else {
            Vec::new()
        };
        if cores.is_empty() {
            inputs.push(input);
        }
        for core in cores {
            let mut input = open_file(&core.display().to_string(), &core, max_unpacked)?;
            input.notes.push(Note::Replaced {
                empty: path.to_owned(),
            });
            inputs.push(input);
        }
    }
    join_parts(inputs, max_unpacked)
}

fn path_of(name: &str) -> &Path {
    Path::new(name.strip_prefix("file://").unwrap_or(name))
}

/// Whether [`open`] reads the file at `path` if it is given this name: the file itself, that of one of its cores, or another
/// part of the same recording.
pub fn reads(name: &str, path: &Path) -> bool {
    rotated::expand(name).iter().any(|name| {
        let own = match name.as_str() {
            "-" => Path::new("/dev/stdin"),
            name => path_of(name),
        };
        let cores = parts::beside(own);
        let is_part = || {
            let recording = recording_of_part(path);
            recording.is_some() && recording == recording_of_part(own)
        };
        is_same_file(own, path) || cores.iter().any(|core| is_same_file(core, path)) || is_part()
    })
}

/// The recording of which a file is a part, by its header; `None` if its name is not that of a part, or it is none.
pub fn recording_of_part(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let is_number =
        |piece: &str| piece.len() >= 4 && piece.bytes().all(|byte| byte.is_ascii_digit());
    name.split('.').find(|piece| is_number(piece))?;
    let mut input = open_file(&path.display().to_string(), path, None).ok()?;
    Some(input.part().ok()??.recording)
}

/// Puts the parts of one recording together, in their order. Of one whose first part alone was named, the others are
/// looked for beside it.
fn join_parts(inputs: Vec<Input>, max_unpacked: Option<u64>) -> Result<Vec<Input>, OpenError> {
    let mut found = Vec::new();
    for mut input in inputs {
        found.push((input.part()?, input));
    }
    // Others keep their places.
    found.sort_by_key(|(part, _)| part.as_ref().map_or(0, |part| part.number));
    let mut wholes: Vec<(Option<Part>, Input, u32)> = Vec::new();
    for (part, input) in found {
        let same = |other: &Part| {
            part.as_ref()
                .is_some_and(|part| part.recording == other.recording)
        };
        let before = wholes
            .iter_mut()
            .find(|(last, ..)| last.as_ref().is_some_and(same));
        let (Some((Some(last), whole, count)), Some(part)) = (before, &part) else {
            wholes.push((part, input, 1));
            continue;
        };
        if last.number + 1 != part.number {
            let number = last.number + 1;
            let name = input.name;
            return Err(OpenError::PartMissing { name, number });
        }
        whole.add(&input, part.start)?;
        *count += 1;
        *last = part.clone();
    }
    if wholes.len() > 1
        && let Some((_, part, _)) = wholes.iter().find(|(part, ..)| part.is_some())
    {
        let name = part.name.clone();
        return Err(OpenError::PartOfAnother { name });
    }
    let mut joined = Vec::new();
    for (part, mut whole, mut count) in wholes {
        if let Some(first) = part.filter(|part| part.number == 1) {
            count += whole.add_those_beside(first, max_unpacked)?;
        }
        if count > 1 {
            whole.notes.push(Note::Parts { count });
        }
        joined.push(whole);
    }
    Ok(joined)
}

fn open_file(name: &str, path: &Path, max_unpacked: Option<u64>) -> Result<Input, OpenError> {
    let failed = |error| OpenError::of(name, error);
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(OpenError::Folder {
            name: name.to_owned(),
        });
    }
    // A pipe or a device can be read only once.
    if !metadata.is_file() {
        return spool(name, name, file, max_unpacked);
    }
    let place = Place::of(path).map_err(failed)?;
    let mut input = unpacked(name, file, max_unpacked)?;
    input.place = input.notes.is_empty().then_some(place);
    Ok(input)
}

/// Copies what can be read only once into a temporary file, and unpacks it if need be.
fn spool(
    name: &str,
    shown: &str,
    mut source: impl Read,
    max_unpacked: Option<u64>,
) -> Result<Input, OpenError> {
    let failed = |source| OpenError::Unpack {
        name: shown.to_owned(),
        source,
    };
    let mut file = tempfile::tempfile().map_err(failed)?;
    io::copy(&mut source, &mut file).map_err(|error| OpenError::of(name, error))?;
    file.rewind().map_err(failed)?;
    unpacked(shown, file, max_unpacked)
}

/// A file that stands at its beginning, or what is packed in it.
fn unpacked(name: &str, mut file: File, max_unpacked: Option<u64>) -> Result<Input, OpenError> {
    let failed = |error| OpenError::of(name, error);
    let mut head = Vec::new();
    let mut magic = (&file).take(Compression::MAGIC as u64);
    magic.read_to_end(&mut head).map_err(failed)?;
    file.rewind().map_err(failed)?;
    match Compression::of(&head) {
        Some(compression) => unpack(name, compression, &file, max_unpacked),
        None => Input::of_file(name, file, Vec::new()).map_err(failed),
    }
}

fn unpack(
    name: &str,
    compression: Compression,
    packed: &File,
    max_unpacked: Option<u64>,
) -> Result<Input, OpenError> {
    /// A recording is packed to a tenth of its size, or a fiftieth if it is dull.
    const RATIO: u64 = 100;
    /// Unpacking up to this size is always allowed, in bytes.
    const HARMLESS: u64 = 256 << 20;
    let failed = |source| OpenError::Unpack {
        name: name.to_owned(),
        source,
    };
    let length = packed.metadata().map_err(failed)?.len();
    let most = max_unpacked.unwrap_or_else(|| HARMLESS.max(length.saturating_mul(RATIO)));
    let mut file = tempfile::tempfile().map_err(failed)?;
    let mut notes = vec![Note::Unpacked {
        format: compression.name(),
    }];
    match compressed::unpack(compression, packed, &mut file, most).map_err(failed)? {
        Unpacked::Whole => {}
        Unpacked::InPart { bytes, reason } => notes.push(Note::UnpackedInPart { bytes, reason }),
        Unpacked::TooMuch => {
            let name = name.to_owned();
            return Err(OpenError::TooMuch { name, most });
        }
    }
    Input::of_file(name, file, notes).map_err(failed)
}
