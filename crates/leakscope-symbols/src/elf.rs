//! The parts of an ELF file that tell what an address stands for.

use crate::Machine;
use crate::code::Code;
use crate::dwarf::Sections;
use crate::open_error::{NotElf, OpenError};
use crate::symbol_table::SymbolTable;
use crate::texts::Texts;
use crate::unwind::Rules;
use object::elf;
use object::read::elf::{ElfFile, FileHeader, ProgramHeader, SectionHeader};
use object::{Endianness, FileKind};
use std::ops::Range;

/// What is kept of an ELF file. Nothing here borrows from the file's bytes: what refers to them
/// holds offsets, and is given the bytes again when asked.
#[derive(Debug)]
pub(crate) struct Elf {
    pub(crate) machine: Machine,
    pub(crate) is_64_bit: bool,
    pub(crate) is_big_endian: bool,
    pub(crate) is_position_independent: bool,
    pub(crate) ram: Vec<Range<u64>>,
    pub(crate) texts: Texts,
    pub(crate) code: Code,
    pub(crate) symbols: SymbolTable,
    pub(crate) debug: Sections,
    pub(crate) rules: Rules,
}

impl Elf {
    pub(crate) fn parse(file: &[u8]) -> Result<Self, OpenError> {
        if !file.starts_with(&elf::ELFMAG) {
            return Err(OpenError::NotElf(NotElf::recognise(file)));
        }
        match FileKind::parse(file) {
            Ok(FileKind::Elf32) => read::<elf::FileHeader32<Endianness>>(file),
            Ok(FileKind::Elf64) => read::<elf::FileHeader64<Endianness>>(file),
            // Too short to tell the word size: it would be at least a header of 52 bytes.
            _ if file.len() < 52 => Err(OpenError::Truncated {
                length: file.len() as u64,
                expected: 52,
            }),
            _ => Err(OpenError::Malformed("neither 32 nor 64 bits".to_owned())),
        }
    }
}

fn read<Header: FileHeader<Endian = Endianness>>(file: &[u8]) -> Result<Elf, OpenError> {
    check_length::<Header>(file)?;
    let elf = ElfFile::<Header>::parse(file).map_err(malformed)?;
    let (header, endian) = (elf.elf_header(), elf.endian());
    if header.e_type(endian) == elf::ET_REL {
        return Err(OpenError::NotLinked);
    }
    let machine = Machine::from_header(header.e_machine(endian).0, header.is_class_64());
    let ranges = ranges(&elf, elf::SHF_EXECINSTR, elf::PF_X);
    let symbols = SymbolTable::read(&elf, machine, &ranges);
    Ok(Elf {
        machine,
        is_64_bit: header.is_class_64(),
        is_big_endian: endian == Endianness::Big,
        is_position_independent: header.e_type(endian) == elf::ET_DYN,
        ram: ranges_of_ram(&elf),
        texts: Texts::find(&elf),
        code: Code::new(machine, ranges, symbols.has_function_at(0)),
        symbols,
        debug: Sections::load(&elf),
        rules: Rules::find(&elf, machine),
    })
}

fn malformed(error: object::read::Error) -> OpenError {
    OpenError::Malformed(error.to_string())
}

/// Compares the file's length with the furthest byte that its headers speak of.
///
/// The section headers come last in a file that a linker wrote: a file without them has lost
/// its end, and would otherwise pass for one without symbols.
fn check_length<Header: FileHeader<Endian = Endianness>>(file: &[u8]) -> Result<(), OpenError> {
    let length = file.len() as u64;
    let check = |expected: u64| {
        if expected > length {
            return Err(OpenError::Truncated { length, expected });
        }
        Ok(())
    };
    check(size_of::<Header>() as u64)?;
    let header = Header::parse(file).map_err(malformed)?;
    let endian = header.endian().map_err(malformed)?;
    let table = |offset: u64, count: u16, size: u16| {
        offset.saturating_add(u64::from(count) * u64::from(size))
    };
    check(table(
        header.e_phoff(endian).into(),
        header.e_phnum(endian),
        header.e_phentsize(endian),
    ))?;
    check(table(
        header.e_shoff(endian).into(),
        header.e_shnum(endian),
        header.e_shentsize(endian),
    ))?;
    let sections = header.section_headers(endian, file).map_err(malformed)?;
    for section in sections {
        if let Some((offset, size)) = section.file_range(endian) {
            check(offset.saturating_add(size))?;
        }
    }
    Ok(())
}

/// The writable sections, or segments, in order; those that touch each other are one.
fn ranges_of_ram<Header: FileHeader<Endian = Endianness>>(
    elf: &ElfFile<'_, Header>,
) -> Vec<Range<u64>> {
    let mut parts = ranges(elf, elf::SHF_WRITE, elf::PF_W);
    parts.retain(|part| !part.is_empty());
    parts.sort_by_key(|part| part.start);
    let mut ram: Vec<Range<u64>> = Vec::new();
    for part in parts {
        match ram.last_mut() {
            Some(last) if part.start <= last.end => last.end = last.end.max(part.end),
            _ => ram.push(part),
        }
    }
    ram
}

/// The sections in the program's memory with this flag, or, in a file without sections, segments.
fn ranges<Header: FileHeader<Endian = Endianness>>(
    elf: &ElfFile<'_, Header>,
    section_flag: elf::SectionFlags,
    segment_flag: elf::ProgramFlags,
) -> Vec<Range<u64>> {
    let endian = elf.endian();
    let range = |start: u64, size: u64| start..start.saturating_add(size);
    let sections: Vec<_> = elf
        .elf_section_table()
        .iter()
        .filter(|section| {
            let flags = section.sh_flags(endian);
            flags.contains(elf::SHF_ALLOC) && flags.contains(section_flag)
        })
        .map(|section| {
            range(
                section.sh_addr(endian).into(),
                section.sh_size(endian).into(),
            )
        })
        .collect();
    if !sections.is_empty() {
        return sections;
    }
    elf.elf_program_headers()
        .iter()
        .filter(|segment| {
            segment.p_type(endian) == elf::PT_LOAD && segment.p_flags(endian).contains(segment_flag)
        })
        .map(|segment| {
            range(
                segment.p_vaddr(endian).into(),
                segment.p_memsz(endian).into(),
            )
        })
        .collect()
}
