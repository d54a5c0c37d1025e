//! Call frame information: where a function keeps the return address of its caller.

use crate::Machine;
use crate::code::Code;
use crate::dwarf::{Reader, Section};
use crate::ranges::RangeMap;
use crate::symbol_table::SymbolTable;
use gimli::{
    BaseAddresses, CfaRule, CieOrFde, DebugFrame, EhFrame, Register, RegisterRule, RunTimeEndian,
    UnwindContext, UnwindSection,
};
use object::read::elf::{ElfFile, FileHeader};
use object::{Endianness, Object, ObjectSection};
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;

/// The two forms of call frame information, each as a section.
#[derive(Debug)]
pub(crate) struct Rules {
    debug_frame: Section,
    eh_frame: Section,
    endian: RunTimeEndian,
    address_bytes: u8,
    bases: BaseAddresses,
    stack_pointer: Option<Register>,
    entries: OnceCell<RangeMap<Entry>>,
    /// By the address of an instruction. Never listed: no order reaches an output.
    known: RefCell<HashMap<u64, Option<Caller>>>,
}

/// A function's information: where it is.
#[derive(Clone, Copy, Debug)]
struct Entry {
    function: u64,
    is_eh: bool,
    offset: usize,
}

/// Where the return address is that leads to the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// There is no caller, or none that is known.
    None,
    /// On the stack, so many bytes from the end of this frame (below 0: in it).
    Saved {
        /// The bytes of the frame above the stack pointer; `None` if they are counted from another register.
        size: Option<u64>,
        offset: i64,
    },
}

impl Rules {
    /// Finds the sections; reads nothing in them.
    pub(crate) fn find<Header: FileHeader<Endian = Endianness>>(
        elf: &ElfFile<'_, Header>,
        machine: Machine,
    ) -> Self {
        let address = |name| {
            elf.section_by_name(name)
                .map_or(0, |section| section.address())
        };
        Self {
            debug_frame: Section::load(elf, ".debug_frame").unwrap_or_default(),
            eh_frame: Section::load(elf, ".eh_frame").unwrap_or_default(),
            endian: match elf.endian() {
                Endianness::Little => RunTimeEndian::Little,
                Endianness::Big => RunTimeEndian::Big,
            },
            address_bytes: if elf.is_64() { 8 } else { 4 },
            bases: BaseAddresses::default()
                .set_eh_frame(address(".eh_frame"))
                .set_eh_frame_hdr(address(".eh_frame_hdr"))
                .set_text(address(".text"))
                .set_got(address(".got")),
            stack_pointer: stack_pointer(machine),
            entries: OnceCell::new(),
            known: RefCell::default(),
        }
    }

    /// What is known at the instruction that holds `address`; `None` if there is no information about it.
    pub(super) fn at(
        &self,
        file: &[u8],
        code: &Code,
        table: &SymbolTable,
        address: u64,
    ) -> Option<Caller> {
        if let Some(known) = self.known.borrow().get(&address) {
            return *known;
        }
        let caller = self.look_up(file, code, table, address);
        self.known.borrow_mut().insert(address, caller);
        caller
    }

    fn look_up(
        &self,
        file: &[u8],
        code: &Code,
        table: &SymbolTable,
        address: u64,
    ) -> Option<Caller> {
        let entries = self.entries.get_or_init(|| self.list(file, code));
        // A discarded function may seem to lie where another one is: a function begins where its symbol says.
        let mut those = entries.containing(address);
        let entry = those
            .clone()
            .find(|entry| table.has_function_at(entry.function))
            .or_else(|| those.next())?;
        if entry.is_eh {
            self.read(&self.eh_frame(file), *entry, address)
        } else {
            self.read(&self.debug_frame(file), *entry, address)
        }
    }

    fn read<'file, Section>(&self, section: &Section, entry: Entry, address: u64) -> Option<Caller>
    where
        Section: UnwindSection<Reader<'file>>,
    {
        let function = section
            .fde_from_offset(
                &self.bases,
                Section::Offset::from(entry.offset),
                Section::cie_from_offset,
            )
            .ok()?;
        let mut context = UnwindContext::new();
        let row = function
            .unwind_info_for_address(section, &self.bases, &mut context, address)
            .ok()?;
        let saved = row.register(function.cie().return_address_register());
        let Some(RegisterRule::Offset(offset)) = saved else {
            return Some(Caller::None);
        };
        let size = match *row.cfa() {
            CfaRule::RegisterAndOffset { register, offset }
                if Some(register) == self.stack_pointer =>
            {
                u64::try_from(offset).ok()
            }
            _ => None,
        };
        Some(Caller::Saved { size, offset })
    }

    /// Every function that has information, in both sections.
    fn list(&self, file: &[u8], code: &Code) -> RangeMap<Entry> {
        let mut entries = Vec::new();
        self.list_section(&self.debug_frame(file), false, code, &mut entries);
        self.list_section(&self.eh_frame(file), true, code, &mut entries);
        RangeMap::new(entries)
    }

    fn list_section<'file, Section>(
        &self,
        section: &Section,
        is_eh: bool,
        code: &Code,
        entries: &mut Vec<(std::ops::Range<u64>, Entry)>,
    ) where
        Section: UnwindSection<Reader<'file>>,
    {
        let mut those = section.entries(&self.bases);
        while let Ok(Some(entry)) = those.next() {
            let CieOrFde::Fde(partial) = entry else {
                continue;
            };
            let Ok(function) = partial.parse(Section::cie_from_offset) else {
                continue;
            };
            let begin = function.initial_address();
            if code.is_linked(begin) {
                let entry = Entry {
                    function: begin,
                    is_eh,
                    offset: function.offset(),
                };
                entries.push((begin..begin.saturating_add(function.len()), entry));
            }
        }
    }

    fn debug_frame<'file>(&'file self, file: &'file [u8]) -> DebugFrame<Reader<'file>> {
        let mut section = DebugFrame::from(Reader::new(self.debug_frame.bytes(file), self.endian));
        section.set_address_size(self.address_bytes);
        section
    }

    fn eh_frame<'file>(&'file self, file: &'file [u8]) -> EhFrame<Reader<'file>> {
        let mut section = EhFrame::from(Reader::new(self.eh_frame.bytes(file), self.endian));
        section.set_address_size(self.address_bytes);
        section
    }
}

/// The stack pointer's number in call frame information, by each processor's DWARF document.
fn stack_pointer(machine: Machine) -> Option<Register> {
    Some(Register(match machine {
        Machine::Arm => 13,
        Machine::RiscV32 | Machine::RiscV64 => 2,
        Machine::AArch64 => 31,
        Machine::X86 => 4,
        Machine::X86_64 => 7,
        Machine::Xtensa | Machine::Other(_) => return None,
    }))
}
