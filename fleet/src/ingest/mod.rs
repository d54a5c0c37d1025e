//! Recordings become rows: each content once, whatever happens in between.
//!
//! - [`source`] finds files, [`bucket`] copies them out of object stores, [`metadata`] and [`pattern`] say whose they are, [`elf_store`] has their programs.
//! - `read` makes a report of a file, `metrics` of a list of numbers; `worker` does so with everything around it, on each
//!   thread; [`names`] names call stacks whose program came later.
//!
//! Files are read in groups, by several threads; rows are written in order of the files, so that the same files give the
//! same parts.
pub mod bucket;
pub mod elf_store;
pub mod metadata;
mod metrics;
pub mod names;
pub mod pattern;
mod read;
pub mod source;
mod uptime;
mod worker;

use std::collections::HashSet;
use std::ops::AddAssign;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use leakscope_export::tables::Cell;
use thiserror::Error;

use crate::engine::{Engine, EngineError};
use crate::rows::{self, Origin, Rows};
use crate::store::{Folder, FolderError, Part};
use elf_store::ElfStore;
use pattern::Pattern;
use read::Content;
pub use read::ReadError;
use source::Files;
use worker::{Became, Worker};

/// Files that are read before their rows are written.
const GROUP: usize = 256;

/// A part is finished after this time, so that a long run loses little if it is stopped.
const PART_TIME: Duration = Duration::from_mins(10);

/// What is asked of an ingest.
#[derive(Debug, Default)]
pub struct Options {
    /// What names of files say.
    pub pattern: Option<Pattern>,
    /// Makes names of devices that tell nobody which they are.
    pub device_key: Option<Vec<u8>>,
    /// Threads; at least one is used.
    pub jobs: usize,
    /// Only this one of so many shares of the recordings, by their content: (0, 4), …, (3, 4).
    pub shard: Option<(u64, u64)>,
    /// Recordings in a part, at most; 0 for any number.
    pub part_recordings: usize,
    /// Also rows of call sites at which nothing is outstanding.
    pub all_sites: bool,
    /// Microseconds since 1970: now.
    pub now: i64,
    /// A folder of copies, and where they were copied from.
    pub copies: Option<(PathBuf, String)>,
}

impl Options {
    /// Where a file is, or was copied from.
    pub fn source(&self, file: &Path) -> String {
        let copied = self.copies.as_ref().and_then(|(folder, from)| {
            let rest = file.strip_prefix(folder).ok()?;
            Some(format!("{from}{}", rest.display()))
        });
        copied.unwrap_or_else(|| file.display().to_string())
    }
}

/// What happens while recordings are read.
#[derive(Debug)]
pub enum Told<'t> {
    /// A recording has become rows of the part under way.
    Recorded(&'t Path),
    /// There is nothing to be had from a file.
    Bad(&'t Path, &'t ReadError),
    /// A part is finished.
    Part(&'t Path),
    /// How many files are done, and of how many.
    Progress(usize, usize),
}

/// How many recordings became what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows now.
    pub added: usize,
    /// Rows before, or the same as another of these.
    pub known: usize,
    /// Left to other shards.
    pub others: usize,
    /// Nothing to be had.
    pub bad: usize,
    /// Added without the name of a device.
    pub without_device: usize,
    /// Added without names of functions.
    pub without_names: usize,
}

impl AddAssign for Summary {
    fn add_assign(&mut self, more: Self) {
        self.added += more.added;
        self.known += more.known;
        self.others += more.others;
        self.bad += more.bad;
        self.without_device += more.without_device;
        self.without_names += more.without_names;
    }
}

/// Why an ingest ends before its end.
#[derive(Debug, Error)]
pub enum IngestError {
    /// The folder cannot be read or written.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// What is in it already cannot be read.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The rows cannot be written.
    #[error("the rows cannot be written: {0}")]
    Write(#[from] std::io::Error),
}

/// Reads recordings into a folder, and says what became of them.
///
/// # Errors
/// Those of the folder. Of a file, there are none: what cannot be read is told of and counted.
pub fn ingest(
    recordings: &[Files],
    folder: &Folder,
    store: &ElfStore,
    options: &Options,
    tell: &mut dyn FnMut(Told<'_>),
) -> Result<Summary, IngestError> {
    let shard = match options.shard {
        Some((number, of)) => format!("{number}-of-{of}"),
        None => "all".to_owned(),
    };
    let _lock = folder.lock(&shard)?;
    let mut writing = Writing {
        folder,
        shard: &shard,
        known: known(folder)?,
        part: None,
        rows: Rows::new(options.all_sites),
        summary: Summary::default(),
        options,
        tell,
    };
    let worker = |_| Worker {
        store: store.for_thread(),
        options,
    };
    let mut workers: Vec<Worker<'_>> = (0..options.jobs.max(1)).map(worker).collect();
    let mut done = 0;
    for group in recordings.chunks(GROUP) {
        let read = in_parallel(&mut workers, group, &writing.known);
        for (files, became) in group.iter().zip(read) {
            writing.write(&files[0], became)?;
        }
        done += group.len();
        (writing.tell)(Told::Progress(done, recordings.len()));
    }
    writing.finish_part()?;
    Ok(writing.summary)
}

/// The recordings that are in a folder, as 16 bytes each.
fn known(folder: &Folder) -> Result<HashSet<u128>, IngestError> {
    let mut known = HashSet::new();
    if !folder.parts()?.is_empty() {
        Engine::open(folder)?.each_row("SELECT recording FROM recordings", |row| {
            if let [Cell::Text(digits)] = &row[..] {
                known.extend(u128::from_str_radix(digits, 16));
            }
        })?;
    }
    Ok(known)
}

/// What became of each recording of a group, in its order.
fn in_parallel(workers: &mut [Worker<'_>], group: &[Files], known: &HashSet<u128>) -> Vec<Became> {
    let next = AtomicUsize::new(0);
    let slots: Vec<OnceLock<Became>> = group.iter().map(|_| OnceLock::new()).collect();
    thread::scope(|scope| {
        for worker in workers {
            let (next, slots) = (&next, &slots);
            scope.spawn(move || {
                while let Some(place) = Some(next.fetch_add(1, Ordering::Relaxed))
                    && let Some(files) = group.get(place)
                {
                    // Each place is taken once.
                    let _ = slots[place].set(worker.read(files, known));
                }
            });
        }
    });
    slots.into_iter().filter_map(OnceLock::into_inner).collect()
}

/// The part under way, and what is in the folder.
struct Writing<'w> {
    folder: &'w Folder,
    shard: &'w str,
    known: HashSet<u128>,
    part: Option<(Part, Instant)>,
    rows: Rows,
    summary: Summary,
    options: &'w Options,
    tell: &'w mut dyn FnMut(Told<'_>),
}

impl Writing<'_> {
    fn write(&mut self, file: &Path, became: Became) -> Result<(), IngestError> {
        match became {
            Became::Read(id, read) if self.known.insert(id) => {
                self.add(&read.0, &read.1)?;
                self.summary.added += 1;
                (self.tell)(Told::Recorded(file));
            }
            Became::Read(..) | Became::Known => self.summary.known += 1,
            Became::Others => self.summary.others += 1,
            Became::Bad(error) => {
                self.summary.bad += 1;
                (self.tell)(Told::Bad(file, &error));
            }
        }
        let limit = self.options.part_recordings;
        let is_full = self
            .part
            .as_ref()
            .is_some_and(|(part, begun)| part.recordings() == limit || begun.elapsed() > PART_TIME);
        if is_full {
            self.finish_part()?;
        }
        Ok(())
    }

    fn add(&mut self, origin: &Origin, content: &Content) -> Result<(), IngestError> {
        let (part, _) = match &mut self.part {
            Some(part) => part,
            none => {
                self.rows.begin_part();
                none.insert((Part::begin(self.folder, self.shard)?, Instant::now()))
            }
        };
        self.summary.without_device += usize::from(origin.device == metadata::UNKNOWN);
        match content {
            Content::Heap(report) | Content::Dump(report, _) => {
                self.summary.without_names += usize::from(!report.trace.has_symbols);
                self.rows.add(origin, report, part)?;
            }
            Content::Metrics(measured) => rows::add_metrics(origin, measured, part)?,
        }
        Ok(())
    }

    fn finish_part(&mut self) -> Result<(), FolderError> {
        if let Some((part, _)) = self.part.take() {
            let place = part.finish(&day(self.options.now))?;
            (self.tell)(Told::Part(&place));
        }
        Ok(())
    }
}

/// A moment in microseconds since 1970, as SQL has it: 2026-11-28 10:00:00 (UTC).
pub fn moment(microseconds: i64) -> String {
    let seconds = microseconds.div_euclid(1_000_000);
    let moment = datafusion::arrow::temporal_conversions::timestamp_s_to_datetime(seconds);
    moment.map_or_else(String::new, |moment| moment.to_string())
}

/// Its day: 2026-11-28.
fn day(microseconds: i64) -> String {
    moment(microseconds).chars().take(10).collect()
}
