//! Addresses by name.

use std::fs;
use std::path::Path;

use libtest_mimic::Failed;
use object::{Object, ObjectSymbol};

/// The address of a symbol; of code without the bit that says "Thumb".
pub(crate) fn address(elf: &Path, name: &str) -> Result<u64, Failed> {
    let bytes = fs::read(elf)?;
    let file = object::File::parse(&*bytes)?;
    let symbol = file
        .symbol_by_name(name)
        .ok_or_else(|| format!("{} has no symbol {name}", elf.display()))?;
    let is_thumb = file.architecture() == object::Architecture::Arm
        && symbol.kind() == object::SymbolKind::Text;
    Ok(symbol.address() & if is_thumb { !1 } else { !0 })
}
