//! Call stacks whose program was not known when they were read: named later, by rows that are added.

use std::collections::{BTreeMap, HashSet};

use datafusion::parquet::record::Field;
use leakscope_analysis::trace::StackCertainty;
use leakscope_report::identity::Identity;
use leakscope_report::{FrameSource, Symbolizer};

use super::elf_store::ElfStore;
use super::{IngestError, day};
use crate::rows::{Rows, Taker};
use crate::schema::Table;
use crate::store::{Folder, FolderError, Part, text};

/// Names all call stacks without names whose program is in the store now; how many these were.
///
/// Verdicts stay as they are: call sites that have one name now were judged apart.
///
/// # Errors
/// Those of the folder.
pub fn resymbolize(folder: &Folder, store: &mut ElfStore, now: i64) -> Result<usize, IngestError> {
    const SHARD: &str = "names";
    let _lock = folder.lock(SHARD)?;
    let unnamed = unnamed_stacks(folder)?;
    let mut part = None;
    let mut rows = Rows::default();
    let mut count = 0;
    for ((elf, unnamed), frames) in unnamed {
        let Some(symbols) = store.symbols(&elf) else {
            continue;
        };
        let source: &dyn FrameSource = symbols;
        let addresses: Vec<u64> = frames.into_values().collect();
        let stack = Symbolizer::new(Some(source)).stack(&[], &addresses, StackCertainty::EXACT);
        let named = Identity::of(&stack.frames, Some(&elf));
        let part = match &mut part {
            Some(part) => part,
            none => none.insert(Part::begin(folder, SHARD)?),
        };
        let cells = [
            (&*unnamed).into(),
            (&*named.site).into(),
            (&*named.stack).into(),
        ];
        part.take(Table::Names, &cells)?;
        rows.stack(Some(&elf), &named.site, &named.stack, &stack.frames, part)?;
        count += 1;
    }
    if let Some(part) = part {
        part.finish(&day(now))?;
    }
    Ok(count)
}

/// A program's digits and a call stack without names.
type Unnamed = (String, String);

/// Addresses by frame. A call stack whose name is known by now is left out.
fn unnamed_stacks(folder: &Folder) -> Result<BTreeMap<Unnamed, BTreeMap<i64, u64>>, FolderError> {
    let mut named = HashSet::new();
    folder.each_row(Table::Names, &["unnamed_stack"], |row| {
        named.extend(text(row, 0).map(str::to_owned));
    })?;
    let mut unnamed: BTreeMap<Unnamed, BTreeMap<i64, u64>> = BTreeMap::new();
    let columns = ["stack", "elf_sha256", "frame", "address"];
    folder.each_row(Table::Stacks, &columns, |row| {
        let (Some(stack), Some(elf)) = (text(row, 0), text(row, 1)) else {
            return;
        };
        let mut numbers = row.get_column_iter().filter_map(|(_, field)| match field {
            Field::Long(number) => Some(*number),
            _ => None,
        });
        if let (Some(frame), Some(address)) = (numbers.next(), numbers.next())
            && stack.starts_with("addr:")
            && !named.contains(stack)
        {
            let frames = unnamed
                .entry((elf.to_owned(), stack.to_owned()))
                .or_default();
            frames.insert(frame, address.cast_unsigned());
        }
    })?;
    Ok(unnamed)
}
