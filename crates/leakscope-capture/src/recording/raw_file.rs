//! One file that holds one stream of packets, as it came.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::append::{self, Joint};
use super::error::CreateError;
use super::joined::folder_of;
use super::rotate::{Rotation, Rotator};
use super::{Existing, header, lock};
use leakscope_systemview::Header;

use crate::chain::Chain;
use crate::input::Input;
use crate::place::identity;

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
    /// What stood there, which nobody else may replace meanwhile.
    old: Option<File>,
    /// `None` until the first bytes have come.
    file: Option<File>,
    bytes: Chain,
    /// What stands between a recording that exists and what is added to it.
    joint: Vec<u8>,
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
            old: None,
            file: None,
            bytes: Chain::default(),
            joint: Vec::new(),
            rotator: None,
            start: 0,
        };
        match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // Whether there may be one shows now, before anybody has waited for a device.
                tempfile::tempfile_in(folder_of(path)).map_err(unwritable)?;
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
        raw.old = Some(old);
        Ok(raw)
    }

    /// The first of several parts.
    pub(super) fn prepare_parts(
        path: &Path,
        existing: Existing,
        rotation: Rotation,
    ) -> Result<Self, CreateError> {
        let rotator = Rotator::new(rotation, path);
        let header = header::of_part(&rotator.header_lines(0));
        let first = rotator.path();
        Ok(Self {
            rotator: Some(rotator),
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

    /// Whether anything has come for it.
    pub(super) fn has_data(&self) -> bool {
        self.header.is_none() && self.is_made()
    }

    /// Adds bytes, which are not none.
    pub(super) fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
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
        match self.header.take() {
            // OpenOCD sends the header of its files with the data, and that says more. Of a part, both are needed.
            Some(header) if bytes.first() != Some(&b';') || self.rotator.is_some() => {
                self.put(&[header.as_bytes(), bytes].concat())
            }
            Some(_) | None => self.put(bytes),
        }
    }

    /// Ends a part, and begins the next one.
    fn begin_part(&mut self) -> io::Result<()> {
        let Some(rotator) = &mut self.rotator else {
            return Ok(());
        };
        let (path, known) = rotator.next();
        let header = header::of_part(&rotator.header_lines(known.len()));
        self.sync()?;
        self.path = path;
        self.file = None;
        self.header = None;
        let front = [header.as_bytes(), &known].concat();
        self.start = front.len() as u64;
        self.put(&front)
    }

    /// Makes the file, though nothing has come for it.
    pub(super) fn make_empty(&mut self) -> io::Result<()> {
        match self.file {
            Some(_) => Ok(()),
            None => self.put(b""),
        }
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            return file.write_all(bytes);
        }
        match self.existing {
            Existing::Refuse => {
                let file = self.keep(self.make()?)?;
                file.write_all(bytes)
            }
            Existing::Replace => {
                let file = self.replace(bytes)?;
                self.keep(file).map(drop)
            }
            Existing::Append => self.append(bytes),
        }
    }

    fn keep(&mut self, file: File) -> io::Result<&mut File> {
        self.bytes.add(file.try_clone()?, self.start)?;
        Ok(self.file.insert(file))
    }

    /// Another session behind what there is, which has the header.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(mut old) = self.old.take() else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let packets = &bytes[Header::parse(bytes).data..];
        old.seek(SeekFrom::End(0))?;
        old.write_all(&[&self.joint, packets].concat())?;
        self.file = Some(old);
        Ok(())
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

/// Whether two paths lead to one file, by whatever links.
pub fn is_same_file(one: &Path, other: &Path) -> bool {
    let [Ok(one), Ok(other)] = [one, other].map(identity) else {
        return false;
    };
    one == other
}
