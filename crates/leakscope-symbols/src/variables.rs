//! Variables by address: what the symbol table calls them, and what the debug information says of their types.

use std::ops::Range;
use std::sync::Arc;

use gimli::DebugInfoOffset;

use crate::Symbol;
pub use crate::dwarf::ValueKind;
use crate::dwarf::{DebugInfo, Global};
use crate::symbol_table::SymbolTable;

/// A variable that has a place of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its first byte, as the program was loaded.
    pub address: u64,
    /// Its size in bytes; never 0.
    pub size: u64,
    /// Its name, demangled.
    pub name: Arc<str>,
    /// Whether the program cannot write it, as in flash.
    pub is_constant: bool,
    /// The source file that it is in, as the compiler was told it; the debug information says it.
    pub file: Option<Arc<str>>,
    pub(crate) type_at: Option<DebugInfoOffset>,
}

/// All variables in order of addresses; none overlaps another.
pub(crate) fn all(
    file: &[u8],
    table: &SymbolTable,
    debug: &DebugInfo,
    ram: &[Range<u64>],
) -> Vec<Variable> {
    let is_constant = |address: u64| !ram.iter().any(|range| range.contains(&address));
    let mut globals = debug.globals(file);
    globals.sort_by_key(|global| global.address);
    let global_at = |address: u64| -> Option<&Global> {
        let index = globals.partition_point(|global| global.address < address);
        globals
            .get(index)
            .filter(|global| global.address == address)
    };
    // A label of the compiler's, such as LLVM's `.L_MergedGlobals`, is no name where the variables in it are known.
    let is_label = |symbol: &Symbol, name: &str| {
        let index = globals.partition_point(|global| global.address < symbol.address);
        let inside = globals
            .get(index)
            .is_some_and(|global| global.address - symbol.address < symbol.size);
        name.starts_with(".L") && inside
    };
    let mut variables: Vec<Variable> = table
        .data(file)
        .filter(|(symbol, name)| !is_label(symbol, name))
        .map(|(symbol, name)| {
            let global = global_at(symbol.address);
            Variable {
                address: symbol.address,
                size: symbol.size,
                name: name.into(),
                is_constant: is_constant(symbol.address),
                file: global.and_then(|global| global.file.clone()),
                type_at: global.and_then(|global| global.type_at),
            }
        })
        .collect();
    // What the symbol table lacks, as in a file that was stripped of it.
    variables.extend(globals.iter().filter_map(|global| {
        Some(Variable {
            address: global.address,
            size: debug.size_of(file, global.type_at?)?,
            name: global.name.clone()?,
            is_constant: is_constant(global.address),
            file: global.file.clone(),
            type_at: global.type_at,
        })
    }));
    // Stable: of two at one place, the one that the symbol table has comes first.
    variables.retain(|variable| {
        variable.size > 0 && variable.address.checked_add(variable.size).is_some()
    });
    variables.sort_by_key(|variable| variable.address);
    let mut end = 0;
    variables.retain(|variable| {
        let is_behind = variable.address >= end;
        if is_behind {
            end = variable.address + variable.size;
        }
        is_behind
    });
    variables
}
