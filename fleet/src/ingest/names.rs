//! Call stacks whose program was not known when they were read: named later, by rows that are added.

use leakscope_analysis::trace::StackCertainty;
use leakscope_export::tables::Cell;
use leakscope_report::identity::Identity;
use leakscope_report::{FrameSource, Symbolizer};

use super::elf_store::ElfStore;
use super::{IngestError, day};
use crate::engine::Engine;
use crate::rows::Rows;
use crate::schema::Table;
use crate::store::{Folder, Part};

/// Frames of call stacks that have no names yet, each once.
const UNNAMED: &str = "
SELECT s.elf_sha256, s.stack, s.frame, s.address
FROM stacks s LEFT JOIN names n ON n.unnamed_stack = s.stack
WHERE s.stack LIKE 'addr:%' AND s.elf_sha256 IS NOT NULL AND n.unnamed_stack IS NULL
GROUP BY s.elf_sha256, s.stack, s.frame, s.address
ORDER BY s.elf_sha256, s.stack, s.frame";

/// Names all call stacks without names whose program is in the store now; how many these were.
///
/// Verdicts stay as they are: call sites that have one name now were judged apart.
///
/// # Errors
/// Those of the folder.
pub fn resymbolize(folder: &Folder, store: &mut ElfStore, now: i64) -> Result<usize, IngestError> {
    const SHARD: &str = "names";
    let _lock = folder.lock(SHARD)?;
    let unnamed = Engine::open(folder)?.run(UNNAMED)?;
    let mut part = None;
    let mut rows = Rows::default();
    let mut count = 0;
    for frames in unnamed.groups(&["elf_sha256", "stack"]) {
        let elf = unnamed.text(&frames[0], "elf_sha256");
        let Some(symbols) = store.symbols(elf) else {
            continue;
        };
        let source: &dyn FrameSource = symbols;
        let address = |row: &Vec<_>| match unnamed.cell(row, "address") {
            Cell::Integer(bits) => bits.cast_unsigned(),
            _ => 0,
        };
        let addresses: Vec<u64> = frames.iter().map(address).collect();
        let stack = Symbolizer::new(Some(source)).stack(&[], &addresses, StackCertainty::EXACT);
        let named = Identity::of(&stack.frames, Some(elf));
        let part = match &mut part {
            Some(part) => part,
            none => none.insert(Part::begin(folder, SHARD)?),
        };
        let texts = [unnamed.text(&frames[0], "stack"), &named.site, &named.stack];
        part.take(Table::Names, &texts.map(Cell::from))?;
        rows.stack(Some(elf), &named, &stack.frames, part)?;
        count += 1;
    }
    if let Some(part) = part {
        part.finish(&day(now))?;
    }
    Ok(count)
}
