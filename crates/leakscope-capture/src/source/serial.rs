//! Devices on a serial line.

use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use serialport::SerialPort;

use super::conversation::Protocol;
use super::device::{Device, Line, Port};
#[cfg(target_os = "linux")]
use super::line_errors::{self, LineErrors};
use super::{Abilities, Source, SourceError};

/// What can be asked of a serial line.
pub const ABILITIES: Abilities = Abilities {
    breakpoints: false,
    reset: true,
};

/// How long the reset line is held.
const RESET: Duration = Duration::from_millis(100);

/// Opens the serial line `path` at this many baud, 8 data bits, no parity, one stop bit.
///
/// With `reset`, the device is reset first the way the usual boards are wired for it: RTS holds the reset
/// line, DTR is off.
///
/// # Errors
/// If there is no such line, or it belongs to somebody else.
pub fn open(path: &str, baud: u32, reset: bool) -> Result<Box<dyn Source>, SourceError> {
    let line = SerialLine {
        path: path.to_owned(),
        baud,
        reset,
    };
    let device = Device::open(Box::new(line), Protocol::Uart).map_err(|error| {
        let hint = match error.kind() {
            io::ErrorKind::PermissionDenied => {
                "on Linux, serial ports belong to a group (often dialout): add yourself to it and log in \
                 again"
            }
            io::ErrorKind::NotFound if !Path::new(path).exists() => "is the board plugged in?",
            _ => "does another program (a monitor, a terminal) have the port open?",
        };
        SourceError::new(format!("`{path}` cannot be opened at {baud} baud"))
            .caused_by(error)
            .with_hint(hint)
    })?;
    Ok(Box::new(device))
}

struct SerialLine {
    path: String,
    baud: u32,
    reset: bool,
}

impl Line for SerialLine {
    fn name(&self) -> String {
        format!("{} at {} baud", self.path, self.baud)
    }

    fn open(&mut self, _: Duration) -> io::Result<Option<Box<dyn Port>>> {
        let port = serialport::new(&self.path, self.baud);
        let mut port = port.timeout(Duration::from_millis(100)).open_native()?;
        // What came in before belongs to no recording.
        port.clear(serialport::ClearBuffer::Input)?;
        if std::mem::take(&mut self.reset) {
            port.write_data_terminal_ready(false)?;
            port.write_request_to_send(true)?;
            thread::sleep(RESET);
            port.clear(serialport::ClearBuffer::Input)?;
            port.write_request_to_send(false)?;
        }
        Ok(Some(Box::new(Open(port))))
    }
}

#[cfg(unix)]
type NativePort = serialport::TTYPort;
#[cfg(windows)]
type NativePort = serialport::COMPort;

/// An open serial line.
struct Open(NativePort);

impl io::Read for Open {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl io::Write for Open {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Port for Open {
    fn set_timeout(&mut self, timeout: Duration) -> io::Result<()> {
        Ok(self.0.set_timeout(timeout)?)
    }

    #[cfg(target_os = "linux")]
    fn errors(&self) -> Option<LineErrors> {
        line_errors::count(&self.0)
    }
}
