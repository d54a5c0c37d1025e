//! The lines of a dump.
//!
//! ESP-IDF prints them with the formats of `heap_trace_standalone.c`. From 5.1 on:
//!
//! ```text
//! ====== Heap Trace: 8 records (8 capacity) ======
//!      6 bytes (@ 0x3fc9f6b4, Internal) allocated CPU 0 ccount 0x1a320698 caller 0x40376321:0x40376379
//! freed by 0x40376321:0x40376379
//! ====== Heap Trace Summary ======
//! Mode: Heap Trace All
//! 6 bytes alive in trace (1/8 allocations)
//! records: 8 (8 capacity, 8 high water mark)
//! total allocations: 9
//! total frees: 8
//! ================================
//! ```
//!
//! Up to 5.0, without rules, summary and padding:
//!
//! ```text
//! 8 allocations trace (8 entry buffer)
//! 6 bytes (@ 0x3ffb4c4c) allocated CPU 0 ccount 0x1a320698 caller 0x400d2a9c:0x0
//! freed by 0x400d2a9c:0x0
//! 6 bytes alive in trace (1/8 allocations)
//! total allocations 9 total frees 8
//! ```

use super::scanner::{Scanner, Stop};
use super::{Memory, Mode, Record};

/// What a line of a dump says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// The first one.
    Header {
        records: u64,
        capacity: u64,
    },
    /// A block; if it was freed from a known place, that follows in [`Line::FreedBy`].
    Record(Record),
    FreedBy(Vec<u64>),
    /// The sums begin.
    SummaryHeader,
    /// How many bytes are left, which also tells the mode.
    Alive(Mode),
    TotalAllocations(u64),
    TotalFrees(u64),
    /// Both, in the old form: its last line, but for notes.
    Totals {
        allocations: u64,
        frees: u64,
    },
    Overflowed,
    ChangedMeanwhile,
    Corrupt,
    /// Other sums.
    Known,
    /// The last one of the new form.
    End,
}

impl Line {
    /// Whether the line could go on: call stacks and numbers end where they end.
    pub(super) fn may_go_on(&self) -> bool {
        matches!(
            self,
            Self::Record(_)
                | Self::FreedBy(_)
                | Self::TotalAllocations(_)
                | Self::TotalFrees(_)
                | Self::Totals { .. }
        )
    }
}

/// Reads a line.
pub(super) fn read(line: &str) -> Result<Line, Stop> {
    type Form = fn(&mut Scanner<'_>) -> Result<Line, Stop>;
    const FORMS: [Form; 13] = [
        record,
        freed_by,
        header,
        old_header,
        summary_header,
        end,
        mode,
        alive,
        records,
        hash_map,
        totals,
        note,
        corrupt,
    ];
    let mut stop = Stop::Other;
    for form in FORMS {
        let mut scanner = Scanner::new(line);
        match form(&mut scanner) {
            Ok(line) if scanner.is_blank() => return Ok(line),
            Ok(_) | Err(Stop::Other) => {}
            Err(Stop::End) => stop = Stop::End,
        }
    }
    Err(stop)
}

fn record(line: &mut Scanner<'_>) -> Result<Line, Stop> {
    line.spaces();
    let size = line.number()?;
    line.text(" bytes (@ ")?;
    let address = line.pointer()?;
    let mut memory = None;
    if line.eat(",") {
        line.spaces();
        memory = Some(if line.eat("Internal") {
            Memory::Internal
        } else {
            line.text("PSRAM")?;
            Memory::Psram
        });
    }
    line.text(") allocated CPU ")?;
    let core = line.number()? as u8;
    line.text(" ccount 0x")?;
    let cycles = line.hexadecimal()? as u32;
    let mut record = Record {
        address,
        size,
        memory,
        core,
        cycles,
        ..Record::default()
    };
    match line.text(" caller") {
        Ok(()) => {
            line.spaces();
            record.allocated_by = chain(line)?;
        }
        Err(Stop::End) if !line.is_blank() => return Err(Stop::End),
        Err(_) => {}
    }
    if !line.is_blank() {
        line.text(" freed")?;
        record.is_freed = true;
    }
    Ok(Line::Record(record))
}

fn freed_by(line: &mut Scanner<'_>) -> Result<Line, Stop> {
    line.text("freed by ")?;
    let stack = chain(line)?;
    Ok(Line::FreedBy(stack))
}

/// Return addresses with colons between them. Those that were not found are 0, or missing behind the
/// last colon.
fn chain(line: &mut Scanner<'_>) -> Result<Vec<u64>, Stop> {
    let mut stack = Vec::new();
    let mut is_over = false;
    loop {
        match line.pointer() {
            Ok(address) => {
                is_over |= address == 0;
                if !is_over {
                    stack.push(address);
                }
            }
            Err(Stop::End) if !line.is_at_end() => return Err(Stop::End),
            Err(_) => return Ok(stack),
        }
        if !line.eat(":") {
            return Ok(stack);
        }
    }
}

fn header(line: &mut Scanner<'_>) -> Result<Line, Stop> {
    line.run_of('=', 3)?;
    line.text(" Heap Trace: ")?;
    let records = line.number()?;
    line.text(" records (")?;
    let capacity = line.number()?;
    line.text(" capacity) ======")?;
    Ok(Line::Header { records, capacity })
}

fn old_header(line: &mut Scanner<'_>) -> Result<Line, Stop> {
    let records = line.number()?;
    line.text(" allocations trace (")?;
    let capacity = line.number()?;
    line.text(" entry buffer)")?;
    Ok(Line::Header { records, capacity })
}

fn summary_header(line: &mut Scanner<'_>) -> Result<Line, Stop> {
    line.text("====== Heap Trace Summary ======")?;
    Ok(Line::SummaryHeader)
}

fn end(line: &mut Scanner<'_>) -> Result<Line, Stop> {
    line.run_of('=', 32)?;
    Ok(Line::End)
}

fn mode(line: &mut Scanner<'_>) -> Result<Line, Stop> {
    line.text("Mode: Heap Trace ")?;
    if line.eat("Leaks") {
        return Ok(Line::Alive(Mode::Leaks));
    }
    line.text("All")?;
    Ok(Line::Alive(Mode::All))
}

fn alive(line: &mut Scanner<'_>) -> Result<Line, Stop> {
    line.number()?;
    line.text(" bytes ")?;
    let mode = if line.eat("'leaked'") {
        Mode::Leaks
    } else {
        line.text("alive")?;
        Mode::All
    };
    line.text(" in trace (")?;
    line.number()?;
    if line.eat("/") {
        line.number()?;
    }
    line.text(" allocations)")?;
    Ok(Line::Alive(mode))
}

fn records(line: &mut Scanner<'_>) -> Result<Line, Stop> {
    line.text("records: ")?;
    line.number()?;
    line.text(" (")?;
    line.number()?;
    line.text(" capacity, ")?;
    line.number()?;
    line.text(" high water mark)")?;
    Ok(Line::Known)
}

fn hash_map(line: &mut Scanner<'_>) -> Result<Line, Stop> {
    line.text("hashmap: ")?;
    line.number()?;
    line.text(" capacity (")?;
    line.number()?;
    line.text(" hits, ")?;
    line.number()?;
    line.text(" misses)")?;
    Ok(Line::Known)
}

fn totals(line: &mut Scanner<'_>) -> Result<Line, Stop> {
    line.text("total ")?;
    if line.eat("frees: ") {
        return Ok(Line::TotalFrees(line.number()?));
    }
    line.text("allocations")?;
    if line.eat(": ") {
        return Ok(Line::TotalAllocations(line.number()?));
    }
    line.text(" ")?;
    let allocations = line.number()?;
    line.text(" total frees ")?;
    let frees = line.number()?;
    Ok(Line::Totals { allocations, frees })
}

fn note(line: &mut Scanner<'_>) -> Result<Line, Stop> {
    line.text("(NB: ")?;
    if line.eat("New entries were traced while dumping, so trace dump may have duplicate entries.)")
    {
        return Ok(Line::ChangedMeanwhile);
    }
    line.eat("Internal ");
    line.text("Buffer has overflowed, so trace data is incomplete.)")?;
    Ok(Line::Overflowed)
}

fn corrupt(line: &mut Scanner<'_>) -> Result<Line, Stop> {
    line.text("Error: heap trace linked list is corrupt. expected more records.")?;
    Ok(Line::Corrupt)
}
