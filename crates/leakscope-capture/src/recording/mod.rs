//! Recordings that are being made: from a [`Source`] into a file, and nothing lost on the way.
//!
//! The bytes go to the file as they come, before anybody looks at them, and the file is a recording at
//! every moment: a header, and behind it all that has come. To follow it, read the same file
//! ([`Recording::inputs`]).
//!
//! ```
//! use leakscope_capture::Interrupt;
//! use leakscope_capture::recording::{Existing, Limits, Reason, Recording};
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
//! let mut recording = Recording::create(&path, &device, Existing::Refuse)?;
//! let interrupt = Interrupt::default();
//! let ending = recording.run(&mut device, &Limits::default(), &interrupt, &mut |event| println!("{event:?}"));
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
//! - `raw_file` is one file with one stream of packets; `header` is what stands at its front, `lock` keeps others out.
//! - `rotate` makes parts of it, `append` looks how a recording ends to which another session is added.
//! - `split` takes one stream of two cores apart, `joined` puts cores one behind the other into a file of
//!   the form that SystemView 3.60 reads. That happens when recording has ended.

mod append;
mod error;
mod header;
mod joined;
pub(crate) mod lock;
mod raw_file;
mod rotate;
mod split;
mod sum;

pub use error::{CreateError, FinishError};
pub use rotate::{Rotation, first_part};

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fs, io, slice};

use leakscope_systemview::Header;

use crate::input::Input;
use crate::interrupt::Interrupt;
use crate::source::{Form, Item, Source, SourceError, SourceEvent};
use header::Cores;
use joined::Joined;
use raw_file::RawFile;

/// A recording that is being made.
#[derive(Debug)]
pub struct Recording {
    /// The file that the user named.
    whole: RawFile,
    /// The files of the cores, if each sends on its own. The one that was named is empty until they are joined.
    cores: Vec<RawFile>,
    /// Whether the cores stand in one stream, though no header says so.
    core_bits: bool,
}

/// What becomes of a recording that exists where one is to be made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// Nothing: there is no new one.
    #[default]
    Refuse,
    /// It stays until the first bytes have come, and is then replaced.
    Replace,
    /// What comes is added to it, as another session. If there is none, it is made.
    Append,
}

/// When a recording ends by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// This long after tracing began; or, if it does not begin, after the recording was run.
    pub duration: Option<Duration>,
    /// When this many bytes have come. What is under way then still comes, [`LAST_BYTES`] at most.
    pub bytes: Option<u64>,
}

/// How a recording ended.
#[derive(Debug)]
pub struct Ending {
    /// Why.
    pub reason: Reason,
    /// The bytes that came.
    pub bytes: u64,
    /// How long it was, from where tracing began.
    pub lasted: Duration,
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
    /// Nothing has come, and there is no file.
    Nothing,
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
/// A device that was told to stop has this much time to send what is under way: OpenOCD takes seconds …
const LAST_TIME: Duration = Duration::from_secs(20);
/// … and no more than this is taken of it, in bytes. What stood at this computer already is taken whole.
pub const LAST_BYTES: u64 = 1 << 20;
/// A device that goes on after that is left to itself so soon.
const DEAF_TIME: Duration = Duration::from_millis(500);

/// What stands where a link was lost: more than the longest packet takes, and part of no packet, for a
/// number ends after five bytes. A packet that was cut off is seen to be damaged, and so is a place where
/// packets are missing and the next begins.
pub const LOST_LINK: [u8; 512] = [0xFF; 512];

impl Recording {
    /// Prepares the file (and one for each core, if they send on their own). It is made when the first bytes have come.
    ///
    /// # Errors
    /// If it exists and is not to be replaced, or cannot be written.
    pub fn create(
        path: &Path,
        source: &dyn Source,
        existing: Existing,
    ) -> Result<Self, CreateError> {
        let form = source.form();
        if existing == Existing::Append && form != Form::Plain && path.exists() {
            let (path, why) = (path.to_owned(), "the device sends several cores");
            return Err(CreateError::NotContinued { path, why });
        }
        let whole = RawFile::prepare(path, header::of_stream(form == Form::CoreBit), existing)?;
        let cores = match form {
            Form::Plain | Form::CoreBit => 0,
            Form::Streams(count) => count,
        };
        let cores = (0..cores).map(|core| {
            let of_core = core_path(path, core);
            RawFile::prepare(&of_core, header::of_stream(false), existing)
        });
        Ok(Self {
            cores: cores.collect::<Result<_, _>>()?,
            whole,
            core_bits: false,
        })
    }

    /// The same, in parts: `heap.0001.svdat`, `heap.0002.svdat` and so on, each of which can be read alone.
    ///
    /// # Errors
    /// As with [`Recording::create`]; or if the device sends several cores, which become one file.
    pub fn create_in_parts(
        path: &Path,
        source: &dyn Source,
        existing: Existing,
        rotation: Rotation,
    ) -> Result<Self, CreateError> {
        if source.form() != Form::Plain {
            let path = path.to_owned();
            return Err(CreateError::NotInParts { path });
        }
        Ok(Self {
            whole: RawFile::prepare_parts(path, existing, rotation)?,
            cores: Vec::new(),
            core_bits: false,
        })
    }

    /// The file that is made, or the first of its parts.
    pub fn path(&self) -> &Path {
        self.whole.name()
    }

    /// The recording as it is being written: a stream each. There need not be a file yet.
    pub fn inputs(&self) -> Vec<Input> {
        self.files().iter().map(RawFile::input).collect()
    }

    /// Of these, what is added to a recording that exists; `None` if there is none. To be asked before it is run.
    ///
    /// # Errors
    /// Those of the file.
    pub fn added(&self) -> io::Result<Option<Input>> {
        self.whole.added()
    }

    /// A file a stream.
    fn files(&self) -> &[RawFile] {
        if self.cores.is_empty() {
            return slice::from_ref(&self.whole);
        }
        &self.cores
    }

    fn files_mut(&mut self) -> &mut [RawFile] {
        if self.cores.is_empty() {
            return slice::from_mut(&mut self.whole);
        }
        &mut self.cores
    }

    fn write(&mut self, stream: u8, bytes: &[u8]) -> io::Result<()> {
        let files = self.files_mut();
        let stream = usize::from(stream).min(files.len() - 1);
        files[stream].write(bytes)?;
        if self.whole.is_made() {
            return Ok(());
        }
        // Readers find the files of the cores, all of them, in the place of an empty one.
        self.cores.iter_mut().try_for_each(RawFile::make_empty)?;
        self.whole.make_empty()
    }

    fn mark_lost_link(&mut self) -> io::Result<()> {
        let files = self.files_mut().iter_mut();
        let mut begun = files.filter(|file| file.has_data());
        begun.try_for_each(|file| file.write(&LOST_LINK))
    }

    /// Records until the device ends, a limit is reached, or the user wants an end. The device's tracing is
    /// then ended, and what it still sends is recorded too, [`LAST_BYTES`] at most. `tell` is told what happens meanwhile.
    pub fn run(
        &mut self,
        source: &mut dyn Source,
        limits: &Limits,
        interrupt: &Interrupt,
        tell: &mut dyn FnMut(SourceEvent),
    ) -> Ending {
        // A device that took this long to connect is not waited for again.
        if !interrupt.is_due() {
            interrupt.after(limits.duration);
        }
        let mut run = Run {
            recording: self,
            bytes: 0,
            began: None,
            is_marked: false,
            tell,
        };
        let (reason, not_stopped) = run.until_end(source, limits, interrupt);
        Ending {
            reason,
            bytes: run.bytes,
            lasted: run.began.map_or(Duration::ZERO, |began| began.elapsed()),
            not_stopped,
        }
    }

    /// Sees to it that the disk has everything, and puts several cores into one file of the form that
    /// SystemView 3.60 reads. Until that is complete, the files stay as they are.
    ///
    /// # Errors
    /// If the disk does not take it; what was recorded stays.
    pub fn finish(mut self) -> Result<Finished, FinishError> {
        self.whole.write_front().map_err(FinishError::Sync)?;
        if !self.whole.is_made() {
            return Ok(Finished::Nothing);
        }
        for file in self.cores.iter_mut().chain([&mut self.whole]) {
            file.sync().map_err(FinishError::Sync)?;
            if let Some((path, gone)) = file.gone() {
                let path = path.to_owned();
                return Err(FinishError::Gone { path, gone });
            }
            if let Some(path) = file.changed().map_err(FinishError::Sync)? {
                let path = path.to_owned();
                return Err(FinishError::Changed { path });
            }
        }
        if self.cores.is_empty() {
            self.split()
        } else if self.whole.is_empty().map_err(FinishError::Sync)? {
            self.join()
        } else {
            let path = self.whole.path().to_owned();
            Err(FinishError::Changed { path })
        }
    }

    /// Readers have found that ids carry the core, though no header says so.
    pub fn mark_core_bits(&mut self) {
        self.core_bits = true;
    }

    /// Whether something else was written into it meanwhile, or it was cut off.
    ///
    /// # Errors
    /// Those of the file.
    pub fn is_changed(&mut self) -> io::Result<bool> {
        Ok(self.whole.changed()?.is_some())
    }

    /// Takes away what was added to a recording that exists: it is as it was.
    ///
    /// # Errors
    /// Those of the file.
    pub fn take_back(&mut self) -> io::Result<()> {
        self.whole.take_back()
    }

    fn split(self) -> Result<Finished, FinishError> {
        let mut input = self.whole.input();
        let head = input.head(header::LONGEST).map_err(FinishError::Join)?;
        let header = Header::parse(&head);
        let has_core_bits = self.core_bits && self.whole.is_alone();
        if !header.has_core_bit() && !has_core_bits {
            return Ok(Finished::AsSent);
        }
        let mut joined = Joined::instead_of(self.whole.path());
        let start = header.data as u64;
        match split::split(&mut input, start, &mut joined).map_err(FinishError::Join)? {
            split::Outcome::Split => {
                self.put(joined, Cores::Espressif)?;
                Ok(Finished::Joined)
            }
            split::Outcome::Damaged { offset } => Ok(Finished::NotSplit { offset }),
        }
    }

    fn join(self) -> Result<Finished, FinishError> {
        let mut joined = Joined::instead_of(self.whole.path());
        let mut cores = Cores::Separate;
        for (core, file) in self.cores.iter().enumerate() {
            let mut input = file.input();
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
        self.put(joined, cores)?;
        for file in &self.cores {
            // What is left of it does no harm: the joined file comes first.
            let _ = fs::remove_file(file.path());
        }
        Ok(Finished::Joined)
    }

    /// Puts the joined cores in the place of the file that was named, unless another one lies there by now.
    fn put(&self, joined: Joined, cores: Cores) -> Result<(), FinishError> {
        let file = joined.finish(cores).map_err(FinishError::Join)?;
        if let Some((path, gone)) = self.whole.gone() {
            let path = path.to_owned();
            return Err(FinishError::Gone { path, gone });
        }
        let placed = file.persist(self.whole.path());
        placed.map_err(|error| FinishError::Join(error.error))?;
        Ok(())
    }
}

/// Where the stream of one core goes until the cores are joined: what OpenOCD calls it, so that readers
/// know it.
fn core_path(path: &Path, core: u8) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!("_core{core}"));
    name.into()
}

/// A sync, TRACE_START and TRACE_STOP: what follows is a new session, even if the target's clock runs on. (Behind
/// damage, nothing but a start is believed at once.)
pub(crate) const END_OF_TRACE: [u8; 14] = *b"\0\0\0\0\0\0\0\0\0\0\x0A\0\x0B\0";

/// A sync and TRACE_START: what follows is another recording, which may have caught its target in the middle.
pub(super) const BEGINNING: [u8; 12] = *b"\0\0\0\0\0\0\0\0\0\0\x0A\0";

/// A recording under way.
struct Run<'r> {
    recording: &'r mut Recording,
    bytes: u64,
    /// When tracing began.
    began: Option<Instant>,
    /// The mark that bytes may be missing stands behind the last ones that came.
    is_marked: bool,
    tell: &'r mut dyn FnMut(SourceEvent),
}

impl Run<'_> {
    fn until_end(
        &mut self,
        source: &mut dyn Source,
        limits: &Limits,
        interrupt: &Interrupt,
    ) -> (Reason, Option<SourceError>) {
        let reason = loop {
            if let Some(reason) = self.reason_to_stop(limits, interrupt) {
                break reason;
            }
            let had_begun = self.began.is_some();
            match self.step(source, u64::MAX) {
                Ok(true) => {}
                Ok(false) => return (Reason::Ended, None),
                Err(reason @ Reason::NotWritten(_)) => return (reason, source.stop().err()),
                Err(Reason::Failed(error)) => {
                    // Who is told to end while nobody answers has ended as it was told.
                    return match self.reason_to_stop(limits, interrupt) {
                        Some(asked) => (asked, Some(error)),
                        None => (Reason::Failed(error), None),
                    };
                }
                Err(reason) => return (reason, None),
            }
            if self.began.is_some() && !had_begun {
                interrupt.after(limits.duration);
            }
        };
        let is_limit = matches!(reason, Reason::Size);
        if let Err(error) = source.stop() {
            return match source.unread() {
                left if left > 0 && !is_limit => (self.leave(left, Some(error)), None),
                _ => (reason, Some(error)),
            };
        }
        let unread = if is_limit { 0 } else { source.unread() };
        let most = self.bytes.saturating_add(unread.max(LAST_BYTES));
        let mut deadline = Instant::now() + LAST_TIME;
        let mut failed = None;
        while Instant::now() < deadline {
            let had_room = self.bytes < most;
            match self.step(source, most) {
                Ok(true) => {}
                Err(reason @ Reason::NotWritten(_)) => return (reason, None),
                Err(Reason::Failed(error)) => {
                    failed = Some(error);
                    break;
                }
                Ok(false) | Err(_) => break,
            }
            if had_room && self.bytes == most {
                deadline = Instant::now() + DEAF_TIME;
            }
        }
        match source.unread() {
            left if left > 0 && !is_limit => (self.leave(left, failed), None),
            _ => (reason, failed),
        }
    }

    /// The recording ends early: `left` bytes are there that should have been taken.
    fn leave(&mut self, left: u64, failed: Option<SourceError>) -> Reason {
        if let Err(error) = self.mark() {
            return Reason::NotWritten(error);
        }
        Reason::Failed(failed.unwrap_or_else(|| {
            let text = format!("{left} B that stood there when it was told to end were not read");
            SourceError::new(text)
        }))
    }

    fn reason_to_stop(&self, limits: &Limits, interrupt: &Interrupt) -> Option<Reason> {
        if interrupt.is_wanted() {
            Some(Reason::Asked)
        } else if interrupt.is_due() {
            Some(Reason::Duration)
        } else if limits.bytes.is_some_and(|bytes| self.bytes >= bytes) {
            Some(Reason::Size)
        } else {
            None
        }
    }

    /// Takes one thing from the source; whether more may come. Of bytes, only so many are taken that there are `most` in
    /// all.
    fn step(&mut self, source: &mut dyn Source, most: u64) -> Result<bool, Reason> {
        let mut bytes = Vec::new();
        match source.next(&mut bytes, TICK).map_err(Reason::Failed)? {
            Item::Bytes { stream } => {
                bytes.truncate(usize::try_from(most - self.bytes).unwrap_or(usize::MAX));
                if !bytes.is_empty() {
                    self.write(stream, &bytes).map_err(Reason::NotWritten)?;
                }
            }
            Item::Event(event) => {
                match event {
                    SourceEvent::Started => self.begin(),
                    SourceEvent::LinkRestored {
                        is_whole: false, ..
                    }
                    | SourceEvent::Gap(_) => self.mark().map_err(Reason::NotWritten)?,
                    _ => {}
                }
                (self.tell)(event);
            }
            Item::Nothing => {}
            Item::Ended => return Ok(false),
        }
        Ok(true)
    }

    fn begin(&mut self) {
        self.began.get_or_insert_with(Instant::now);
    }

    /// At once: nothing more may come.
    fn mark(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.is_marked, true) {
            return Ok(());
        }
        self.recording.mark_lost_link()
    }

    fn write(&mut self, stream: u8, bytes: &[u8]) -> io::Result<()> {
        self.recording.write(stream, bytes)?;
        self.is_marked = false;
        self.bytes += bytes.len() as u64;
        self.begin();
        Ok(())
    }
}
