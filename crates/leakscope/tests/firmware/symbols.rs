//! Addresses by name.

use std::fs;
use std::path::Path;

use libtest_mimic::Failed;
use object::{Object, ObjectSection, ObjectSymbol, SectionKind};

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

/// Whether a symbol, if there is one of this name, names memory that takes no room in flash.
pub(crate) fn is_zero_at_start(elf: &Path, name: &str) -> Result<bool, Failed> {
    let bytes = fs::read(elf)?;
    let file = object::File::parse(&*bytes)?;
    let section = file
        .symbol_by_name(name)
        .and_then(|symbol| symbol.section_index());
    let Some(section) = section else {
        return Ok(true);
    };
    Ok(file.section_by_index(section)?.kind() == SectionKind::UninitializedData)
}
