//! An independent GDB server, the crate `gdbstub`, that runs a [`Device`] with a program.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

use gdbstub::arch::{Arch, RegId, Registers};
use gdbstub::common::Signal;
use gdbstub::conn::ConnectionExt;
use gdbstub::stub::run_blocking::{BlockingEventLoop, Event, WaitForStopReasonError};
use gdbstub::stub::{DisconnectReason, GdbStub, SingleThreadStopReason};
use gdbstub::target::ext::base::BaseOps;
use gdbstub::target::ext::base::single_register_access::{
    SingleRegisterAccess, SingleRegisterAccessOps,
};
use gdbstub::target::ext::base::singlethread::{
    SingleThreadBase, SingleThreadResume, SingleThreadResumeOps,
};
use gdbstub::target::ext::breakpoints::{
    Breakpoints, BreakpointsOps, HwBreakpoint, HwBreakpointOps,
};
use gdbstub::target::ext::monitor_cmd::{ConsoleOutput, MonitorCmd, MonitorCmdOps, outputln};
use gdbstub::target::{Target, TargetError, TargetResult};

use crate::device::Device;

/// Where the program begins, is at home, and where it begins and ends its recording.
pub(crate) const BOOT: u32 = 0x100;
pub(crate) const START: u32 = 0x200;
const WORK: u32 = 0x300;
pub(crate) const STOP: u32 = 0x400;
const END: u32 = 0x500;

/// A device and its program: it waits a little, records so many packets, and stops. With `exits` it ends then.
///
/// A packet that finds no room is written again: nothing is lost.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) device: Device,
    pub(crate) packets: u32,
    pub(crate) exits: bool,
    /// It stands at this instruction for ever, with an access to no memory.
    pub(crate) crashes: bool,
    /// Commands that came.
    pub(crate) commands: Vec<u8>,
    /// What the debugger had it do.
    pub(crate) monitored: Vec<String>,
    pub(crate) breakpoints: Vec<u32>,
    pub(crate) pc: u32,
    pub(crate) step: u32,
}

impl Program {
    pub(crate) fn new(device: Device, packets: u32) -> Self {
        Self {
            device,
            packets,
            exits: false,
            crashes: false,
            commands: Vec::new(),
            monitored: Vec::new(),
            breakpoints: Vec::new(),
            pc: BOOT,
            step: 0,
        }
    }

    /// One instruction, so to say.
    fn step(&mut self) {
        self.step += 1;
        if self.pc != BOOT {
            self.commands.extend(self.device.next_command(0));
        }
        match self.pc {
            BOOT if self.step == 100 => {
                self.device.initialise();
                self.pc = START;
            }
            START => {
                self.step = 0;
                self.pc = WORK;
            }
            WORK if self.device.written[0].len() as u32 >= 4 * self.packets => self.pc = STOP,
            WORK => {
                let number = self.device.written[0].len() as u32 / 4;
                self.device.write(0, &number.to_be_bytes());
            }
            STOP => {
                self.device.write(0, b"bye!");
                self.pc = END;
            }
            _ => {}
        }
    }

    /// Runs for a while; why it then stands still, if it does.
    fn run(&mut self) -> Option<SingleThreadStopReason<u32>> {
        for _ in 0..50 {
            self.step();
            if self.breakpoints.contains(&self.pc) {
                return Some(SingleThreadStopReason::HwBreak(()));
            }
            if self.crashes && self.pc == WORK && self.step > 100 {
                return Some(SingleThreadStopReason::Signal(Signal::SIGSEGV));
            }
            if self.exits && self.pc == END {
                return Some(SingleThreadStopReason::Exited(7));
            }
        }
        None
    }
}

/// Serves one client at a port that the system chooses; the program, when the client has gone.
pub(crate) fn serve(program: Program) -> (SocketAddr, JoinHandle<Program>) {
    serve_in_turn(program, 1)
}

/// Serves so many clients, one after the other. Between them, the program stands still.
pub(crate) fn serve_in_turn(
    mut program: Program,
    clients: usize,
) -> (SocketAddr, JoinHandle<Program>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        for _ in 0..clients {
            let (stream, _) = listener.accept().unwrap();
            attend(stream, &mut program);
        }
        program
    });
    (address, server)
}

fn attend(stream: TcpStream, program: &mut Program) {
    // It writes byte by byte.
    stream.set_nodelay(true).unwrap();
    let connection: Box<dyn ConnectionExt<Error = io::Error>> = Box::new(stream);
    match GdbStub::new(connection).run_blocking::<Loop>(program) {
        Ok(DisconnectReason::Kill) => panic!("the client ended the program"),
        Ok(_) => {}
        // A client that goes away in the middle of something is its own affair.
        Err(error) if error.is_connection_error() => {}
        Err(error) => panic!("{error}"),
    }
}

struct Loop;

impl BlockingEventLoop for Loop {
    type Target = Program;
    type Connection = Box<dyn ConnectionExt<Error = io::Error>>;
    type StopReason = SingleThreadStopReason<u32>;

    fn wait_for_stop_reason(
        program: &mut Program,
        connection: &mut Self::Connection,
    ) -> Result<Event<Self::StopReason>, WaitForStopReasonError<&'static str, io::Error>> {
        loop {
            if let Some(reason) = program.run() {
                return Ok(Event::TargetStopped(reason));
            }
            let came = connection
                .peek()
                .map_err(WaitForStopReasonError::Connection)?;
            if came.is_some() {
                let byte = connection
                    .read()
                    .map_err(WaitForStopReasonError::Connection)?;
                return Ok(Event::IncomingData(byte));
            }
        }
    }

    fn on_interrupt(_: &mut Program) -> Result<Option<Self::StopReason>, &'static str> {
        Ok(Some(SingleThreadStopReason::Signal(Signal::SIGINT)))
    }
}

/// A processor with two registers.
pub(crate) enum Processor {}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct TwoRegisters([u32; 2]);

/// The number of a register; `pc` is 40.
#[derive(Debug)]
pub(crate) struct Number;

impl RegId for Number {
    fn from_raw_id(id: usize) -> Option<(Self, Option<std::num::NonZeroUsize>)> {
        (id == 40).then_some((Self, std::num::NonZeroUsize::new(4)))
    }
}

impl Registers for TwoRegisters {
    type ProgramCounter = u32;

    fn pc(&self) -> u32 {
        self.0[1]
    }

    fn gdb_serialize(&self, mut write: impl FnMut(Option<u8>)) {
        let bytes = self.0.iter().flat_map(|register| register.to_le_bytes());
        bytes.for_each(|byte| write(Some(byte)));
    }

    fn gdb_deserialize(&mut self, _: &[u8]) -> Result<(), ()> {
        Err(())
    }
}

impl Arch for Processor {
    type Usize = u32;
    type Registers = TwoRegisters;
    type BreakpointKind = usize;
    type RegId = Number;

    fn target_description_xml() -> Option<&'static str> {
        Some(
            "<?xml version='1.0'?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target version='1.0'>\
             <architecture>riscv:rv32</architecture><feature name='two.registers'>\
             <reg name='apc' bitsize='32' regnum='39'/>\n<reg bitsize='32'\tname = \"pc\"/>\
             </feature></target>",
        )
    }
}

impl Target for Program {
    type Arch = Processor;
    type Error = &'static str;

    fn base_ops(&mut self) -> BaseOps<'_, Processor, &'static str> {
        BaseOps::SingleThread(self)
    }

    fn guard_rail_implicit_sw_breakpoints(&self) -> bool {
        true
    }

    fn support_breakpoints(&mut self) -> Option<BreakpointsOps<'_, Self>> {
        Some(self)
    }

    fn support_monitor_cmd(&mut self) -> Option<MonitorCmdOps<'_, Self>> {
        Some(self)
    }
}

impl SingleThreadBase for Program {
    fn read_registers(&mut self, registers: &mut TwoRegisters) -> TargetResult<(), Self> {
        registers.0 = [0, self.pc];
        Ok(())
    }

    fn write_registers(&mut self, _: &TwoRegisters) -> TargetResult<(), Self> {
        Err(TargetError::NonFatal)
    }

    fn read_addrs(&mut self, address: u32, data: &mut [u8]) -> TargetResult<usize, Self> {
        let range = Device::range(address.into(), data.len()).ok_or(TargetError::NonFatal)?;
        data.copy_from_slice(&self.device.ram[range]);
        Ok(data.len())
    }

    fn write_addrs(&mut self, address: u32, data: &[u8]) -> TargetResult<(), Self> {
        let range = Device::range(address.into(), data.len()).ok_or(TargetError::NonFatal)?;
        self.device.ram[range].copy_from_slice(data);
        Ok(())
    }

    fn support_resume(&mut self) -> Option<SingleThreadResumeOps<'_, Self>> {
        Some(self)
    }

    fn support_single_register_access(&mut self) -> Option<SingleRegisterAccessOps<'_, (), Self>> {
        Some(self)
    }
}

impl SingleRegisterAccess<()> for Program {
    fn read_register(&mut self, (): (), _: Number, bytes: &mut [u8]) -> TargetResult<usize, Self> {
        bytes[..4].copy_from_slice(&self.pc.to_le_bytes());
        Ok(4)
    }

    fn write_register(&mut self, (): (), _: Number, _: &[u8]) -> TargetResult<(), Self> {
        Err(TargetError::NonFatal)
    }
}

impl SingleThreadResume for Program {
    fn resume(&mut self, _: Option<Signal>) -> Result<(), &'static str> {
        Ok(())
    }
}

impl Breakpoints for Program {
    fn support_hw_breakpoint(&mut self) -> Option<HwBreakpointOps<'_, Self>> {
        Some(self)
    }
}

impl HwBreakpoint for Program {
    fn add_hw_breakpoint(&mut self, address: u32, _: usize) -> TargetResult<bool, Self> {
        // Of a client that went away, it is there still.
        if !self.breakpoints.contains(&address) {
            self.breakpoints.push(address);
        }
        Ok(true)
    }

    fn remove_hw_breakpoint(&mut self, address: u32, _: usize) -> TargetResult<bool, Self> {
        let place = self.breakpoints.iter().position(|&this| this == address);
        place.map(|place| self.breakpoints.remove(place));
        Ok(place.is_some())
    }
}

impl MonitorCmd for Program {
    fn handle_monitor_cmd(
        &mut self,
        command: &[u8],
        mut out: ConsoleOutput<'_>,
    ) -> Result<(), &'static str> {
        let command = String::from_utf8_lossy(command).into_owned();
        if command == "reset halt" {
            self.pc = BOOT;
            self.step = 0;
            self.device.ram.fill(0);
        }
        outputln!(out, "{command}: done");
        self.monitored.push(command);
        Ok(())
    }
}

/// A connection to a server.
pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}
