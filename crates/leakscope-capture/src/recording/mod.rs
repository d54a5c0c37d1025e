//! Recordings that are being made: from a [`Source`] into a file, and nothing lost on the way.
//!
//! The bytes go to the file as they come, before anybody looks at them, and the file is a recording at
//! every moment: a header, and behind it all that has come. To follow it, read the same file
//! ([`Recording::inputs`]).
//!
//! ```
//! use std::sync::atomic::AtomicBool;
//! use leakscope_capture::recording::{Limits, Reason, Recording};
//! # use leakscope_capture::source::{Item, Source, SourceError};
//! # struct Device(Option<Vec<u8>>);
//! # impl Source for Device {
//! #     fn name(&self) -> String { "a device".to_owned() }
//! #     fn next(&mut self, bytes: &mut Vec<u8>, _: std::time::Duration) -> Result<Item, SourceError> {
//! #         match self.0.take() {
//! #             Some(chunk) => { *bytes = chunk; Ok(Item::Bytes { stream: 0 }) }
//! #             None => Ok(Item::Ended),
//! #         }
//! #     }
//! #     fn stop(&mut self) -> Result<(), SourceError> { Ok(()) }
//! # }
//! # let mut device = Device(Some(b"\0\0\0\0\0\0\0\0\0\0\x0A\x00".to_vec()));
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("heap.svdat");
//!
//! let mut recording = Recording::create(&path, &device, false)?;
//! let stop = AtomicBool::new(false);
//! let ending = recording.run(&mut device, &Limits::default(), &stop, &mut |event| println!("{event:?}"));
//! assert!(matches!(ending.reason, Reason::Ended));
//! recording.finish()?;
//!
//! let saved = std::fs::read(&path)?;
//! assert!(saved.starts_with(b";\n; Author       leakscope "));
//! assert!(saved.ends_with(b"\0\0\0\0\0\0\0\0\0\0\x0A\x00"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The tour
//! - [`Recording`] is what is above; [`Limits`] and [`Ending`] say when it ends, and why it did.
//! - `raw_file` is one file with one stream of packets; `header` is what stands at its front.
//! - `split` takes one stream of two cores apart, `joined` puts cores one behind the other into a file of
//!   the form that SystemView 3.60 reads. That happens when recording has ended.

mod error;
mod header;
mod joined;
mod raw_file;
mod split;

pub use error::{CreateError, FinishError};

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{fs, io};

use leakscope_systemview::Header;

use crate::input::Input;
use crate::source::{Form, Item, Source, SourceError, SourceEvent};
use header::Cores;
use joined::Joined;
use raw_file::RawFile;

/// A recording that is being made.
#[derive(Debug)]
pub struct Recording {
    path: PathBuf,
    form: Form,
    /// A file a stream.
    files: Vec<RawFile>,
}

/// When a recording ends by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// This long after tracing began.
    pub duration: Option<Duration>,
    /// When this many bytes have come. What is under way then still comes.
    pub bytes: Option<u64>,
}

/// How a recording ended.
#[derive(Debug)]
pub struct Ending {
    /// Why.
    pub reason: Reason,
    /// The bytes that came.
    pub bytes: u64,
    /// Why the device could not be told to end its tracing.
    pub not_stopped: Option<SourceError>,
}

/// Why a recording ended.
#[derive(Debug)]
pub enum Reason {
    /// It was told to.
    Asked,
    /// [`Limits::duration`].
    Duration,
    /// [`Limits::bytes`].
    Size,
    /// The device has ended it.
    Ended,
    /// The device cannot be recorded any longer.
    Failed(SourceError),
    /// The file takes no more bytes: the disk is full, for example.
    NotWritten(io::Error),
}

/// What became of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    /// The file is what the device sent.
    AsSent,
    /// The cores were put one behind the other.
    Joined,
    /// The cores stand in one stream, with a bit in each packet that tells them apart: at this offset the
    /// data are damaged, and whose packets follow cannot be known.
    NotSplit {
        /// In the file, in bytes.
        offset: u64,
    },
}

/// How often to look whether recording should end.
const TICK: Duration = Duration::from_millis(100);
/// A device that was told to stop has this much time to send what is under way.
const LAST_TIME: Duration = Duration::from_secs(20);

/// What stands where a link was lost: more than the longest packet takes, and part of no packet, for a
/// number ends after five bytes. A packet that was cut off is seen to be damaged, and so is a place where
/// packets are missing and the next begins.
const LOST_LINK: [u8; 512] = [0xFF; 512];

impl Recording {
    /// Makes the file (and one for each core, if they send on their own). It must not exist, unless it is to
    /// be overwritten.
    ///
    /// # Errors
    /// If it exists, or cannot be written.
    pub fn create(path: &Path, source: &dyn Source, overwrite: bool) -> Result<Self, CreateError> {
        let form = source.form();
        let files = match form {
            Form::Plain | Form::CoreBit => {
                let header = header::of_stream(form == Form::CoreBit);
                vec![RawFile::create(path, header, overwrite)?]
            }
            Form::Streams(count) => {
                let mut files = Vec::new();
                for core in 0..count {
                    let of_core = core_path(path, core);
                    files.push(RawFile::create(
                        &of_core,
                        header::of_stream(false),
                        overwrite,
                    )?);
                }
                // Readers find the files of the cores in its place.
                RawFile::create(path, header::of_stream(false), overwrite)?;
                files
            }
        };
        Ok(Self {
            path: path.to_owned(),
            form,
            files,
        })
    }

    /// The files as they are being written, one a stream.
    ///
    /// # Errors
    /// If the system does not let them be read.
    pub fn inputs(&self) -> io::Result<Vec<Input>> {
        let files = self.files.iter();
        files.map(|file| Input::growing(file.path())).collect()
    }

    /// Records until the device ends, a limit is reached, or `stop` becomes true. The device's tracing is
    /// then ended, and what it still sends is recorded too. `tell` is told what happens meanwhile.
    pub fn run(
        &mut self,
        source: &mut dyn Source,
        limits: &Limits,
        stop: &AtomicBool,
        tell: &mut dyn FnMut(SourceEvent),
    ) -> Ending {
        let mut run = Run {
            recording: self,
            bytes: 0,
            began: None,
            has_gap: false,
            tell,
        };
        let (reason, not_stopped) = run.until_end(source, limits, stop);
        Ending {
            reason,
            bytes: run.bytes,
            not_stopped,
        }
    }

    /// Sees to it that the disk has everything, and puts several cores into one file of the form that
    /// SystemView 3.60 reads. Until that is complete, the files stay as they are.
    ///
    /// # Errors
    /// If the disk does not take it; what was recorded stays.
    pub fn finish(self) -> Result<Finished, FinishError> {
        for file in &self.files {
            file.sync().map_err(FinishError::Sync)?;
        }
        match self.form {
            Form::Plain | Form::CoreBit => self.split(),
            Form::Streams(_) => self.join(),
        }
    }

    fn split(self) -> Result<Finished, FinishError> {
        let mut input = Input::growing(&self.path).map_err(FinishError::Join)?;
        let head = input.head(header::LONGEST).map_err(FinishError::Join)?;
        let header = Header::parse(&head);
        if !header.has_core_bit() {
            return Ok(Finished::AsSent);
        }
        let mut joined = Joined::instead_of(&self.path);
        let start = header.data as u64;
        match split::split(&mut input, start, &mut joined).map_err(FinishError::Join)? {
            split::Outcome::Split => {
                joined.finish(Cores::Espressif).map_err(FinishError::Join)?;
                Ok(Finished::Joined)
            }
            split::Outcome::Damaged { offset } => Ok(Finished::NotSplit { offset }),
        }
    }

    fn join(self) -> Result<Finished, FinishError> {
        let mut joined = Joined::instead_of(&self.path);
        let mut cores = Cores::Separate;
        for (core, file) in self.files.iter().enumerate() {
            let mut input = Input::growing(file.path()).map_err(FinishError::Join)?;
            let head = input.head(header::LONGEST).map_err(FinishError::Join)?;
            let header = Header::parse(&head);
            // Its OpenOCD has taken one stream apart.
            if header.is_espressif() {
                cores = Cores::Espressif;
            }
            let start = header.data as u64;
            let part = joined.part(core).map_err(FinishError::Join)?;
            part.copy(&mut input, start).map_err(FinishError::Join)?;
        }
        joined.finish(cores).map_err(FinishError::Join)?;
        for file in &self.files {
            // What is left of it does no harm: the joined file comes first.
            let _ = fs::remove_file(file.path());
        }
        Ok(Finished::Joined)
    }
}

/// Where the stream of one core goes until the cores are joined: what OpenOCD calls it, so that readers
/// know it.
fn core_path(path: &Path, core: u8) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!("_core{core}"));
    name.into()
}

/// A recording under way.
struct Run<'r> {
    recording: &'r mut Recording,
    bytes: u64,
    /// When tracing began.
    began: Option<Instant>,
    /// Bytes may be missing since the last ones came: the link was lost.
    has_gap: bool,
    tell: &'r mut dyn FnMut(SourceEvent),
}

impl Run<'_> {
    fn until_end(
        &mut self,
        source: &mut dyn Source,
        limits: &Limits,
        stop: &AtomicBool,
    ) -> (Reason, Option<SourceError>) {
        let reason = loop {
            if let Some(reason) = self.reason_to_stop(limits, stop) {
                break reason;
            }
            match self.step(source) {
                Ok(true) => {}
                Ok(false) => return (Reason::Ended, None),
                Err(reason @ Reason::NotWritten(_)) => return (reason, source.stop().err()),
                Err(reason) => return (reason, None),
            }
        };
        if let Err(error) = source.stop() {
            return (reason, Some(error));
        }
        let deadline = Instant::now() + LAST_TIME;
        while Instant::now() < deadline {
            match self.step(source) {
                Ok(true) => {}
                Err(failed @ Reason::NotWritten(_)) => return (failed, None),
                Err(Reason::Failed(error)) => return (reason, Some(error)),
                Ok(false) | Err(_) => break,
            }
        }
        (reason, None)
    }

    fn reason_to_stop(&self, limits: &Limits, stop: &AtomicBool) -> Option<Reason> {
        let is_over = |duration| self.began.is_some_and(|began| began.elapsed() >= duration);
        if stop.load(Ordering::Relaxed) {
            Some(Reason::Asked)
        } else if limits.duration.is_some_and(is_over) {
            Some(Reason::Duration)
        } else if limits.bytes.is_some_and(|bytes| self.bytes >= bytes) {
            Some(Reason::Size)
        } else {
            None
        }
    }

    /// Takes one thing from the source; whether more may come.
    fn step(&mut self, source: &mut dyn Source) -> Result<bool, Reason> {
        let mut bytes = Vec::new();
        match source.next(&mut bytes, TICK).map_err(Reason::Failed)? {
            Item::Bytes { stream } => {
                let files = &mut self.recording.files;
                let last = files.len() - 1;
                if std::mem::take(&mut self.has_gap) {
                    mark_lost_link(files).map_err(Reason::NotWritten)?;
                }
                let file = &mut files[usize::from(stream).min(last)];
                file.write(&bytes).map_err(Reason::NotWritten)?;
                self.bytes += bytes.len() as u64;
                self.began.get_or_insert_with(Instant::now);
            }
            Item::Event(event) => {
                match event {
                    SourceEvent::Started => {
                        self.began.get_or_insert_with(Instant::now);
                    }
                    SourceEvent::LinkRestored { is_whole, .. } => self.has_gap |= !is_whole,
                    _ => {}
                }
                (self.tell)(event);
            }
            Item::Nothing => {}
            Item::Ended => return Ok(false),
        }
        Ok(true)
    }
}

fn mark_lost_link(files: &mut [RawFile]) -> io::Result<()> {
    let mut begun = files.iter_mut().filter(|file| file.has_data());
    begun.try_for_each(|file| file.write(&LOST_LINK))
}
