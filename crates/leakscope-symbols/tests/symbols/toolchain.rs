//! The compilers and binutils of this machine, as makers of programs and as oracles.

use leakscope_symbols::CodeFrame;
use leakscope_testing::needs::has_tool;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A compiler, its binutils, and what it takes to link a program without a C library.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Toolchain {
    pub(crate) prefix: &'static str,
    flags: &'static [&'static str],
    /// The instructions that leave a return address.
    calls: &'static [&'static str],
}

pub(crate) const HOST: Toolchain = Toolchain {
    prefix: "",
    flags: &[
        "-no-pie",
        "-fcf-protection=none",
        "-fno-asynchronous-unwind-tables",
    ],
    calls: &["call", "callq"],
};
pub(crate) const ARM: Toolchain = Toolchain {
    prefix: "arm-none-eabi-",
    flags: &["-mcpu=cortex-m4", "-mthumb", "-Wl,-Ttext=0x08000000"],
    calls: &["bl", "blx"],
};
pub(crate) const ARM_A32: Toolchain = Toolchain {
    prefix: "arm-none-eabi-",
    flags: &["-mcpu=arm926ej-s", "-marm"],
    calls: &["bl", "blx"],
};
pub(crate) const RISCV32: Toolchain = Toolchain {
    prefix: "riscv64-unknown-elf-",
    flags: &[
        "-march=rv32imac",
        "-mabi=ilp32",
        "-Wl,-melf32lriscv",
        "-Wl,-Ttext=0x42000000",
    ],
    calls: &["jal", "jalr"],
};
pub(crate) const RISCV64: Toolchain = Toolchain {
    prefix: "riscv64-unknown-elf-",
    flags: &["-march=rv64imac", "-mabi=lp64", "-mcmodel=medany"],
    calls: &["jal", "jalr"],
};
pub(crate) const XTENSA: Toolchain = Toolchain {
    prefix: "xtensa-lx106-elf-",
    flags: &["-Wl,-Ttext=0x400d0000"],
    calls: &["call0", "callx0"],
};

/// One level of the chain of functions at an address, as binutils tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OracleFrame {
    pub(crate) function: Option<String>,
    pub(crate) file: Option<String>,
    pub(crate) line: Option<u32>,
}

impl OracleFrame {
    /// What this crate says, in the oracle's terms.
    pub(crate) fn all(frames: &[CodeFrame]) -> Vec<Self> {
        let frame = |frame: &CodeFrame| Self {
            function: frame.function.as_deref().map(str::to_owned),
            file: frame.file.as_deref().map(str::to_owned),
            line: frame.line,
        };
        frames.iter().map(frame).collect()
    }
}

/// A call instruction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub(crate) address: u64,
    pub(crate) return_address: u64,
}

pub(crate) fn program(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/symbols/programs")
        .join(name)
}

impl Toolchain {
    pub(crate) fn is_here(&self) -> bool {
        ["gcc", "objdump", "addr2line"]
            .iter()
            .all(|name| has_tool(&self.tool(name)))
    }

    fn tool(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Compiles and links one file of `programs` without a C library.
    pub(crate) fn build(&self, directory: &Path, source: &str, flags: &[&str]) -> PathBuf {
        let is_cpp = Path::new(source)
            .extension()
            .is_some_and(|extension| extension == "cpp");
        let compiler = if is_cpp { "g++" } else { "gcc" };
        let output = directory.join("program.elf");
        run(Command::new(self.tool(compiler))
            .args(self.flags)
            .args([
                "-nostdlib",
                "-ffreestanding",
                "-fno-exceptions",
                "-Wl,-e,entry",
            ])
            .args(flags)
            .arg("-o")
            .arg(&output)
            .arg(program(source))
            .args(if self.prefix.is_empty() {
                &[][..]
            } else {
                &["-lgcc"]
            }));
        output
    }

    /// Runs `strip` on `elf`.
    pub(crate) fn strip(&self, elf: &Path, flag: &str) {
        run(Command::new(self.tool("strip")).arg(flag).arg(elf));
    }

    /// Every call in the program, from its disassembly.
    pub(crate) fn calls(&self, elf: &Path) -> Vec<Call> {
        let listing = run(Command::new(self.tool("objdump")).arg("-d").arg(elf));
        listing.lines().filter_map(|line| self.call(line)).collect()
    }

    /// `  400104:\te8 e7 ff ff ff       \tcall   4000f0 <take>`
    fn call(&self, line: &str) -> Option<Call> {
        let mut columns = line.split('\t');
        let address = columns.next()?.trim().strip_suffix(':')?;
        let address = u64::from_str_radix(address, 16).ok()?;
        let bytes = columns.next()?;
        let digits = bytes.chars().filter(char::is_ascii_hexdigit).count();
        let mnemonic = columns.next()?.split_whitespace().next()?;
        self.calls.contains(&mnemonic).then_some(Call {
            address,
            return_address: address + digits as u64 / 2,
        })
    }

    /// What `addr2line` says of each address, innermost first.
    pub(crate) fn addr2line(&self, elf: &Path, addresses: &[u64]) -> Vec<Vec<OracleFrame>> {
        let mut answers = Vec::new();
        for some in addresses.chunks(1000) {
            let text = run(Command::new(self.tool("addr2line"))
                .arg("-afiCe")
                .arg(elf)
                .args(some.iter().map(|address| format!("{address:#x}"))));
            let mut lines = text.lines();
            while let Some(line) = lines.next() {
                if line.starts_with("0x") {
                    answers.push(Vec::new());
                    continue;
                }
                let frame = oracle_frame(line, lines.next().unwrap());
                answers.last_mut().unwrap().push(frame);
            }
        }
        assert_eq!(answers.len(), addresses.len());
        answers
    }
}

/// Two lines of addr2line: `take` and `/home/me/a.c:12 (discriminator 3)`, `??` for what is unknown.
fn oracle_frame(function: &str, place: &str) -> OracleFrame {
    let place = place.split(" (").next().unwrap();
    let (file, line) = place.rsplit_once(':').unwrap();
    let known = |text: &str| (text != "??").then(|| text.to_owned());
    OracleFrame {
        function: known(function),
        file: known(file),
        line: line.parse().ok().filter(|line| *line != 0),
    }
}

/// Runs a tool that must succeed, and returns what it printed.
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Compiles the Rust program for this machine, with the standard library.
pub(crate) fn build_rust(directory: &Path, flags: &[&str]) -> PathBuf {
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = directory.join("program.elf");
    run(Command::new(compiler)
        .args(["--edition=2024", "-g", "-Copt-level=2", "-o"])
        .arg(&output)
        .args(flags)
        .arg(program("names.rs")));
    output
}
