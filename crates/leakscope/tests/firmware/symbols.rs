//! What a program's symbols say of its memory.

use std::fs;
use std::path::Path;

use libtest_mimic::Failed;
use object::{Object, ObjectSection, ObjectSymbol, SectionKind};

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
