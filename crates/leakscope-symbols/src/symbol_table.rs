//! The ELF symbol table: names of functions and variables, with addresses and no lines.

use crate::Machine;
use crate::demangle::demangle;
use crate::ranges::RangeMap;
use object::elf;
use object::read::elf::{ElfFile, FileHeader, SectionHeader, Sym};
use std::borrow::Cow;
use std::cmp::Reverse;
use std::ops::Range;

/// A named place in the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Symbol {
    /// The first byte. For an ARM function, without the Thumb bit.
    pub address: u64,
    /// Length in bytes; 0 if the file does not say.
    pub size: u64,
}

/// The symbols of one file; names stay in the file.
#[derive(Debug, Default)]
pub(crate) struct SymbolTable {
    /// Where the names are in the file.
    strings: Range<usize>,
    entries: Vec<Entry>,
    /// Functions whose size is known: indices of `entries`.
    sized: RangeMap<usize>,
    /// Functions and labels of assembly code without a size; each ends where the next begins.
    unsized_functions: RangeMap<usize>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    symbol: Symbol,
    /// Offset of the name in the strings.
    name: u32,
    kind: Kind,
    binding: elf::SymbolBind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Function,
    /// Code or data, which only its address can tell: `STT_NOTYPE`, used by assembly code and
    /// linker scripts.
    Untyped,
    Data,
}

impl SymbolTable {
    /// The table of a file whose executable sections are `code`.
    pub(crate) fn read<Header: FileHeader>(
        elf: &ElfFile<'_, Header>,
        machine: Machine,
        code: &[Range<u64>],
    ) -> Self {
        let table = match elf.elf_symbol_table() {
            table if table.is_empty() => elf.elf_dynamic_symbol_table(),
            table => table,
        };
        let endian = elf.endian();
        let strings = elf
            .elf_section_table()
            .section(table.string_section())
            .ok()
            .and_then(|section| section.file_range(endian))
            .and_then(|(offset, size)| {
                let start = usize::try_from(offset).ok()?;
                let end = start.checked_add(usize::try_from(size).ok()?)?;
                Some(start..end.min(elf.data().len()))
            })
            .unwrap_or_default();
        let entries = table
            .iter()
            .filter_map(|symbol| Entry::read::<Header>(symbol, endian, machine))
            .collect();
        let mut table = Self {
            strings,
            entries,
            ..Self::default()
        };
        table.index(elf.data(), code);
        table
    }

    /// Prepares for lookups by address.
    fn index(&mut self, file: &[u8], code: &[Range<u64>]) {
        let end_of_code = |address| {
            let section = code.iter().find(|range| range.contains(&address));
            section.map(|range| range.end)
        };
        let mut sized = Vec::new();
        let mut open = Vec::new();
        for (index, entry) in self.entries.iter().enumerate() {
            let Symbol { address, size } = entry.symbol;
            match (entry.kind, end_of_code(address)) {
                (Kind::Function, _) if size != 0 => {
                    sized.push((address..address.saturating_add(size), index));
                }
                (Kind::Function, Some(end)) => open.push((address..end, index)),
                (Kind::Untyped, Some(end))
                    if entry.binding != elf::STB_LOCAL && !self.is_mapping_symbol(file, entry) =>
                {
                    open.push((address..end, index));
                }
                _ => {}
            }
        }
        // Several names for one place: typed before untyped, global before weak before local.
        let rank = |index: &usize| {
            let entry = &self.entries[*index];
            let binding = match entry.binding {
                elf::STB_GLOBAL => 0,
                elf::STB_WEAK => 1,
                _ => 2,
            };
            (entry.kind == Kind::Untyped, binding)
        };
        sized.sort_by_key(|(_, index)| rank(index));
        open.sort_by_key(|(range, index)| (Reverse(range.start), rank(index)));
        let mut next = u64::MAX;
        let mut above = u64::MAX;
        for (range, _) in &mut open {
            if range.start != above {
                next = above;
                above = range.start;
            }
            range.end = range.end.min(next);
        }
        self.sized = RangeMap::new(sized);
        self.unsized_functions = RangeMap::new(open);
    }

    /// Whether a function begins at `address`.
    pub(crate) fn has_function_at(&self, address: u64) -> bool {
        self.sized
            .containing(address)
            .any(|index| self.entries[*index].symbol.address == address)
    }

    /// The function that holds `address`, from its first byte to the one behind its last.
    pub(crate) fn function_range(&self, address: u64) -> Option<Range<u64>> {
        let (range, _) = self.function(address)?;
        Some(range)
    }

    fn function(&self, address: u64) -> Option<(Range<u64>, usize)> {
        self.sized
            .ranges_containing(address)
            .next()
            .or_else(|| self.unsized_functions.ranges_containing(address).next())
            .map(|(range, &index)| (range, index))
    }

    /// The demangled name of the function that holds `address`.
    pub(crate) fn function_at(&self, file: &[u8], address: u64) -> Option<String> {
        let (_, index) = self.function(address)?;
        let name = self.name(file, &self.entries[index]);
        Some(demangle(&name).unwrap_or_else(|| name.into_owned()))
    }

    /// The variables whose size is known, with their names, demangled. Of several at one place, a global comes first.
    pub(crate) fn data<'f>(
        &'f self,
        file: &'f [u8],
    ) -> impl Iterator<Item = (Symbol, String)> + 'f {
        let is_sized = |entry: &&Entry| entry.kind == Kind::Data && entry.symbol.size > 0;
        let is_local = |entry: &&Entry| entry.binding == elf::STB_LOCAL;
        let all = || self.entries.iter().filter(is_sized);
        let ordered = all()
            .filter(move |entry| !is_local(entry))
            .chain(all().filter(is_local));
        ordered.map(|entry| {
            let name = self.name(file, entry);
            (
                entry.symbol,
                demangle(&name).unwrap_or_else(|| name.into_owned()),
            )
        })
    }

    /// The symbol called `name` in the file, or else in the demangled form that frames show.
    pub(crate) fn find(&self, file: &[u8], name: &str) -> Option<Symbol> {
        if name.is_empty() {
            return None;
        }
        let mut candidates: Vec<&Entry> = self
            .entries
            .iter()
            .filter(|entry| self.is_named(file, entry, name.as_bytes()))
            .collect();
        if candidates.is_empty() {
            candidates = self
                .entries
                .iter()
                .filter(|entry| demangle(&self.name(file, entry)).is_some_and(|this| this == name))
                .collect();
        }
        // A static of one file may have the name of a global.
        let global = candidates
            .iter()
            .find(|entry| entry.binding != elf::STB_LOCAL);
        global.or(candidates.first()).map(|entry| entry.symbol)
    }

    fn is_named(&self, file: &[u8], entry: &Entry, name: &[u8]) -> bool {
        let rest = self.bytes_from(file, entry).strip_prefix(name);
        rest.is_some_and(|rest| rest.first() == Some(&0))
    }

    /// Marks of where ARM, Thumb and data (`$a`, `$t`, `$d`) or RISC-V instruction sets (`$x`) begin.
    fn is_mapping_symbol(&self, file: &[u8], entry: &Entry) -> bool {
        let name = self.bytes_from(file, entry);
        name.first() == Some(&b'$')
    }

    fn name<'file>(&self, file: &'file [u8], entry: &Entry) -> Cow<'file, str> {
        const LONGEST: usize = 64 << 10;
        let bytes = self.bytes_from(file, entry);
        let bytes = &bytes[..bytes.len().min(LONGEST)];
        let length = bytes.iter().position(|byte| *byte == 0);
        String::from_utf8_lossy(&bytes[..length.unwrap_or(bytes.len())])
    }

    /// The name, and all that follows it.
    fn bytes_from<'file>(&self, file: &'file [u8], entry: &Entry) -> &'file [u8] {
        let strings = file.get(self.strings.clone()).unwrap_or_default();
        strings.get(entry.name as usize..).unwrap_or_default()
    }
}

impl Entry {
    fn read<Header: FileHeader>(
        symbol: &Header::Sym,
        endian: Header::Endian,
        machine: Machine,
    ) -> Option<Self> {
        let kind = match symbol.st_type() {
            elf::STT_FUNC | elf::STT_GNU_IFUNC => Kind::Function,
            elf::STT_NOTYPE => Kind::Untyped,
            elf::STT_OBJECT => Kind::Data,
            _ => return None,
        };
        let name = symbol.st_name(endian);
        if name == 0 || symbol.st_shndx(endian) == elf::SHN_UNDEF {
            return None;
        }
        let address: u64 = symbol.st_value(endian).into();
        let thumb = machine == Machine::Arm && kind == Kind::Function;
        Some(Self {
            symbol: Symbol {
                address: if thumb { address & !1 } else { address },
                size: symbol.st_size(endian).into(),
            },
            name,
            kind,
            binding: symbol.st_bind(),
        })
    }
}
