//! Two cores through Espressif's OpenOCD (`esp sysview_mcore`): a virtual ESP32-H4 plays a trace with core bits, and
//! what OpenOCD makes of it is what leakscope makes of the same stream.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use leakscope_systemview::{Header, Init, Packet, Writer, sync};
use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use tempfile::TempDir;
use virtual_board::{Machine, Model, Program};

use crate::openocd::{self, Chip, OpenOcd};
use crate::record::{self, By, Recorded};
use crate::skipped;

const COMPILER: &str = "riscv64-unknown-elf-gcc";
/// Where the player looks for what it plays.
const TAPE: u32 = 0x4210_0000;
/// ESP-IDF's events: a block is allocated, or freed.
const ALLOCATED: u32 = 512;
const FREED: u32 = 513;

pub(crate) fn trials() -> Vec<Trial> {
    let compiler = Command::new(COMPILER).arg("--version").output();
    let missing = match compiler {
        Ok(_) => openocd::missing(),
        Err(_) => Some(COMPILER.to_owned()),
    };
    let ways = [("openocd", By::Tcl), ("gdb", By::Gdb)].into_iter();
    ways.map(|(name, by)| {
        let name = format!("board::esp32h4::two_cores::{name}");
        match &missing {
            Some(missing) => {
                let missing = missing.clone();
                Trial::test(name.clone(), move || skipped(&name, &missing))
            }
            None => Trial::test(name, move || record_two_cores(by)),
        }
    })
    .collect()
}

fn record_two_cores(by: By) -> Result<(), Failed> {
    let folder = TempDir::new()?;
    let trace = Trace::made_up();
    let elf = compile(folder.path())?;
    let mut program = Program::read(&fs::read(&elf)?)?;
    program.segments.push((TAPE, trace.tape()));
    let machine = Machine::new(Model::Esp32H4, &program)?;
    let openocd = OpenOcd::of(machine, folder.path(), Chip::Esp32H4)?;
    let (option, service) = match by {
        By::Tcl => ("--openocd", "tcl"),
        By::Gdb | By::Gdbinit => ("--gdb", "gdb"),
    };
    let endpoint = format!("127.0.0.1:{}", openocd.port(service)?);
    let arguments = ["record", "--reset", option, &endpoint, "--stop", "played"];
    let recorded = record::start(record::leakscope(folder.path(), &elf, &arguments))
        .and_then(|recorder| record::finish(folder.path(), recorder));
    let messages = openocd.end()?;
    let recorded = recorded.map_err(|error| {
        let said = error.message().unwrap_or_default();
        Failed::from(format!("{said}\nOpenOCD:\n{messages}"))
    })?;
    let split = split(&trace, folder.path())?;
    for (core, (openocds, ours)) in parts(&recorded.bytes).iter().zip(parts(&split)).enumerate() {
        // All but the time of the last packet: where a core has no TRACE_STOP, OpenOCD adds one, without a delta.
        let (openocds, ours) = (without_last(openocds), without_last(ours));
        if openocds != ours {
            let place = openocds.iter().zip(ours).position(|(a, b)| a != b);
            let lengths = (openocds.len(), ours.len());
            return Err(format!("core {core} differs at {place:?}, of {lengths:?} bytes").into());
        }
    }
    check(&recorded)
}

/// The player of the board's folder.
fn compile(folder: &Path) -> Result<PathBuf, Failed> {
    let elf = folder.join("player.elf");
    let output = Command::new(COMPILER)
        .args([
            "-march=rv32imc_zicsr",
            "-mabi=ilp32",
            "-O2",
            "-g",
            "-Wall",
            "-Werror",
        ])
        .args([
            "-ffreestanding",
            "-nostdlib",
            "-static",
            "-msmall-data-limit=0",
        ])
        .args([
            "-Wl,-n",
            "-Wl,--no-relax",
            "-Wl,--build-id=none",
            "-Wl,-e,_start",
        ])
        .args([
            "-Wl,-Ttext=0x40800000",
            "-Wl,-Tdata=0x40810000",
            "-Wl,-Tbss=0x40810000",
            "-o",
        ])
        .arg(&elf)
        .arg(xtask::project().join("firmware/board/player/player.c"))
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(elf)
}

/// What leakscope makes of the stream of both cores.
fn split(trace: &Trace, folder: &Path) -> Result<Vec<u8>, Failed> {
    let (sent, split) = (folder.join("sent.svdat"), folder.join("split.svdat"));
    let mut file = b";\n; Author      Espressif Inc\n; ESP_Extension\n;\n".to_vec();
    file.extend(trace.stream());
    fs::write(&sent, file)?;
    let output = Command::new(env!("CARGO_BIN_EXE_leakscope"))
        .args(["record", "--stdin", "--no-report", "-o"])
        .arg(&split)
        .stdin(fs::File::open(&sent)?)
        .stdout(Stdio::null())
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(fs::read(&split)?)
}

fn without_last(part: &[u8]) -> &[u8] {
    &part[..part.len().saturating_sub(1)]
}

/// The parts of a joined file.
fn parts(file: &[u8]) -> [&[u8]; 2] {
    let header = Header::parse(file);
    let second = header.core_offsets().find(|&(core, _)| core == 1);
    let data = &file[header.data..];
    let (first, second) = data.split_at(second.map_or(data.len(), |(_, offset)| offset as usize));
    [first, second]
}

fn check(recorded: &Recorded) -> Result<(), Failed> {
    let report = recorded.report.as_ref().ok_or("there is no report")?;
    let found: [&Value; 4] = [
        &report["trace"]["cores"],
        &report["totals"]["allocations"],
        &report["totals"]["frees"],
        &report["problems"],
    ];
    let expected = [
        serde_json::json!([0, 1]),
        Value::from(Trace::ROUNDS),
        Value::from(Trace::ROUNDS / 2),
        serde_json::json!([]),
    ];
    if found.into_iter().eq(&expected) {
        return Ok(());
    }
    Err(format!("{found:?} is not {expected:?}").into())
}

/// A trace of two cores, as a chip sends it.
struct Trace {
    packets: Vec<Vec<u8>>,
}

impl Trace {
    const ROUNDS: u32 = 600;
    /// Somewhere in the player.
    const CALLER: u32 = 0x4080_0100;
    const TASKS: [u32; 2] = [0x98_0000, 0x99_0000];

    /// With blocks that core 0 allocates, of which core 1 frees every other one.
    fn made_up() -> Self {
        let mut trace = Self {
            packets: vec![sync::SYNC.to_vec()],
        };
        let init = Init {
            timestamp_hz: 40_000_000,
            cpu_hz: 160_000_000,
            ram_base: 0x4080_0000,
            id_shift: 0,
        };
        let [first, second] = Self::TASKS;
        let info = |task, name: &'static str| Packet::TaskInfo {
            task,
            priority: 5,
            name: name.into(),
        };
        for packet in [
            Packet::TraceStart,
            Packet::Init(init),
            Packet::SysDesc {
                text: "N=Player,D=esp32h4,C=core0,O=FreeRTOS".into(),
            },
            Packet::SystimeCycles { cycles: 1234 },
            info(first, "first"),
            info(second, "second"),
            Packet::NumModules { count: 1 },
            Packet::ModuleDesc {
                module: 0,
                offset: ALLOCATED,
                text: "M=ESP32 SystemView Heap Tracing Module".into(),
            },
            Packet::TaskStartExec { task: first },
        ] {
            trace.add(0, &packet, 5);
        }
        trace.add(1, &Packet::TaskStartExec { task: second }, 5);
        for round in 0..Self::ROUNDS {
            let address = 0x4082_0000 + 16 * round;
            trace.add_event(0, ALLOCATED, &[address, 12, Self::CALLER, 0], 40 + round);
            trace.add(1, &Packet::TaskStartReady { task: first }, 9);
            if round % 2 == 0 {
                trace.add_event(1, FREED, &[address, Self::CALLER, 0], 200 + round);
            }
        }
        trace.add(0, &Packet::TraceStop, 9);
        trace
    }

    fn add(&mut self, core: u8, packet: &Packet<'_>, delta: u32) {
        let mut buffer = [0; 255];
        let length = packet.encode_with_core_bit(core, delta, &mut buffer);
        let length = length.expect("ESP-IDF has no longer packets");
        self.packets.push(buffer[..length].to_vec());
    }

    fn add_event(&mut self, core: u8, id: u32, numbers: &[u32], delta: u32) {
        let mut buffer = [0; 64];
        let mut writer = Writer::new(&mut buffer);
        for &number in numbers {
            writer.number(number).expect("there is room");
        }
        let payload = writer.written();
        self.add(core, &Packet::Other { id, payload }, delta);
    }

    /// What the chip sends.
    fn stream(&self) -> Vec<u8> {
        self.packets.concat()
    }

    /// The same for the player: the last packet comes when the host says STOP.
    fn tape(&self) -> Vec<u8> {
        let mut tape = Vec::new();
        for (number, packet) in self.packets.iter().enumerate() {
            if number + 1 == self.packets.len() {
                tape.push(0);
            }
            tape.push(packet.len() as u8);
            tape.extend(packet);
        }
        tape.push(0);
        tape
    }
}
