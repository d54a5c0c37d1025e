//! The board on the network: it runs, and OpenOCD connects to it.
//!
//! One thread does both: between two of OpenOCD's scans the hart executes a few instructions. While the hart waits
//! for its timer, so does the board, for as long as that would take.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use crate::debug::jtag_dpi::Adapter;
use crate::machine::{Machine, Pause};

/// Instructions between two looks at the connection: after a scan the next one is near.
const BUDGET: u32 = 100;
const IDLE_BUDGET: u32 = 5_000;
/// After how many looks in vain OpenOCD is idle.
const IDLE_LOOKS: u32 = 200;

/// Runs the machine, for one connection of OpenOCD; returns when OpenOCD has gone (`None`), or the program ended.
/// Between two connections the machine stands still.
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
    let mut alarm: Option<Instant> = None;
    let mut looks_in_vain = 0;
    loop {
        let length = if !adapter.tap.module.lets_run(machine) {
            Some(connection.read(&mut received)?)
        } else if let Some(time) = alarm {
            match Instant::now().checked_duration_since(time) {
                None => connection.read_until(time, &mut received)?,
                Some(_) => {
                    machine.bus.timer.skip_to_alarm();
                    alarm = None;
                    None
                }
            }
        } else {
            let is_idle = looks_in_vain > IDLE_LOOKS;
            let mut is_booting = false;
            match machine.run(if is_idle { IDLE_BUDGET } else { BUDGET }) {
                Pause::Budget | Pause::Halted => {}
                Pause::Waiting => alarm = Some(Instant::now() + machine.bus.timer.until_alarm()),
                Pause::Exited(code) => return Ok(Some(code)),
                Pause::Booting => is_booting = true,
            }
            if is_booting {
                Some(connection.read(&mut received)?)
            } else {
                connection.read_what_is_there(&mut received)?
            }
        };
        match length {
            None => looks_in_vain += 1,
            Some(0) => return Ok(None),
            Some(length) => {
                looks_in_vain = 0;
                adapter
                    .push(&received[..length], machine, &mut answers)
                    .map_err(io::Error::other)?;
                connection.stream.write_all(&answers)?;
                answers.clear();
            }
        }
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

    /// Bytes that come before this time, if any.
    fn read_until(&mut self, time: Instant, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let left = time.saturating_duration_since(Instant::now());
        self.set_blocking(true)?;
        // No time at all would mean: for ever.
        self.stream
            .set_read_timeout(Some(left.max(Duration::from_micros(1))))?;
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
