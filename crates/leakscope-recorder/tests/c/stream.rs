//! Streaming: both dialects, whatever is called, whether there is room or not.

use std::ffi::{CString, c_char};
use std::sync::atomic::AtomicUsize;

use leakscope_recorder::dialect::{Dialect, EspIdf, Leakscope};
use leakscope_recorder::stream::{self, Filter, WhenFull};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::call::{Call, TEXTS, calls};
use crate::cases;
use crate::host::{self, CLOCK_HZ, CORE, NOW, PLATFORM, SetClock, SetCore, written};
use crate::library::{Config, Library};
use crate::probe::Probe;
use crate::stack::{CODE, Chains, Form, stacks};
use crate::tell;

/// How both recorders are set up.
#[derive(Clone, Debug)]
struct Settings {
    /// Of application, device, core and operating system.
    names: [usize; 4],
    descriptions: usize,
    cpu_hz: u32,
    has_microseconds: bool,
    writes_when_full: bool,
    id_shift: u8,
    heap: (usize, usize, u8, bool),
    has_code: bool,
    least_size: usize,
    one_in: u32,
    task: usize,
    scan_words: u16,
    /// In words behind the begin of the stacks' memory.
    stack_end: Option<usize>,
}

fn settings() -> impl Strategy<Value = Settings> {
    let filter = prop_oneof![
        3 => Just((0, 1, 0)),
        1 => (0..200_usize, 0..4_u32, prop_oneof![Just(0_usize), Just(8)]),
    ];
    let heap = (
        prop_oneof![Just(0_usize), Just(0x2000_0000)],
        any::<usize>(),
        0..32_u8,
        any::<bool>(),
    );
    let names = prop::array::uniform4(0..TEXTS.len());
    let rest = (
        0..4_usize,
        prop_oneof![Just(0), any::<u32>()],
        any::<[bool; 3]>(),
        0..4_u8,
    );
    let scan = (
        prop_oneof![Just(128_u16), 1..200_u16],
        prop::option::of(0..700_usize),
    );
    (names, rest, heap, filter, scan).prop_map(
        |(names, rest, heap, (least_size, one_in, task), (scan_words, stack_end))| {
            let (descriptions, cpu_hz, [has_microseconds, writes_when_full, has_code], id_shift) =
                rest;
            Settings {
                names,
                descriptions,
                cpu_hz,
                has_microseconds,
                writes_when_full,
                id_shift,
                heap,
                has_code,
                least_size,
                one_in,
                task,
                scan_words,
                stack_end,
            }
        },
    )
}

/// The descriptions that a stream may have beside its names.
const DESCRIPTIONS: [&str; 3] = [TEXTS[10], TEXTS[5], TEXTS[6]];
const RAM_BASE: usize = 8;

impl Settings {
    fn stack_end(&self, chains: &Chains) -> usize {
        let words = |words| chains.range().start + words * size_of::<usize>();
        self.stack_end.map_or(0, words)
    }

    fn rust(&self, chains: &Chains) -> stream::Config {
        let [application, device, core, system] = self.names.map(|name| TEXTS[name]);
        let (base, size, alignment, is_scattered) = self.heap;
        let filter = Filter::NONE
            .least_size(self.least_size)
            .one_in(self.one_in)
            .task(self.task);
        let mut config = stream::Config::new(application)
            .device(device)
            .core(core)
            .operating_system(system)
            .descriptions(&DESCRIPTIONS[..self.descriptions])
            .cpu_hz(self.cpu_hz)
            .ids(RAM_BASE, self.id_shift)
            .heap(base, size)
            .heap_alignment(alignment)
            .ram(chains.range())
            .words(self.scan_words)
            .stack_end(Box::leak(Box::new(AtomicUsize::new(
                self.stack_end(chains),
            ))))
            .filter(filter);
        if is_scattered {
            config = config.scattered_heap(base, size);
        }
        if self.has_code {
            config = config.code(CODE);
        }
        if self.has_microseconds {
            config = config.microseconds(host::microseconds);
        }
        if self.writes_when_full {
            config = config.when_full(WhenFull::Write(host::write));
        }
        config
    }

    /// Sets the C file up, whose strings are these.
    fn c(&self, library: &Library, chains: &Chains, texts: &[CString]) {
        let [application, device, core, operating_system] =
            self.names.map(|name| texts[name].as_ptr());
        let descriptions: &'static [*const c_char; 3] =
            Box::leak(Box::new([10, 5, 6].map(|text| texts[text].as_ptr())));
        let (heap_base, heap_size, heap_alignment_bits, heap_is_scattered) = self.heap;
        let config = Config {
            application,
            device,
            core,
            operating_system,
            descriptions: descriptions.as_ptr(),
            description_count: self.descriptions,
            clock: Some(host::clock),
            clock_hz: CLOCK_HZ,
            cpu_hz: self.cpu_hz,
            microseconds: self.has_microseconds.then_some(host::c_microseconds as _),
            write_when_full: self.writes_when_full.then_some(host::c_write as _),
            ram_base: RAM_BASE,
            id_shift: self.id_shift,
            heap_base,
            heap_size,
            heap_is_scattered,
            heap_alignment_bits,
            code_start: if self.has_code { CODE.start } else { 0 },
            code_end: if self.has_code { CODE.end } else { 0 },
            stacks_start: chains.range().start,
            stacks_end: chains.range().end,
            scan_words: self.scan_words,
            filter_least_size: self.least_size,
            filter_one_in: self.one_in,
            filter_task: self.task,
            ..Config::NONE
        };
        library.set_stack_end(self.stack_end(chains));
        // SAFETY: the configuration is whole, and its strings outlive the case.
        unsafe { (library.leakscope_init)(&raw const config) };
    }
}

/// The Rust crate, and the C file.
struct Both<
    'b,
    D: Dialect,
    const BYTES: usize,
    const CORES: usize,
    const TASKS: usize,
    const MASK: u32,
    const SHIFT: u32,
> {
    rust: &'b stream::Stream<D, SetClock<MASK, SHIFT>, BYTES, CORES, SetCore, TASKS>,
    c: &'b Library,
    chains: &'b Chains,
    texts: &'b [CString],
    probes: [Probe; 2],
}

impl<
    D,
    const BYTES: usize,
    const CORES: usize,
    const TASKS: usize,
    const MASK: u32,
    const SHIFT: u32,
> Both<'_, D, BYTES, CORES, TASKS, MASK, SHIFT>
where
    D: Dialect + 'static,
{
    fn act(&self, call: &Call) {
        match *call {
            Call::Tick(ticks) => NOW.set(NOW.get().wrapping_add(ticks) & MASK),
            Call::Core(core) => CORE.set(core),
            Call::ProbeWrites(byte) => {
                for probe in self.probes {
                    probe.write(CORE.get() % CORES, byte);
                }
            }
            Call::ProbeReads(position) => {
                for probe in self.probes {
                    probe.set(CORE.get() % CORES, false, 2, position);
                }
            }
            Call::Drain(core, most) => {
                host::set_room(most);
                let Ok(rust) = self.rust.drain(core as usize, &mut host::take);
                host::set_room(most);
                // SAFETY: as declared.
                let c = unsafe { (self.c.leakscope_drain)(core, host::c_take) };
                assert_eq!(rust, c, "{call:?}");
            }
            Call::Poll => {
                self.rust.poll();
                // SAFETY: as declared.
                unsafe { (self.c.leakscope_poll)() };
            }
            Call::Receive(ref bytes) => {
                self.rust.receive(bytes);
                // SAFETY: as declared.
                unsafe { (self.c.leakscope_receive)(bytes.as_ptr(), bytes.len()) };
            }
            _ => {
                tell::rust(self.rust, self.chains, call);
                tell::c(self.c, self.chains, self.texts, call);
            }
        }
    }

    fn compare(&self, after: &Call) {
        let (rust, c) = written();
        let same = rust.iter().zip(&c).take_while(|(one, other)| one == other);
        let place = same.count();
        assert!(
            rust == c,
            "from byte {place} on, after {after:?}:\n{:02x?}\n{:02x?}",
            &rust[place..],
            &c[place..]
        );
        let [rust, c] = self.probes.map(Probe::seen);
        assert_eq!(rust, c, "after {after:?}");
    }
}

/// Random calls to both recorders of one kind; how many bytes and how many lost events there were.
fn are_equal<
    D: Dialect + 'static,
    const BYTES: usize,
    const CORES: usize,
    const TASKS: usize,
    const MASK: u32,
    const SHIFT: u32,
>(
    name: &str,
    macros: &[&str],
) {
    let sizes = [
        format!("LEAKSCOPE_BUFFER_SIZE={BYTES}"),
        format!("LEAKSCOPE_CORES={CORES}"),
        format!("LEAKSCOPE_TASKS={TASKS}"),
        format!("LEAKSCOPE_CLOCK_MASK={MASK}u"),
        format!("LEAKSCOPE_TICK_SHIFT={SHIFT}"),
    ];
    let macros: Vec<&str> = sizes
        .iter()
        .map(String::as_str)
        .chain(macros.iter().copied())
        .collect();
    let Some(c) = Library::build(name, &macros) else {
        return;
    };
    let form = if macros.contains(&"LEAKSCOPE_WINDOWS=1") {
        Form::Windows
    } else {
        Form::FramePointers
    };
    let texts = TEXTS.map(|text| CString::new(text).expect("no zero byte"));
    let mut runner = TestRunner::new(cases());
    let all = (settings(), stacks(), calls(CORES));
    let result = runner.run(&all, |(settings, stacks, calls)| {
        let mut chains = Chains::new(form);
        chains.lay_out(&stacks);
        let rust = Box::new(stream::Stream::new());
        NOW.set(0);
        CORE.set(0);
        drop(written());
        c.reset(PLATFORM);
        rust.init(SetClock, settings.rust(&chains));
        settings.c(&c, &chains, &texts);
        let block = (&raw const *rust).cast::<u8>().cast_mut();
        let both: Both<'_, D, BYTES, CORES, TASKS, MASK, SHIFT> = Both {
            rust: &rust,
            c: &c,
            chains: &chains,
            texts: &texts,
            probes: [block, c.block].map(|block| Probe {
                block,
                cores: CORES,
            }),
        };
        for call in &calls {
            both.act(call);
            both.compare(call);
        }
        let rest = Call::Drain(0, usize::MAX);
        both.act(&rest);
        both.compare(&rest);
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn leakscopes_dialect() {
    let macros = ["LEAKSCOPE_DEPTH=4", "LEAKSCOPE_STACKS=16"];
    are_equal::<Leakscope<4, 16>, 1024, 1, 3, { u32::MAX }, 0>("leakscope", &macros);
}

#[test]
fn leakscopes_dialect_on_two_cores() {
    let macros = ["LEAKSCOPE_DEPTH=12", "LEAKSCOPE_STACKS=4"];
    are_equal::<Leakscope<12, 4>, 2048, 2, 16, 0x00FF_FFFF, 2>("leakscope-cores", &macros);
}

#[test]
fn leakscopes_dialect_with_windows() {
    let macros = [
        "LEAKSCOPE_DEPTH=8",
        "LEAKSCOPE_STACKS=16",
        "LEAKSCOPE_WINDOWS=1",
    ];
    are_equal::<Leakscope<8, 16>, 2048, 1, 3, { u32::MAX }, 0>("leakscope-windows", &macros);
}

#[test]
fn leakscopes_dialect_without_stacks() {
    let macros = ["LEAKSCOPE_DEPTH=0", "LEAKSCOPE_STACKS=128"];
    are_equal::<Leakscope<0, 128>, 4096, 1, 2, { u32::MAX }, 5>("leakscope-0", &macros);
}

#[test]
fn esp_idfs_dialect() {
    let macros = ["LEAKSCOPE_DEPTH=3", "LEAKSCOPE_ESP_IDF=1"];
    are_equal::<EspIdf<3>, 1024, 1, 3, { u32::MAX }, 0>("esp-idf", &macros);
}

#[test]
fn esp_idfs_dialect_on_two_cores() {
    let macros = ["LEAKSCOPE_DEPTH=10", "LEAKSCOPE_ESP_IDF=1"];
    are_equal::<EspIdf<10>, 1500, 2, 4, 0xFFFF, 0>("esp-idf-cores", &macros);
}
