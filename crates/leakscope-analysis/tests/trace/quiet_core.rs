//! Random programs on two cores with streams of their own, of which one is awake only when a boot begins.

use leakscope_systemview::{Init, Packet, id};
use leakscope_testing::scenario::{IDF_HEAP, MAIN, RAM, Scenario};

use crate::reading::{Reading, read};
use crate::sessions::{BLOCK, OTHER};

const POOL: &[u32] = &[0x4200_5000];
const EARLY: &[u32] = &[0x4200_6000];

/// What stands between two stretches of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Between {
    Reset,
    ResetBehindStop,
    Pause,
    Repeat,
}

/// Random numbers of one program.
struct Drawn(u64);

impl Drawn {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }

    /// As likely in each decade.
    fn between(&mut self, least: f64, most: f64) -> f64 {
        let part = self.below(1 << 32) as f64 / (1_u64 << 32) as f64;
        least * (most / least).powf(part)
    }
}

/// How a core tells the time.
#[derive(Clone, Copy, Debug)]
enum Told {
    Cycles,
    Microseconds { step: u64 },
}

struct Core {
    recording: Scenario,
    hz: u32,
    told: Told,
    /// At which time, in seconds, its stream stood at how many ticks.
    base: (f64, u64),
}

impl Core {
    fn new(hz: u32, told: Told) -> Self {
        let recording = Scenario::empty();
        Self {
            recording,
            hz,
            told,
            base: (0.0, 0),
        }
    }

    /// Lets time pass up to this moment; a recorder that is silent for long tells so.
    fn at(&mut self, time: f64) -> &mut Scenario {
        let since = (time - self.base.0) * f64::from(self.hz);
        let mut ticks = (self.base.1 + since as u64).saturating_sub(self.recording.time());
        while ticks > 1 << 30 {
            let silence = Packet::Other {
                id: id::NOP,
                payload: &[],
            };
            self.recording.after(1 << 30).packet(&silence);
            ticks -= 1 << 30;
        }
        self.recording.after(ticks)
    }

    /// It was reset, and says something first at this time: it knows of none before.
    fn begin_anew(&mut self, time: f64) {
        self.base = (time, self.recording.time());
    }

    /// The target's clock says so many seconds.
    fn start(&mut self, clock: f64) {
        let hz = self.hz;
        let init = Init {
            timestamp_hz: hz,
            cpu_hz: hz.max(160_000_000),
            ram_base: RAM,
            id_shift: 0,
        };
        let told = match self.told {
            Told::Cycles => Packet::SystimeCycles {
                cycles: (clock * f64::from(hz)) as u64 as u32,
            },
            Told::Microseconds { step } => Packet::SystimeUs {
                microseconds: (clock * 1e6) as u64 / step * step,
            },
        };
        let recording = self.recording.sync().packet(&Packet::TraceStart);
        let short = |recording: &mut Scenario| _ = recording.after(u64::from(hz) / 100_000);
        recording.packet(&Packet::Init(init));
        short(recording);
        recording.packet(&told);
        short(recording);
        recording.module(512, IDF_HEAP).run(MAIN);
    }
}

/// A program that leaks nothing, how many heap events each of its sessions has, and what it is.
fn program(seed: u64, kinds: &[Between]) -> ([Vec<u8>; 2], Vec<u64>, String) {
    let mut drawn = Drawn(seed);
    let hz = drawn.one_of(&[100_000, 1_000_000, 16_000_000, 80_000_000, 240_000_000]);
    let told = drawn.one_of(&[
        Told::Cycles,
        Told::Microseconds { step: 1 },
        Told::Microseconds { step: 1000 },
    ]);
    let boots = 2 + drawn.below(7);
    let first_clock = drawn.between(1e-4, 2.0);
    let scatter = drawn.one_of(&[0.0, 1e-5, 1e-3]);
    let later = drawn.between(1e-5, 1e-2);
    let is_silent = drawn.below(4) == 0;
    let stops_told = drawn.below(2) == 0;
    let mut stretches = Vec::new();
    let mut cores = [Core::new(hz, told), Core::new(hz, told)];
    let (mut sessions, mut start, mut lives_on) = (vec![0], 0.0, false);
    // What the clock said at the moment 0, had it run.
    let mut epoch = first_clock;
    for boot in 0..boots {
        let length = drawn.between(0.01, 100.0);
        let awake = drawn.between(1e-4, 5e-2).min(length / 3.0);
        let clock = epoch + start;
        if !lives_on {
            cores[0].begin_anew(start);
            cores[1].begin_anew(start + later);
        }
        cores[0].at(start);
        cores[0].start(clock);
        let wakes = start + later;
        cores[1].at(wakes);
        cores[1].start(epoch + wakes);
        // What lives behind a pause is freed, so that all stretches are alike.
        if lives_on {
            for block in 0..10 {
                cores[0].recording.free(BLOCK + 64 * block, POOL);
            }
            for step in [1, 3].into_iter().filter(|_| !is_silent) {
                cores[1].recording.free(BLOCK + 0x4000 + 64 * step, EARLY);
            }
        }
        if !is_silent {
            for step in 0..4_u32 {
                let moment = start + later + awake * f64::from(step + 1) / 4.0;
                let block = BLOCK + 0x4000 + 64 * step;
                cores[1].at(moment).allocate(block, 24, EARLY);
                if step % 2 == 0 {
                    cores[1].recording.free(block, EARLY);
                }
            }
        }
        *sessions.last_mut().expect("one") += 10 + 120 + if is_silent { 0 } else { 6 };
        let spread = drawn.between(1e-4, length / 2.0);
        for block in 0..10 {
            let moment = start + 5e-5 + spread * f64::from(block) / 10.0;
            cores[0].at(moment).allocate(BLOCK + 64 * block, 48, POOL);
        }
        for round in 0..60_u32 {
            let moment = start + length * f64::from(round + 1) / 62.0;
            let recording = cores[0].at(moment);
            let work = BLOCK + 0x8000 + 64 * (round % 3);
            recording.allocate(work, 16, OTHER).free(work, OTHER);
        }
        let end = start + length;
        if boot + 1 == boots {
            cores[0].at(end).stop();
            break;
        }
        let kind = drawn.one_of(kinds);
        stretches.push((length, awake, kind));
        lives_on = matches!(kind, Between::Pause | Between::Repeat);
        if kind != Between::Repeat {
            sessions.push(0);
        }
        if lives_on {
            *sessions.last_mut().expect("one") += if is_silent { 10 } else { 12 };
        }
        if matches!(kind, Between::ResetBehindStop | Between::Pause) {
            for core in cores.iter_mut().take(if stops_told { 2 } else { 1 }) {
                core.at(end).stop();
            }
        }
        start = end;
        match kind {
            Between::Reset | Between::ResetBehindStop => {
                let jitter = scatter * drawn.below(1000) as f64 / 1000.0;
                epoch = first_clock + jitter - start;
            }
            Between::Pause => start += drawn.between(1e-3, 30.0),
            Between::Repeat => {}
        }
    }
    let text = format!(
        "{hz} Hz, {told:?}, first {first_clock} ± {scatter}, is silent: {is_silent}, {stretches:?}"
    );
    (cores.map(|core| core.recording.plain()), sessions, text)
}

fn is_accused(reading: &Reading) -> bool {
    let mut sites = reading.outcome.call_sites.iter();
    sites.any(|site| site.finding.verdict.is_leak())
}

/// Reads such programs: no site is accused, and of 100, as many as this have the right events in each session.
fn are_right(least: usize, kinds: &[Between]) {
    let count = crate::cases(60).cases as usize;
    let mut wrong = Vec::new();
    for seed in 0..count {
        let (files, sessions, text) = program(seed as u64 * 7919, kinds);
        let reading = read(&files);
        reading.check();
        let told = reading.outcome.sessions.iter();
        let told: Vec<u64> = told.map(|session| session.heap_events).collect();
        assert!(!is_accused(&reading), "{seed}: {text}");
        if told != sessions {
            wrong.push(format!("{seed}: {told:?} for {sessions:?}: {text}"));
        }
    }
    assert!(wrong.len() * 100 <= count * (100 - least), "{wrong:#?}");
}

/// The boots of the core that works are the sessions, however little the other one says of them.
#[test]
fn a_core_that_sleeps_hides_no_reset() {
    for kinds in [
        &[Between::Reset][..],
        &[Between::ResetBehindStop],
        &[Between::Reset, Between::ResetBehindStop, Between::Pause],
    ] {
        are_right(95, kinds);
    }
}

/// Cores that are stopped and started again, or say their start sequence again, were not reset.
#[test]
fn a_core_that_sleeps_makes_no_reset() {
    for kinds in [&[Between::Pause][..], &[Between::Repeat]] {
        are_right(95, kinds);
    }
}

/// A core that wakes late finds several commands to start, and does as each says: it goes on with the other all the same.
#[test]
fn a_core_that_is_told_to_start_again_and_again() {
    for commands in [1, 2, 5] {
        let mut cores = [Scenario::empty(), Scenario::empty()];
        let start = |core: &mut Scenario, clock| {
            core.sync().packet(&Packet::TraceStart).init();
            core.after(20).systime_us(clock);
            core.module(512, IDF_HEAP).run(MAIN);
        };
        start(&mut cores[0], 300);
        cores[1].after(1_000_000);
        for command in 0..commands {
            start(&mut cores[1], 1_000_300 + 200 * command);
            cores[1].after(180);
        }
        for round in 0..1000 {
            let block = BLOCK + 64 * (round % 4);
            cores[0].after(3000).allocate(block, 8, OTHER);
            if u64::from(round) * 4000 > cores[1].time() {
                let wait = u64::from(round) * 4000 - cores[1].time();
                cores[1].after(wait);
            }
            cores[1].after(1).free(block + 0x1000, EARLY);
            cores[0].after(900).free(block, OTHER);
        }
        let reading = read(&cores.map(|core| core.plain()));
        assert_eq!(reading.outcome.sessions.len(), 1, "{commands}");
        let heap = reading.heap();
        let last = |core| heap.iter().rposition(|event| event.core == core);
        assert!(last(0) > last(1), "{commands}");
    }
}
