//! What OpenOCD can say of its target, and do with it.

use std::time::{Duration, Instant};

use super::client::Client;
use super::error::OpenOcdError;

/// One core, as OpenOCD sees it: a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Core {
    /// Its name, `esp32.cpu0`.
    pub name: String,
    /// OpenOCD's type of target: `esp32`, `cortex_m`.
    pub kind: String,
    /// `running`, `halted`, `reset`, `unavailable`, …
    pub state: String,
}

/// The cores of the chip: those of the same type as the current one.
pub fn cores(client: &mut Client) -> Result<Vec<Core>, OpenOcdError> {
    let script = "set leakscope_cores {}; \
        foreach leakscope_core [target names] { \
            lappend leakscope_cores \
                \"$leakscope_core [$leakscope_core cget -type] [$leakscope_core curstate]\" }; \
        join $leakscope_cores \"\\n\"";
    let text = client.query(script)?;
    let all = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace().map(str::to_owned);
        Some(Core {
            name: words.next()?,
            kind: words.next()?,
            state: words.next()?,
        })
    });
    let all: Vec<Core> = all.collect();
    let current = client.query("target current")?;
    let kind = all
        .iter()
        .find(|core| core.name == current.trim())
        .map(|core| core.kind.clone());
    let Some(kind) = kind else {
        return Err(OpenOcdError::NoTarget {
            target: current.trim().to_owned(),
            state: "not there".to_owned(),
        });
    };
    let cores: Vec<Core> = all.into_iter().filter(|core| core.kind == kind).collect();
    if let Some(core) = cores.first()
        && !is_usable(&core.state)
    {
        return Err(OpenOcdError::NoTarget {
            target: core.name.clone(),
            state: core.state.clone(),
        });
    }
    Ok(cores)
}

fn is_usable(state: &str) -> bool {
    matches!(state, "running" | "halted" | "reset" | "debug-running")
}

/// Whether Espressif's OpenOCD can trace it.
pub fn is_espressif(cores: &[Core]) -> bool {
    cores
        .first()
        .is_some_and(|core| core.kind.starts_with("esp32"))
}

impl Client {
    /// Whether the current target stands still.
    pub fn is_halted(&mut self) -> Result<bool, OpenOcdError> {
        Ok(self.query("[target current] curstate")?.trim() == "halted")
    }

    /// Stops the target.
    pub fn halt(&mut self) -> Result<(), OpenOcdError> {
        self.command("halt").map(drop)
    }

    /// Lets the target run.
    pub fn resume(&mut self) -> Result<(), OpenOcdError> {
        self.command("resume").map(drop)
    }

    /// Lets the target run, if it stands still.
    pub fn resume_if_halted(&mut self) -> Result<(), OpenOcdError> {
        if self.is_halted()? {
            self.resume()?;
        }
        Ok(())
    }

    /// Resets the target, which then stands still before its first instruction.
    pub fn reset_and_halt(&mut self) -> Result<(), OpenOcdError> {
        const LIMIT: Duration = Duration::from_secs(5);
        self.command("reset halt")?;
        let end = Instant::now() + LIMIT;
        while !self.is_halted()? {
            if Instant::now() > end {
                return self.halt();
            }
        }
        Ok(())
    }

    /// Where a target that stands still goes on.
    pub fn program_counter(&mut self) -> Result<u64, OpenOcdError> {
        let script = "get_reg pc";
        let text = self.query(script)?;
        let value = text.split_whitespace().last();
        value
            .and_then(number)
            .ok_or_else(|| OpenOcdError::refused(script, &text))
    }

    /// Sets a hardware breakpoint.
    pub fn add_breakpoint(&mut self, address: u64) -> Result<(), OpenOcdError> {
        match self.command(&format!("bp {address:#x} 2 hw")) {
            // Somebody has set it already: that will do.
            Err(OpenOcdError::Refused { answer, .. }) if answer.contains("Duplicate") => Ok(()),
            result => result.map(drop),
        }
    }

    /// Removes a breakpoint. The target must stand still.
    pub fn remove_breakpoint(&mut self, address: u64) -> Result<(), OpenOcdError> {
        self.command(&format!("rbp {address:#x}")).map(drop)
    }
}

/// A number as Tcl prints it: decimal, or hexadecimal with `0x`.
pub(super) fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}
