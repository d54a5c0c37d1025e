//! Recording through a debug probe, whose part a processor of the tests plays: probe-rs is not part of this.

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::ops::Range;
use std::time::Duration;

use leakscope_capture::course::{Ending, Options, Plan, RingRecording, Status};
use leakscope_capture::memory::{Memory, MemoryError, Registers, WordLayout};
use leakscope_capture::probe::{Found, ProbeDebugger, ProbeError, Target, connect};
use leakscope_capture::rtt::{Place, Reader};
use leakscope_capture::{Receiver, TargetEvent};
use proptest::prelude::*;

use crate::device::{BASE, BLOCK, Device};

const START: u64 = 0x0800_0100;
const STOP: u64 = 0x0800_0200;

/// What the program does between two looks of the probe.
#[derive(Clone, Copy)]
enum Step {
    /// Records something, unless it was told to stop.
    Record(&'static [u8]),
    /// Comes to an instruction.
    Reach(u64),
    /// Comes to one that has the processor stand still, breakpoint or not.
    Break(u64),
}

/// A processor that takes a step whenever it is looked at.
struct Processor {
    device: Device,
    program: VecDeque<Step>,
    was_told_to_stop: bool,
    breakpoints: BTreeSet<u64>,
    halted_at: Option<u64>,
    resets: usize,
}

impl Processor {
    fn new(program: &[Step]) -> Self {
        let mut device = Device::new(WordLayout::default(), 1, 64);
        device.initialise();
        Self {
            device,
            program: program.iter().copied().collect(),
            was_told_to_stop: false,
            breakpoints: BTreeSet::new(),
            halted_at: None,
            resets: 0,
        }
    }

    fn step(&mut self) {
        while let Some(command) = self.device.next_command(0) {
            self.was_told_to_stop |= command == 2;
        }
        match self.program.pop_front() {
            Some(Step::Record(bytes)) if !self.was_told_to_stop => {
                assert!(self.device.write(0, bytes), "the ring is emptied in time");
            }
            Some(Step::Reach(address)) if self.breakpoints.contains(&address) => {
                self.halted_at = Some(address);
            }
            Some(Step::Break(address)) => self.halted_at = Some(address),
            _ => {}
        }
    }
}

impl Target for Processor {
    fn read_words(&mut self, address: u64, bytes: &mut [u8]) -> Result<(), MemoryError> {
        assert!(address.is_multiple_of(4) && bytes.len().is_multiple_of(4));
        self.device.read(address, bytes)
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), MemoryError> {
        Memory::write(&mut self.device, address, bytes)
    }

    fn reset(&mut self) -> Result<(), ProbeError> {
        self.resets += 1;
        self.halted_at = Some(0);
        Ok(())
    }

    fn run(&mut self) -> Result<(), ProbeError> {
        self.halted_at = None;
        Ok(())
    }

    fn halt(&mut self) -> Result<(), ProbeError> {
        self.halted_at.get_or_insert(0);
        Ok(())
    }

    fn registers(&mut self) -> Vec<Registers> {
        Vec::new()
    }

    fn ram(&self) -> Vec<Range<u64>> {
        Vec::new()
    }

    fn halted_at(&mut self) -> Result<Option<u64>, ProbeError> {
        if self.halted_at.is_none() {
            self.step();
        }
        Ok(self.halted_at)
    }

    fn set_breakpoint(&mut self, address: u64) -> Result<(), ProbeError> {
        self.breakpoints.insert(address);
        Ok(())
    }

    fn clear_breakpoint(&mut self, address: u64) -> Result<(), ProbeError> {
        assert!(self.breakpoints.remove(&address));
        Ok(())
    }
}

#[derive(Default)]
struct Kept {
    bytes: Vec<u8>,
    events: Vec<TargetEvent>,
}

impl Receiver for Kept {
    fn bytes(&mut self, _: usize, bytes: &[u8]) -> io::Result<()> {
        self.bytes.extend(bytes);
        Ok(())
    }

    fn event(&mut self, event: TargetEvent) {
        self.events.push(event);
    }
}

fn recording(program: &[Step], plan: Plan) -> RingRecording<ProbeDebugger<Processor>> {
    let reader = Reader::new(Place::At(BLOCK), WordLayout::default());
    RingRecording::new(
        ProbeDebugger(Processor::new(program)),
        &Options::new(plan),
        reader,
    )
    .expect("a target that does as it is told")
}

/// Records until it ends, or for so many looks.
fn record(
    recording: &mut RingRecording<ProbeDebugger<Processor>>,
    kept: &mut Kept,
    looks: usize,
) -> Option<Ending> {
    (0..looks).find_map(|_| match recording.advance(kept, Duration::ZERO) {
        Ok(Status::Finished(ending)) => Some(ending),
        Ok(_) => None,
        Err(error) => panic!("{error}"),
    })
}

/// The processor runs, and nothing of ours is left in it.
#[track_caller]
fn check_left(recording: RingRecording<ProbeDebugger<Processor>>) -> Processor {
    let ProbeDebugger(processor) = recording.leave().expect("a target that runs");
    assert_eq!(processor.halted_at, None);
    assert_eq!(processor.breakpoints, BTreeSet::new());
    processor
}

const PROGRAM: [Step; 6] = [
    Step::Record(b"early "),
    Step::Reach(START),
    Step::Record(b"one "),
    Step::Record(b"two "),
    Step::Reach(STOP),
    Step::Record(b"late"),
];

#[test]
fn from_start_to_stop() {
    let plan = Plan {
        reset: false,
        start: Some(START),
        stop: Some(STOP),
    };
    let mut recording = recording(&PROGRAM, plan);
    let mut kept = Kept::default();
    let waiting = recording.advance(&mut kept, Duration::ZERO);
    assert_eq!(waiting.expect("a look"), Status::Waiting);
    assert_eq!(kept.bytes, b"", "it is not looked at before the start");
    let ending = record(&mut recording, &mut kept, 20);
    assert_eq!(ending, Some(Ending::ReachedStop));
    // What had waited in the ring is part of it; what comes after STOP was sent is not.
    assert_eq!(kept.bytes, b"early one two ");
    let started = TargetEvent::Started {
        address: Some(START),
    };
    assert_eq!(kept.events.first(), Some(&started));
    let stopped = TargetEvent::ReachedStop {
        address: Some(STOP),
    };
    assert_eq!(kept.events.last(), Some(&stopped));
    let mut processor = check_left(recording);
    processor.step();
    assert!(processor.was_told_to_stop);
    assert_eq!(processor.resets, 0);
}

#[test]
fn from_a_reset_until_it_is_ended() {
    let plan = Plan {
        reset: true,
        ..Plan::default()
    };
    let mut recording = recording(&PROGRAM, plan);
    let mut kept = Kept::default();
    assert_eq!(record(&mut recording, &mut kept, 20), None);
    assert_eq!(kept.bytes, b"early one two late");
    let ending = recording.stop(&mut kept).expect("a target that stops");
    assert_eq!(ending, Status::Finished(Ending::Asked));
    let mut processor = check_left(recording);
    assert_eq!(processor.resets, 1);
    processor.step();
    assert!(processor.was_told_to_stop);
}

#[test]
fn ended_before_the_start() {
    let plan = Plan {
        start: Some(STOP + 2),
        ..Plan::default()
    };
    let mut recording = recording(&PROGRAM, plan);
    let mut kept = Kept::default();
    assert_eq!(record(&mut recording, &mut kept, 10), None);
    recording.stop(&mut kept).expect("a target that runs");
    assert_eq!(kept.bytes, b"");
    let mut processor = check_left(recording);
    processor.step();
    assert!(!processor.was_told_to_stop, "it was not recorded");
}

#[test]
fn a_program_that_breaks_is_told_to_run_on() {
    let program = [Step::Break(0x100), Step::Record(b"on")];
    let mut recording = recording(&program, Plan::default());
    let mut kept = Kept::default();
    assert_eq!(record(&mut recording, &mut kept, 10), None);
    assert_eq!(kept.bytes, b"on");
    let broke = |event: &&TargetEvent| {
        matches!(
            event,
            TargetEvent::Interrupted {
                address: Some(0x100),
                ..
            }
        )
    };
    assert_eq!(kept.events.iter().filter(broke).count(), 1);
}

#[test]
fn a_program_that_does_not_get_on_ends_it() {
    let program = [Step::Break(0x100); 10];
    let plan = Plan {
        stop: Some(STOP),
        ..Plan::default()
    };
    let mut recording = recording(&program, plan);
    let ending = record(&mut recording, &mut Kept::default(), 20);
    let address = Some(0x100);
    assert!(matches!(ending, Some(Ending::Stuck { address: at, .. }) if at == address));
    let ProbeDebugger(processor) = recording.leave().expect("a target");
    assert_eq!(
        processor.halted_at, address,
        "for whoever looks for the reason"
    );
    assert_eq!(processor.breakpoints, BTreeSet::new());
}

proptest! {
    #[test]
    fn any_bytes_are_read_by_whole_words(start in 0_usize..64, length in 0_usize..64) {
        let mut processor = Processor::new(&[]);
        for (value, byte) in processor.device.ram[..256].iter_mut().enumerate() {
            *byte = value as u8;
        }
        let expected = processor.device.ram[start..start + length].to_owned();
        let mut bytes = vec![0; length];
        let mut memory = ProbeDebugger(processor);
        memory.read(BASE + start as u64, &mut bytes).unwrap();
        prop_assert_eq!(bytes, expected);
    }
}

fn found(selector: &str, is_accessible: bool) -> Found {
    Found {
        selector: selector.to_owned(),
        name: "STLink V3".to_owned(),
        is_accessible,
    }
}

/// What is said, and what can be done about it.
#[track_caller]
fn check_choice(found: &[Found], fitting: &[usize], selector: Option<&str>, said: [&str; 2]) {
    let error = Found::choose(found, fitting, selector).expect_err("no choice");
    assert_eq!(error.to_string(), said[0]);
    let hint = error.hint().expect("advice");
    assert!(hint.contains(said[1]), "{hint}");
}

#[test]
fn which_probe_is_meant() {
    let both = [found("0483:374e:1", true), found("0483:374e:2", false)];
    assert_eq!(Found::choose(&both, &[0], Some("0483:374e:1")).unwrap(), 0);
    assert_eq!(Found::choose(&both[..1], &[0], None).unwrap(), 0);
    check_choice(&[], &[], None, ["no debug probe was found", "USB cable"]);
    check_choice(
        &[],
        &[],
        Some("1:2"),
        ["the debug probe 1:2 was not found", "no debug probe"],
    );
    check_choice(
        &both,
        &[],
        Some("1:2"),
        [
            "the debug probe 1:2 was not found",
            "connected are 0483:374e:1 (STLink V3), 0483:374e:2 (STLink V3)",
        ],
    );
    check_choice(
        &both,
        &[0, 1],
        None,
        [
            "there are 2 debug probes",
            "--probe SELECTOR: 0483:374e:1 (STLink V3), 0483:374e:2",
        ],
    );
    check_choice(
        &both,
        &[1],
        Some("0483:374e:2"),
        [
            "you have no permission to use the debug probe 0483:374e:2 (STLink V3)",
            "udev",
        ],
    );
}

/// Through probe-rs: there is no such probe at any computer, and no such chip.
#[track_caller]
fn check_refused(selector: &str, chip: &str, said: [&str; 2]) {
    let options = Options::new(Plan::default());
    let Err(error) = connect(Some(selector), chip, options) else {
        panic!("{selector} is connected to {chip}");
    };
    assert_eq!(error.to_string(), said[0]);
    let hint = error.hint().expect("advice");
    assert!(hint.contains(said[1]), "{hint}");
}

#[test]
fn what_probe_rs_does_not_know() {
    check_refused(
        "ffff:ffff:none",
        "STM32F407VG",
        ["the debug probe ffff:ffff:none was not found", "connected"],
    );
    check_refused(
        "ST-Link",
        "STM32F407VG",
        ["`ST-Link` selects no debug probe", "0483:374b"],
    );
    check_refused(
        "1:2",
        "Z80",
        [
            "probe-rs knows no chip `Z80`, or more than one",
            "probe-rs chip list",
        ],
    );
    check_refused(
        "1:2",
        "STM32F407",
        [
            "probe-rs knows no chip `STM32F407`, or more than one",
            "it knows STM32F407",
        ],
    );
}
