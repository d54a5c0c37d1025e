//! Writing a profile of what was recorded.

use std::io::{self, Write};

use indexmap::IndexSet;
use rustc_hash::FxHashMap;

use crate::Output;
use crate::facts::{Facts, Frame, Names, by_address};
use crate::protobuf::Message;
use crate::sink::{Effected, Sink};
use crate::sums::{Key, Sum, Sums};

/// What is counted, and in which unit: the values of each sample, in this order.
const SAMPLE_TYPES: [[&str; 2]; 6] = [
    ["alloc_objects", "count"],
    ["alloc_space", "bytes"],
    ["inuse_objects", "count"],
    ["inuse_space", "bytes"],
    ["leaked_space", "bytes"],
    ["peak_space", "bytes"],
];

/// A profile of call sites.
#[derive(Debug)]
pub(crate) struct Pprof<'r> {
    facts: &'r Facts<'r>,
    out: Output<'r>,
    sums: Sums,
}

impl<'r> Pprof<'r> {
    pub(crate) fn new(facts: &'r Facts<'r>, out: Output<'r>) -> Self {
        Self {
            facts,
            out,
            sums: Sums::default(),
        }
    }

    /// The profile of a heap dump: nothing more is to be told.
    pub(crate) fn of_moment(facts: &'r Facts<'r>, out: Output<'r>) -> Self {
        let sums = Sums::of_moment(&facts.outcome.call_sites);
        Self { facts, out, sums }
    }
}

impl Sink for Pprof<'_> {
    fn effect(&mut self, effected: &Effected<'_>) -> io::Result<()> {
        self.sums.add(effected.changes);
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<Vec<String>> {
        let Self { facts, out, sums } = *self;
        let mut profile = Profile::default();
        let mut names = Names::new(facts);
        let types = SAMPLE_TYPES.map(|words| words.map(|word| profile.string(word)));
        for [name, unit] in types {
            profile.message.message(1, |value| {
                value.number(1, name).number(2, unit);
            });
        }
        let labels = ["task", "core", "verdict"].map(|label| profile.string(label));
        for (key, sum) in sums.finish() {
            let task = names.of(key.context);
            profile.sample(facts, &key, &sum, labels, &task);
        }
        let mut packed = out.packed();
        packed.write_all(profile.finish(facts, types).bytes_so_far())?;
        packed.close()?;
        // A heap dump has no other moment.
        let is_chosen = facts.report.trace.has_history;
        let times = "times: a profile is about one moment; `--to` chooses which, and `pprof -diff_base` compares two";
        let losses = [
            is_chosen.then(|| times.to_owned()),
            facts.sessions_loss(),
            facts.data_loss(),
        ];
        Ok(losses.into_iter().flatten().collect())
    }
}

/// The profile, and what is in its tables.
#[derive(Debug, Default)]
struct Profile {
    message: Message,
    strings: IndexSet<String>,
    /// By name and file. The number of each is its place, from 1.
    functions: IndexSet<[u64; 2]>,
    locations: FxHashMap<u64, u64>,
}

impl Profile {
    /// The number of a string. That of the empty one is 0.
    fn string(&mut self, text: &str) -> u64 {
        if self.strings.is_empty() {
            self.strings.insert(String::new());
        }
        match self.strings.get_index_of(text) {
            Some(known) => known as u64,
            None => self.strings.insert_full(text.to_owned()).0 as u64,
        }
    }

    fn sample(&mut self, facts: &Facts<'_>, key: &Key, sum: &Sum, labels: [u64; 3], task: &str) {
        let frames = facts.frames(key.site);
        let locations: Vec<u64> = by_address(&frames)
            .map(|group| self.location(group))
            .collect();
        let verdict = facts.site(key.site).map_or("", |site| &site.verdict);
        // As text: a number that is 0 is no label, and neither is an empty text.
        let core = key.core.map_or(String::new(), |core| core.to_string());
        let core = self.string(&core);
        let (task, verdict) = (self.string(task), self.string(verdict));
        let is_leak = facts.leaks(key.site);
        let values = [
            sum.allocations,
            sum.allocated_bytes,
            sum.outstanding_blocks,
            sum.outstanding_bytes,
            if is_leak { sum.outstanding_bytes } else { 0 },
            sum.bytes_at_peak,
        ];
        self.message.message(2, |sample| {
            sample.packed(1, locations).packed(2, values);
            let labels = labels.into_iter().zip([task, core, verdict]);
            for (name, text) in labels.filter(|&(_, text)| text != 0) {
                sample.message(3, |label| {
                    label.number(1, name).number(2, text);
                });
            }
        });
    }

    /// The number of a return address: its functions are lines of it, the innermost first.
    fn location(&mut self, group: &[Frame]) -> u64 {
        let address = group[0].address;
        if let Some(&known) = self.locations.get(&address) {
            return known;
        }
        let number = self.locations.len() as u64 + 1;
        self.locations.insert(address, number);
        let mut lines = Vec::new();
        for frame in group {
            let name = self.string(&frame.function);
            let file = self.string(frame.file.as_deref().unwrap_or_default());
            let function = self.functions.insert_full([name, file]).0 as u64 + 1;
            lines.push([function, frame.line.into()]);
        }
        self.message.message(4, |location| {
            location.number(1, number).number(2, 1).number(3, address);
            for [function, line] in lines {
                location.message(4, |message| {
                    message.number(1, function).number(2, line);
                });
            }
        });
        number
    }

    /// All of it, with what is about the whole.
    fn finish(mut self, facts: &Facts<'_>, types: [[u64; 2]; 6]) -> Message {
        let program = self.string(&facts.program_name());
        let build = self.string(facts.report.trace.elf_sha256.as_deref().unwrap_or_default());
        let [space, bytes] = ["space", "bytes"].map(|word| self.string(word));
        let headline = self.string(&leakscope_report::sanitise(&facts.report.headline));
        let mut message = self.message;
        // All addresses are of one program, whose functions, files and lines are known as well as they ever will.
        message.message(3, |mapping| {
            mapping.number(1, 1).number(2, 0).number(3, u64::MAX);
            mapping.number(5, program).number(6, build);
            for known in 7..=10 {
                mapping.number(known, 1);
            }
        });
        for (place, [name, file]) in self.functions.iter().enumerate() {
            message.message(5, |function| {
                function.number(1, place as u64 + 1).number(2, *name);
                function.number(3, *name).number(4, *file);
            });
        }
        for string in &self.strings {
            message.text(6, string);
        }
        message.message(11, |period| {
            period.number(1, space).number(2, bytes);
        });
        message.number(12, 1).number(13, headline);
        // `inuse_space`.
        message.number(14, types[3][0]);
        message
    }
}
