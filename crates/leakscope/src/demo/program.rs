//! The program: a main task, and three pairs of tasks with a fault.

use std::thread;

use super::faults::Fault;
use super::heap;
use super::queue::{self, Queue, Sender};
use super::scheduler::{Scheduler, Task};
use super::{recorder, stack};

/// How many pairs of tasks there are.
const PAIRS: usize = 3;

/// How long the main task lets the others work, in milliseconds: longer than they take.
const TIME: u32 = 10_000;

/// What an operating system allocates for a task and for a queue, in bytes.
const TASK: usize = 2048;
const QUEUE: usize = 96;

/// Runs the program from its start to its end, recorded by what [`recorder`] was set to. The program's
/// file was loaded `loaded_at` bytes above the addresses that are in it.
pub(crate) fn run(fault: Fault, loaded_at: usize) {
    let scheduler = Scheduler::new();
    thread::scope(|threads| {
        let scheduler = &scheduler;
        threads.spawn(move || app_main(fault, scheduler, loaded_at));
    });
}

/// The main task: starts the others, and records what they do.
#[inline(never)]
fn app_main(fault: Fault, scheduler: &Scheduler, loaded_at: usize) {
    stack::begin_task(loaded_at);
    recorder::heap_trace_start();
    let main = scheduler.first_task("main");
    let mut pairs = Vec::new();
    // A loop that the compiler unrolls would be three places that allocate.
    for pair in 0..std::hint::black_box(PAIRS) {
        let free = create_task(scheduler, &format!("free{pair}"));
        let (sender, queue) = create_queue(&free);
        let alloc = create_task(scheduler, &format!("alloc{pair}"));
        pairs.push((alloc, sender, free, queue));
    }
    thread::scope(|threads| {
        for (alloc, sender, free, queue) in pairs {
            threads.spawn(move || alloc_task(fault, &alloc, sender, loaded_at));
            threads.spawn(move || free_task(fault, &free, &queue, loaded_at));
        }
        main.sleep(TIME);
    });
    recorder::heap_trace_stop();
}

/// A task takes memory for its stack, which it has for good.
#[inline(never)]
fn create_task<'s>(scheduler: &'s Scheduler, name: &str) -> Task<'s> {
    let _stack = heap::allocate(TASK);
    scheduler.new_task(name)
}

/// So does a queue.
#[inline(never)]
fn create_queue(receiver: &Task<'_>) -> (Sender, Queue) {
    let _storage = heap::allocate(QUEUE);
    queue::new(receiver.index())
}

/// The function of the tasks `alloc0` to `alloc2`.
#[inline(never)]
fn alloc_task(fault: Fault, task: &Task<'_>, sender: Sender, loaded_at: usize) {
    stack::begin_task(loaded_at);
    task.begin();
    fault.allocate(task, &sender);
    sender.close(task);
    task.end();
}

/// The function of the tasks `free0` to `free2`.
#[inline(never)]
fn free_task(fault: Fault, task: &Task<'_>, queue: &Queue, loaded_at: usize) {
    stack::begin_task(loaded_at);
    task.begin();
    fault.free(task, queue);
    task.end();
}
