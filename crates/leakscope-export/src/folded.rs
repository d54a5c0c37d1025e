//! Folded stacks: a line a stack, `outermost;…;innermost value`, as `inferno-flamegraph` and `flamegraph.pl` read them.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, Write};

use leakscope_analysis::heap::SiteId;

use crate::facts::{Facts, Frame};
use crate::output::Output;
use crate::sink::{Effected, Sink};
use crate::sums::{Sum, Sums};
use crate::value::Value;

/// Stacks with one value each.
#[derive(Debug)]
pub(crate) struct Folded<'r> {
    facts: &'r Facts<'r>,
    value: Value,
    out: Output<'r>,
    sums: Sums,
}

impl<'r> Folded<'r> {
    pub(crate) fn new(facts: &'r Facts<'r>, value: Value, out: Output<'r>) -> Self {
        Self {
            facts,
            value,
            out,
            sums: Sums::default(),
        }
    }

    /// The stacks of a heap dump: nothing more is to be told.
    pub(crate) fn of_moment(facts: &'r Facts<'r>, value: Value, out: Output<'r>) -> Self {
        let sums = Sums::of_moment(&facts.outcome.call_sites);
        Self {
            facts,
            value,
            out,
            sums,
        }
    }
}

impl Sink for Folded<'_> {
    fn effect(&mut self, effected: &Effected<'_>) -> io::Result<()> {
        self.sums.add(effected.changes);
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<Vec<String>> {
        let Self {
            facts,
            value,
            mut out,
            sums,
        } = *self;
        // Call sites may differ in what is not shown, such as lines.
        let mut stacks: BTreeMap<String, u64> = BTreeMap::new();
        let mut grown: HashSet<SiteId> = HashSet::new();
        for (key, sum) in sums.finish() {
            let number = match value {
                // A site's, whoever allocates there.
                Value::Growth if grown.insert(key.site) => facts.growth_per_hour(key.site),
                _ => value_of(value, facts, key.site, &sum),
            };
            if number > 0 {
                *stacks.entry(line(&facts.frames(key.site))).or_default() += number;
            }
        }
        for (stack, value) in &stacks {
            writeln!(out, "{stack} {value}")?;
        }
        out.close()?;
        let names =
            "files, lines, tasks and times: a folded stack has names of functions and one number";
        let losses = [
            Some(names.to_owned()),
            facts.sessions_loss(),
            facts.data_loss(),
        ];
        Ok(losses.into_iter().flatten().collect())
    }
}

fn value_of(value: Value, facts: &Facts<'_>, site: SiteId, sum: &Sum) -> u64 {
    match value {
        Value::Outstanding => sum.outstanding_bytes,
        Value::Leaked if facts.leaks(site) => sum.outstanding_bytes,
        Value::Leaked | Value::Growth => 0,
        Value::Allocated => sum.allocated_bytes,
        Value::Peak => sum.bytes_at_peak,
        Value::Count => sum.allocations,
    }
}

/// A stack, the outermost frame first.
pub(crate) fn line(frames: &[Frame]) -> String {
    let names: Vec<String> = frames
        .iter()
        .rev()
        .map(|frame| name(&frame.function))
        .collect();
    names.join(";")
}

/// A function's name without what a reader takes for the next frame, or for a comment.
fn name(function: &str) -> String {
    let name = function.replace(';', ":");
    match name.strip_prefix('#') {
        Some(rest) => format!("_{rest}"),
        None => name,
    }
}
