//! Where Espressif's OpenOCD puts a trace: where it asks us, or into files.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use super::error::OpenOcdError;

/// What one read may bring.
const CHUNK: usize = 64 * 1024;
/// How often is looked whether a file has grown.
const LOOK: Duration = Duration::from_millis(20);

/// A place that OpenOCD was told, and the reader's end of it.
#[derive(Debug)]
pub(crate) struct Destination {
    place: Place,
    /// The cores of which OpenOCD's header is still to be passed over.
    headers: Vec<u8>,
}

#[derive(Debug)]
enum Place {
    /// Of one core: OpenOCD connects to this computer.
    Socket(Socket),
    /// Files on OpenOCD's computer, which are read while they grow.
    Files(Files),
}

impl Destination {
    /// A place for the traces of this many cores. OpenOCD finds this computer at `own_address`.
    pub(crate) fn new(cores: usize, own_address: IpAddr) -> Result<Self, OpenOcdError> {
        if cores > 1 {
            return Self::files(cores);
        }
        let listener = TcpListener::bind((own_address, 0)).map_err(OpenOcdError::Failed)?;
        Ok(Self::of(Place::Socket(Socket {
            listener,
            stream: None,
            has_ended: false,
        })))
    }

    fn of(place: Place) -> Self {
        Self {
            place,
            headers: Vec::new(),
        }
    }

    /// Another one of this kind.
    pub(crate) fn again(&self, own_address: IpAddr) -> Result<Self, OpenOcdError> {
        match &self.place {
            Place::Socket(_) => Self::new(1, own_address),
            Place::Files(files) => Self::files(files.parts.len()),
        }
    }

    /// A file in place of a connection.
    pub(crate) fn as_file(&self) -> Result<Self, OpenOcdError> {
        let mut file = Self::files(1)?;
        file.headers.clone_from(&self.headers);
        Ok(file)
    }

    /// For a trace that goes on where another has ended, which has the header already.
    pub(crate) fn without_headers(mut self) -> Self {
        self.headers = (0..self.cores() as u8).collect();
        self
    }

    /// How many cores' traces come here.
    pub(crate) fn cores(&self) -> usize {
        match &self.place {
            Place::Socket(_) => 1,
            Place::Files(files) => files.parts.len(),
        }
    }

    /// Whether OpenOCD has closed it. (For files, this is not known.)
    pub(crate) fn has_ended(&self) -> bool {
        matches!(&self.place, Place::Socket(socket) if socket.has_ended)
    }

    /// Files, for where OpenOCD cannot connect.
    fn files(cores: usize) -> Result<Self, OpenOcdError> {
        let folder = tempfile::Builder::new().prefix("leakscope-").tempdir();
        let folder = folder.map_err(OpenOcdError::Failed)?;
        let path = folder.path().join("trace.svdat");
        let part = |core: usize| match cores {
            1 => path.clone(),
            _ => PathBuf::from(format!("{}_core{core}", path.display())),
        };
        Ok(Self::of(Place::Files(Files {
            parts: (0..cores).map(|core| (part(core), None)).collect(),
            path,
            _folder: folder,
            turn: 0,
        })))
    }

    /// The command that begins the trace there, with OpenOCD looking for data every millisecond. Several cores
    /// make it `sysview_mcore`, which knows files only.
    pub(crate) fn start_command(&self) -> Result<String, OpenOcdError> {
        Ok(match &self.place {
            Place::Socket(socket) => {
                let address = socket.listener.local_addr();
                let address = address.map_err(OpenOcdError::Failed)?;
                format!("esp sysview start tcp://{address} 1")
            }
            Place::Files(files) => {
                let command = files.command();
                let path = files.path.display();
                format!("{command} start {{file://{path}}} 1")
            }
        })
    }

    /// The command that ends it.
    pub(crate) fn stop_command(&self) -> &'static str {
        match self.cores() {
            1 => "esp sysview stop",
            _ => "esp sysview_mcore stop",
        }
    }

    /// What has come, within `timeout` at most.
    pub(crate) fn read(
        &mut self,
        bytes: &mut Vec<u8>,
        timeout: Duration,
    ) -> Result<Received, OpenOcdError> {
        let received = match &mut self.place {
            Place::Socket(socket) => socket.read(bytes, timeout).map_err(OpenOcdError::Failed)?,
            Place::Files(files) => files.read(bytes, timeout)?,
        };
        Ok(match received {
            Received::Bytes(core) if self.is_header(core, bytes) => Received::Nothing,
            received => received,
        })
    }

    /// Takes a header, which is skipped, out of `bytes`; whether there was nothing else.
    fn is_header(&mut self, core: u8, bytes: &mut Vec<u8>) -> bool {
        if !self.headers.contains(&core) {
            return false;
        }
        // It is text, and behind it begins the sync.
        match bytes.iter().position(|&byte| byte == 0) {
            Some(end) => {
                bytes.drain(..end);
                self.headers.retain(|&other| other != core);
            }
            None => bytes.clear(),
        }
        bytes.is_empty()
    }
}

/// What a read has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// Bytes of this core.
    Bytes(u8),
    Nothing,
    /// OpenOCD has closed it.
    End,
}

#[derive(Debug)]
struct Socket {
    listener: TcpListener,
    stream: Option<TcpStream>,
    has_ended: bool,
}

impl Socket {
    fn read(&mut self, bytes: &mut Vec<u8>, timeout: Duration) -> io::Result<Received> {
        if self.stream.is_none() {
            self.listener.set_nonblocking(true)?;
            match self.listener.accept() {
                Ok((stream, _)) => {
                    stream.set_nonblocking(false)?;
                    self.stream = Some(stream);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    thread::sleep(timeout.min(LOOK));
                }
                Err(error) => return Err(error),
            }
        }
        let Some(stream) = &mut self.stream else {
            return Ok(Received::Nothing);
        };
        // No time at all would mean for ever.
        stream.set_read_timeout(Some(timeout.max(Duration::from_millis(1))))?;
        bytes.resize(CHUNK, 0);
        let result = stream.read(bytes);
        bytes.truncate(*result.as_ref().unwrap_or(&0));
        let received = match result {
            Ok(0) => Received::End,
            Ok(_) => Received::Bytes(0),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {
                    Received::Nothing
                }
                ErrorKind::ConnectionReset => Received::End,
                _ => return Err(error),
            },
        };
        self.has_ended = received == Received::End;
        Ok(received)
    }
}

/// Of several cores, OpenOCD writes `F_core0`, `F_core1` while it traces, and joins them into `F` at the end, if
/// nothing goes wrong. So `F` is not needed.
#[derive(Debug)]
struct Files {
    /// As OpenOCD is told.
    path: PathBuf,
    parts: Vec<(PathBuf, Option<File>)>,
    turn: usize,
    /// Removed in the end, with all that is in it.
    _folder: TempDir,
}

impl Files {
    fn command(&self) -> &'static str {
        match self.parts.len() {
            1 => "esp sysview",
            _ => "esp sysview_mcore",
        }
    }

    fn read(&mut self, bytes: &mut Vec<u8>, timeout: Duration) -> Result<Received, OpenOcdError> {
        let count = self.parts.len();
        for _ in 0..count {
            let core = self.turn;
            self.turn = (self.turn + 1) % count;
            let (path, file) = &mut self.parts[core];
            let file = match file {
                Some(file) => file,
                // OpenOCD has made it when it says that it traces.
                None => file.insert(open(path)?),
            };
            let read = file.take(CHUNK as u64).read_to_end(bytes);
            if read.map_err(OpenOcdError::Failed)? > 0 {
                return Ok(Received::Bytes(core as u8));
            }
        }
        thread::sleep(timeout.min(LOOK));
        Ok(Received::Nothing)
    }
}

fn open(path: &Path) -> Result<File, OpenOcdError> {
    File::open(path).map_err(|source| OpenOcdError::FileElsewhere {
        path: path.display().to_string(),
        source,
    })
}
