//! Texts in an ELF file, by the address that the program knows them by.

use object::read::elf::{ElfFile, FileHeader, SectionHeader};
use object::{Endianness, elf};
use std::ops::Range;

/// Where a program's data lie in the file: the sections whose contents the file holds.
#[derive(Debug)]
pub(crate) struct Texts {
    /// Addresses, and the offset in the file of the first; what is looked at first stands first.
    parts: Vec<(Range<u64>, u64)>,
}

impl Texts {
    pub(crate) fn find<Header: FileHeader<Endian = Endianness>>(
        file: &ElfFile<'_, Header>,
    ) -> Self {
        let endian = file.endian();
        let sections = file.elf_section_table();
        let mut parts = Vec::new();
        for section in sections.iter() {
            let is_formats = sections.section_name(endian, section) == Ok(b".sv-data");
            let is_loaded = section.sh_flags(endian).contains(elf::SHF_ALLOC);
            let Some((offset, size)) = section
                .file_range(endian)
                .filter(|_| is_formats || is_loaded)
            else {
                continue;
            };
            let start: u64 = section.sh_addr(endian).into();
            let part = (start..start.saturating_add(size), offset);
            if is_formats {
                parts.insert(0, part);
            } else {
                parts.push(part);
            }
        }
        Self { parts }
    }

    /// The bytes at `address`, up to a NUL in the same section.
    pub(crate) fn at<'f>(&self, file: &'f [u8], address: u64) -> Option<&'f [u8]> {
        let (section, place) = self.section(file, address)?;
        let rest = section.get(place..)?;
        let end = rest.iter().position(|&byte| byte == 0)?;
        rest.get(..end)
    }

    /// The last bytes before `address` in its section, at most this many.
    pub(crate) fn before<'f>(&self, file: &'f [u8], address: u64, most: usize) -> Option<&'f [u8]> {
        let (section, place) = self.section(file, address.checked_sub(1)?)?;
        let end = place + 1;
        section.get(end.saturating_sub(most)..end)
    }

    /// The bytes from `address` to the end of its section.
    pub(crate) fn from<'f>(&self, file: &'f [u8], address: u64) -> Option<&'f [u8]> {
        let (section, place) = self.section(file, address)?;
        section.get(place..)
    }

    /// The section that an address lies in, and the place in it.
    fn section<'f>(&self, file: &'f [u8], address: u64) -> Option<(&'f [u8], usize)> {
        let mut parts = self.parts.iter();
        let (addresses, offset) = parts.find(|(part, _)| part.contains(&address))?;
        let start = usize::try_from(*offset).ok()?;
        let length = usize::try_from(addresses.end - addresses.start).ok()?;
        let section = file.get(start..)?;
        let place = usize::try_from(address - addresses.start).ok()?;
        Some((section.get(..length).unwrap_or(section), place))
    }
}
