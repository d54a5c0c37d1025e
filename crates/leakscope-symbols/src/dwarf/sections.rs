//! The bytes of the debug sections, unpacked where the file has them compressed.

use super::{Dwarf, Reader};
use gimli::{DwarfSections, RunTimeEndian, SectionId};
use object::read::elf::{ElfFile, FileHeader};
use object::{CompressionFormat, Endianness, Object, ObjectSection};
use std::ops::Range;

/// The most that deflate can unpack one byte to, rounded up. Zstandard can do more, but not on
/// debug information; a section that claims more is damaged or made to exhaust the memory.
const LARGEST_RATIO: u64 = 1100;

/// The debug sections of one file.
#[derive(Debug)]
pub(crate) struct Sections {
    sections: DwarfSections<Section>,
    endian: RunTimeEndian,
}

/// The bytes of one section.
#[derive(Debug, Default)]
pub(crate) enum Section {
    /// There is none, or it cannot be read.
    #[default]
    Missing,
    /// As they are in the file.
    InFile(Range<usize>),
    /// They were compressed in the file.
    Unpacked(Vec<u8>),
}

impl Sections {
    /// A section that cannot be read is missing.
    pub(crate) fn load<Header: FileHeader<Endian = Endianness>>(elf: &ElfFile<'_, Header>) -> Self {
        let sections = DwarfSections::load(|id| -> Result<Section, std::convert::Infallible> {
            Ok(Section::needed(elf, id).unwrap_or_default())
        });
        let Ok(sections) = sections;
        Self {
            sections,
            endian: match elf.endian() {
                Endianness::Little => RunTimeEndian::Little,
                Endianness::Big => RunTimeEndian::Big,
            },
        }
    }

    /// The sections of `file`, the same bytes as were loaded.
    pub(super) fn borrow<'file>(&'file self, file: &'file [u8]) -> Dwarf<'file> {
        self.sections
            .borrow(|section| Reader::new(section.bytes(file), self.endian))
    }
}

impl Section {
    fn needed<Header: FileHeader<Endian = Endianness>>(
        elf: &ElfFile<'_, Header>,
        id: SectionId,
    ) -> Option<Self> {
        let needed = matches!(
            id,
            SectionId::DebugAbbrev
                | SectionId::DebugAddr
                | SectionId::DebugInfo
                | SectionId::DebugLine
                | SectionId::DebugLineStr
                | SectionId::DebugRanges
                | SectionId::DebugRngLists
                | SectionId::DebugStr
                | SectionId::DebugStrOffsets
        );
        if !needed {
            return None;
        }
        Self::load(elf, id.name())
    }

    /// The section of this name; `None` if it is missing or cannot be read.
    pub(crate) fn load<Header: FileHeader<Endian = Endianness>>(
        elf: &ElfFile<'_, Header>,
        name: &str,
    ) -> Option<Self> {
        let section = elf.section_by_name(name)?;
        let range = section.compressed_file_range().ok()?;
        if range.format == CompressionFormat::None {
            let start = usize::try_from(range.offset).ok()?;
            let size = usize::try_from(range.compressed_size).ok()?;
            return Some(Self::InFile(start..start.checked_add(size)?));
        }
        if range.uncompressed_size / LARGEST_RATIO > range.compressed_size {
            return None;
        }
        Some(Self::Unpacked(
            section.uncompressed_data().ok()?.into_owned(),
        ))
    }

    /// Its bytes; `file` is the one that it was loaded from.
    pub(crate) fn bytes<'file>(&'file self, file: &'file [u8]) -> &'file [u8] {
        match self {
            Self::Missing => &[],
            Self::InFile(range) => file.get(range.clone()).unwrap_or_default(),
            Self::Unpacked(bytes) => bytes,
        }
    }
}
