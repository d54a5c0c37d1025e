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
use super::{Memory, Mode, Record, Sums};

/// What a line of a dump says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// The first one.
    Header {
        records: u64,
        capacity: u64,
    },
    /// A block. If it was freed from a known place, ESP-IDF says that in the next line ([`Line::FreedBy`]);
    /// programs that print records themselves say it in the same one.
    Record {
        record: Box<Record>,
        freed_by: Option<Vec<u64>>,
        printed: Printed,
    },
    FreedBy(Vec<u64>),
    /// The sums begin.
    SummaryHeader,
    /// Which blocks are kept.
    Mode(Mode),
    /// How much is left, which also tells the mode.
    Sums {
        mode: Mode,
        sums: Sums,
    },
    TotalAllocations(u64),
    TotalFrees(u64),
    /// Both, in the old form: its last line, except notes.
    Totals {
        allocations: u64,
        frees: u64,
    },
    Overflowed,
    ChangedMeanwhile,
    /// How many allocations found no memory.
    FailedAllocations(u64),
    Corrupt,
    /// Addresses were looked up in a hash map.
    HashMap,
    /// Other sums and notes.
    Known,
    /// The last one of the new form.
    End,
}

/// How a call stack was printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Printed {
    /// Digits of each pointer, zeros included.
    pub(super) digits: Vec<u8>,
    /// A colon is its end.
    pub(super) is_open: bool,
}

impl Line {
    /// Whether the line could go on: call stacks and numbers end where they end.
    pub(super) fn may_go_on(&self) -> bool {
        matches!(
            self,
            Self::Record { .. }
                | Self::FreedBy(_)
                | Self::TotalAllocations(_)
                | Self::TotalFrees(_)
                | Self::Totals { .. }
        )
    }
}

/// Reads a line, and says what stands behind it: nothing, or what a logger or another writer has put there.
pub(super) fn read(line: &str) -> Result<(Line, &str), Stop> {
    type Form = fn(&mut Scanner<'_>) -> Result<Line, Stop>;
    const FORMS: [Form; 13] = [
        record,
        freed_by,
        header,
        old_header,
        summary_header,
        end,
        mode,
        sums,
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
            Ok(line) if scanner.is_between_words() => return Ok((line, scanner.rest().trim())),
            Ok(_) | Err(Stop::Other) => {}
            Err(Stop::End) => stop = Stop::End,
        }
    }
    Err(stop)
}

/// Whether a text says in any words that the buffer was too small.
pub(super) fn tells_of_overflow(text: &str) -> bool {
    let words = text.to_ascii_lowercase();
    words.contains("overflow") && (words.contains("buffer") || words.contains("trace"))
}

fn record(line: &mut Scanner<'_>) -> Result<Line, Stop> {
    line.spaces();
    let size = line.number()?;
    line.text(" bytes (@ ")?;
    let before = line.rest().len();
    let address = line.pointer()?;
    let digits = before - line.rest().len() - "0x".len();
    let mut memory = None;
    if line.eat(",") {
        memory = Some(match line.words().trim() {
            "Internal" => Memory::Internal,
            "PSRAM" | "SPIRAM" => Memory::Psram,
            _ => Memory::Other,
        });
    }
    line.text(") allocated CPU ")?;
    // No block lies at 0. ESP-IDF, which names memories, prints eight digits, and gives blocks at multiples of 4.
    if address == 0 || memory.is_some() && (digits != 8 || !address.is_multiple_of(4)) {
        return Err(Stop::Other);
    }
    let core = line.number()? as u8;
    line.text(" ccount 0x")?;
    let cycles = u32::try_from(line.hexadecimal()?).map_err(|_| Stop::Other)?;
    let mut record = Record {
        address,
        size,
        memory,
        core,
        cycles,
        ..Record::default()
    };
    let mut freed_by = None;
    let mut printed = Printed::default();
    match line.text(" caller") {
        Ok(()) => {
            line.spaces();
            (record.allocated_by, printed) = chain(line)?;
        }
        Err(Stop::End) if !line.is_blank() => return Err(Stop::End),
        Err(_) => {}
    }
    if line.eat(" freed") {
        record.is_freed = true;
        if line.eat(" by ") {
            freed_by = Some(chain(line)?.0);
        }
    } else if !line.is_blank() && " freed".starts_with(line.rest()) {
        return Err(Stop::End);
    }
    Ok(Line::Record {
        record: Box::new(record),
        freed_by,
        printed,
    })
}

fn freed_by(line: &mut Scanner<'_>) -> Result<Line, Stop> {
    line.text("freed by ")?;
    let (stack, _) = chain(line)?;
    Ok(Line::FreedBy(stack))
}

/// Return addresses with colons between them. Those that were not found are 0, or missing behind the
/// last colon. One that another writer has cut short is none, and behind zeros stand only zeros.
fn chain(line: &mut Scanner<'_>) -> Result<(Vec<u64>, Printed), Stop> {
    const DIGITS: usize = 8;
    const WIDE: usize = 16;
    let mut stack = Vec::new();
    let mut printed = Printed::default();
    let mut is_over = false;
    loop {
        let before = line.rest().len();
        let is_nil = line.rest().starts_with('(');
        match line.pointer() {
            Ok(address) => {
                let digits = before - line.rest().len() - "0x".len();
                let is_torn_zero = address == 0 && !is_nil && !matches!(digits, 1 | DIGITS | WIDE);
                if is_torn_zero && line.rest().is_empty() {
                    return Err(Stop::End);
                }
                if is_torn_zero || is_over && address != 0 {
                    return Err(Stop::Other);
                }
                is_over |= address == 0;
                if !is_over {
                    stack.push(address);
                }
                printed.digits.push(digits as u8);
                printed.is_open = false;
                if digits < DIGITS && !is_over && !line.is_between_words() {
                    return Err(Stop::Other);
                }
                if digits >= DIGITS && !line.is_between_words() {
                    line.end_word();
                }
            }
            Err(stop) if line.rest().len() < before => return Err(stop),
            Err(Stop::End) if before > 0 => return Err(Stop::End),
            Err(_) => return Ok((stack, printed)),
        }
        if !line.eat(":") {
            return Ok((stack, printed));
        }
        printed.is_open = true;
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
        return Ok(Line::Mode(Mode::Leaks));
    }
    line.text("All")?;
    Ok(Line::Mode(Mode::All))
}

fn sums(line: &mut Scanner<'_>) -> Result<Line, Stop> {
    let bytes = line.number()?;
    line.text(" bytes ")?;
    let mode = if line.eat("'leaked'") {
        Mode::Leaks
    } else {
        line.text("alive")?;
        Mode::All
    };
    line.text(" in trace (")?;
    let blocks = line.number()?;
    if line.eat("/") {
        line.number()?;
    }
    line.text(" allocations)")?;
    let sums = Sums { blocks, bytes };
    Ok(Line::Sums { mode, sums })
}

/// How many records there were: a line for each buffer, where there are several.
fn records(line: &mut Scanner<'_>) -> Result<Line, Stop> {
    line.text("records: ")?;
    line.up_to('(')?;
    line.text("(")?;
    if line.up_to(')')?.ends_with("high water mark") {
        line.text(")")?;
        return Ok(Line::Known);
    }
    Err(Stop::Other)
}

fn hash_map(line: &mut Scanner<'_>) -> Result<Line, Stop> {
    line.text("hashmap: ")?;
    line.number()?;
    line.text(" capacity (")?;
    line.number()?;
    line.text(" hits, ")?;
    line.number()?;
    line.text(" misses)")?;
    Ok(Line::HashMap)
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

/// Forks of ESP-IDF have notes of their own.
fn note(line: &mut Scanner<'_>) -> Result<Line, Stop> {
    line.text("(NB: ")?;
    let words = line.up_to(')')?;
    line.text(")")?;
    Ok(match words {
        words if tells_of_overflow(words) => Line::Overflowed,
        words if words.contains("while dumping") => Line::ChangedMeanwhile,
        words => failed_allocations(words).map_or(Line::Known, Line::FailedAllocations),
    })
}

/// leakscope's recorder: "0 frees of blocks that have no record, 2 failed allocations."
fn failed_allocations(words: &str) -> Option<u64> {
    let (_, count) = words
        .strip_suffix(" failed allocations.")?
        .rsplit_once(' ')?;
    count.parse().ok()
}

fn corrupt(line: &mut Scanner<'_>) -> Result<Line, Stop> {
    line.text("Error: heap trace linked list is corrupt. expected more records.")?;
    Ok(Line::Corrupt)
}
