//! OpenOCD's part, as far as it matters: one client, a target that comes to places, and a trace.

use std::fs;
use std::io::{BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

use leakscope_capture::gdb::Endpoint;

pub(crate) const START: u64 = 0x4200_1000;
pub(crate) const STOP: u64 = 0x4200_1100;
/// Where the target is when it is nowhere in particular.
const ELSEWHERE: u64 = 0x4200_FFFF;
/// A piece of memory of 1 KiB.
pub(crate) const RAM: u64 = 0x3FC8_0000;

/// A header, the sync, TRACE_START, and more than a socket's first packet.
pub(crate) const TRACE: &[u8] =
    b";\n; Author      Espressif Inc\n;\n\0\0\0\0\0\0\0\0\0\0\x0A\0\x04\x60\x01\x05\x01";

/// What it is to be like.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a way to go wrong")]
pub(crate) struct Given {
    pub(crate) kind: &'static str,
    pub(crate) state: &'static str,
    pub(crate) cores: usize,
    pub(crate) is_espressifs: bool,
    pub(crate) is_tracing: bool,
    pub(crate) has_buffers: bool,
    /// What it says in place of beginning to trace.
    pub(crate) refuses: Option<&'static str>,
    /// So often is it asked for buffers before it has them.
    pub(crate) announces_after: usize,
    pub(crate) can_connect: bool,
    /// Its files are on another machine.
    pub(crate) loses_files: bool,
    pub(crate) comes_to_start: bool,
    pub(crate) stuck_at: Option<u64>,
    pub(crate) ends_at_start: bool,
    /// Somebody else resets the target while it is traced.
    pub(crate) is_reset: bool,
    pub(crate) trace: &'static [u8],
    pub(crate) lost_bytes: u32,
    pub(crate) channels: &'static str,
}

impl Default for Given {
    fn default() -> Self {
        Self {
            kind: "esp32c3",
            state: "running",
            cores: 1,
            is_espressifs: true,
            is_tracing: false,
            has_buffers: true,
            refuses: None,
            announces_after: 0,
            can_connect: true,
            loses_files: false,
            comes_to_start: true,
            stuck_at: None,
            ends_at_start: false,
            is_reset: false,
            trace: TRACE,
            lost_bytes: 0,
            channels: "Channels: up=2, down=2\nUp-channels:\n0: Terminal 1024 0\n1: SysView 4096 0\n\
                       Down-channels:\n0: Terminal 16 0\n1: SysView 8 0\n",
        }
    }
}

/// What has become of it.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is asked for by itself")]
pub(crate) struct Model {
    given: Given,
    pub(crate) is_running: bool,
    pub(crate) is_tracing: bool,
    pub(crate) was_reset: bool,
    /// Somebody has waited for a halt.
    pub(crate) waited: bool,
    pub(crate) breakpoints: Vec<u64>,
    pub(crate) rtt_setup: Option<String>,
    pub(crate) rtt_commands: Vec<u8>,
    pub(crate) has_rtt_server: bool,
    pc: u64,
    ram: Vec<u8>,
    destination: Option<TcpStream>,
    rtt_server: Option<JoinHandle<Vec<u8>>>,
}

/// A model that answers at a port.
pub(crate) struct OpenOcd {
    pub(crate) endpoint: Endpoint,
    thread: JoinHandle<Model>,
}

impl OpenOcd {
    pub(crate) fn start(given: Given) -> Self {
        let (listener, endpoint) = listen();
        let mut model = Model::new(given);
        let thread = thread::spawn(move || {
            let (stream, _) = listener.accept().expect("somebody connects");
            model.serve(stream);
            model
        });
        Self { endpoint, thread }
    }

    /// Something else, which says this to whoever says anything, and goes away.
    pub(crate) fn saying(text: &'static [u8]) -> Endpoint {
        let (listener, endpoint) = listen();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("somebody connects");
            let mut bytes = [0; 1000];
            let read = stream.read(&mut bytes).expect("it says something");
            assert_ne!(read, 0);
            stream.write_all(text).expect("it listens");
        });
        endpoint
    }

    /// What has become of it. The client must have gone.
    pub(crate) fn end(self) -> Model {
        self.thread.join().expect("the model does not panic")
    }
}

fn listen() -> (TcpListener, Endpoint) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    (listener, address.parse().expect("an endpoint"))
}

impl Model {
    fn new(given: Given) -> Self {
        Self {
            is_running: true,
            is_tracing: given.is_tracing,
            given,
            was_reset: false,
            waited: false,
            breakpoints: Vec::new(),
            rtt_setup: None,
            rtt_commands: Vec::new(),
            has_rtt_server: false,
            pc: ELSEWHERE,
            ram: vec![0; 1024],
            destination: None,
            rtt_server: None,
        }
    }

    fn serve(&mut self, stream: TcpStream) {
        let mut output = stream.try_clone().expect("a socket");
        let mut script = Vec::new();
        for byte in BufReader::new(stream).bytes() {
            let Ok(byte) = byte else { return };
            if byte != 0x1A {
                script.push(byte);
                continue;
            }
            let text = String::from_utf8(std::mem::take(&mut script)).expect("text");
            if self.given.ends_at_start && text.contains("sysview start") {
                return;
            }
            let unasked = self.reset_if_given();
            let (code, result) = match self.attempt(&text) {
                Ok(result) => (0, result),
                Err(error) => (1, error),
            };
            let answer = format!("{unasked}{code} {result}\x1A");
            if output.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }

    /// What is said unasked if the target is reset now.
    fn reset_if_given(&mut self) -> String {
        if !self.is_tracing || !std::mem::take(&mut self.given.is_reset) {
            return String::new();
        }
        self.pc = 0;
        // The chip has forgotten them, though OpenOCD has not.
        self.breakpoints.clear();
        "type target_reset mode run\r\n\x1Atype target_event event semihosting-start\r\n\x1A"
            .to_owned()
    }

    /// The script inside of the one that asks whether it fails.
    fn attempt(&mut self, text: &str) -> Result<String, String> {
        let text = text
            .strip_prefix(r#"format "%d %s" [catch {"#)
            .and_then(|text| text.strip_suffix("} leakscope_text] $leakscope_text"))
            .unwrap_or_else(|| panic!("{text}"));
        let captured = text
            .strip_prefix("capture {")
            .and_then(|text| text.strip_suffix('}'));
        match captured {
            // While it traces, whatever is captured has progress in it.
            Some(script) if self.is_tracing => self
                .run(script)
                .map(|result| format!("120 \n140 \n{result}")),
            Some(script) => self.run(script),
            None => self.run(text),
        }
    }

    fn run(&mut self, script: &str) -> Result<String, String> {
        let words: Vec<&str> = script.split_whitespace().collect();
        match words[..] {
            ["tcl_notifications", "on"] => Ok(String::new()),
            ["version"] => Ok("Open On-Chip Debugger".to_owned()),
            ["target", "current"] => Ok(format!("{}.cpu0", self.given.kind)),
            ["set", "leakscope_cores", ..] => {
                let cores = (0..self.given.cores).map(|core| {
                    format!("{0}.cpu{core} {0} {1}", self.given.kind, self.given.state)
                });
                let cores: Vec<String> = cores.chain(["other.lp lp unknown".to_owned()]).collect();
                Ok(cores.join("\n"))
            }
            ["[target", "current]", "curstate"] => {
                self.get_on();
                Ok(if self.is_running { "running" } else { "halted" }.to_owned())
            }
            ["halt"] => {
                self.is_running = false;
                Ok(String::new())
            }
            ["reset", "halt"] => {
                self.was_reset = true;
                self.is_running = false;
                self.pc = 0;
                Ok("JTAG tap: found\n".to_owned())
            }
            ["resume"] => {
                self.is_running = true;
                Ok(String::new())
            }
            ["wait_halt", ..] => {
                self.waited = true;
                Ok(String::new())
            }
            [core, "get_reg", ref names @ ..] => self.registers(core, names),
            ["get_reg", "pc"] if self.is_running => Err("not halted".to_owned()),
            ["get_reg", "pc"] => Ok(format!("pc {:#x}", self.pc)),
            ["bp", address, "2", "hw"] => {
                self.breakpoints.push(number(address));
                Ok(format!("breakpoint set at {address}\n"))
            }
            ["rbp", _] if self.is_running => Err("could not remove breakpoint".to_owned()),
            ["rbp", address] => {
                self.breakpoints.retain(|&other| other != number(address));
                Ok(String::new())
            }
            ["esp", ..] if !self.given.is_espressifs => {
                Err("invalid command name \"esp\"".to_owned())
            }
            ["esp", "sysview" | "sysview_mcore", ref rest @ ..] => self.sysview(rest),
            ["rtt", ref rest @ ..] => self.rtt(rest),
            ["read_memory", address, width, count] => {
                let (width, count) = (number(width) as usize / 8, number(count) as usize);
                let place = self.place(address, width * count)?;
                let values = self.ram[place].chunks(width).map(|bytes| {
                    let value = bytes
                        .iter()
                        .rev()
                        .fold(0, |all, &byte| all << 8 | u32::from(byte));
                    format!("{value:#x}")
                });
                Ok(values.collect::<Vec<_>>().join(" "))
            }
            ["write_memory", address, width, ref values @ ..] => {
                let width = number(width) as usize / 8;
                let place = self.place(address, width * values.len())?;
                for (bytes, value) in self.ram[place].chunks_mut(width).zip(values) {
                    let value = number(value.trim_matches(['{', '}']));
                    bytes.copy_from_slice(&value.to_le_bytes()[..width]);
                }
                Ok(String::new())
            }
            _ => Err(format!("invalid command name \"{script}\"")),
        }
    }

    fn place(&self, address: &str, length: usize) -> Result<std::ops::Range<usize>, String> {
        let start = number(address).wrapping_sub(RAM) as usize;
        match start
            .checked_add(length)
            .filter(|&end| end <= self.ram.len())
        {
            Some(end) => Ok(start..end),
            None => Err("failed to read memory".to_owned()),
        }
    }

    /// Registers of a core by their names: each is its place in the list, above the core's number.
    fn registers(&self, core: &str, names: &[&str]) -> Result<String, String> {
        let number: u64 = core
            .rsplit("cpu")
            .next()
            .and_then(|digit| digit.parse().ok())
            .unwrap_or(0);
        let names = names.iter().map(|name| name.trim_matches(['{', '}']));
        let is_known =
            |name: &str| name == "pc" || name.starts_with("ar") == (self.given.kind == "esp32");
        if self.is_running
            || !names
                .clone()
                .all(|name| is_known(name) || !name.starts_with('r'))
        {
            return Err("unknown register".to_owned());
        }
        let values = names.zip(0_u64..);
        Ok(values
            .map(|(name, place)| format!("{name} {:#x}", number << 16 | place))
            .collect::<Vec<_>>()
            .join(" "))
    }

    /// The target has run a little.
    fn get_on(&mut self) {
        if !self.is_running {
            return;
        }
        self.pc = match self.breakpoints.first() {
            Some(_) if self.given.stuck_at.is_some() => self.given.stuck_at.unwrap_or_default(),
            Some(&START) if !self.given.comes_to_start => ELSEWHERE,
            Some(&breakpoint) => breakpoint,
            None => ELSEWHERE,
        };
        self.is_running = self.pc == ELSEWHERE;
    }

    fn sysview(&mut self, words: &[&str]) -> Result<String, String> {
        match *words {
            ["status"] if self.is_tracing => Ok("Tracing is RUNNING. Size is 5 of -1\n".to_owned()),
            ["status"] => Ok("Tracing is STOPPED. Size is 0 of 0\n".to_owned()),
            ["start", ..] if self.given.refuses.is_some() => {
                Err(self.given.refuses.unwrap_or_default().to_owned())
            }
            ["start", ..] if !self.given.has_buffers || self.given.announces_after > 0 => {
                self.given.announces_after = self.given.announces_after.saturating_sub(1);
                let words = "Failed to get max trace block size!\nFailed to init cmd ctx (-4)!";
                Err(words.to_owned())
            }
            ["start", destination, "1"] => {
                let destination = destination.trim_matches(['{', '}']);
                // The half of it comes at once.
                let (first, _) = self.given.trace.split_at(self.given.trace.len() / 2);
                if destination.starts_with("tcp://") && !self.given.can_connect {
                    return Err("apptrace: Could not connect to 192.0.2.1:5".to_owned());
                }
                if let Some(address) = destination.strip_prefix("tcp://") {
                    assert_eq!(self.given.cores, 1, "several cores have files only");
                    let mut stream = TcpStream::connect(address).map_err(|e| e.to_string())?;
                    stream.write_all(first).map_err(|e| e.to_string())?;
                    self.destination = Some(stream);
                } else {
                    let path = destination.strip_prefix("file://").expect("a destination");
                    fs::write(path, "").map_err(|e| e.to_string())?;
                    // All of it: nothing more is written at the end.
                    let parts = match self.given.cores {
                        1 => vec![path.to_owned()],
                        cores => (0..cores)
                            .map(|core| format!("{path}_core{core}"))
                            .collect(),
                    };
                    for part in parts.into_iter().filter(|_| !self.given.loses_files) {
                        fs::write(part, self.given.trace).map_err(|e| e.to_string())?;
                    }
                }
                self.is_tracing = true;
                Ok("Targets connected.\n".to_owned())
            }
            ["stop"] if !self.is_tracing => Err("Tracing is not running!".to_owned()),
            ["stop"] => {
                self.is_tracing = false;
                if let Some(mut stream) = self.destination.take() {
                    let (_, second) = self.given.trace.split_at(self.given.trace.len() / 2);
                    stream.write_all(second).map_err(|e| e.to_string())?;
                }
                let lost = self.given.lost_bytes;
                Ok(format!(
                    "160 \nTracing is STOPPED. Size is 5 of -1\n\
                     Data: blocks incomplete 0, lost bytes: {lost}\n"
                ))
            }
            _ => Err("Invalid action!".to_owned()),
        }
    }

    fn rtt(&mut self, words: &[&str]) -> Result<String, String> {
        match *words {
            ["setup", ref place @ ..] => {
                self.rtt_setup = Some(place.join(" "));
                Ok(String::new())
            }
            ["start" | "stop"] | ["polling_interval", _] => Ok(String::new()),
            ["channels"] => Ok(self.given.channels.to_owned()),
            ["server", "start", port, "1"] => {
                let port: u16 = port.parse().expect("a port");
                let listener = TcpListener::bind(("127.0.0.1", port)).map_err(|e| e.to_string())?;
                let trace = self.given.trace;
                self.has_rtt_server = true;
                self.rtt_server = Some(thread::spawn(move || {
                    let (mut stream, _) = listener.accept().expect("somebody connects");
                    stream.write_all(trace).expect("it listens");
                    let mut commands = Vec::new();
                    // Until it goes away.
                    let _ = stream.read_to_end(&mut commands);
                    commands
                }));
                Ok(String::new())
            }
            ["server", "stop", _] => {
                self.has_rtt_server = false;
                if let Some(server) = self.rtt_server.take() {
                    self.rtt_commands = server.join().expect("no panic");
                }
                Ok(String::new())
            }
            _ => Err("invalid subcommand".to_owned()),
        }
    }
}

fn number(text: &str) -> u64 {
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    parsed.unwrap_or_else(|_| panic!("{text} is no number"))
}
