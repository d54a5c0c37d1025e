//! Running the target and stopping it, breakpoints, registers, and the server's own commands.

use std::time::Duration;

use super::client::{Client, refused};
use super::error::GdbError;
use super::features::Architecture;
use super::hex;
use super::reply::{self, Stop};
use crate::interrupt::Wait;
use crate::memory::Memory;

impl Client {
    /// Whether the target runs, as far as was heard.
    pub fn is_running(&self) -> bool {
        self.is_running
    }

    /// Lets the target run.
    pub fn resume(&mut self) -> Result<(), GdbError> {
        if self.is_running {
            return Ok(());
        }
        self.send(if self.has_vcont { b"vCont;c" } else { b"c" })?;
        self.is_running = true;
        Ok(())
    }

    /// Waits until the target stands still; `None` if it still runs after `limit`.
    pub fn wait(&mut self, limit: Duration) -> Result<Option<Stop>, GdbError> {
        let interrupt = self.interrupt.clone();
        self.wait_for_stop(&mut Wait::new(limit, &interrupt))
    }

    fn wait_for_stop(&mut self, wait: &mut Wait<'_>) -> Result<Option<Stop>, GdbError> {
        while self.is_running {
            if let Some(stop) = self.pending_stop.take() {
                self.is_running = false;
                return Ok(Some(stop));
            }
            let Some(packet) = self.receive(wait, "the target to stop")? else {
                return Ok(None);
            };
            if self.keep_text(&packet) {
                continue;
            }
            match Stop::parse(&packet) {
                Some(stop) => self.pending_stop = Some(stop),
                // `vCont` was refused: the target did not move.
                None if reply::error(&packet).is_some() => {
                    self.is_running = false;
                    return Err(refused("to run the target", &packet));
                }
                None => {}
            }
        }
        Ok(None)
    }

    /// Stops the running target. It may have come to a breakpoint just before.
    pub fn interrupt(&mut self) -> Result<Stop, GdbError> {
        self.send_interrupt()?;
        let interrupt = self.interrupt.clone();
        let mut wait = Wait::new(self.time_out, &interrupt);
        let stop = self.wait_for_stop(&mut wait)?;
        stop.ok_or_else(|| GdbError::TimeOut {
            awaited: "the target to stop".to_owned(),
            limit: wait.waited(),
        })
    }

    /// As if this stop had not been seen: [`wait`](Self::wait) returns it again.
    pub(super) fn put_back(&mut self, stop: Stop) {
        self.pending_stop = Some(stop);
        self.is_running = true;
    }

    /// Sets a breakpoint at the instruction at `address`: one of the processor's own if there is one left.
    pub fn set_breakpoint(&mut self, address: u64) -> Result<Breakpoint, GdbError> {
        let length = self.instruction_length(address);
        let what = format!("a breakpoint at {address:#x}");
        let mut breakpoint = Breakpoint {
            address,
            kind: 1,
            length,
        };
        if self.ask(breakpoint.request('Z').as_bytes(), &what)? != b"OK" {
            breakpoint.kind = 0;
            self.ask_for_ok(breakpoint.request('Z').as_bytes(), &what)?;
        }
        Ok(breakpoint)
    }

    /// Takes a breakpoint away.
    pub fn remove_breakpoint(&mut self, breakpoint: Breakpoint) -> Result<(), GdbError> {
        let what = format!("the removal of the breakpoint at {:#x}", breakpoint.address);
        self.ask_for_ok(breakpoint.request('z').as_bytes(), &what)
    }

    /// What the protocol calls the kind of a breakpoint: how long the instruction is that it replaces.
    fn instruction_length(&mut self, address: u64) -> u8 {
        let mut first = [0];
        let has_first = self.read(address, &mut first).is_ok();
        match self.description.architecture {
            Some(Architecture::Arm) => 2,
            // The two lowest bits of a compressed instruction are not both set.
            Some(Architecture::RiscV) if has_first && first[0] & 3 != 3 => 2,
            // Of a narrow one, bit 3 is, in little-endian order.
            Some(Architecture::Xtensa) if has_first && first[0] & 8 != 0 => 2,
            Some(Architecture::Xtensa) => 3,
            _ => 4,
        }
    }

    /// Where the target stands; `None` if the server does not say.
    pub fn program_counter(&mut self, stop: &Stop) -> Result<Option<u64>, GdbError> {
        let architecture = self.description.architecture;
        let number = match self.description.pc {
            Some((number, _)) => Some(number),
            None => architecture.and_then(Architecture::usual_pc),
        };
        let Some(number) = number else {
            return Ok(None);
        };
        if let Stop::Signal { registers, .. } = stop
            && let Some((_, bytes)) = registers.iter().find(|(this, _)| *this == number)
            && bytes.len() <= 8
        {
            return Ok(Some(self.layout.number(bytes)));
        }
        let answer = self.ask(format!("p{number:x}").as_bytes(), "the program counter")?;
        if let Some(bytes) = hex::decode(&answer).filter(|bytes| matches!(bytes.len(), 4 | 8)) {
            return Ok(Some(self.layout.number(&bytes)));
        }
        // Servers without `p` have all registers in one row, of 32 or 64 bits each up to `pc`.
        let answer = self.ask(b"g", "the registers")?;
        let size = self.layout.pointer_size();
        let place = usize::try_from(number)
            .ok()
            .map(|number| number.saturating_mul(size));
        let bytes = hex::decode(&answer).unwrap_or_default();
        let bytes = place.and_then(|place| bytes.get(place..place.checked_add(size)?));
        Ok(bytes.map(|bytes| self.layout.number(bytes)))
    }

    /// Has the server carry out a command of its own that takes it seconds, and is waited for whatever the user wants.
    pub(super) fn monitor_patiently(&mut self, command: &str) -> Result<String, GdbError> {
        let interrupt = std::mem::take(&mut self.interrupt);
        let said = self.monitor(command);
        self.interrupt = interrupt;
        said
    }

    /// Has the server carry out a command of its own; what it says.
    ///
    /// Of very long texts, only the beginning is kept.
    pub fn monitor(&mut self, command: &str) -> Result<String, GdbError> {
        const LONGEST: usize = 1 << 20;
        let request = format!("qRcmd,{}", hex::encode(command.as_bytes()));
        let what = format!("`monitor {command}`");
        self.send(request.as_bytes())?;
        let mut said = String::new();
        let interrupt = self.interrupt.clone();
        let mut wait = Wait::new(self.time_out, &interrupt);
        loop {
            let Some(packet) = self.receive(&mut wait, &what)? else {
                return Err(GdbError::TimeOut {
                    awaited: what,
                    limit: wait.waited(),
                });
            };
            if let Some(text) = reply::text(&packet) {
                if said.len() < LONGEST {
                    said += &text;
                }
                continue;
            }
            if self.is_running
                && let Some(stop) = Stop::parse(&packet)
            {
                self.pending_stop = Some(stop);
                continue;
            }
            return match packet.as_slice() {
                b"OK" => Ok(said),
                b"" => Err(GdbError::Unsupported { request: what }),
                _ => match hex::decode(&packet) {
                    Some(text) => Ok(said + &String::from_utf8_lossy(&text)),
                    None if said.is_empty() => Err(refused(&what, &packet)),
                    None => Err(GdbError::Refused {
                        request: what,
                        answer: said.trim().to_owned(),
                    }),
                },
            };
        }
    }

    /// Leaves. The target runs on.
    pub fn detach(&mut self) -> Result<(), GdbError> {
        if self.is_running {
            match self.interrupt()? {
                Stop::Signal { .. } => {}
                Stop::Exited(_) | Stop::Killed(_) => return Ok(()),
            }
        }
        self.ask_for_ok(b"D", "the end of debugging")
    }
}

/// A breakpoint that was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breakpoint {
    /// Where.
    pub address: u64,
    /// 0 if the server replaces the instruction, 1 if the processor compares addresses.
    kind: u8,
    length: u8,
}

impl Breakpoint {
    fn request(self, verb: char) -> String {
        format!("{verb}{},{:x},{}", self.kind, self.address, self.length)
    }
}
