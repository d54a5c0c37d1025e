//! What can be typed after `leakscope record`.

use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use leakscope_capture::gdb::Endpoint;
use leakscope_capture::memory::MemoryFilePlace;
use leakscope_capture::recording::Rotation;
use leakscope_compare::rate::Rate;

use super::quantity;
use super::{Gate, ReportFormat, Symbols};

const SOURCE: &str =
    "Source (one of these; in an ESP-IDF project, --openocd localhost:6666 if none is named)";
const RECORDING: &str = "Recording";
const DEVICE: &str = "Device";
const REPORT: &str = "Report";
const CHECK: &str = "Check (docs/ci.md)";

/// Record a running device into a file, follow its heap meanwhile, and report on it at the end.
///
/// In an ESP-IDF project, its program and OpenOCD at localhost:6666 need not be named.
///
/// Ctrl-C ends the device's tracing and then reports; a second Ctrl-C ends at once. What was recorded until
/// then is in the file in either case.
#[derive(Debug, Args)]
#[command(override_usage = "leakscope record [SOURCE] --output <FILE> [OPTIONS]")]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct Record {
    #[command(flatten)]
    pub(crate) source: SourceArguments,
    /// The recording to make.
    #[arg(help_heading = RECORDING, short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Overwrite a recording that exists, once something new has come.
    #[arg(help_heading = RECORDING, long)]
    pub(crate) force: bool,
    /// Add another session to a recording that exists. Of one core: several are put one behind the other at the end.
    #[arg(help_heading = RECORDING, long, conflicts_with_all = ["force", "rotate"])]
    pub(crate) append: bool,
    /// Begin another file whenever one has this size, or after this time: 100M, 1GiB, 24h. FILE.svdat becomes
    /// FILE.0001.svdat and so on; `report` of the first one reads all. Of one core: several become one file at the end.
    #[arg(help_heading = RECORDING, long, value_name = "SIZE|TIME", value_parser = quantity::rotation)]
    pub(crate) rotate: Option<Rotation>,
    /// At the end, read the device's memory too, into a core dump beside the recording (heap.svdat: heap.core). The device
    /// stands still meanwhile. The file holds all that is in memory, keys and passwords too: only you can read it.
    #[arg(help_heading = RECORDING, long)]
    pub(crate) image: bool,
    /// RAM to read besides the program's variables, where the heap is not one of them: 0x3fc80000+320KiB.
    #[arg(help_heading = RECORDING, long, value_name = "START+SIZE", requires = "image", value_parser = quantity::range)]
    pub(crate) ram: Vec<Range<u64>>,
    #[command(flatten)]
    pub(crate) symbols: Symbols,
    #[command(flatten)]
    pub(crate) trigger: Trigger,
    /// Stop this long after tracing began: 10 (seconds), 500ms, 2min, 1h. As long is waited for it to begin.
    #[arg(help_heading = RECORDING, long, value_name = "TIME", value_parser = quantity::duration)]
    pub(crate) duration: Option<Duration>,
    /// Stop when this much was recorded: 4096 (bytes), 10M, 10MiB. What is under way then is taken too, 1 MiB at most.
    #[arg(help_heading = RECORDING, long, value_name = "SIZE", value_parser = quantity::size)]
    pub(crate) max_size: Option<u64>,
    /// Say at once when a call site leaks so fast, and end with exit code 4: 100B/min, 1KiB/s, 64k/24h.
    #[arg(help_heading = REPORT, long, value_name = "GROWTH")]
    pub(crate) alarm: Option<Rate>,
    /// Check at the end what was recorded, as `leakscope check` does, with its exit codes.
    #[arg(help_heading = CHECK, long)]
    pub(crate) check: bool,
    #[command(flatten, next_help_heading = CHECK)]
    pub(crate) gate: Gate,
    /// Print the device's log messages as they come.
    #[arg(help_heading = REPORT, long, conflicts_with = "format")]
    pub(crate) log: bool,
    /// Print a report at this interval while recording.
    #[arg(
        help_heading = REPORT,
        long,
        value_name = "TIME",
        value_parser = quantity::duration,
        conflicts_with = "format"
    )]
    pub(crate) report_every: Option<Duration>,
    /// How much heap the target has, if the recording does not say: 300k, 256KiB. The report says how long it lasts.
    #[arg(help_heading = REPORT, long, value_name = "SIZE", value_parser = quantity::size)]
    pub(crate) heap_size: Option<u64>,
    /// Show it in the browser while it is being recorded, and until Ctrl-C after that.
    #[arg(help_heading = REPORT, long)]
    pub(crate) view: bool,
    /// With --view: only print the address of the page.
    #[arg(help_heading = REPORT, long, requires = "view")]
    pub(crate) no_open: bool,
    /// Only record.
    #[arg(help_heading = REPORT, long, conflicts_with_all = ["format", "report_every"])]
    pub(crate) no_report: bool,
    /// The report at the end: text for people, or one JSON document.
    #[arg(help_heading = REPORT, long, value_enum, default_value_t = ReportFormat::Text)]
    pub(crate) format: ReportFormat,
}

/// Where the trace comes from: one of these.
#[derive(Debug, Default, PartialEq, Args)]
#[group(multiple = false)]
pub(crate) struct SourceArguments {
    /// A serial line, for example /dev/ttyUSB0@1000000.
    #[arg(long, value_name = "PORT@BAUD", value_parser = SerialAddress::parse, help_heading = SOURCE)]
    pub(crate) serial: Option<SerialAddress>,
    /// A device that serves SystemView over IP (port 19111 unless given), or any TCP server that sends packets.
    #[arg(long, value_name = "HOST[:PORT]", help_heading = SOURCE)]
    pub(crate) tcp: Option<String>,
    /// A device (or OpenOCD) that connects to this computer; without an address, on any of its networks.
    #[arg(long, value_name = "[ADDR:]PORT", help_heading = SOURCE)]
    pub(crate) listen: Option<String>,
    /// The RTT server of OpenOCD or J-Link, for the channel `SysView`.
    #[arg(long, value_name = "HOST:PORT", help_heading = SOURCE)]
    pub(crate) rtt_tcp: Option<String>,
    /// OpenOCD's Tcl port, for example localhost:6666: ESP chips through Espressif's OpenOCD, others by RTT.
    #[arg(long, value_name = "HOST:PORT", help_heading = SOURCE)]
    pub(crate) openocd: Option<Endpoint>,
    /// Any GDB server, for example localhost:3333: OpenOCD, QEMU, J-Link, pyOCD, probe-rs; or the path of a
    /// Unix socket.
    #[arg(long, value_name = "HOST:PORT", help_heading = SOURCE)]
    pub(crate) gdb: Option<Endpoint>,
    /// A debug probe at this computer, through probe-rs; which one, if there are several. Only in a leakscope built
    /// with `--features probe`.
    #[arg(
        long,
        value_name = "VID:PID[:SERIAL]",
        requires = "chip",
        help_heading = SOURCE
    )]
    #[allow(
        clippy::option_option,
        reason = "how clap says that the value may be left out"
    )]
    pub(crate) probe: Option<Option<String>>,
    /// The target's memory as a file, and the address of its first byte: an emulator's shared RAM.
    #[arg(long, value_name = "FILE@BASE", help_heading = SOURCE)]
    pub(crate) rtt_memory: Option<MemoryFilePlace>,
    /// A file that another program is writing; it is followed until Ctrl-C.
    #[arg(long, value_name = "FILE", help_heading = SOURCE)]
    pub(crate) file: Option<PathBuf>,
    /// OpenOCD, which is started for the project's chip and ended with the recording. It is Espressif's in PATH, or else
    /// in ESP-IDF's folder of tools.
    #[arg(long, help_heading = SOURCE)]
    pub(crate) start_openocd: bool,
    /// Standard input, up to its end.
    #[arg(long, help_heading = SOURCE)]
    pub(crate) stdin: bool,
}

/// When the device begins and ends, and what has to be known of it.
#[derive(Debug, Args)]
pub(crate) struct Trigger {
    /// Begin when the program reaches this function or address.
    #[arg(help_heading = DEVICE, long, value_name = "SYMBOL|ADDRESS")]
    pub(crate) start: Option<String>,
    /// End when the program reaches this function or address.
    #[arg(help_heading = DEVICE, long, value_name = "SYMBOL|ADDRESS")]
    pub(crate) stop: Option<String>,
    /// Reset the device first, to record from its start.
    #[arg(help_heading = DEVICE, long)]
    pub(crate) reset: bool,
    /// Stop the device only when its buffer may be nearly full, if it has to be stopped for each look at it.
    #[arg(help_heading = DEVICE, long)]
    pub(crate) few_stops: bool,
    /// The RTT channel that J-Link's server is asked for, with --rtt-tcp. OpenOCD's has a port a channel.
    #[arg(help_heading = DEVICE, long, value_name = "N")]
    pub(crate) rtt_channel: Option<u8>,
    /// The chip that --probe is attached to, by probe-rs's name: STM32F407VG, nRF52840_xxAA, esp32c3.
    #[arg(help_heading = DEVICE, long, value_name = "NAME")]
    pub(crate) chip: Option<String>,
}

/// A serial port and its speed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SerialAddress {
    pub(crate) path: String,
    pub(crate) baud: u32,
}

impl SerialAddress {
    fn parse(text: &str) -> Result<Self, String> {
        let (path, baud) = text
            .rsplit_once('@')
            .ok_or("the speed is missing: PORT@BAUD, for example /dev/ttyUSB0@1000000")?;
        match baud.parse() {
            Ok(baud) if baud > 0 && !path.is_empty() => Ok(Self {
                path: path.to_owned(),
                baud,
            }),
            _ => Err(format!("`{baud}` is no speed in baud")),
        }
    }
}
