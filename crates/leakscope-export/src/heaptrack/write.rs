//! Writing heaptrack's file, version 3, as heaptrack 1.4 does.

use std::fmt::Write as _;
use std::io::{self, Write};

use indexmap::IndexSet;
use leakscope_analysis::heap::{Effect, SiteId};
use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::Output;
use crate::facts::{Facts, Frame, by_address};
use crate::lives::What;
use crate::sink::{Effected, Sink};

/// A file that is being written.
pub(crate) struct Writer<'r> {
    facts: &'r Facts<'r>,
    out: Output<'r>,
    tables: Tables,
    /// By call site.
    stacks: FxHashMap<SiteId, usize>,
    milliseconds: Option<u64>,
    has_begun: bool,
    restarts: u64,
}

/// What was defined: the number of each is its place, which is counted from 1 but for allocations.
#[derive(Debug, Default)]
struct Tables {
    strings: IndexSet<String, FxBuildHasher>,
    addresses: IndexSet<u64, FxBuildHasher>,
    /// Address and caller, of which 0 is none.
    stacks: IndexSet<[usize; 2], FxBuildHasher>,
    /// Size and stack.
    allocations: IndexSet<(u64, usize), FxBuildHasher>,
}

impl<'r> Writer<'r> {
    pub(crate) fn new(facts: &'r Facts<'r>, out: Output<'r>) -> Self {
        Self {
            facts,
            out,
            tables: Tables::default(),
            stacks: FxHashMap::default(),
            milliseconds: None,
            has_begun: false,
            restarts: 0,
        }
    }

    fn begin(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.has_begun, true) {
            return Ok(());
        }
        writeln!(self.out, "v 10400 3\nX {}", self.facts.program_name())
    }

    fn time(&mut self, ticks: u64) -> io::Result<()> {
        let milliseconds = self.facts.nanoseconds(ticks) / 1_000_000;
        if self.milliseconds.is_some_and(|known| milliseconds <= known) {
            return Ok(());
        }
        self.milliseconds = Some(milliseconds);
        writeln!(self.out, "c {milliseconds:x}")
    }

    /// The number of the allocations of one size at a call site.
    fn allocation(&mut self, site: SiteId, size: u64) -> io::Result<usize> {
        let stack = match self.stacks.get(&site) {
            Some(&known) => known,
            None => {
                let defined = self.tables.stack(self.facts, site, &mut self.out)?;
                self.stacks.insert(site, defined);
                defined
            }
        };
        let (number, is_new) = self.tables.allocations.insert_full((size, stack));
        if is_new {
            writeln!(self.out, "a {size:x} {stack:x}")?;
        }
        Ok(number)
    }
}

impl Sink for Writer<'_> {
    fn effect(&mut self, effected: &Effected<'_>) -> io::Result<()> {
        self.begin()?;
        self.restarts += u64::from(matches!(effected.effect, Some(Effect::Restart)));
        for change in effected.changes {
            let sign = match change.what {
                What::Begins => '+',
                What::Freed | What::Lost => '-',
                What::Outstanding => continue,
            };
            let number = self.allocation(change.known.site, change.size())?;
            self.time(effected.now.time)?;
            writeln!(self.out, "{sign} {number:x}")?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<Vec<String>> {
        self.begin()?;
        self.time(self.facts.outcome.totals.end)?;
        self.out.close()?;
        let mut losses = vec![
            "tasks, cores and addresses: a block is known by its size and call stack".to_owned(),
            "verdicts: whatever was not freed counts as leaked".to_owned(),
        ];
        losses.extend(self.facts.data_loss());
        losses.extend(self.facts.clock_loss());
        if self.restarts > 0 {
            let text = "the end of sessions: what a session leaves behind lives on in the next, so that the peak is too high";
            losses.push(text.to_owned());
        }
        Ok(losses)
    }
}

impl Tables {
    /// The number of a string; 0 is none.
    fn string(&mut self, text: Option<&str>, out: &mut Output<'_>) -> io::Result<usize> {
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            return Ok(0);
        };
        let number = match self.strings.get_index_of(text) {
            Some(known) => known,
            None => {
                writeln!(out, "s {:x} {text}", text.len())?;
                self.strings.insert_full(text.to_owned()).0
            }
        };
        Ok(number + 1)
    }

    /// The number of an address.
    fn address(
        &mut self,
        module: &str,
        group: &[Frame],
        out: &mut Output<'_>,
    ) -> io::Result<usize> {
        let address = group[0].address;
        let (number, is_new) = self.addresses.insert_full(address);
        if is_new {
            let mut line = format!("i {address:x} {:x}", self.string(Some(module), out)?);
            for frame in group {
                let function = self.string(Some(&frame.function), out)?;
                let file = self.string(frame.file.as_deref(), out)?;
                let _ = write!(line, " {function:x} {file:x} {:x}", frame.line);
            }
            writeln!(out, "{line}")?;
        }
        Ok(number + 1)
    }

    /// The number of a call site's stack: a frame each, from the outermost to the innermost.
    fn stack(
        &mut self,
        facts: &Facts<'_>,
        site: SiteId,
        out: &mut Output<'_>,
    ) -> io::Result<usize> {
        let module = facts.program_name();
        let frames = facts.frames(site);
        let mut caller = 0;
        for group in by_address(&frames).rev() {
            let address = self.address(&module, group, out)?;
            let (number, is_new) = self.stacks.insert_full([address, caller]);
            caller = number + 1;
            if is_new {
                let [address, above] = self.stacks[number];
                writeln!(out, "t {address:x} {above:x}")?;
            }
        }
        Ok(caller)
    }
}
