//! Recordings become rows: each content once, whatever happens in between.
//!
//! - [`source`] finds files, [`metadata`] and [`pattern`] say whose they are, [`elf_store`] has their programs.
//! - `read` makes a report of a file; `worker` does so with everything around it, on each thread; [`names`] names call
//!   stacks whose program came later.
//!
//! Files are read in groups, by several threads; rows are written in order of the files, so that the same files give the
//! same parts.
pub mod elf_store;
pub mod metadata;
pub mod names;
pub mod pattern;
mod read;
pub mod source;
mod uptime;
mod worker;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use thiserror::Error;

use crate::rows::{self, Rows};
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

/// Why an ingest ends before its end.
#[derive(Debug, Error)]
pub enum IngestError {
    /// The folder cannot be read or written.
    #[error(transparent)]
    Folder(#[from] FolderError),
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
    let shard = options
        .shard
        .map_or("all".to_owned(), |(number, of)| format!("{number}-of-{of}"));
    let _lock = folder.lock(&shard)?;
    let mut writing = Writing {
        folder,
        shard: &shard,
        known: folder.recordings()?,
        part: None,
        rows: Rows::new(options.all_sites),
        summary: Summary::default(),
        options,
    };
    let worker = |_| Worker::new(store.for_thread(), options);
    let mut workers: Vec<Worker<'_>> = (0..options.jobs.max(1)).map(worker).collect();
    let mut done = 0;
    for group in recordings.chunks(GROUP) {
        let read = in_parallel(&mut workers, group, &writing.known);
        for (files, became) in group.iter().zip(read) {
            writing.write(&files[0], became, tell)?;
        }
        done += group.len();
        tell(Told::Progress(done, recordings.len()));
    }
    writing.finish_part(tell)?;
    Ok(writing.summary)
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
}

impl Writing<'_> {
    fn write(
        &mut self,
        file: &Path,
        became: Became,
        tell: &mut dyn FnMut(Told<'_>),
    ) -> Result<(), IngestError> {
        let (id, origin, content) = match became {
            Became::Known => {
                self.summary.known += 1;
                return Ok(());
            }
            Became::Others => {
                self.summary.others += 1;
                return Ok(());
            }
            Became::Bad(error) => {
                self.summary.bad += 1;
                tell(Told::Bad(file, &error));
                return Ok(());
            }
            Became::Read(id, origin, content) => (id, origin, content),
        };
        if !self.known.insert(id) {
            self.summary.known += 1;
            return Ok(());
        }
        let (part, _) = match &mut self.part {
            Some(part) => part,
            none => {
                self.rows.begin_part();
                none.insert((Part::begin(self.folder, self.shard)?, Instant::now()))
            }
        };
        self.summary.without_device += usize::from(origin.device == metadata::UNKNOWN);
        match &*content {
            Content::Heap { report, .. } => {
                self.summary.without_names += usize::from(!report.trace.has_symbols);
                self.rows.add(&origin, report, part)?;
            }
            Content::Metrics(measured) => rows::add_metrics(&origin, measured, part)?,
        }
        self.summary.added += 1;
        tell(Told::Recorded(file));
        let is_full = part.recordings() == self.options.part_recordings;
        if is_full
            || self
                .part
                .as_ref()
                .is_some_and(|(_, begun)| begun.elapsed() > PART_TIME)
        {
            self.finish_part(tell)?;
        }
        Ok(())
    }

    fn finish_part(&mut self, tell: &mut dyn FnMut(Told<'_>)) -> Result<(), FolderError> {
        if let Some((part, _)) = self.part.take() {
            let place: PathBuf = part.finish(&day(self.options.now))?;
            tell(Told::Part(&place));
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
