//! The rows of tables.

use std::io;
use std::rc::Rc;

use leakscope_analysis::heap::{Effect, SiteId, UnknownFree};
use leakscope_analysis::trace::{Event, Occasion, Trace};
use leakscope_report::document::problem::Severity;
use leakscope_report::log::LogRow;
use leakscope_systemview::Level;

use super::{Cell, Form, Table};
use crate::facts::{Facts, Names};
use crate::folded;
use crate::lives::{Change, What};
use crate::sink::{Effected, Sink};

/// A table that is written.
pub(crate) struct Rows<'r> {
    facts: &'r Facts<'r>,
    names: Names<'r>,
    table: Table,
    form: Box<dyn Form + 'r>,
    is_all: bool,
}

impl<'r> Rows<'r> {
    /// `is_all` says that all of the recording is exported.
    pub(crate) fn new(
        facts: &'r Facts<'r>,
        table: Table,
        form: Box<dyn Form + 'r>,
        is_all: bool,
    ) -> Self {
        Self {
            facts,
            names: Names::new(facts),
            table,
            form,
            is_all,
        }
    }

    /// Nothing is known of the time if the clock's rate is not known.
    fn nanoseconds(&self, ticks: u64) -> Option<u64> {
        let hz = self.facts.report.trace.timestamp_hz;
        hz.map(|_| self.facts.nanoseconds(ticks))
    }

    fn effected(&mut self, effected: &Effected<'_>, effect: &Effect) -> io::Result<()> {
        let Occasion {
            time,
            context,
            core,
            ..
        } = effected.now;
        let context: Rc<str> = self.names.of(context);
        let block = effect.began().or(effect.revived()).or(effect.ended());
        let size = match effect {
            Effect::Failed { size, .. } => Some(*size),
            _ => block.map(|known| known.block.size),
        };
        let number = |wanted: What| {
            let mut changes = effected.changes.iter();
            let change = changes.find(|change| change.what == wanted);
            change.map(|change| change.number)
        };
        let (address, name) = match effect {
            Effect::UnknownFree(why @ (UnknownFree::Double | UnknownFree::Wrong)) => {
                let is_double = *why == UnknownFree::Double;
                let (address, is_doubtful) = self.facts.anomaly(&effected.now, is_double);
                let name = match (is_doubtful, is_double) {
                    (true, true) => "doubtful-double-free",
                    (true, false) => "doubtful-wrong-free",
                    (false, _) => effect.name(),
                };
                (address, name)
            }
            _ => (None, effect.name()),
        };
        let began = number(What::Begins).or(effected.kept);
        let ended = number(What::Freed);
        let cells = [
            self.nanoseconds(time).into(),
            time.into(),
            u64::from(core).into(),
            Cell::clean(&context),
            Cell::clean(name),
            (block.map(|known| known.block.address)).or(address).into(),
            size.into(),
            effect.site().map(|site| u64::from(site.number())).into(),
            began.or(ended).into(),
            ended.into(),
            number(What::Lost).into(),
            effected.live_bytes.into(),
        ];
        self.form.row(&cells)
    }

    /// A block has ended at this time, or is outstanding then.
    fn block(&mut self, change: &Change, time: u64) -> io::Result<()> {
        let block = change.known.block;
        let context = self.names.of(block.context);
        let (ended, how) = match change.what {
            What::Freed => (Some(time), "freed"),
            What::Lost => (Some(time), "lost"),
            _ => (None, "outstanding"),
        };
        let cells = [
            change.number.into(),
            u64::from(change.known.site.number()).into(),
            block.address.into(),
            block.size.into(),
            self.nanoseconds(block.time).into(),
            block.time.into(),
            Cell::clean(&context),
            u64::from(block.core).into(),
            ended.and_then(|ended| self.nanoseconds(ended)).into(),
            ended.into(),
            Cell::clean(how),
        ];
        self.form.row(&cells)
    }

    /// Blocks that end.
    fn blocks(&mut self, effected: &Effected<'_>) -> io::Result<()> {
        let changes = effected.changes.iter();
        let mut ended = changes.filter(|change| change.what != What::Begins);
        ended.try_for_each(|change| self.block(change, effected.now.time))
    }

    fn log(&mut self, row: &LogRow) -> io::Result<()> {
        let level = match row.level {
            Level::Log => "log",
            Level::Warning => "warning",
            Level::Error => "error",
        };
        let cells = [
            self.nanoseconds(row.ticks).into(),
            row.ticks.into(),
            u64::from(row.core).into(),
            row.context.as_str().into(),
            Cell::clean(level),
            row.text.trim_end().into(),
        ];
        self.form.row(&cells)
    }

    fn sites(&mut self) -> io::Result<()> {
        for site in &self.facts.report.call_sites {
            let frames = self.facts.frames(SiteId::new(site.id));
            let stack = folded::line(&frames);
            let contexts = site.tasks.join("; ");
            let line = u64::from(frames[0].line);
            let period = (site.first_allocation_ticks, site.last_allocation_ticks);
            let period = (site.allocations > 0).then_some(period);
            let cells = [
                u64::from(site.id).into(),
                site.identity.site.as_str().into(),
                site.identity.stack.as_str().into(),
                site.standing.name().into(),
                (&*site.verdict).into(),
                site.reason.as_str().into(),
                site.allocations.into(),
                site.frees.into(),
                site.reallocations.into(),
                site.failed_allocations.into(),
                site.allocated_bytes.into(),
                site.outstanding_blocks.into(),
                site.outstanding_bytes.into(),
                site.peak_bytes.into(),
                site.bytes_at_peak.into(),
                site.growth_bytes_per_second.into(),
                period.map(|(first, _)| first).into(),
                period.map(|(_, last)| last).into(),
                contexts.as_str().into(),
                frames[0].function.as_str().into(),
                frames[0].file.as_deref().into(),
                Some(line).filter(|&line| line > 0).into(),
                stack.as_str().into(),
            ];
            self.form.row(&cells)?;
        }
        Ok(())
    }

    fn problems(&mut self) -> io::Result<()> {
        for problem in &self.facts.report.problems {
            let severity = match problem.severity {
                Severity::Grave => "grave",
                Severity::Note => "note",
            };
            let cells = [
                (&*problem.code).into(),
                severity.into(),
                problem.message.as_str().into(),
                problem.hint.as_deref().into(),
                problem.count.into(),
                problem.input.as_deref().into(),
                problem.offset.into(),
                problem.time_ticks.into(),
            ];
            self.form.row(&cells)?;
        }
        Ok(())
    }
}

impl Sink for Rows<'_> {
    fn effect(&mut self, effected: &Effected<'_>) -> io::Result<()> {
        match (self.table, effected.effect) {
            (Table::Events, Some(effect)) if effected.is_chosen || !effected.changes.is_empty() => {
                self.effected(effected, effect)
            }
            (Table::Blocks, _) => self.blocks(effected),
            _ => Ok(()),
        }
    }

    fn event(&mut self, event: &Event<'_>, is_chosen: bool, trace: &Trace) -> io::Result<()> {
        if !is_chosen || self.table != Table::Logs {
            return Ok(());
        }
        let row = LogRow::new(event, trace, self.facts.program);
        row.map_or(Ok(()), |row| self.log(&row))
    }

    fn finish(mut self: Box<Self>) -> io::Result<Vec<String>> {
        match self.table {
            Table::Sites => self.sites()?,
            Table::Problems => self.problems()?,
            Table::Events | Table::Blocks | Table::Logs => {}
        }
        let Self {
            table,
            form,
            is_all,
            ..
        } = *self;
        form.finish()?;
        Ok(match table {
            Table::Events => {
                vec!["task switches and interrupts: `leakscope events` lists them".to_owned()]
            }
            Table::Sites | Table::Problems if !is_all => {
                vec![format!(
                    "the selection: the table `{}` is about all of the recording",
                    table.name()
                )]
            }
            _ => Vec::new(),
        })
    }
}
