//! embassy's time: a count of the board's ticks, of a millisecond each.

use core::cell::{Cell, RefCell};
use core::task::Waker;

use critical_section::Mutex;
use embassy_time_driver::Driver;
use embassy_time_queue_utils::Queue;

struct TickDriver {
    ticks: Mutex<Cell<u64>>,
    queue: Mutex<RefCell<Queue>>,
}

embassy_time_driver::time_driver_impl!(static DRIVER: TickDriver = TickDriver {
    ticks: Mutex::new(Cell::new(0)),
    queue: Mutex::new(RefCell::new(Queue::new())),
});

impl Driver for TickDriver {
    fn now(&self) -> u64 {
        ticks()
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        critical_section::with(|section| {
            self.queue.borrow_ref_mut(section).schedule_wake(at, waker);
        });
    }
}

/// How many ticks have passed.
pub fn ticks() -> u64 {
    critical_section::with(|section| DRIVER.ticks.borrow(section).get())
}

/// A tick has passed. The first thing that its interrupt does: the recorder's clock may depend on it.
pub fn count_tick() {
    critical_section::with(|section| {
        let ticks = DRIVER.ticks.borrow(section);
        ticks.set(ticks.get() + 1);
    });
}

/// Wakes what waited for the present tick.
pub fn wake_expired() {
    critical_section::with(|section| {
        let now = DRIVER.ticks.borrow(section).get();
        DRIVER.queue.borrow_ref_mut(section).next_expiration(now);
    });
}
