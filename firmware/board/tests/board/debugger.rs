//! What a debugger does, scan by scan, as OpenOCD sends it.

use virtual_board::debug::jtag_dpi::Adapter;
use virtual_board::{Machine, Model, Pause, Program};

const START: u32 = 0x4200_0000;

const DMCONTROL: u32 = 0x10;
const DMSTATUS: u32 = 0x11;
const ABSTRACTCS: u32 = 0x16;
const COMMAND: u32 = 0x17;
const DATA0: u32 = 0x04;
const SBCS: u32 = 0x38;
const SBADDRESS0: u32 = 0x39;
const SBDATA0: u32 = 0x3C;

const HALT: u32 = 0x8000_0001;
const RESUME: u32 = 0x4000_0001;

const DPC: u32 = 0x7B1;
const DCSR: u32 = 0x7B0;

/// A board, and somebody at its adapter.
struct Debugger {
    machine: Machine,
    adapter: Adapter,
}

impl Debugger {
    /// With a program that counts in `a0`: `addi a0, a0, 1`, `sw a0, 0(a1)`, `j` to the first.
    fn new() -> Self {
        Self::with(&[0x0015_0513, 0x00A5_A023, 0xFF9F_F06F])
    }

    fn with(code: &[u32]) -> Self {
        let program = Program {
            entry: START,
            segments: vec![(
                START,
                code.iter().flat_map(|word| word.to_le_bytes()).collect(),
            )],
        };
        let mut machine = Machine::new(Model::Esp32C3, &program).expect("there is memory");
        machine.hart.set_register(11, 0x3FC8_0000);
        let mut debugger = Self {
            machine,
            adapter: Adapter::default(),
        };
        debugger.write(DMCONTROL, 1);
        debugger
    }

    fn scan(&mut self, register: &str, bits: u64, count: usize) -> u64 {
        let bytes = count.div_ceil(8);
        let mut message = format!("{register} {count}\n").into_bytes();
        message.extend(&bits.to_le_bytes()[..bytes]);
        let mut answer = Vec::new();
        // Byte by byte: the network may cut it anywhere.
        for byte in message {
            let pushed = self.adapter.push(&[byte], &mut self.machine, &mut answer);
            pushed.expect("it is the protocol");
        }
        let mut out = [0; 8];
        out[..bytes].copy_from_slice(&answer);
        u64::from_le_bytes(out)
    }

    fn dmi(&mut self, operation: u64, register: u32, data: u32) -> u64 {
        self.scan("ib", 0x11, 5);
        self.scan(
            "db",
            u64::from(register) << 34 | u64::from(data) << 2 | operation,
            41,
        )
    }

    fn write(&mut self, register: u32, data: u32) {
        self.dmi(2, register, data);
    }

    fn read(&mut self, register: u32) -> u32 {
        self.dmi(1, register, 0);
        let result = self.dmi(0, 0, 0);
        assert_eq!(result & 3, 0, "no error");
        assert_eq!((result >> 34) as u32, register);
        (result >> 2) as u32
    }

    fn is_halted(&mut self) -> bool {
        let status = self.read(DMSTATUS);
        assert_ne!(status >> 8 & 1, status >> 10 & 1, "halted or running");
        status >> 9 & 1 == 1
    }

    /// A register, by the number that abstract commands have for it.
    fn register(&mut self, number: u32) -> u32 {
        self.write(COMMAND, 2 << 20 | 1 << 17 | number);
        assert_eq!(self.read(ABSTRACTCS) >> 8 & 7, 0, "no error");
        self.read(DATA0)
    }

    fn set_register(&mut self, number: u32, value: u32) {
        self.write(DATA0, value);
        self.write(COMMAND, 2 << 20 | 1 << 17 | 1 << 16 | number);
        assert_eq!(self.read(ABSTRACTCS) >> 8 & 7, 0, "no error");
    }

    fn a0(&mut self) -> u32 {
        self.register(0x1000 + 10)
    }
}

#[test]
fn the_tap_says_what_it_is() {
    let mut debugger = Debugger::new();
    debugger.scan("ib", 0x01, 5);
    assert_eq!(debugger.scan("db", 0, 32), 0x5C25);
    assert_eq!(
        debugger.scan("ib", 0x10, 5),
        1,
        "what the instruction register captures"
    );
    assert_eq!(debugger.scan("db", 0, 32), 0x71);
    debugger.scan("ib", 0x1F, 5);
    assert_eq!(
        debugger.scan("db", 0b1011, 5),
        0b1_0110,
        "one bit of bypass"
    );
    // A long scan gives what the register holds, and then what went in.
    debugger.scan("ib", 0x01, 5);
    assert_eq!(debugger.scan("db", 0xABCD, 48), 0xABCD << 32 | 0x5C25);
}

#[test]
fn other_protocols_are_refused() {
    for message in [
        "GET / HTTP/1.1\r\n",
        "ib many\n",
        "db 99999999\n",
        &"x".repeat(100),
    ] {
        let mut debugger = Debugger::new();
        let pushed =
            debugger
                .adapter
                .push(message.as_bytes(), &mut debugger.machine, &mut Vec::new());
        assert!(pushed.is_err(), "{message}");
    }
}

#[test]
fn halt_look_change_and_resume() {
    let mut debugger = Debugger::new();
    debugger.machine.run(30);
    assert!(!debugger.is_halted());
    debugger.write(COMMAND, 2 << 20 | 1 << 17 | 0x100A);
    assert_eq!(debugger.read(ABSTRACTCS) >> 8 & 7, 4, "not while it runs");
    debugger.write(ABSTRACTCS, 7 << 8);

    debugger.write(DMCONTROL, HALT);
    assert!(debugger.is_halted());
    assert_eq!(debugger.machine.run(30), Pause::Halted);
    assert_eq!(debugger.a0(), 10);
    assert_eq!(debugger.register(DPC), START);
    assert_eq!(debugger.register(DCSR) >> 6 & 7, 3, "on request");
    debugger.set_register(0x100A, 100);
    debugger.write(DMCONTROL, RESUME);
    assert_eq!(debugger.read(DMSTATUS) >> 16 & 3, 3, "resumed");
    debugger.machine.run(3);
    debugger.write(DMCONTROL, HALT);
    assert_eq!(debugger.a0(), 101);
    // A register that there is not.
    debugger.write(COMMAND, 2 << 20 | 1 << 17 | 0xC22);
    assert_eq!(debugger.read(ABSTRACTCS) >> 8 & 7, 3);
}

#[test]
fn single_steps() {
    let mut debugger = Debugger::new();
    debugger.write(DMCONTROL, HALT);
    debugger.set_register(DCSR, 1 << 2);
    for expected in [START + 4, START + 8, START] {
        debugger.write(DMCONTROL, RESUME);
        assert!(debugger.is_halted());
        assert_eq!(debugger.register(DPC), expected);
        assert_eq!(debugger.register(DCSR) >> 6 & 7, 4, "a step");
    }
    assert_eq!(debugger.a0(), 1);
}

#[test]
fn memory_while_the_hart_runs() {
    let mut debugger = Debugger::new();
    debugger.machine.run(30);
    // 32 bits, an address reads, data read on.
    debugger.write(SBCS, 1 << 20 | 2 << 17 | 1 << 16 | 1 << 15);
    debugger.write(SBADDRESS0, START);
    assert_eq!(debugger.read(SBDATA0), 0x0015_0513);
    assert_eq!(debugger.read(SBDATA0), 0x00A5_A023);
    // What the program has written is seen at both of the memory's addresses.
    debugger.write(SBADDRESS0, 0x4038_0000);
    assert_eq!(debugger.read(SBDATA0), 10);
    // Bytes.
    debugger.write(SBCS, 1 << 16);
    debugger.write(SBADDRESS0, 0x3FC9_0001);
    debugger.write(SBDATA0, 0x1AB);
    debugger.write(SBDATA0, 0x2CD);
    debugger.write(SBCS, 1 << 20 | 2 << 17);
    debugger.write(SBADDRESS0, 0x3FC9_0000);
    assert_eq!(debugger.read(SBDATA0), 0x00CD_AB00);
    // Nothing is there.
    debugger.write(SBADDRESS0, 0x10);
    assert_eq!(debugger.read(SBCS) >> 12 & 7, 2, "a bad address");
    debugger.write(SBCS, 7 << 12);
    assert_eq!(debugger.read(SBCS) >> 12 & 7, 0);
    assert!(!debugger.is_halted());
}

/// Sets trigger `number`, of the type `mcontrol`, for machine mode, entering debug mode.
fn set_trigger(debugger: &mut Debugger, number: u32, accesses: u32, address: u32) {
    debugger.set_register(0x7A0, number);
    debugger.set_register(0x7A1, 2 << 28 | 1 << 27 | 1 << 12 | 1 << 6 | accesses);
    debugger.set_register(0x7A2, address);
    assert_eq!(debugger.register(0x7A2), address);
}

#[test]
fn breakpoints_and_watchpoints_stop_before_it_happens() {
    const EXECUTE: u32 = 4;
    const STORE: u32 = 2;
    const NAPOT: u32 = 1 << 7;
    for (accesses, address, stops_at) in [
        (EXECUTE, START + 8, START + 8),
        (STORE, 0x3FC8_0000, START + 4),
        // A byte in the middle of the word.
        (STORE, 0x3FC8_0002, START + 4),
        // Sixteen bytes.
        (STORE | NAPOT, 0x3FC8_0007, START + 4),
    ] {
        let mut debugger = Debugger::new();
        debugger.write(DMCONTROL, HALT);
        set_trigger(&mut debugger, 7, accesses, address);
        debugger.write(DMCONTROL, RESUME);
        assert_eq!(debugger.machine.run(100), Pause::Halted, "{address:#x}");
        assert_eq!(debugger.register(DPC), stops_at);
        assert_eq!(debugger.register(DCSR) >> 6 & 7, 2, "a trigger");
        debugger.set_register(0x7A1, 0);
        debugger.write(DMCONTROL, RESUME);
        assert_eq!(debugger.machine.run(100), Pause::Budget, "it is gone");
    }
}

#[test]
fn ebreak_is_the_debuggers_if_it_says_so() {
    let mut debugger = Debugger::new();
    debugger.write(DMCONTROL, HALT);
    let ebreak = 0x0010_0073;
    debugger
        .machine
        .bus
        .write(START, 4, ebreak)
        .expect("memory");
    debugger.set_register(DCSR, 1 << 15);
    debugger.write(DMCONTROL, RESUME);
    assert_eq!(debugger.machine.run(10), Pause::Halted);
    assert_eq!(debugger.register(DPC), START);
    assert_eq!(debugger.register(DCSR) >> 6 & 7, 1, "ebreak");
}

#[test]
fn resets() {
    let mut debugger = Debugger::new();
    debugger.machine.run(40);
    // Held in reset, with a request to halt.
    debugger.write(DMCONTROL, 0x8000_0003);
    debugger.write(DMCONTROL, HALT);
    assert!(debugger.is_halted());
    assert_eq!(debugger.register(DPC), START);
    assert_eq!(debugger.read(DMSTATUS) >> 18 & 3, 3, "it was reset");
    debugger.write(DMCONTROL, HALT | 1 << 28);
    assert_eq!(debugger.read(DMSTATUS) >> 18 & 3, 0, "acknowledged");
    // The chip's own register.
    debugger.set_register(0x100A, 5);
    debugger.write(SBCS, 2 << 17);
    debugger.write(SBADDRESS0, 0x6000_8000);
    debugger.write(SBDATA0, 0x9C00_A000);
    assert!(!debugger.is_halted());
    debugger.write(DMCONTROL, HALT);
    assert_eq!(debugger.a0(), 0);
    // The program can see that there is a debugger.
    assert_eq!(debugger.machine.bus.read(0x600C_E098, 4), Ok(2));
    debugger.write(DMCONTROL, 0);
    assert_eq!(debugger.machine.bus.read(0x600C_E098, 4), Ok(0));
}

/// An ESP32-C3 is in its ROM for so long that a debugger finds out.
#[test]
fn a_program_that_resets_the_chip_waits_for_the_debugger() {
    // lui a0, 0x60008; lui a1, 0x80000; sw a1, 0(a0): the system is reset.
    let mut debugger = Debugger::with(&[0x6000_8537, 0x8000_05B7, 0x00B5_2023]);
    let expect_reset = |debugger: &mut Debugger| {
        assert_eq!(debugger.machine.run(30), Pause::Booting);
        assert_eq!(debugger.read(DMSTATUS) >> 18 & 3, 3, "it was reset");
    };
    expect_reset(&mut debugger);
    debugger.write(DMCONTROL, HALT | 1 << 28);
    assert_eq!(debugger.register(DPC), START);
    debugger.set_register(DCSR, 1 << 15);
    debugger.write(DMCONTROL, RESUME);
    // From there on again.
    expect_reset(&mut debugger);
    // Without a debugger, nobody is waited for.
    debugger.write(DMCONTROL, 0);
    assert_eq!(debugger.machine.run(30), Pause::Budget);
}

#[test]
fn a_hart_that_is_held_in_reset_halts_when_it_is_let_go_if_at_all() {
    for (let_go, is_halted) in [(HALT, true), (1, false)] {
        let mut debugger = Debugger::new();
        debugger.machine.run(30);
        debugger.write(DMCONTROL, HALT | 1 << 1);
        debugger.write(DMCONTROL, let_go);
        assert_eq!(debugger.is_halted(), is_halted);
    }
}
