//! The command `virtual-board`: see `--help`.

use std::io::Write;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::ExitCode;
use std::{fs, io};

use anyhow::{Context, Result};
use clap::Parser;
use virtual_board::semihosting::Host;
use virtual_board::{Machine, Model, Program, server};

/// A board without hardware: runs a RISC-V program, and lets OpenOCD debug it (adapter jtag_dpi)
#[derive(Parser)]
struct Arguments {
    /// The program: an ELF file for RV32IMC
    elf: PathBuf,
    /// Where OpenOCD connects; port 0 is one that is free
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS:PORT")]
    listen: String,
    /// No debugger: run a program for QEMU's `virt`, whose files (semihosting) are made here
    #[arg(long)]
    virt: bool,
    /// With --virt: the program's command line
    #[arg(requires = "virt", value_name = "WORD")]
    command_line: Vec<String>,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let shown = arguments.elf.display();
    let file = fs::read(&arguments.elf).with_context(|| format!("cannot read {shown}"))?;
    let program = Program::read(&file).with_context(|| format!("cannot load {shown}"))?;
    if arguments.virt {
        let host = Host::new(".".as_ref(), &arguments.command_line);
        let mut machine = Machine::new(Model::Virt, &program)?.with_host(host);
        let code = machine.run_to_end().context("the program waits for ever")?;
        return Ok(ExitCode::from(code as u8));
    }
    let mut machine = Machine::new(Model::Esp32C3, &program)?;
    let listener = TcpListener::bind(&arguments.listen)
        .with_context(|| format!("cannot listen at {}", arguments.listen))?;
    writeln!(io::stdout(), "{}", listener.local_addr()?)?;
    while server::serve(&listener, &mut machine)?.is_none() {}
    Ok(ExitCode::SUCCESS)
}
