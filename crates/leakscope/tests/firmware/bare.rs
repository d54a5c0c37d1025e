//! Programs without an operating system on the C libraries of microcontrollers, wrapped as the recorder's file says: the
//! folder `bare/`.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use leakscope_testing::needs::has_tool;
use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use tempfile::TempDir;

use crate::emulator::Emulator;
use crate::skipped;

/// An emulated chip, and how programs are compiled for it and run on it.
struct Chip {
    compiler: &'static str,
    flags: &'static [&'static str],
    emulator: &'static [&'static str],
}

const CORTEX_M3: Chip = Chip {
    compiler: "arm-none-eabi-gcc",
    flags: &["-mcpu=cortex-m3", "-mthumb"],
    emulator: &["qemu-system-arm", "-M", "netduino2"],
};

/// The compiler's specs do not name the linker's emulation, nor do its libraries' folders know of newer extensions.
const RISCV: Chip = Chip {
    compiler: "riscv64-unknown-elf-gcc",
    flags: &[
        "-march=rv32imac",
        "-mabi=ilp32",
        "-misa-spec=2.2",
        "-Wl,-melf32lriscv",
    ],
    emulator: &["qemu-system-riscv32", "-M", "virt", "-bios", "none"],
};

/// A C library, and how programs are linked with it.
#[derive(Clone, Copy)]
struct Library {
    chip: &'static Chip,
    name: &'static str,
    header: &'static str,
    /// How the line of the recorder's file begins that says what is to be wrapped.
    wraps: &'static str,
    flags: &'static [&'static str],
}

const NEWLIB: Library = Library {
    chip: &CORTEX_M3,
    name: "newlib",
    header: "/usr/include/newlib/stdlib.h",
    wraps: "-Wl,--wrap=_malloc_r,",
    flags: &[
        "-DLEAKSCOPE_NEWLIB_WRAPPED",
        "-nostartfiles",
        "--specs=nosys.specs",
        "-Wl,-e,main",
        "-Wl,--section-start=.vectors=0",
        "-Wl,-Ttext=0x1000,-Tdata=0x20000000",
    ],
};

/// newlib's small allocator.
const NANO: Library = Library {
    name: "nano",
    flags: &[
        "-DLEAKSCOPE_NEWLIB_WRAPPED",
        "-nostartfiles",
        "--specs=nano.specs",
        "--specs=nosys.specs",
        "-Wl,-e,main",
        "-Wl,--section-start=.vectors=0",
        "-Wl,-Ttext=0x1000,-Tdata=0x20000000",
    ],
    ..NEWLIB
};

const PICOLIBC: Library = Library {
    chip: &CORTEX_M3,
    name: "picolibc",
    header: "/usr/lib/picolibc/arm-none-eabi/include/stdlib.h",
    wraps: "-Wl,--wrap=malloc,",
    flags: &[
        "--specs=picolibc.specs",
        "--oslib=semihost",
        "--crt0=semihost",
        "-Wl,--defsym=__flash=0,--defsym=__flash_size=0x100000",
        "-Wl,--defsym=__ram=0x20000000,--defsym=__ram_size=0x20000",
    ],
};

const PICOLIBC_RISCV: Library = Library {
    chip: &RISCV,
    name: "picolibc_riscv",
    header: "/usr/lib/picolibc/riscv64-unknown-elf/include/stdlib.h",
    flags: &[
        "--specs=picolibc.specs",
        "--oslib=semihost",
        "--crt0=semihost",
        "-Wl,--defsym=__flash=0x80000000,--defsym=__flash_size=0x100000",
        "-Wl,--defsym=__ram=0x80100000,--defsym=__ram_size=0x20000",
    ],
    ..PICOLIBC
};

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |test: &str, library: Library, run: fn(&Library) -> Result<(), Failed>| {
        let name = format!("bare::{}::{test}", library.name);
        let (compiler, emulator) = (library.chip.compiler, library.chip.emulator[0]);
        if has_tool(compiler) && has_tool(emulator) && Path::new(library.header).exists() {
            return Trial::test(name, move || run(&library));
        }
        let missing = format!("{compiler}, {emulator} or {}", library.header);
        Trial::test(name.clone(), move || skipped(&name, &missing))
    };
    let libraries = [NEWLIB, NANO, PICOLIBC].into_iter();
    let mut trials: Vec<Trial> = libraries
        .map(|library| trial("reallocations", library, reallocations))
        .collect();
    trials.push(trial("end_of_memory", NEWLIB, end_of_memory));
    trials.push(trial("page", NEWLIB, page));
    trials.push(trial("interrupt", NEWLIB, |library| {
        Program::run("interrupt.c", library).map(drop)
    }));
    trials.push(trial("trap", PICOLIBC_RISCV, |library| {
        Program::run("trap.c", library).map(drop)
    }));
    trials
}

/// A program in a folder of its own, and what it has recorded.
struct Program {
    folder: TempDir,
}

impl Program {
    fn run(source: &str, library: &Library) -> Result<Self, Failed> {
        let folder = TempDir::new()?;
        let elf = folder.path().join("program.elf");
        let sources = xtask::project().join("crates/leakscope/tests/firmware/bare");
        let recorder = xtask::project().join("integrations/c");
        let wrap = fs::read_to_string(recorder.join("leakscope_wrap.c"))?;
        let wraps = wrap
            .split_whitespace()
            .find(|word| word.starts_with(library.wraps));
        let output = Command::new(library.chip.compiler)
            .args(library.chip.flags)
            .args(["-Os", "-g", "-Wall", "-Werror", "-D_GNU_SOURCE", "-I"])
            .arg(&recorder)
            .arg(format!("-I{}", recorder.join("config").display()))
            .arg(sources.join(source))
            .args(["leakscope.c", "leakscope_wrap.c"].map(|file| recorder.join(file)))
            .args(library.flags)
            .arg(wraps.ok_or("leakscope_wrap.c names no wraps")?)
            .arg("-o")
            .arg(&elf)
            .output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
        }
        let mut command = Command::new(library.chip.emulator[0]);
        command.args(&library.chip.emulator[1..]);
        command.args(["-display", "none", "-semihosting"]);
        command.args(["-d", "guest_errors", "-D", "errors"]);
        command.arg("-kernel").arg(&elf);
        Emulator::start(&command, folder.path())?.end(0)?;
        let errors = fs::read_to_string(folder.path().join("errors"))?;
        if errors.contains("Invalid") {
            return Err(errors.lines().take(10).collect::<String>().into());
        }
        Ok(Self { folder })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn report(&self) -> Result<Value, Failed> {
        let output = Command::new(env!("CARGO_BIN_EXE_leakscope"))
            .args(["report", "--format", "json"])
            .arg(self.path("trace.svdat"))
            .arg("--elf")
            .arg(self.path("program.elf"))
            .stdin(Stdio::null())
            .output()?;
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}

/// What an allocator does by itself while it serves a call is not the program's, and what it answers is told.
fn reallocations(library: &Library) -> Result<(), Failed> {
    let report = Program::run("reallocations.c", library)?.report()?;
    let totals = &report["totals"];
    let is_right = totals["outstanding_blocks"] == 0
        && totals["allocations"] == totals["frees"]
        && totals["failed_allocations"] == 40;
    let mishaps = ["double_frees", "wrong_frees", "doubtful_frees"];
    let problems = report["problems"].as_array().map_or(0, Vec::len);
    if !is_right || problems > 0 || mishaps.iter().any(|kind| totals[kind] != 0) {
        return Err(format!("{totals:#}\n{:#}", report["problems"]).into());
    }
    Ok(())
}

/// Nothing is read where there is no memory, though nobody has said where stacks lie, and the callers are found all the same.
fn end_of_memory(library: &Library) -> Result<(), Failed> {
    let report = Program::run("end_of_memory.c", library)?.report()?;
    let sites = report["call_sites"].as_array().ok_or("no call sites")?;
    let functions = |site: &Value| -> Vec<String> {
        let frames = site["frames"].as_array().into_iter().flatten();
        let names = frames.filter_map(|frame| frame["function"].as_str());
        names.map(str::to_owned).collect()
    };
    let mut stacks: Vec<Vec<String>> = sites.iter().map(functions).collect();
    stacks.sort();
    if stacks != [["measure", "main"], ["show", "main"]] {
        return Err(format!("{stacks:?}").into());
    }
    Ok(())
}

/// What stands on the page about the emulator, pasted: the program, then one block of commands after the other.
fn page(_: &Library) -> Result<(), Failed> {
    let folder = TempDir::new()?;
    let recorder = xtask::project().join("integrations/c");
    let files = [
        "leakscope.c",
        "leakscope.h",
        "leakscope_wrap.c",
        "config/leakscope_config.h",
    ];
    for file in files {
        let name = Path::new(file).file_name().ok_or("no file")?;
        fs::copy(recorder.join(file), folder.path().join(name))?;
    }
    let page = fs::read_to_string(xtask::project().join("docs/c.md"))?;
    let blocks = |language: &str| -> Vec<String> {
        let begin = format!("\n```{language}\n");
        let parts = page.split(&begin).skip(1);
        let blocks = parts.filter_map(|part| part.split("```").next());
        blocks.map(str::to_owned).collect()
    };
    fs::write(folder.path().join("doorbell.c"), &blocks("c")[0])?;
    let program = PathBuf::from(env!("CARGO_BIN_EXE_leakscope"));
    let programs = program.parent().ok_or("no folder")?;
    let path = std::env::var("PATH").unwrap_or_default();
    // Another port than everybody's.
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let commands = blocks("sh")[..2].concat();
    let commands = commands.replace("3333", &port.to_string());
    let output = Command::new("bash")
        .args(["-e", "-c", &commands])
        .env("PATH", format!("{}:{path}", programs.display()))
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    if !said.contains("LEAK, steady") || !said.contains("remember [inlined]") {
        return Err(format!("{said}\n{errors}").into());
    }
    Ok(())
}
