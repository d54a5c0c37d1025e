//! Programs in ELF files.

use object::read::elf::{FileHeader, ProgramHeader};
use object::{Endianness, elf};

/// What is loaded of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Where it begins.
    pub entry: u32,
    /// Bytes, and where they belong before it runs.
    pub segments: Vec<(u32, Vec<u8>)>,
}

impl Program {
    /// Reads an ELF file.
    ///
    /// # Errors
    /// If it is damaged, or not for a 32-bit RISC-V.
    pub fn read(file: &[u8]) -> Result<Self, NoProgram> {
        let header = elf::FileHeader32::<Endianness>::parse(file).map_err(NoProgram::Damaged)?;
        let endian = header.endian().map_err(NoProgram::Damaged)?;
        if header.e_machine.get(endian) != elf::EM_RISCV {
            return Err(NoProgram::OtherMachine);
        }
        let mut segments = Vec::new();
        for segment in header
            .program_headers(endian, file)
            .map_err(NoProgram::Damaged)?
        {
            if segment.p_type(endian) != elf::PT_LOAD || segment.p_filesz(endian) == 0 {
                continue;
            }
            let bytes = segment
                .data(endian, file)
                .map_err(|()| NoProgram::Truncated)?;
            segments.push((segment.p_paddr(endian), bytes.to_owned()));
        }
        Ok(Self {
            entry: header.e_entry.get(endian),
            segments,
        })
    }
}

/// A file that is no program for this machine.
#[derive(Debug, thiserror::Error)]
pub enum NoProgram {
    /// It is no ELF file, or damaged.
    #[error("it is no 32-bit ELF file: {0}")]
    Damaged(object::Error),
    /// It is for another processor.
    #[error("it is for another processor than RISC-V")]
    OtherMachine,
    /// A segment goes beyond its end.
    #[error("it is cut off")]
    Truncated,
}
