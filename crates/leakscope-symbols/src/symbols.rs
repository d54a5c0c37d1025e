//! The one value that a user of this crate holds.

use crate::call;
use crate::code::Code;
use crate::dwarf::DebugInfo;
use crate::elf::Elf;
use crate::load_offset::{self, LoadOffset};
use crate::symbol_table::SymbolTable;
use crate::texts::Texts;
use crate::unwind::{Rules, TailJumps};
use crate::variables::{self, ValueKind, Variable};
use crate::{AddressKind, CodeFrame, Machine, OpenError, Symbol};
use sha2::{Digest, Sha256};
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::fmt::Write;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// The symbols and the debug information of one program.
///
/// Opening finds where things are. A compilation unit is read when the first address in it is
/// looked up, and the frames of an address are kept, so that a second look costs nothing. The
/// value may move between threads, but is used by one at a time.
#[derive(Debug)]
pub struct Symbols {
    /// The whole file. It is read rather than mapped: a linker that writes the program anew while
    /// a live view is open would take the pages of a mapping away.
    pub(crate) file: Vec<u8>,
    pub(crate) machine: Machine,
    is_64_bit: bool,
    is_big_endian: bool,
    is_position_independent: bool,
    /// How far above the addresses in the file the program was loaded.
    loaded_at: u64,
    ram: Vec<Range<u64>>,
    pub(crate) texts: Texts,
    pub(crate) code: Code,
    pub(crate) table: SymbolTable,
    debug: DebugInfo,
    pub(crate) rules: Rules,
    pub(crate) tail_jumps: TailJumps,
    sha256: OnceCell<String>,
    /// By the address of a byte of the instruction. Never listed: no order reaches an output.
    frames: RefCell<HashMap<u64, Arc<[CodeFrame]>>>,
}

impl Symbols {
    /// Reads the program at `path`.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Self::from_bytes(std::fs::read(path)?)
    }

    /// Reads the program that a file holds.
    pub fn from_bytes(file: Vec<u8>) -> Result<Self, OpenError> {
        let elf = Elf::parse(&file)?;
        let debug = DebugInfo::new(elf.debug, &file, &elf.code);
        Ok(Self {
            file,
            machine: elf.machine,
            is_64_bit: elf.is_64_bit,
            is_big_endian: elf.is_big_endian,
            is_position_independent: elf.is_position_independent,
            loaded_at: 0,
            ram: elf.ram,
            texts: elf.texts,
            code: elf.code,
            table: elf.symbols,
            debug,
            rules: elf.rules,
            tail_jumps: TailJumps::default(),
            sha256: OnceCell::new(),
            frames: RefCell::default(),
        })
    }

    /// The processor that the program was built for.
    pub fn machine(&self) -> Machine {
        self.machine
    }

    /// Whether addresses have 64 bits rather than 32.
    pub fn is_64_bit(&self) -> bool {
        self.is_64_bit
    }

    /// Whether numbers lie in memory with their highest byte first.
    pub fn is_big_endian(&self) -> bool {
        self.is_big_endian
    }

    /// Whether a system may load the program anywhere, as those of hosts do for protection (ASLR).
    pub fn is_position_independent(&self) -> bool {
        self.is_position_independent
    }

    /// From where the program was loaded, if these return addresses of one run tell: at that place, a call stands
    /// before each that is in the program (those in its libraries are not), and by chance there would hardly be.
    ///
    /// `None` if they are too few, or of another program.
    pub fn find_load_offset(&self, return_addresses: &[u64]) -> Option<LoadOffset> {
        load_offset::find(self, return_addresses)
    }

    /// Whether so many return addresses could tell where the program was loaded ([`Symbols::find_load_offset`]): two or three
    /// may stand behind calls by chance.
    pub fn would_tell_load_offset(&self, return_addresses: &[u64]) -> bool {
        load_offset::would_tell(self, return_addresses)
    }

    /// From now on, return addresses and other addresses of code are those of a run in which the program was loaded so
    /// far above the addresses in its file.
    pub fn load_at(&mut self, offset: u64) {
        self.loaded_at = offset;
    }

    /// Whether it is known that addresses are not those in the file: [`Symbols::load_at`].
    pub fn is_moved(&self) -> bool {
        self.loaded_at > 0
    }

    pub(crate) fn instruction(&self, address: u64, kind: AddressKind) -> Option<u64> {
        let in_file = address.checked_sub(self.loaded_at)?;
        self.code.instruction(in_file, kind)
    }

    /// Where the program's variables lie: the addresses that it can write, in order, as far as the file
    /// knows. Stacks and heaps that are set up at run time are not among them.
    pub fn ram(&self) -> &[Range<u64>] {
        &self.ram
    }

    /// The program's variables and constants in order of addresses, as it was loaded; none overlaps another. Those on
    /// stacks and in registers are not among them.
    pub fn variables(&self) -> Vec<Variable> {
        let mut variables = variables::all(&self.file, &self.table, &self.debug, &self.ram);
        for variable in &mut variables {
            variable.address = variable.address.wrapping_add(self.loaded_at);
        }
        variables
    }

    /// What lies at an offset in a variable, in the words of its source, and what kind of value that is: `.head`,
    /// `[3].next`. The text is empty if it is the variable itself, or its type is not known.
    pub fn member_at(&self, variable: &Variable, offset: u64) -> (String, ValueKind) {
        match variable.type_at {
            Some(type_at) => self.debug.member_at(&self.file, type_at, offset),
            None => (String::new(), ValueKind::Other),
        }
    }

    /// Whether the program has debug information: without it frames have a function, but no line.
    pub fn has_debug_info(&self) -> bool {
        !self.debug.is_empty()
    }

    /// Whether the instruction that `address` means is in the program.
    ///
    /// If many addresses of a trace are not, the program is not the one that was traced. Some
    /// never are: functions in the ROM of a chip are not in the ELF file.
    pub fn is_code(&self, address: u64, kind: AddressKind) -> bool {
        self.instruction(address, kind).is_some()
    }

    /// Whether the instruction before a return address is a call, as it must be in the program that was traced.
    /// `None` if the address is not in the program's code, or its machine's calls are not known here.
    ///
    /// Of another program, even of another build of the same one, few addresses pass.
    pub fn is_behind_call(&self, return_address: u64) -> Option<bool> {
        self.has_call_before(return_address.checked_sub(self.loaded_at)?)
    }

    /// As [`Symbols::is_behind_call`], of an address in the file.
    pub(crate) fn has_call_before(&self, in_file: u64) -> Option<bool> {
        let last_byte = self.code.instruction(in_file, AddressKind::ReturnAddress)?;
        let before = self
            .texts
            .before(&self.file, last_byte + 1, call::LONGEST)?;
        call::ends_with_call(self.machine, before).filter(|_| !self.is_big_endian)
    }

    /// The SHA-256 of the file in 64 lower-case hexadecimal digits, computed when first asked for.
    ///
    /// ESP-IDF computes the same over the file that its image is made from, keeps it in the image's
    /// `esp_app_desc_t`, and sends the first digits in traces as `ELF_SHA256=…`.
    pub fn file_sha256(&self) -> &str {
        self.sha256.get_or_init(|| {
            let mut text = String::with_capacity(64);
            for byte in Sha256::digest(&self.file) {
                let _ = write!(text, "{byte:02x}");
            }
            text
        })
    }

    /// The functions active at `address`, innermost first: the inlined ones, then the one they were
    /// inlined into.
    ///
    /// Empty if the address is not in the program's code, or nothing is known about it. What the
    /// debug information does not name gets the name that the symbol table has.
    pub fn frames(&self, address: u64, kind: AddressKind) -> Arc<[CodeFrame]> {
        let Some(address) = self.instruction(address, kind) else {
            return Arc::default();
        };
        if let Some(known) = self.frames.borrow().get(&address) {
            return Arc::clone(known);
        }
        let frames: Arc<[CodeFrame]> = self.look_up(address).into();
        let mut known = self.frames.borrow_mut();
        known.insert(address, Arc::clone(&frames));
        frames
    }

    fn look_up(&self, address: u64) -> Vec<CodeFrame> {
        let mut frames = self.debug.frames(&self.file, &self.code, address);
        let Some(symbol) = self.table.function_at(&self.file, address) else {
            return frames;
        };
        match frames.last_mut() {
            Some(frame) if says_more(&symbol, frame.function.as_deref()) => {
                frame.function = Some(symbol.into());
            }
            Some(_) => {}
            None => frames.push(CodeFrame {
                function: Some(symbol.into()),
                file: None,
                line: None,
                column: None,
                inlined: false,
            }),
        }
        frames
    }

    /// The text that begins at `address`, up to its NUL, as bytes: a format that the program names in a trace by its
    /// address alone. It is sought in the section `.sv-data`, where SEGGER SystemView has programs keep such
    /// formats (they need not be part of the program's memory), then in all that is loaded.
    pub fn text(&self, address: u64) -> Option<&[u8]> {
        self.texts.at(&self.file, address)
    }

    /// The function or variable called `name`: its name in the symbol table, or the demangled one
    /// as [`CodeFrame::function`] has it. A global symbol is preferred to a local one.
    pub fn symbol(&self, name: &str) -> Option<Symbol> {
        self.table.find(&self.file, name)
    }
}

/// Whether the symbol table's name is better than that of the debug information, where functions
/// of anonymous namespaces have no mangled name, and so neither scope nor parameters.
fn says_more(symbol: &str, function: Option<&str>) -> bool {
    let Some(function) = function else {
        return true;
    };
    // `[clone .cold]` behind the same name says nothing new.
    !function.contains("::") && symbol.contains(function) && !symbol.starts_with(function)
}

#[cfg(test)]
mod tests {
    #[test]
    fn may_move_between_threads() {
        fn is_send<T: Send>() {}
        is_send::<super::Symbols>();
    }
}
