//! What is wrong with the files that a project is known by.

use leakscope_project::{Architecture, Chip};
use leakscope_symbols::{Machine, OpenError, Symbols};

use crate::project::{EspIdf, read, shown};

/// A sentence each.
pub(super) fn of(
    project: &EspIdf,
    chip: &Chip,
    program: Option<&Result<Symbols, OpenError>>,
) -> Vec<String> {
    let mut warnings = Vec::new();
    if !chip.is_known {
        warnings.push(format!(
            "`{}` is no chip that is known here: what is said of it may be wrong",
            chip.target
        ));
    }
    // ESP-IDF does not read such a file either.
    if project.config.is_some() && read(&project.sdkconfig).is_ok_and(|bytes| is_utf_16(&bytes)) {
        warnings.push(format!(
            "{} is in UTF-16, and none of its options is read: save it in UTF-8",
            shown(&project.sdkconfig)
        ));
    }
    match program {
        Some(Err(error)) => warnings.push(format!("the program is no program to read: {error}")),
        Some(Ok(symbols)) if !fits(chip.architecture, symbols.machine()) => warnings.push(format!(
            "the program is for another processor, {}, and not for {}",
            symbols.machine(),
            chip.target
        )),
        _ => {}
    }
    warnings
}

/// Each other byte of a text in Latin letters is 0 there.
fn is_utf_16(bytes: &[u8]) -> bool {
    let is_letter = |pair: &&[u8]| (pair[0] == 0) != (pair[1] == 0);
    let letters = bytes.chunks_exact(2).filter(is_letter).count();
    letters > 1 && letters >= bytes.len() / 4
}

fn fits(architecture: Architecture, machine: Machine) -> bool {
    match architecture {
        Architecture::Xtensa => machine == Machine::Xtensa,
        Architecture::RiscV => machine == Machine::RiscV32,
        Architecture::Host => true,
    }
}
