//! The registers of all cores, as OpenOCD has them.

use super::client::Client;
use super::target::{self, number};
use crate::memory::Registers;

/// The registers of each processor in the order of GDB, by OpenOCD's names; no name where OpenOCD has none, or nobody asks.
const ARM: [&str; 17] = [
    "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "sp", "lr",
    "pc", "xpsr",
];
const RISC_V: [&str; 33] = [
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "fp", "s1", "a0", "a1", "a2", "a3", "a4",
    "a5", "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4",
    "t5", "t6", "pc",
];
/// Behind `pc` and the 64 of the register file: callers' registers may be in any of those.
const XTENSA: [&str; 9] = [
    "lbeg",
    "lend",
    "lcount",
    "sar",
    "windowbase",
    "windowstart",
    "",
    "",
    "ps",
];

impl Client {
    /// The registers of all cores that stand still.
    pub(super) fn all_registers(&mut self) -> Vec<Registers> {
        let xtensa: Vec<String> = std::iter::once("pc".to_owned())
            .chain((0..64).map(|register| format!("ar{register}")))
            .chain(XTENSA.map(str::to_owned))
            .collect();
        let xtensa: Vec<&str> = xtensa.iter().map(String::as_str).collect();
        let processors = [&ARM[..], &RISC_V, &xtensa];
        let cores = target::cores(self).unwrap_or_default();
        let read = (1..).zip(cores).filter_map(|(number, core)| {
            let mut tried = processors.iter();
            let values = tried.find_map(|names| self.registers(&core.name, names))?;
            Some(Registers { number, values })
        });
        read.collect()
    }

    /// The registers of a core by their names, 32 bits each; `None` if it does not have them all, or runs.
    fn registers(&mut self, core: &str, names: &[&str]) -> Option<Vec<u8>> {
        let asked: Vec<&str> = names
            .iter()
            .copied()
            .filter(|name| !name.is_empty())
            .collect();
        let text = self
            .query(&format!("{core} get_reg {{{}}}", asked.join(" ")))
            .ok()?;
        let words: Vec<&str> = text.split_whitespace().collect();
        let value = |name: &&str| {
            if name.is_empty() {
                return Some([0; 4]);
            }
            let at = words.iter().position(|word| word == name)?;
            Some((number(words.get(at + 1)?)? as u32).to_le_bytes())
        };
        let values: Option<Vec<[u8; 4]>> = names.iter().map(value).collect();
        Some(values?.concat())
    }
}
