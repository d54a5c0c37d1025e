//! The target's memory through QEMU's GDB stub, which stops the target for each look: as much of GDB's remote
//! protocol as that takes.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use libtest_mimic::Failed;

use crate::emulator::Emulator;
use crate::rtt::{Channel, Memory};
use crate::symbols;

/// How long the target runs between two looks, as with a probe that polls.
const INTERVAL: Duration = Duration::from_millis(5);

/// Everything that the target sends until it calls `trace_finished`.
pub(crate) fn record(emulator: &mut Emulator, elf: &Path) -> Result<Vec<u8>, Failed> {
    let control_block = symbols::address(elf, "_SEGGER_RTT")?;
    let finished = symbols::address(elf, "trace_finished")?;
    let mut gdb = Gdb::new(emulator.connect("gdb.socket")?)?;
    gdb.ask_for_ok(&format!("Z0,{finished:x},2"))?;
    let mut channel = None;
    let mut bytes = Vec::new();
    loop {
        let is_finished = gdb.run_a_little()?;
        if channel.is_none() {
            channel = Channel::find(&mut gdb, control_block)?;
            if let Some(channel) = &channel {
                let name = channel.name(&mut gdb)?;
                if name != "SysView" {
                    return Err(format!("channel 1 is named {name}").into());
                }
            }
        }
        if let Some(channel) = &channel {
            channel.take(&mut gdb, &mut bytes)?;
        }
        if is_finished {
            gdb.ask_for_ok(&format!("z0,{finished:x},2"))?;
            gdb.send("c")?;
            return Ok(bytes);
        }
    }
}

struct Gdb {
    input: BufReader<UnixStream>,
    output: UnixStream,
}

impl Gdb {
    fn new(stream: UnixStream) -> Result<Self, Failed> {
        Ok(Self {
            input: BufReader::new(stream.try_clone()?),
            output: stream,
        })
    }

    /// Lets the target run, stops it again; whether it has come to the breakpoint.
    fn run_a_little(&mut self) -> Result<bool, Failed> {
        const INTERRUPT: u8 = 3;
        self.send("c")?;
        if !self.stops_by_itself()? {
            self.output.write_all(&[INTERRUPT])?;
        }
        let stop = self.receive()?;
        match stop.get(..3) {
            Some("T02") => Ok(false),
            Some("T05") => Ok(true),
            _ => Err(format!("the target stopped with {stop}").into()),
        }
    }

    /// Whether the target comes to the breakpoint before it is time for the next look.
    fn stops_by_itself(&mut self) -> Result<bool, Failed> {
        let patience = self.output.read_timeout()?;
        self.output.set_read_timeout(Some(INTERVAL))?;
        let has_come = match self.input.fill_buf() {
            Ok(_) => true,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                false
            }
            Err(error) => return Err(error.into()),
        };
        self.output.set_read_timeout(patience)?;
        Ok(has_come)
    }

    fn ask_for_ok(&mut self, packet: &str) -> Result<(), Failed> {
        match self.ask(packet)?.as_str() {
            "OK" => Ok(()),
            answer => Err(format!("{packet} was answered with {answer}").into()),
        }
    }

    fn ask(&mut self, packet: &str) -> Result<String, Failed> {
        self.send(packet)?;
        self.receive()
    }

    fn send(&mut self, packet: &str) -> Result<(), Failed> {
        let sum = packet.bytes().fold(0u8, u8::wrapping_add);
        write!(self.output, "${packet}#{sum:02x}")?;
        match self.byte()? {
            b'+' => Ok(()),
            byte => Err(format!("{packet} was not understood: {byte:#x}").into()),
        }
    }

    /// The next packet, with its sum checked.
    fn receive(&mut self) -> Result<String, Failed> {
        while self.byte()? != b'$' {}
        let mut packet = Vec::new();
        loop {
            match self.byte()? {
                b'#' => break,
                byte => packet.push(byte),
            }
        }
        let sum = [self.byte()?, self.byte()?];
        let sum = u8::from_str_radix(&String::from_utf8_lossy(&sum), 16)?;
        if sum != packet.iter().fold(0u8, |sum, &byte| sum.wrapping_add(byte)) {
            return Err("a packet with a wrong sum".into());
        }
        self.output.write_all(b"+")?;
        Ok(String::from_utf8(packet)?)
    }

    fn byte(&mut self) -> Result<u8, Failed> {
        let mut byte = [0];
        self.input.read_exact(&mut byte)?;
        Ok(byte[0])
    }
}

impl Memory for Gdb {
    fn read(&mut self, address: u64, bytes: &mut [u8]) -> Result<(), Failed> {
        /// A packet of QEMU's holds 4 KiB, and a byte takes two.
        const MOST: usize = 0x400;
        for (place, part) in (address..).step_by(MOST).zip(bytes.chunks_mut(MOST)) {
            let answer = self.ask(&format!("m{place:x},{:x}", part.len()))?;
            if answer.len() != 2 * part.len() {
                return Err(format!("memory at {place:#x}: {answer}").into());
            }
            for (byte, digits) in part.iter_mut().zip(answer.as_bytes().chunks(2)) {
                *byte = u8::from_str_radix(std::str::from_utf8(digits)?, 16)?;
            }
        }
        Ok(())
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), Failed> {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        self.ask_for_ok(&format!("M{address:x},{:x}:{digits}", bytes.len()))
    }
}
