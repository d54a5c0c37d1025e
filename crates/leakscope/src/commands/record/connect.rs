//! Opens the source that the user named.

use anyhow::bail;
use leakscope_capture::openocd::{self, Options, RttPlace};
use leakscope_capture::source::{Abilities, Source, growing, network, serial, stdin};

use leakscope_symbols::Symbols;

use super::places;
use crate::cli::{Record, SerialAddress};

/// The source, connected as far as somebody is there. What it cannot do is refused first.
pub(super) fn connect(
    record: &Record,
    symbols: Option<&Symbols>,
) -> anyhow::Result<Box<dyn Source>> {
    let named = &record.source;
    let refuse = |option, abilities| refuse_others(record, option, abilities);
    Ok(if let Some(SerialAddress { path, baud }) = &named.serial {
        refuse("--serial", serial::ABILITIES)?;
        serial::open(path, *baud, record.trigger.reset)?
    } else if let Some(address) = &named.tcp {
        refuse("--tcp", network::ABILITIES)?;
        network::connect(address)?
    } else if let Some(address) = &named.listen {
        refuse("--listen", network::ABILITIES)?;
        network::listen(address)?
    } else if let Some(address) = &named.rtt_tcp {
        refuse("--rtt-tcp", network::ABILITIES)?;
        network::connect_rtt(address, record.trigger.rtt_channel)?
    } else if let Some(path) = &named.file {
        refuse("--file", growing::ABILITIES)?;
        growing::open(path)?
    } else if let Some(endpoint) = &named.openocd {
        refuse("--openocd", openocd::ABILITIES)?;
        openocd::connect(endpoint, openocd_options(record, symbols)?)?
    } else {
        refuse("--stdin", stdin::ABILITIES)?;
        stdin::open()?
    })
}

/// An option that the source has no use for is a mistake.
fn refuse_others(record: &Record, source: &str, abilities: Abilities) -> anyhow::Result<()> {
    let trigger = &record.trigger;
    if !abilities.breakpoints {
        for (option, value) in [("--start", &trigger.start), ("--stop", &trigger.stop)] {
            if value.is_some() {
                bail!(
                    "{option} does not go with {source}: only a debugger can wait for a place in the program"
                );
            }
        }
    }
    if trigger.reset && !abilities.reset {
        bail!("--reset does not go with {source}: the device cannot be reset from there");
    }
    if abilities.needs_elf && record.symbols.elf.is_none() {
        bail!("{source} needs --elf: it looks symbols up in the program");
    }
    Ok(())
}

fn openocd_options(record: &Record, symbols: Option<&Symbols>) -> anyhow::Result<Options> {
    let mut options = Options::new(places::plan(record, symbols)?);
    let control_block = symbols.and_then(|symbols| symbols.symbol("_SEGGER_RTT"));
    if let Some(symbol) = control_block {
        options.rtt = RttPlace::At(symbol.address);
    }
    options.name = Box::new(places::namer(record.symbols.elf.clone()));
    Ok(options)
}
