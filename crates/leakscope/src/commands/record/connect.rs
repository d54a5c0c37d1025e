//! Opens the source that the user named.

use anyhow::bail;
use leakscope_capture::Interrupt;
use leakscope_capture::course::Options;
use leakscope_capture::gdb::{self, Architecture, Endpoint};
use leakscope_capture::memory::{SnapshotRequest, WordLayout};
use leakscope_capture::openocd;
use leakscope_capture::rtt::{self, Place};
#[cfg(not(feature = "probe"))]
use leakscope_capture::source::SourceError;
use leakscope_capture::source::{Abilities, Source, growing, network, serial, stdin};
use leakscope_symbols::{Machine, Symbols};

use super::places;
use crate::cli::{Record, SerialAddress};
use crate::screen::Advised;

/// The source, connected as far as somebody is there; `started` is where OpenOCD is, if it was started for this. What it cannot do is refused first.
pub(super) fn connect(
    record: &Record,
    started: Option<&Endpoint>,
    symbols: Option<&Symbols>,
    interrupt: &Interrupt,
    image: Option<&SnapshotRequest>,
) -> anyhow::Result<Box<dyn Source>> {
    let named = &record.source;
    let openocd = started.or(named.openocd.as_ref());
    let refuse = |option, abilities| refuse_others(record, option, abilities);
    Ok(if let Some(SerialAddress { path, baud }) = &named.serial {
        refuse("--serial", serial::ABILITIES)?;
        serial::open(path, *baud, record.trigger.reset)?
    } else if let Some(address) = &named.tcp {
        refuse("--tcp", network::ABILITIES)?;
        network::connect(address, interrupt)?
    } else if let Some(address) = &named.listen {
        refuse("--listen", network::ABILITIES)?;
        network::listen(address)?
    } else if let Some(address) = &named.rtt_tcp {
        refuse("--rtt-tcp", network::ABILITIES)?;
        network::connect_rtt(address, record.trigger.rtt_channel, interrupt)?
    } else if let Some(path) = &named.file {
        refuse("--file", growing::ABILITIES)?;
        growing::open(path)?
    } else if let Some(endpoint) = &named.gdb {
        refuse("--gdb", gdb::ABILITIES)?;
        gdb::connect(endpoint, options(record, symbols, interrupt, image)?)?
    } else if let Some(selector) = &named.probe {
        probe(selector.as_deref(), record, symbols, interrupt, image)?
    } else if let Some(place) = &named.rtt_memory {
        refuse("--rtt-memory", rtt::ABILITIES)?;
        let layout = symbols.map(layout).unwrap_or_default();
        rtt::open_file(place, symbols.and_then(control_block), layout, interrupt)?
    } else if let Some(endpoint) = openocd {
        refuse("--openocd", openocd::ABILITIES)?;
        openocd::connect(endpoint, options(record, symbols, interrupt, image)?)?
    } else if named.stdin {
        refuse("--stdin", stdin::ABILITIES)?;
        stdin::open()?
    } else {
        return Err(Advised {
            message: "no source is named".to_owned(),
            hint: "`--openocd localhost:6666` or `--gdb localhost:3333` for a debugger that is running, \
                   `--serial PORT@BAUD` for a serial line; in an ESP-IDF project, none is needed; `leakscope record --help` has the others",
        }
        .into());
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
    if record.image && !abilities.breakpoints {
        bail!("--image does not go with {source}: only a debugger can read the device's memory");
    }
    if trigger.few_stops && record.source.gdb.is_none() {
        bail!(
            "--few-stops does not go with {source}: it is for devices that GDB has to stop (--gdb)"
        );
    }
    if trigger.rtt_channel.is_some() && record.source.rtt_tcp.is_none() {
        bail!(
            "--rtt-channel does not go with {source}: it is what J-Link's RTT server (--rtt-tcp) is asked for"
        );
    }
    if trigger.chip.is_some() && record.source.probe.is_none() {
        bail!(
            "--chip does not go with {source}: it is what a debug probe (--probe) is attached to"
        );
    }
    Ok(())
}

/// What a debugger has to know.
fn options(
    record: &Record,
    symbols: Option<&Symbols>,
    interrupt: &Interrupt,
    image: Option<&SnapshotRequest>,
) -> anyhow::Result<Options> {
    let mut options = Options::new(places::plan(record, symbols)?);
    options.rtt = symbols.and_then(rtt_place);
    options.processor = symbols.map(|symbols| (architecture(symbols.machine()), layout(symbols)));
    options.few_stops = record.trigger.few_stops;
    options.image = image.cloned();
    options.interrupt = interrupt.clone();
    options.name = Box::new(places::namer(record.symbols.elf.clone()));
    Ok(options)
}

#[cfg(feature = "probe")]
fn probe(
    selector: Option<&str>,
    record: &Record,
    symbols: Option<&Symbols>,
    interrupt: &Interrupt,
    image: Option<&SnapshotRequest>,
) -> anyhow::Result<Box<dyn Source>> {
    use leakscope_capture::probe;
    refuse_others(record, "--probe", probe::ABILITIES)?;
    let chip = record.trigger.chip.as_deref().unwrap_or_default();
    Ok(probe::connect(
        selector,
        chip,
        options(record, symbols, interrupt, image)?,
    )?)
}

/// probe-rs is most of what there would be to build, for those who have another way to the same device.
#[cfg(not(feature = "probe"))]
fn probe(
    _: Option<&str>,
    _: &Record,
    _: Option<&Symbols>,
    _: &Interrupt,
    _: Option<&SnapshotRequest>,
) -> anyhow::Result<Box<dyn Source>> {
    let error = SourceError::new("this leakscope was built without debug probes (--probe)");
    let hint = "build it with them: cargo install --path crates/leakscope --features probe; or start a GDB server, \
                such as `probe-rs gdb`, and use --gdb";
    Err(error.with_hint(hint).into())
}

/// Where RTT's control block is; or, if it has no name, all variables of the program.
fn rtt_place(symbols: &Symbols) -> Option<Place> {
    let within = || Place::Within(symbols.ram().to_vec());
    let known = control_block(symbols).map(Place::At);
    known.or_else(|| (!symbols.ram().is_empty()).then(within))
}

fn control_block(symbols: &Symbols) -> Option<u64> {
    Some(symbols.symbol("_SEGGER_RTT")?.address)
}

fn layout(symbols: &Symbols) -> WordLayout {
    WordLayout {
        is_64_bit: symbols.is_64_bit(),
        is_big_endian: symbols.is_big_endian(),
    }
}

fn architecture(machine: Machine) -> Architecture {
    match machine {
        Machine::Arm => Architecture::Arm,
        Machine::RiscV32 | Machine::RiscV64 => Architecture::RiscV,
        Machine::Xtensa => Architecture::Xtensa,
        _ => Architecture::Other,
    }
}
