//! The board on the network: it runs, and OpenOCD connects to it.
//!
//! One thread does both: between two of OpenOCD's scans the hart executes a few instructions. While it waits for
//! an interrupt, the board waits too, as long as a real one would, but for rounding.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use crate::debug::jtag_dpi::Adapter;
use crate::machine::{Machine, Pause};

/// Instructions between two looks at the connection.
const BUDGET: u32 = 2_000;
/// How long the board waits for OpenOCD while the hart waits for its timer.
const NAP: Duration = Duration::from_millis(1);

/// Runs the machine, for one connection of OpenOCD; returns when OpenOCD has gone, or the program ended.
///
/// # Errors
/// If the connection fails, or the other side is not OpenOCD.
pub fn serve(listener: &TcpListener, machine: &mut Machine) -> io::Result<Option<i32>> {
    let (stream, _) = listener.accept()?;
    stream.set_nodelay(true)?;
    let mut connection = Connection {
        stream,
        is_blocking: true,
    };
    let mut adapter = Adapter::default();
    let mut received = [0; 4096];
    let mut answers = Vec::new();
    loop {
        let mut pause = None;
        if adapter.tap.module.lets_run(machine) {
            pause = Some(machine.run(BUDGET));
        }
        let length = match pause {
            Some(Pause::Exited(code)) => return Ok(Some(code)),
            Some(Pause::Budget) => connection.read_what_is_there(&mut received)?,
            Some(Pause::Waiting) => {
                let length = connection.read_for_a_while(&mut received)?;
                machine.bus.timer.skip_to_alarm();
                length
            }
            Some(Pause::Halted) | None => Some(connection.read(&mut received)?),
        };
        match length {
            None => continue,
            Some(0) => return Ok(None),
            Some(length) => adapter
                .push(&received[..length], machine, &mut answers)
                .map_err(io::Error::other)?,
        }
        connection.stream.write_all(&answers)?;
        answers.clear();
    }
}

struct Connection {
    stream: TcpStream,
    is_blocking: bool,
}

impl Connection {
    /// Waits for bytes; 0 is the end.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.set_blocking(true)?;
        self.stream.set_read_timeout(None)?;
        match self.stream.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(0),
            result => result,
        }
    }

    /// Bytes that have come, if any.
    fn read_what_is_there(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        self.set_blocking(false)?;
        let result = self.stream.read(buffer);
        later_is_none(result)
    }

    /// Bytes that come soon, if any.
    fn read_for_a_while(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        self.set_blocking(true)?;
        self.stream.set_read_timeout(Some(NAP))?;
        let result = self.stream.read(buffer);
        later_is_none(result)
    }

    fn set_blocking(&mut self, is_blocking: bool) -> io::Result<()> {
        if self.is_blocking != is_blocking {
            self.stream.set_nonblocking(!is_blocking)?;
            self.is_blocking = is_blocking;
        }
        Ok(())
    }
}

fn later_is_none(result: io::Result<usize>) -> io::Result<Option<usize>> {
    match result {
        Err(error) => match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Ok(None),
            io::ErrorKind::ConnectionReset => Ok(Some(0)),
            _ => Err(error),
        },
        Ok(length) => Ok(Some(length)),
    }
}
