//! One file that holds one stream of packets, as it came.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::append::{self, Joint};
use super::error::CreateError;
use super::rotate::{Rotation, Rotator};
use super::sum::Sum;
use super::{Existing, header, lock, rotate};
use leakscope_systemview::Header;

use crate::chain::Chain;
use crate::input::Input;
use crate::place::{Gone, Place, end_of_links, folder_of};
use crate::remembered::{Remembered, Standing};

/// A file that is being written. Each write goes to the system at once: nothing is lost with this process.
///
/// It is made when the first bytes have come. What stood there before stays until then, and is then replaced by a
/// file that has them.
#[derive(Debug)]
pub(super) struct RawFile {
    /// As the user calls it.
    name: PathBuf,
    /// Without links.
    path: PathBuf,
    /// What is to stand at the front, until the first bytes have come.
    header: Option<String>,
    existing: Existing,
    /// The first bytes that have come, where their header must not stand in the file as it came, until it is known.
    front: Option<Vec<u8>>,
    /// What stood there, which nobody else may replace meanwhile.
    old: Option<File>,
    /// `None` until the first bytes have come.
    file: Option<File>,
    /// Where it and the parts before it were made.
    places: Vec<Place>,
    /// What was written into it.
    written: Remembered,
    sum: Sum,
    /// The parts that have ended.
    ended: Vec<(PathBuf, Sum)>,
    /// The first file in which something else stands by now.
    changed: Option<PathBuf>,
    bytes: Chain,
    /// What stands between a recording that exists and what is added to it.
    joint: Vec<u8>,
    /// How long that recording was, once something was added to it.
    old_length: Option<u64>,
    rotator: Option<Rotator>,
    /// The first byte of the part that those before it have not had.
    start: u64,
}

impl RawFile {
    /// A file that will begin with this header, or with one that the device sends.
    pub(super) fn prepare(
        path: &Path,
        header: String,
        existing: Existing,
    ) -> Result<Self, CreateError> {
        let unwritable = |source| CreateError::Unwritable {
            path: path.to_owned(),
            source,
        };
        let mut raw = Self {
            name: path.to_owned(),
            path: path.to_owned(),
            header: Some(header),
            existing,
            front: None,
            old: None,
            file: None,
            places: Vec::new(),
            written: Remembered::default(),
            sum: Sum::from(0),
            ended: Vec::new(),
            changed: None,
            bytes: Chain::default(),
            joint: Vec::new(),
            old_length: None,
            rotator: None,
            start: 0,
        };
        match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if existing == Existing::Refuse && path.is_symlink() {
                    return Err(CreateError::Exists { path: raw.path });
                }
                raw.path = end_of_links(path);
                // Whether there may be one shows now, before anybody has waited for a device.
                tempfile::tempfile_in(folder_of(&raw.path)).map_err(unwritable)?;
                if existing == Existing::Append {
                    raw.existing = Existing::Refuse;
                }
                return Ok(raw);
            }
            Ok(metadata) if !metadata.is_file() => {
                return Err(CreateError::NotPlain { path: raw.path });
            }
            Ok(_) if existing == Existing::Refuse => {
                return Err(CreateError::Exists { path: raw.path });
            }
            Ok(_) => {}
            Err(error) => return Err(unwritable(error)),
        }
        // What a link leads to is meant, and the link stays.
        raw.path = fs::canonicalize(path).map_err(unwritable)?;
        let mut options = OpenOptions::new();
        let old = options.read(true).write(true).open(&raw.path);
        let old = old.map_err(unwritable)?;
        lock::take(&raw.name, &old)?;
        if existing == Existing::Append {
            let shared = old.try_clone().and_then(|old| raw.bytes.add(old, 0));
            shared.map_err(unwritable)?;
            match append::joint(&mut raw.input()).map_err(unwritable)? {
                Joint::Bytes(joint) => raw.joint = joint,
                Joint::None(why) => {
                    let path = raw.name;
                    return Err(CreateError::NotContinued { path, why });
                }
            }
        }
        raw.front = (existing == Existing::Append).then(Vec::new);
        raw.old = Some(old);
        Ok(raw)
    }

    /// The first of several parts.
    pub(super) fn prepare_parts(
        path: &Path,
        existing: Existing,
        rotation: Rotation,
    ) -> Result<Self, CreateError> {
        if let Some(path) = rotate::first_part(path).filter(|_| existing == Existing::Refuse) {
            return Err(CreateError::Exists { path });
        }
        let rotator = Rotator::new(rotation, path);
        let header = header::of_part(&rotator.header_lines(0));
        let first = rotator.path();
        Ok(Self {
            rotator: Some(rotator),
            front: Some(Vec::new()),
            ..Self::prepare(&first, header, existing)?
        })
    }

    /// As the user calls it.
    pub(super) fn name(&self) -> &Path {
        &self.name
    }

    /// The file as it is, and as it grows.
    pub(super) fn input(&self) -> Input {
        Input::growing(self.name.display().to_string(), self.bytes.clone())
    }

    /// What is added to a recording that exists, if there is one.
    pub(super) fn added(&self) -> io::Result<Option<Input>> {
        let Some(old) = self
            .old
            .as_ref()
            .filter(|_| self.existing == Existing::Append)
        else {
            return Ok(None);
        };
        let added = Chain::default();
        added.add(
            old.try_clone()?,
            old.metadata()?.len() + self.joint.len() as u64,
        )?;
        Ok(Some(Input::growing(self.name.display().to_string(), added)))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there is a file.
    pub(super) fn is_made(&self) -> bool {
        self.file.is_some()
    }

    /// Whether nothing stands in the file.
    pub(super) fn is_empty(&self) -> io::Result<bool> {
        let file = self.file.as_ref();
        file.map_or(Ok(true), |file| Ok(file.metadata()?.len() == 0))
    }

    /// Whether it is one recording in one file.
    pub(super) fn is_alone(&self) -> bool {
        self.rotator.is_none() && self.old_length.is_none()
    }

    /// Whether anything has come for it.
    pub(super) fn has_data(&self) -> bool {
        self.header.is_none() && self.is_made()
    }

    /// Adds bytes, which are not none.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(mut front) = self.front.take() else {
            return self.write_packets(bytes);
        };
        front.extend_from_slice(bytes);
        let Some(length) = header::length_in(&front) else {
            self.front = Some(front);
            return Ok(());
        };
        if header::has_several_cores(&Header::parse(&front)) {
            let why = "the device sends several cores, which need a file of their own, in one part";
            return Err(io::Error::other(why));
        }
        let packets = front.split_off(length);
        if let Some(rotator) = &mut self.rotator {
            rotator.sent_header = front;
        }
        self.write_packets(&packets)
    }

    /// Adds what a header may still have followed.
    pub(super) fn write_front(&mut self) -> io::Result<()> {
        let front = self.front.take().filter(|_| self.rotator.is_some());
        front.map_or(Ok(()), |front| self.add(&front))
    }

    fn write_packets(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while let Some(rotator) = &mut self.rotator {
            let Some(length) = rotator.take(bytes) else {
                break;
            };
            let (last, rest) = bytes.split_at(length);
            self.add(last)?;
            self.begin_part()?;
            bytes = rest;
        }
        self.add(bytes)
    }

    fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        match (self.header.take(), &self.rotator) {
            // Of a part, both headers are needed.
            (Some(header), Some(rotator)) => {
                self.put(&[header.as_bytes(), &rotator.sent_header, bytes].concat())
            }
            // OpenOCD sends the header of its files with the data, and that says more. What is added to has one.
            (Some(header), None)
                if bytes.first() != Some(&b';') && self.existing != Existing::Append =>
            {
                self.put(&[header.as_bytes(), bytes].concat())
            }
            _ => self.put(bytes),
        }
    }

    /// Ends a part, and begins the next one.
    fn begin_part(&mut self) -> io::Result<()> {
        let Some(rotator) = &mut self.rotator else {
            return Ok(());
        };
        let (path, known) = rotator.next();
        let header = header::of_part(&rotator.header_lines(known.len()));
        let front = [header.as_bytes(), &rotator.sent_header, &known].concat();
        self.sync()?;
        self.look_for_change()?;
        if let Some(file) = &self.file {
            self.sum.trust(&file.metadata()?);
        }
        self.ended.push((self.path.clone(), self.sum));
        self.path = path;
        let last = self.file.take();
        self.header = None;
        self.start = front.len() as u64;
        let begun = self.put(&front);
        if self.file.is_none() {
            self.file = last;
        }
        let named = |error| {
            let why = format!("`{}`: {error}", self.path.display());
            io::Error::other(why)
        };
        begun.map_err(named)
    }

    /// Makes the file, though nothing has come for it.
    pub(super) fn make_empty(&mut self) -> io::Result<()> {
        match self.file {
            Some(_) => Ok(()),
            // What is added to is there, and what stands between comes with the first packets.
            None if self.existing == Existing::Append => Ok(()),
            None => self.put(b""),
        }
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            let end = self.written.end();
            // Behind the end of one that was cut off, a hole would stand before what is written.
            let metadata = file.metadata()?;
            if metadata.len() < end {
                self.changed.get_or_insert_with(|| self.path.clone());
            }
            self.sum.look(&metadata);
            file.write_all(bytes)?;
            self.sum.trust(&file.metadata()?);
            self.sum.add(bytes);
            self.written.learn(end, bytes);
            return Ok(());
        }
        let made = match self.existing {
            Existing::Refuse => self
                .make()
                .and_then(|file| self.keep(file)?.write_all(bytes)),
            Existing::Replace => {
                let file = self.replace(bytes)?;
                self.keep(file).map(drop)
            }
            Existing::Append => self.append(bytes),
        };
        if self.file.is_some() {
            self.places.extend(Place::of(&self.path));
        }
        if self.file.is_some() && self.existing != Existing::Append {
            self.written = Remembered::default();
            self.sum = Sum::from(0);
            if made.is_ok() {
                self.written.learn(0, bytes);
                self.sum.add(bytes);
            }
        }
        made
    }

    /// Where the first of its files has gone that somebody has moved meanwhile.
    pub(super) fn gone(&self) -> Option<(&Path, Gone)> {
        let mut places = self.places.iter();
        places.find_map(|place| Some((place.path(), place.gone()?)))
    }

    /// Looks whether what was written still stands in the file.
    fn look_for_change(&mut self) -> io::Result<()> {
        let Some(mut file) = self.file.as_ref() else {
            return Ok(());
        };
        let end = file.stream_position()?;
        let standing = self.written.is_in(|offset, room| {
            file.seek(SeekFrom::Start(offset))?;
            file.read(room)
        })?;
        self.sum.look(&file.metadata()?);
        let is_whole = standing == Standing::Whole && self.sum.stands_in(file)?;
        file.seek(SeekFrom::Start(end))?;
        if !is_whole {
            self.changed.get_or_insert_with(|| self.path.clone());
        }
        Ok(())
    }

    /// The first of its files in which something else was written meanwhile, or which was cut off.
    pub(super) fn changed(&mut self) -> io::Result<Option<&Path>> {
        self.look_for_change()?;
        for (path, sum) in &mut self.ended {
            let file = File::open(&*path)?;
            let metadata = file.metadata()?;
            sum.look(&metadata);
            if metadata.len() != sum.end() || !sum.stands_in(&file)? {
                self.changed.get_or_insert_with(|| path.clone());
            }
        }
        Ok(self.changed.as_deref())
    }

    fn keep(&mut self, file: File) -> io::Result<&mut File> {
        self.bytes.add(file.try_clone()?, self.start)?;
        Ok(self.file.insert(file))
    }

    /// Another session behind what there is, which has the header.
    fn append(&mut self, packets: &[u8]) -> io::Result<()> {
        let Some(mut old) = self.old.take() else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let end = old.seek(SeekFrom::End(0))?;
        self.old_length = Some(end);
        let added = [&self.joint, packets].concat();
        self.file.insert(old).write_all(&added)?;
        self.written.learn(end, &added);
        self.sum = Sum::from(end);
        self.sum.add(&added);
        Ok(())
    }

    /// Takes away what was added to a recording that existed.
    pub(super) fn take_back(&self) -> io::Result<()> {
        match (&self.file, self.old_length) {
            (Some(file), Some(length)) => file.set_len(length),
            _ => Ok(()),
        }
    }

    /// A new file, where there is none.
    fn make(&self) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        let file = options.open(&self.path)?;
        lock::take(&self.name, &file).map_err(io::Error::other)?;
        Ok(file)
    }

    /// A new file, in the place of one that there may be: that is gone once this one is complete.
    fn replace(&mut self, front: &[u8]) -> io::Result<File> {
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut new = builder
            .prefix(".leakscope-")
            .tempfile_in(folder_of(&self.path))?;
        if let Ok(appeared) = File::open(&self.path)
            && self.old.is_none()
        {
            lock::take(&self.name, &appeared).map_err(io::Error::other)?;
        }
        if let Some(old) = self.old.take() {
            new.as_file()
                .set_permissions(old.metadata()?.permissions())?;
        }
        lock::take(&self.name, new.as_file()).map_err(io::Error::other)?;
        new.write_all(front)?;
        Ok(new.persist(&self.path)?)
    }

    /// Waits until the disk has it all.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.as_ref().map_or(Ok(()), File::sync_all)
    }
}
