//! What a program, its host and a debug probe may do to a streaming recorder.

use proptest::prelude::*;

use crate::stack::{Caller, caller};

/// A call, or something that happens between calls.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    Alloc(Place, usize, Caller),
    Free(Place, usize, Caller),
    /// From where and of what size, to what size.
    ReallocBegins(Place, usize, usize, Caller),
    /// From where and of what size, to where (0: there was no memory) and of what size.
    Realloc(Place, usize, Place, usize, Caller),
    Failed(usize, Caller),
    System(System, u32),
    Task {
        task: u32,
        priority: u32,
        name: usize,
        stack: usize,
    },
    NameMarker(u32, usize),
    Print(u32, usize, Vec<u32>),
    /// Time goes by.
    Tick(u32),
    /// Another core runs.
    Core(usize),
    Start,
    Stop,
    Poll,
    Receive(Vec<u8>),
    /// The probe writes a command.
    ProbeWrites(u8),
    /// The probe says up to where it has read: anything, also nonsense.
    ProbeReads(u32),
    /// The program hands out at most so many bytes of a core.
    Drain(u32, usize),
}

/// What happens in the scheduler.
#[derive(Clone, Copy, Debug)]
pub(crate) enum System {
    IsrEnter,
    IsrExit,
    IsrToScheduler,
    Runs,
    Stops,
    Ready,
    Blocked,
    Create,
    Terminate,
    Idle,
    TimerEnter,
    TimerExit,
    Mark,
    MarkStart,
    MarkStop,
}

const SYSTEM: [System; 15] = [
    System::IsrEnter,
    System::IsrExit,
    System::IsrToScheduler,
    System::Runs,
    System::Stops,
    System::Ready,
    System::Blocked,
    System::Create,
    System::Terminate,
    System::Idle,
    System::TimerEnter,
    System::TimerExit,
    System::Mark,
    System::MarkStart,
    System::MarkStop,
];

/// Names and messages: none, with text of all lengths, and with characters of several bytes.
pub(crate) const TEXTS: [&str; 11] = [
    "",
    "worker",
    "a name that is longer than 24 bytes, and than 32",
    "ääääääääääääääääääääääääääääääääääää",
    "%u of %u bytes at 0x%x",
    "a message of more than 128 bytes, which is cut: 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789",
    "日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語",
    "x",
    "%+08d|%-6x|%#X|%5.3u|%c|%s|%p|%%|%*d|%-+.*i|%hhu%lX|%q%",
    "ä%-200uä%c%c%c%300c日%.0d%",
    "I#12=timer",
];

/// The address of a block, 0 for none.
pub(crate) type Place = usize;

fn place() -> impl Strategy<Value = Place> {
    prop_oneof![
        20 => (0..40_usize).prop_map(|number| 0x2000_0100 + 24 * number),
        2 => Just(0),
        1 => any::<u32>().prop_map(|address| address as usize),
        1 => (0..4_usize).prop_map(|number| 0x7000_0000_1000 + 16 * number),
    ]
}

fn size() -> impl Strategy<Value = usize> {
    prop_oneof![1 => Just(0), 20 => 1..300_usize, 2 => 1..100_000_usize, 1 => Just(usize::MAX)]
}

pub(crate) fn ticks() -> impl Strategy<Value = u32> {
    prop_oneof![
        30 => 0..200_u32,
        6 => 0..200_000_u32,
        3 => 0..3_000_000_u32,
        2 => any::<u32>(),
        // The clock steps back.
        1 => (1..2000_u32).prop_map(u32::wrapping_neg),
    ]
}

fn command() -> impl Strategy<Value = u8> {
    prop_oneof![10 => 1..8_u8, 1 => Just(127), 2 => Just(128), 1 => Just(0), 1 => any::<u8>()]
}

/// What happens on the heap.
pub(crate) fn heap() -> impl Strategy<Value = Call> {
    prop_oneof![
        6 => (place(), size(), caller()).prop_map(|(at, size, by)| Call::Alloc(at, size, by)),
        4 => (place(), size(), caller()).prop_map(|(at, size, by)| Call::Free(at, size, by)),
        2 => (place(), size(), size(), caller())
            .prop_map(|(at, before, size, by)| Call::ReallocBegins(at, before, size, by)),
        3 => (place(), size(), place(), size(), caller())
            .prop_map(|(from, before, to, size, by)| Call::Realloc(from, before, to, size, by)),
        1 => (size(), caller()).prop_map(|(size, by)| Call::Failed(size, by)),
    ]
}

fn call(cores: usize) -> impl Strategy<Value = Call> {
    let stack = 0x2000_0000..0x2000_8000_usize;
    let text = 0..TEXTS.len();
    let task = prop_oneof![4 => 0..5_u32, 1 => 0..40_u32];
    let rest = prop_oneof![
        12 => (prop::sample::select(&SYSTEM[..]), any::<u32>())
            .prop_map(|(event, number)| Call::System(event, number % 8 * 4)),
        2 => (task, any::<u32>(), text.clone(), stack)
            .prop_map(|(task, priority, name, stack)| Call::Task { task: 4 * task, priority, name, stack }),
        1 => (any::<u32>(), text.clone()).prop_map(|(marker, name)| Call::NameMarker(marker, name)),
        2 => (0..4_u32, text, prop::collection::vec(any::<u32>(), 0..20))
            .prop_map(|(level, text, numbers)| Call::Print(level, text, numbers)),
        1 => (0..=cores).prop_map(Call::Core),
        1 => Just(Call::Start),
        1 => prop_oneof![3 => Just(Call::Start), 1 => Just(Call::Stop)],
        3 => Just(Call::Poll),
        1 => prop::collection::vec(command(), 0..4).prop_map(Call::Receive),
        1 => command().prop_map(Call::ProbeWrites),
    ];
    let reader = prop_oneof![
        8 => (0..cores as u32 + 1, 0..3000_usize).prop_map(|(core, most)| Call::Drain(core, most)),
        1 => any::<u32>().prop_map(|position| Call::ProbeReads(position % 5000)),
    ];
    prop_oneof![20 => heap(), 10 => rest, 15 => ticks().prop_map(Call::Tick), 2 => reader]
}

/// Calls in some order; most sequences begin with a start, and often the same is done many times.
pub(crate) fn calls(cores: usize) -> impl Strategy<Value = Vec<Call>> {
    let again = (prop::collection::vec(call(cores), 1..6), 1..60_usize)
        .prop_map(|(calls, times)| vec![calls; times].concat());
    let some = prop::collection::vec(call(cores), 1..60);
    // Enough calls, and time, for call stacks and the beginning to be told again.
    let steady = (
        prop::collection::vec(heap(), 1..4),
        0..20_000_u32,
        200..800_usize,
    );
    let steady = steady.prop_map(|(mut calls, ticks, times)| {
        calls.extend([Call::Tick(ticks), Call::Drain(0, usize::MAX)]);
        vec![calls; times].concat()
    });
    let parts = prop::collection::vec(prop_oneof![2 => some, 2 => again, 1 => steady], 1..8);
    (any::<bool>(), parts).prop_map(|(starts, parts)| {
        let begin = starts.then_some(Call::Start);
        begin.into_iter().chain(parts.concat()).collect()
    })
}
