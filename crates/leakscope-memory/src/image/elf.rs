//! Core dumps: ELF files that hold segments of memory, and notes with registers.
//!
//! Layout: System V ABI, chapter 5 (program headers, notes). ESP-IDF's have no sections.

use std::ops::Range;

use object::elf::{self, FileHeader32, FileHeader64};
use object::read::elf::{FileHeader, ProgramHeader};
use object::{Endianness, FileKind};

use super::notes::Notes;
use super::{Image, ImageError, Machine, Problem, Words};

pub(super) const MAGIC: &[u8] = &elf::ELFMAG;

/// Reads a core dump.
pub(super) fn read(file: Vec<u8>) -> Result<Image, ImageError> {
    let parts = match FileKind::parse(&*file) {
        Ok(FileKind::Elf32) => Parts::of::<FileHeader32<Endianness>>(&file),
        Ok(FileKind::Elf64) => Parts::of::<FileHeader64<Endianness>>(&file),
        Ok(_) => return Err(ImageError::Unknown),
        Err(error) => Err(error),
    };
    let parts = parts.map_err(|error| ImageError::Malformed(error.to_string()))?;
    if !parts.is_core {
        return Err(ImageError::Program);
    }
    let mut image = Image::of_file(file, parts.segments);
    image.machine = Some(parts.notes.machine);
    image.words = parts.words;
    image.threads = parts.notes.threads;
    image.is_esp_idf = parts.notes.is_esp_idf;
    let chip = parts.notes.about.as_ref().map(|about| about.chip.clone());
    image.chip = chip.filter(|chip| !chip.is_empty());
    image.about = parts.notes.about;
    image.problems.extend(parts.notes.problems);
    Ok(image)
}

/// What is in the file.
struct Parts {
    is_core: bool,
    words: Words,
    /// Addresses, and where their bytes are in the file.
    segments: Vec<(u64, Range<usize>)>,
    notes: Notes,
}

impl Parts {
    fn of<Header: FileHeader<Endian = Endianness>>(file: &[u8]) -> object::read::Result<Self> {
        let header = Header::parse(file)?;
        let endian = header.endian()?;
        let words = Words {
            is_64_bit: header.is_class_64(),
            is_big_endian: endian == Endianness::Big,
        };
        let machine = Machine {
            number: header.e_machine(endian).0,
            is_64_bit: words.is_64_bit,
        };
        let mut parts = Self {
            is_core: header.e_type(endian) == elf::ET_CORE,
            words,
            segments: Vec::new(),
            notes: Notes::new(machine, words),
        };
        for segment in header.program_headers(endian, file)? {
            match segment.p_type(endian) {
                elf::PT_LOAD => parts.segments.extend(place(segment, endian)),
                elf::PT_NOTE => match segment.notes(endian, file) {
                    Ok(Some(mut notes)) => parts.notes.read(&mut notes, endian),
                    _ => parts.notes.problems.push(Problem::Notes),
                },
                _ => {}
            }
        }
        Ok(parts)
    }
}

/// What of a segment is in the file; the rest of it was not stored.
fn place<P: ProgramHeader<Endian = Endianness>>(
    segment: &P,
    endian: Endianness,
) -> Option<(u64, Range<usize>)> {
    let address = segment.p_vaddr(endian).into();
    let size: u64 = segment.p_filesz(endian).into();
    if size == 0 {
        return None;
    }
    let start: u64 = segment.p_offset(endian).into();
    let end = start.saturating_add(size);
    let in_file = |offset| usize::try_from(offset).unwrap_or(usize::MAX);
    Some((address, in_file(start)..in_file(end)))
}
