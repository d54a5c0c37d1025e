//! `leakscope fleet ingest`.

use std::fs;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread::available_parallelism;
use std::time::Instant;

use anyhow::Context;
use clap::Args;
use leakscope_fleet::ingest::bucket::Bucket;
use leakscope_fleet::ingest::elf_store::ElfStore;
use leakscope_fleet::ingest::pattern::Pattern;
use leakscope_fleet::ingest::{self, Options, Summary, Told, source};
use leakscope_fleet::store::Folder;

/// Read recordings, heap dumps, saved reports and metrics into a folder of tables: each content once.
///
/// What is known of a recording stands beside it in FILE.meta.json (device, product, hardware, firmware, elf_sha256,
/// recorded_at, uptime_s, labels), else in its name (--meta), else in itself. docs/fleet.md says more.
#[derive(Debug, Args)]
pub(super) struct Ingest {
    /// Files, folders, and folders of object stores, such as s3://bucket/uploads; `-` reads names of files from standard
    /// input, one a line.
    #[arg(required = true, value_name = "SOURCE")]
    sources: Vec<String>,
    /// The fleet's folder; it is made if it does not exist.
    #[arg(long, value_name = "DIR")]
    into: PathBuf,
    /// A folder of ELF files, each named by its checksum: <sha256>.elf.
    #[arg(long, value_name = "DIR")]
    elf_store: Option<PathBuf>,
    /// What names of files say: '{device}/{firmware}/{time}.svdat'. Also {product}, {hardware}, {label:NAME}, and {} for
    /// what does not matter.
    #[arg(long, value_name = "PATTERN")]
    meta: Option<Pattern>,
    /// Do not store names of devices, but what this key makes of them (HMAC-SHA-256).
    #[arg(long, value_name = "FILE")]
    hash_device: Option<PathBuf>,
    /// Threads [default: one a core].
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Only a share of the recordings, by their content: 0/4 on the first of four machines, 3/4 on the last.
    #[arg(long, value_name = "I/N", value_parser = shard)]
    shard: Option<(u64, u64)>,
    /// Recordings in a part.
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    part: usize,
    /// Rows also of call sites at which nothing is outstanding.
    #[arg(long)]
    all: bool,
    /// More bad files than this, in percent, are a failure (exit code 1).
    #[arg(long, value_name = "PERCENT", default_value_t = 1.0)]
    max_bad: f64,
    /// Say of each file what became of it.
    #[arg(long)]
    verbose: bool,
}

fn shard(text: &str) -> Result<(u64, u64), String> {
    let numbers = text.split_once('/');
    let shard = numbers.and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
    shard
        .filter(|(number, of)| number < of)
        .ok_or_else(|| format!("`{text}` is no share such as 0/4, 1/4, 2/4 or 3/4"))
}

impl Ingest {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let store = match &self.elf_store {
            Some(folder) => {
                ElfStore::open(folder).with_context(|| format!("`{}`", folder.display()))?
            }
            None => ElfStore::default(),
        };
        let key = self.hash_device.as_deref().map(|path| {
            fs::read(path).with_context(|| format!("`{}` cannot be read", path.display()))
        });
        let mut options = Options {
            pattern: self.meta,
            device_key: key.transpose()?,
            jobs: self
                .jobs
                .unwrap_or_else(|| available_parallelism().map_or(1, usize::from)),
            shard: self.shard,
            part_recordings: self.part,
            all_sites: self.all,
            now: super::now(),
            copies: None,
        };
        let mut summary = Summary::default();
        let mut all = 0;
        let mut read = |named: &[String], options: &Options| -> anyhow::Result<()> {
            let recordings = source::find(named, &mut io::stdin().lock())?;
            all += recordings.len();
            let folder = Folder::new(&self.into);
            let mut tell = teller(self.verbose, options);
            summary += ingest::ingest(&recordings, &folder, &store, options, &mut tell)?;
            Ok(())
        };
        let (urls, named): (Vec<String>, Vec<String>) = self
            .sources
            .into_iter()
            .partition(|name| name.contains("://"));
        if !named.is_empty() {
            read(&named, &options)?;
        }
        for url in urls {
            let bucket = Bucket::open(&url.parse().with_context(|| url.clone())?)?;
            for batch in bucket.batches()? {
                let copies = bucket.copy(batch)?;
                let folder = copies.path().to_owned();
                let named = folder.display().to_string();
                options.copies = Some((folder, bucket.url().to_owned()));
                read(&[named], &options)?;
            }
        }
        if io::stderr().is_terminal() && !self.verbose {
            anstream::eprintln!();
        }
        say(&summary);
        let bad = summary.bad as f64 * 100.0 / all.max(1) as f64;
        Ok(if bad > self.max_bad {
            ExitCode::from(1)
        } else {
            ExitCode::SUCCESS
        })
    }
}

/// Says what happens.
fn teller(verbose: bool, options: &Options) -> impl FnMut(Told<'_>) {
    let begun = Instant::now();
    let shows_progress = io::stderr().is_terminal() && !verbose;
    move |told| match told {
        Told::Bad(file, error) => anstream::eprintln!("bad: `{}`: {error}", options.source(file)),
        Told::Recorded(file) if verbose => anstream::eprintln!("read: `{}`", options.source(file)),
        Told::Part(part) if verbose => anstream::eprintln!("part: `{}`", part.display()),
        Told::Progress(done, all) if shows_progress => {
            let rate = done as f64 / begun.elapsed().as_secs_f64();
            anstream::eprint!("\r{done} of {all} files, {rate:.0} a second ");
        }
        _ => {}
    }
}

fn say(summary: &Summary) {
    let Summary {
        added,
        known,
        others,
        bad,
        without_device,
        without_names,
    } = summary;
    anstream::eprintln!(
        "{added} added, {known} known already, {bad} bad, {others} for other shards"
    );
    if *without_device > 0 {
        anstream::eprintln!(
            "note: {without_device} name no device, and count as one: FILE.meta.json or --meta names it"
        );
    }
    if *without_names > 0 {
        anstream::eprintln!(
            "note: {without_names} have no names of functions, so that their call sites are good for one build only: \
             --elf-store, or `leakscope fleet resymbolize` later"
        );
    }
}
