//! Streaming: both dialects, whatever is called, whether there is room or not.

use std::ffi::{CString, c_char};

use leakscope_recorder::dialect::{Dialect, EspIdf, Leakscope};
use leakscope_recorder::stream::{self, Filter, WhenFull};
use leakscope_recorder::{Block, Level, Recorder, SystemEvent, Task};
use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, TestRunner};

use crate::call::{Call, System, TEXTS, calls};
use crate::host::{self, CLOCK_HZ, CORE, NOW, PLATFORM, SetClock, SetCore, written};
use crate::library::{Config, Library};
use crate::stack::{CODE, Chains, stacks};

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
    heap: (usize, usize, u8),
    has_code: bool,
    least_size: usize,
    one_in: u32,
    task: usize,
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
    );
    let names = prop::array::uniform4(0..TEXTS.len());
    let rest = (
        0..4_usize,
        prop_oneof![Just(0), any::<u32>()],
        any::<[bool; 3]>(),
        0..4_u8,
    );
    (names, rest, heap, filter).prop_map(|(names, rest, heap, (least_size, one_in, task))| {
        let (descriptions, cpu_hz, [has_microseconds, writes_when_full, has_code], id_shift) = rest;
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
        }
    })
}

/// The descriptions that a stream may have beside its names.
const DESCRIPTIONS: [&str; 3] = [TEXTS[4], TEXTS[5], TEXTS[6]];
const RAM_BASE: usize = 8;

impl Settings {
    fn rust(&self, chains: &Chains) -> stream::Config {
        let [application, device, core, system] = self.names.map(|name| TEXTS[name]);
        let (base, size, alignment) = self.heap;
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
            .filter(filter);
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
            Box::leak(Box::new([4, 5, 6].map(|text| texts[text].as_ptr())));
        let (heap_base, heap_size, heap_alignment_bits) = self.heap;
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
            wait_when_full: false,
            ram_base: RAM_BASE,
            id_shift: self.id_shift,
            heap_base,
            heap_size,
            heap_alignment_bits,
            code_start: if self.has_code { CODE.start } else { 0 },
            code_end: if self.has_code { CODE.end } else { 0 },
            stacks_start: chains.range().start,
            stacks_end: chains.range().end,
            filter_least_size: self.least_size,
            filter_one_in: self.one_in,
            filter_task: self.task,
            record_policy: 0,
        };
        // SAFETY: the configuration is whole, and its strings outlive the case.
        unsafe { (library.leakscope_init)(&raw const config) };
    }
}

/// A recorder as a debug probe sees it: SEGGER's layout.
#[derive(Clone, Copy)]
struct Probe {
    block: *mut u8,
    cores: usize,
}

impl Probe {
    const CHANNEL: usize = 2 * size_of::<usize>() + 16;
    const SIZE: usize = 2 * size_of::<usize>();

    fn channel(self, core: usize, is_down: bool) -> *mut u8 {
        let number = usize::from(is_down) * (self.cores + 1) + core + 1;
        self.block.wrapping_add(24 + number * Self::CHANNEL)
    }

    /// Size, write and read position of a channel.
    fn numbers(self, core: usize, is_down: bool) -> [u32; 3] {
        let numbers = self.channel(core, is_down).wrapping_add(Self::SIZE);
        // SAFETY: the three numbers stand there; nobody else is at work.
        unsafe { numbers.cast::<[u32; 3]>().read_volatile() }
    }

    fn set(self, core: usize, is_down: bool, which: usize, value: u32) {
        let number = self
            .channel(core, is_down)
            .wrapping_add(Self::SIZE + 4 * which);
        // SAFETY: as above.
        unsafe { number.cast::<u32>().write_volatile(value) };
    }

    fn write(self, core: usize, byte: u8) {
        let [size, write, _] = self.numbers(core, true);
        let buffer = self.channel(core, true).wrapping_add(size_of::<usize>());
        // SAFETY: the pointer to the buffer stands there, and the position is below the size.
        unsafe {
            let buffer = buffer.cast::<*mut u8>().read_volatile();
            buffer.wrapping_add(write as usize).write_volatile(byte);
        }
        self.set(core, true, 1, (write + 1) % size);
    }

    /// What probes look for, and the sizes and positions of all channels.
    fn seen(self) -> ([u8; 24], Vec<[u32; 3]>) {
        // SAFETY: a control block begins with these.
        let head = unsafe { self.block.cast::<[u8; 24]>().read_volatile() };
        let channels = (0..self.cores)
            .flat_map(|core| [self.numbers(core, false), self.numbers(core, true)])
            .collect();
        (head, channels)
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
    D: Dialect,
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
            _ => {
                self.rust(call);
                self.c(call);
            }
        }
    }

    fn rust(&self, call: &Call) {
        let block = |address, size| Block { address, size };
        let origin = |caller| self.chains.origin(caller);
        match *call {
            Call::Alloc(at, size, by) => self.rust.alloc(block(at, size), origin(by)),
            Call::Free(at, size, by) => self.rust.free(block(at, size), origin(by)),
            Call::ReallocBegins(at, size, by) => {
                self.rust.realloc_begins(block(at, size), origin(by));
            }
            Call::Realloc(from, before, to, size, by) => {
                // By a size of 0, C frees.
                let to = block(to, size.max(1));
                self.rust.realloc(block(from, before), to, origin(by));
            }
            Call::ReallocFailed(at, size, wanted, by) => {
                self.rust
                    .realloc_failed(block(at, size), wanted.max(1), origin(by));
            }
            Call::Failed(size, by) => self.rust.failed(size, origin(by)),
            Call::System(event, number) => self.rust.event(system_event(event, number)),
            Call::Task {
                task,
                priority,
                name,
                stack,
            } => self.rust.task(&Task {
                id: task as usize,
                priority,
                name: TEXTS[name].as_bytes(),
                stack_base: stack,
                stack_size: stack / 2,
            }),
            Call::NameMarker(marker, name) => self.rust.name_marker(marker, TEXTS[name].as_bytes()),
            Call::Print(level, text, ref numbers) => {
                let level = [Level::Log, Level::Warning, Level::Error][level.min(2) as usize];
                self.rust
                    .print_format(level, TEXTS[text].as_bytes(), numbers);
            }
            Call::Start => self.rust.start(),
            Call::Stop => self.rust.stop(),
            Call::Poll => self.rust.poll(),
            Call::Receive(ref bytes) => self.rust.receive(bytes),
            _ => {}
        }
    }

    fn c(&self, call: &Call) {
        let c = self.c;
        let of = |by| self.chains.caller(by);
        // SAFETY (all): the functions are as the header declares them, and the texts are strings.
        unsafe {
            match *call {
                Call::Alloc(at, size, by) => {
                    (c.leakscope_on_alloc_from)(at, size, of(by).0, of(by).1)
                }
                Call::Free(at, size, by) => {
                    (c.leakscope_on_free_from)(at, size, of(by).0, of(by).1)
                }
                Call::ReallocBegins(at, size, by) => {
                    (c.leakscope_on_realloc_begin_from)(at, size, 1, of(by).0, of(by).1);
                }
                Call::Realloc(from, before, to, size, by) => {
                    (c.leakscope_on_realloc_from)(
                        from,
                        before,
                        to,
                        size.max(1),
                        of(by).0,
                        of(by).1,
                    );
                }
                Call::ReallocFailed(at, size, wanted, by) => {
                    (c.leakscope_on_realloc_from)(at, size, 0, wanted.max(1), of(by).0, of(by).1);
                }
                Call::Failed(size, by) => (c.leakscope_on_failed_from)(size, of(by).0, of(by).1),
                Call::System(event, number) => c_system_event(c, event, number),
                Call::Task {
                    task,
                    priority,
                    name,
                    stack,
                } => {
                    let name = self.texts[name].as_ptr();
                    (c.leakscope_task)(task as usize, priority, name, stack, stack / 2);
                }
                Call::NameMarker(marker, name) => {
                    (c.leakscope_name_marker)(marker, self.texts[name].as_ptr());
                }
                Call::Print(level, text, ref numbers) => {
                    let text = self.texts[text].as_ptr();
                    (c.leakscope_print)(level, text, numbers.as_ptr(), numbers.len());
                }
                Call::Start => (c.leakscope_start)(),
                Call::Stop => (c.leakscope_stop)(),
                Call::Poll => (c.leakscope_poll)(),
                Call::Receive(ref bytes) => (c.leakscope_receive)(bytes.as_ptr(), bytes.len()),
                _ => {}
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

fn system_event(event: System, number: u32) -> SystemEvent {
    let address = number as usize;
    match event {
        System::IsrEnter => SystemEvent::IsrEnter(number),
        System::IsrExit => SystemEvent::IsrExit,
        System::IsrToScheduler => SystemEvent::IsrToScheduler,
        System::Runs => SystemEvent::TaskStartExec(address),
        System::Stops => SystemEvent::TaskStopExec,
        System::Ready => SystemEvent::TaskStartReady(address),
        System::Blocked => SystemEvent::TaskStopReady(address, number),
        System::Create => SystemEvent::TaskCreate(address),
        System::Terminate => SystemEvent::TaskTerminate(address),
        System::Idle => SystemEvent::Idle,
        System::TimerEnter => SystemEvent::TimerEnter(address),
        System::TimerExit => SystemEvent::TimerExit,
        System::Mark => SystemEvent::Mark(number),
        System::MarkStart => SystemEvent::MarkStart(number),
        System::MarkStop => SystemEvent::MarkStop(number),
    }
}

/// # Safety
/// As everything in the library.
unsafe fn c_system_event(c: &Library, event: System, number: u32) {
    let address = number as usize;
    // SAFETY (all): promised by the caller.
    unsafe {
        match event {
            System::IsrEnter => (c.leakscope_isr_enter_number)(number),
            System::IsrExit => (c.leakscope_isr_exit)(),
            System::IsrToScheduler => (c.leakscope_isr_exit_to_scheduler)(),
            System::Runs => (c.leakscope_task_runs)(address),
            System::Stops => (c.leakscope_task_stops)(),
            System::Ready => (c.leakscope_task_ready)(address),
            System::Blocked => (c.leakscope_task_blocked)(address, number),
            System::Create => (c.leakscope_task_create)(address),
            System::Terminate => (c.leakscope_task_terminate)(address),
            System::Idle => (c.leakscope_idle)(),
            System::TimerEnter => (c.leakscope_timer_enter)(address),
            System::TimerExit => (c.leakscope_timer_exit)(),
            System::Mark => (c.leakscope_mark)(number),
            System::MarkStart => (c.leakscope_mark_start)(number),
            System::MarkStop => (c.leakscope_mark_stop)(number),
        }
    }
}

/// Random calls to both recorders of one kind; how many bytes and how many lost events there were.
fn are_equal<
    D: Dialect,
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
    let texts = TEXTS.map(|text| CString::new(text).expect("no zero byte"));
    let mut runner = TestRunner::new(Cases::with_cases(300));
    let cases = (settings(), stacks(), calls(CORES));
    let result = runner.run(&cases, |(settings, stacks, calls)| {
        let mut chains = Chains::NEW;
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
fn leakscopes_dialect_without_stacks() {
    let macros = ["LEAKSCOPE_DEPTH=0"];
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
