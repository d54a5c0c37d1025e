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
        let (addresses, offset) = self
            .parts
            .iter()
            .find(|(part, _)| part.contains(&address))?;
        let from = offset.checked_add(address - addresses.start)?;
        let length = usize::try_from(addresses.end - address).ok()?;
        let rest = file.get(usize::try_from(from).ok()?..)?;
        let rest = rest.get(..length).unwrap_or(rest);
        let end = rest.iter().position(|&byte| byte == 0)?;
        rest.get(..end)
    }
}
