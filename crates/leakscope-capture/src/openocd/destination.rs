//! Where Espressif's OpenOCD puts a trace: where it asks us, or into files.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use super::client::Client;
use super::error::OpenOcdError;

/// What one read may bring.
const CHUNK: usize = 64 * 1024;
/// How often is looked whether a file has grown.
const LOOK: Duration = Duration::from_millis(20);

/// A place that OpenOCD was told, and the reader's end of it.
#[derive(Debug)]
pub(super) enum Destination {
    /// Of one core: OpenOCD connects to this computer.
    Socket(Socket),
    /// Of several cores: a file for each, which is read while it grows.
    Files(Files),
}

impl Destination {
    /// A place for the traces of so many cores.
    pub(super) fn new(cores: usize, client: &Client) -> Result<Self, OpenOcdError> {
        if cores == 1 {
            let listener = TcpListener::bind((client.own_address()?, 0));
            let listener = listener.map_err(OpenOcdError::Failed)?;
            return Ok(Self::Socket(Socket {
                listener,
                stream: None,
            }));
        }
        let folder = tempfile::Builder::new().prefix("leakscope-").tempdir();
        Ok(Self::Files(Files {
            folder: folder.map_err(OpenOcdError::Failed)?,
            cores: (0..cores).map(|_| None).collect(),
            turn: 0,
        }))
    }

    /// The command that begins the trace there, with OpenOCD looking for data every millisecond. Several cores
    /// make it `sysview_mcore`, which knows files only.
    pub(super) fn start_command(&self) -> Result<String, OpenOcdError> {
        Ok(match self {
            Self::Socket(socket) => {
                let address = socket.listener.local_addr();
                let address = address.map_err(OpenOcdError::Failed)?;
                format!("esp sysview start tcp://{address} 1")
            }
            Self::Files(files) => {
                let path = files.path();
                format!("esp sysview_mcore start {{file://{}}} 1", path.display())
            }
        })
    }

    /// The command that ends it.
    pub(super) fn stop_command(&self) -> &'static str {
        match self {
            Self::Socket(_) => "esp sysview stop",
            Self::Files(_) => "esp sysview_mcore stop",
        }
    }

    /// What has come, within `timeout` at most.
    pub(super) fn read(
        &mut self,
        bytes: &mut Vec<u8>,
        timeout: Duration,
    ) -> Result<Received, OpenOcdError> {
        match self {
            Self::Socket(socket) => socket.read(bytes, timeout).map_err(OpenOcdError::Failed),
            Self::Files(files) => files.read(bytes, timeout),
        }
    }
}

/// What a read has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// Bytes of this core.
    Bytes(u8),
    Nothing,
    /// OpenOCD has closed it.
    End,
}

#[derive(Debug)]
pub(super) struct Socket {
    listener: TcpListener,
    stream: Option<TcpStream>,
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
        match result {
            Ok(0) => Ok(Received::End),
            Ok(_) => Ok(Received::Bytes(0)),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {
                    Ok(Received::Nothing)
                }
                ErrorKind::ConnectionReset => Ok(Received::End),
                _ => Err(error),
            },
        }
    }
}

/// The files of the cores: OpenOCD writes `F_core0`, `F_core1` while it traces, and joins them into `F` at the end,
/// if nothing goes wrong. So `F` is not needed.
#[derive(Debug)]
pub(super) struct Files {
    folder: TempDir,
    cores: Vec<Option<File>>,
    turn: usize,
}

impl Files {
    fn path(&self) -> PathBuf {
        self.folder.path().join("trace.svdat")
    }

    fn read(&mut self, bytes: &mut Vec<u8>, timeout: Duration) -> Result<Received, OpenOcdError> {
        let count = self.cores.len();
        for _ in 0..count {
            let core = self.turn;
            self.turn = (self.turn + 1) % count;
            self.open(core)?;
            if let Some(file) = &mut self.cores[core] {
                let read = file.take(CHUNK as u64).read_to_end(bytes);
                if read.map_err(OpenOcdError::Failed)? > 0 {
                    return Ok(Received::Bytes(core as u8));
                }
            }
        }
        thread::sleep(timeout.min(LOOK));
        Ok(Received::Nothing)
    }

    /// Opens the file of this core. OpenOCD has made it when it says that it traces.
    fn open(&mut self, core: usize) -> Result<(), OpenOcdError> {
        if self.cores[core].is_some() {
            return Ok(());
        }
        let mut path = self.path().into_os_string();
        path.push(format!("_core{core}"));
        let file = File::open(&path).map_err(|source| OpenOcdError::FileElsewhere {
            path: path.to_string_lossy().into_owned(),
            source,
        })?;
        self.cores[core] = Some(file);
        Ok(())
    }
}
