//! Tests that fail if what they call leaks, in plain `cargo test`: firmware's portable half runs on your own computer, too.
//!
//! ```
//! use leakscope_asserts::{Heap, assert_no_growth, assert_no_leaks};
//!
//! // Once in each test program: all of its allocations go through here.
//! #[global_allocator]
//! static HEAP: Heap = Heap::new();
//!
//! # fn main() {
//! let mut log = Vec::new();
//! assert_no_leaks!(|| log.iter().map(|line: &String| line.len()).sum::<usize>());
//! assert_no_growth!(10, || {
//!     log.clear();
//!     log.push("one line a round".to_owned());
//! });
//! # }
//! ```
//!
//! A test that fails says which call stack allocated what was left:
//! ```should_panic
//! # #[global_allocator]
//! # static HEAP: leakscope_asserts::Heap = leakscope_asserts::Heap::new();
//! # fn main() {
//! // panicked: 1 block, 4 B, not freed:
//! //   1 block, 4 B, allocated by
//! //       main::{closure} (src/lib.rs:6)
//! leakscope_asserts::assert_no_leaks!(|| std::mem::forget(Box::new(4)));
//! # }
//! ```
//!
//! # The tour
//! - [`Heap`] is the allocator: it passes every call on, and tells the `ledger` while anybody watches.
//! - [`assert_no_leaks!`] runs code once: whatever it allocated and has not freed at its end is a leak. Its value is dropped
//!   before that is looked at.
//! - [`assert_no_growth!`] runs code several times, the first time to fill caches: what rises from round to round is growth.
//! - [`assert_no_leaks_anywhere!`] is for code that starts threads.
//! - [`leaks`], [`leaks_anywhere`] and [`growth`] give what was found as data, [`Leaks`].
//!
//! # Whose allocations
//! Those of the calling thread, so that tests can run beside each other. It does not matter which thread frees. What `println!`
//! and its kin keep for the test is not counted.
//!
//! A container of the caller that grows counts with [`assert_no_growth!`]. With [`assert_no_leaks!`], it does not if its memory is
//! moved (`Vec`, `String`, `VecDeque` that are not empty), and does if it takes new memory (`HashMap`, `BTreeMap`, and those
//! when they were empty): for nobody could tell that from a leak. Reserve before, or take [`assert_no_growth!`].
//!
//! A closure that gives back a future has run nothing: let it `block_on` it. In builds without line tables
//! (`cargo test --release`), functions are named as far as the compiler has left them: `debug = true` in the profile names all.

mod growth;
mod heap;
mod leaks;
mod ledger;
mod scope;

pub use growth::growth;
pub use heap::Heap;
pub use leaks::{Frame, Leaks, Site, Watched};
pub use scope::{leaks, leaks_anywhere};

/// Runs a closure, and panics if blocks that it allocated on this thread are not freed at its end.
///
/// What is set up once, on first use (a `LazyLock`, a thread's own state), counts: use it before, or take
/// [`assert_no_growth!`].
#[macro_export]
macro_rules! assert_no_leaks {
    ($call:expr $(,)?) => {
        $crate::leaks($call).assert_none()
    };
}

/// Runs a closure, and panics if blocks that any thread allocated meanwhile are not freed at its end.
///
/// Nobody can tell whose they are: it needs **a process of its own**, a file in `tests/` with one test alone, or
/// `cargo test -- --test-threads=1`. Threads have to be joined before the end.
///
/// ```
/// #[global_allocator]
/// static HEAP: leakscope_asserts::Heap = leakscope_asserts::Heap::new();
///
/// # fn main() {
/// std::thread::spawn(|| {}).join().unwrap();
/// leakscope_asserts::assert_no_leaks_anywhere!(|| std::thread::spawn(|| drop(vec![1])).join().unwrap());
/// # }
/// ```
#[macro_export]
macro_rules! assert_no_leaks_anywhere {
    ($call:expr $(,)?) => {
        $crate::leaks_anywhere($call).assert_none()
    };
}

/// Runs a closure so many times, and panics if what it leaves behind on this thread grows.
///
/// A call stack grows if its bytes never fall from the end of the first round on, rise three times at least, and still
/// rise after two fifths of the rounds. So a leak on every fourth call needs some 16 rounds to be seen, a `Vec` with room for 16 that is
/// pushed to in each round 50 (it doubles), and what fills a cache must have filled it before two fifths.
///
/// # Panics
/// With fewer than 4 rounds, which show nothing.
#[macro_export]
macro_rules! assert_no_growth {
    ($rounds:expr, $call:expr $(,)?) => {
        $crate::growth($rounds, $call).assert_none()
    };
}
