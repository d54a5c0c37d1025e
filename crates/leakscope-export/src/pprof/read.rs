//! Reading profiles of heaps, as Go's runtime, jemalloc and others write them: call sites with what they allocated and
//! what they hold. A profile is the heap at one moment, as a dump is.

use std::sync::Arc;

use leakscope_analysis::findings::{Confidence, Finding, Verdict, Word};
use leakscope_analysis::heap::{FoldStack, SiteId};
use leakscope_analysis::outcome::{CallSite, Outcome, Totals};
use leakscope_analysis::problem::{Problem, ProblemKind};
use leakscope_report::program::AllocatorFrames;
use leakscope_report::{FrameSource, Report, Symbolizer};
use leakscope_symbols::CodeFrame;
use rustc_hash::FxHashMap;

use crate::protobuf::{Field, Fields};

/// A profile of a heap.
#[derive(Debug, Default)]
pub struct Profile {
    /// Names of values: type and unit, as numbers of strings.
    types: Vec<[u64; 2]>,
    samples: Vec<Sample>,
    /// By number: the address, and lines of functions, the innermost first.
    locations: FxHashMap<u64, (u64, Vec<[u64; 2]>)>,
    /// By number: the name and the file, as numbers of strings.
    functions: FxHashMap<u64, [u64; 2]>,
    strings: Vec<Arc<str>>,
    bytes: u64,
}

/// What one call stack did.
#[derive(Debug, Default)]
struct Sample {
    /// Numbers of locations, the innermost first.
    stack: Vec<u64>,
    values: Vec<i64>,
}

/// Why a profile says nothing of a heap.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// It counts other things.
    #[error("it is a pprof profile of {0}, and not of a heap: inuse_space is missing")]
    NoHeap(String),
}

impl Profile {
    /// Whether a file that begins with these bytes may be one: it begins with the name and the unit of a value (1), or of
    /// the period (11), as Go writes it.
    pub fn may_be(head: &[u8]) -> bool {
        let first = Fields::of(head).next().flatten();
        let Some((1 | 11, Field::Bytes(value))) = first else {
            return false;
        };
        let is_name = |field| matches!(field, Some((1 | 2, Field::Number(1..))));
        value.first() == Some(&0x08) && Fields::of(value).all(is_name)
    }

    /// A whole file, unpacked; `None` if it is none.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut profile = Self {
            bytes: bytes.len() as u64,
            ..Self::default()
        };
        for field in Fields::of(bytes) {
            match field? {
                (1, Field::Bytes(bytes)) => profile.types.push(pair(bytes, 1, 2)?),
                (2, Field::Bytes(bytes)) => profile.samples.push(Sample::read(bytes)?),
                (4, Field::Bytes(bytes)) => profile.add_location(bytes)?,
                (5, Field::Bytes(bytes)) => {
                    let [id, _] = pair(bytes, 1, 2)?;
                    profile.functions.insert(id, pair(bytes, 2, 4)?);
                }
                (6, Field::Bytes(bytes)) => {
                    profile.strings.push(String::from_utf8_lossy(bytes).into());
                }
                _ => {}
            }
        }
        // The first string is the empty one, and each value has a name.
        let has_names = profile
            .strings
            .first()
            .is_some_and(|first| first.is_empty());
        let is_named = |[name, _]: &[u64; 2]| profile.string(*name).is_some();
        (has_names && !profile.types.is_empty() && profile.types.iter().all(is_named))
            .then_some(profile)
    }

    fn add_location(&mut self, bytes: &[u8]) -> Option<()> {
        let [id, address] = pair(bytes, 1, 3)?;
        let lines = Fields::of(bytes).flatten().filter_map(|field| match field {
            (4, Field::Bytes(line)) => Some(pair(line, 1, 2)),
            _ => None,
        });
        let lines = lines.collect::<Option<_>>()?;
        self.locations.insert(id, (address, lines));
        Some(())
    }

    fn string(&self, number: u64) -> Option<&Arc<str>> {
        self.strings.get(usize::try_from(number).ok()?)
    }

    /// The place of a value of this name in each sample.
    fn column(&self, name: &str) -> Option<usize> {
        let is_it =
            |[known, _]: &[u64; 2]| self.string(*known).is_some_and(|known| **known == *name);
        self.types.iter().position(is_it)
    }

    /// A report on what the profile says: what is held, and nothing of how that grew.
    ///
    /// # Errors
    /// If it is no profile of a heap.
    pub fn report(&self, name: &str) -> Result<Report, ProfileError> {
        let outcome = self.outcome(&mut AllocatorFrames(Some(self)))?;
        let mut symbolizer = Symbolizer::new(Some(self));
        Ok(Report::new(&outcome, &mut symbolizer, &[name.to_owned()]))
    }

    fn outcome(&self, fold: &mut impl FoldStack) -> Result<Outcome, ProfileError> {
        let of_kind = |kind: &str| {
            let column = |what: &str| self.column(&format!("{kind}_{what}"));
            Some([column("objects")?, column("space")?])
        };
        let alone = || Some([self.column("objects")?, self.column("space")?]);
        let Some(held) = of_kind("inuse").or_else(alone) else {
            let names = self.types.iter().filter_map(|[name, _]| self.string(*name));
            let names: Vec<&str> = names.map(AsRef::as_ref).collect();
            return Err(ProfileError::NoHeap(names.join(", ")));
        };
        let allocated = of_kind("alloc").unwrap_or(held);
        let mut sites: Vec<CallSite> = Vec::new();
        let mut index_of: FxHashMap<Box<[u64]>, usize> = FxHashMap::default();
        for sample in &self.samples {
            let value = |column: usize| {
                let value = sample.values.get(column).copied().unwrap_or(0);
                u64::try_from(value).unwrap_or(0)
            };
            let (allocator, key) = fold.split(&sample.stack);
            let index = *index_of.entry(key.into()).or_insert_with(|| {
                sites.push(CallSite::new(
                    SiteId::new(sites.len() as u32),
                    key,
                    allocator,
                ));
                sites.len() - 1
            });
            let site = &mut sites[index];
            let [blocks, bytes] = held.map(value);
            let [all_blocks, all_bytes] = allocated.map(value);
            site.outstanding_blocks = site.outstanding_blocks.saturating_add(blocks);
            site.outstanding_bytes = site.outstanding_bytes.saturating_add(bytes);
            site.allocations = site.allocations.saturating_add(all_blocks.max(blocks));
            site.allocated_bytes = site.allocated_bytes.saturating_add(all_bytes.max(bytes));
        }
        for site in &mut sites {
            finish(site);
        }
        sites.retain(|site| site.allocations > 0 || site.outstanding_bytes > 0);
        sites.sort_by_key(|site| (std::cmp::Reverse(site.outstanding_bytes), site.id.number()));
        let sum = |of: fn(&CallSite) -> u64| sites.iter().map(of).fold(0, u64::saturating_add);
        let totals = Totals {
            events: self.samples.len() as u64,
            heap_events: sum(|site| site.allocations.saturating_add(site.frees)),
            allocations: sum(|site| site.allocations),
            frees: sum(|site| site.frees),
            allocated_bytes: sum(|site| site.allocated_bytes),
            outstanding_blocks: sum(|site| site.outstanding_blocks),
            outstanding_bytes: sum(|site| site.outstanding_bytes),
            bytes: self.bytes,
            ..Totals::default()
        };
        let no_history = Problem {
            kind: ProblemKind::NoHistory,
            input: 0,
            offset: None,
            time: None,
            count: 1,
        };
        Ok(Outcome::of_moment(totals, sites, vec![no_history]))
    }
}

/// Frames of a location; its number stands for its address, which it may not have.
impl FrameSource for Profile {
    fn frames(&self, location: u64) -> Arc<[CodeFrame]> {
        let lines = self
            .locations
            .get(&location)
            .map(|(_, lines)| lines.as_slice());
        let lines = lines.unwrap_or_default();
        let last = lines.len().saturating_sub(1);
        let frames = lines.iter().enumerate().map(|(index, [function, line])| {
            let [name, file] = self.functions.get(function).copied().unwrap_or_default();
            let known = |number| self.string(number).filter(|text| !text.is_empty()).cloned();
            CodeFrame {
                function: known(name),
                file: known(file),
                line: u32::try_from(*line).ok().filter(|&line| line > 0),
                column: None,
                inlined: index < last,
            }
        });
        frames.collect()
    }
}

impl Sample {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut sample = Self::default();
        for field in Fields::of(bytes) {
            match field? {
                (1, field) => sample.stack.extend(field.numbers()?),
                (2, field) => {
                    let values = field.numbers()?;
                    sample
                        .values
                        .extend(values.into_iter().map(|value| value as i64));
                }
                _ => {}
            }
        }
        Some(sample)
    }
}

/// Two numbers of a message, 0 if they are not there.
fn pair(bytes: &[u8], first: u64, second: u64) -> Option<[u64; 2]> {
    let mut numbers = [0; 2];
    for field in Fields::of(bytes) {
        match field? {
            (number, Field::Number(value)) if number == first => numbers[0] = value,
            (number, Field::Number(value)) if number == second => numbers[1] = value,
            _ => {}
        }
    }
    Some(numbers)
}

/// What follows from a site's sums. Single sizes are not in a profile: the mean stands for them.
fn finish(site: &mut CallSite) {
    site.frees = site.allocations.saturating_sub(site.outstanding_blocks);
    site.peak_bytes = site.outstanding_bytes;
    let mean = site.allocated_bytes / site.allocations.max(1);
    (site.smallest, site.largest) = (mean, mean);
    site.finding = match site.outstanding_blocks {
        0 => Finding {
            verdict: Verdict::AllFreed,
            confidence: Confidence::High,
            reason: vec![Word::Text("all blocks of the profile were freed")],
        },
        blocks => Finding {
            verdict: Verdict::Unclassified,
            confidence: Confidence::Low,
            reason: vec![
                Word::Count(blocks),
                Word::Text(" of "),
                Word::Count(site.allocations),
                Word::Text(" blocks outstanding; a profile has no history"),
            ],
        },
    };
}
