//! Tests that leak, tests that do not, and what is said of them. All of them run beside each other.

use std::collections::{HashMap, VecDeque};
use std::hint::black_box;
use std::mem::forget;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::channel;
use std::thread;

use leakscope_asserts::{Heap, assert_no_growth, assert_no_leaks, growth, leaks};

#[global_allocator]
static HEAP: Heap = Heap::new();

#[inline(never)]
fn leaky(size: usize) {
    forget(black_box(vec![0_u8; size]));
}

#[test]
fn what_was_freed_is_no_leak() {
    assert_no_leaks!(|| drop(black_box(vec![1, 2, 3])));
    assert_no_leaks!(|| vec![1, 2, 3]);
    // Containers of the caller may grow.
    let mut kept = vec![0_u8];
    assert_no_leaks!(|| kept.extend([1; 1000]));
    assert_eq!(kept.len(), 1001);
}

#[test]
fn a_leak_is_told_with_its_stack() {
    let found = leaks(|| {
        for _ in 0..2 {
            leaky(100);
        }
        forget(black_box(Box::new(7_u64)));
    });
    let sums: Vec<_> = found
        .sites
        .iter()
        .map(|site| (site.blocks, site.bytes))
        .collect();
    assert_eq!(sums, [(2, 200), (1, 8)], "{found}");
    let [first, ..] = found.sites.as_slice() else {
        unreachable!("there are two");
    };
    assert!(first.frames[0].function.ends_with("leaky"), "{found}");
    assert_eq!(first.frames.len(), 2, "the closure called it: {found}");
    for frame in &first.frames {
        assert!(
            frame
                .file
                .as_ref()
                .is_some_and(|file| file.ends_with("tests/asserts.rs")),
            "{found}"
        );
        assert!(frame.line.is_some(), "{found}");
    }
}

#[test]
fn the_message_says_all() {
    let panicked = catch_unwind(|| assert_no_leaks!(|| (0..3).for_each(|_| leaky(24))));
    let message = panicked.expect_err("it leaks");
    let message = message.downcast_ref::<String>().expect("a text");
    assert!(
        message.starts_with("3 blocks, 72 B, not freed:\n  3 blocks, 72 B, allocated by\n"),
        "{message}"
    );
    assert!(message.contains("leaky ("), "{message}");
}

#[test]
fn a_panic_inside_stays_what_it_is() {
    let panicked = catch_unwind(|| assert_no_leaks!(|| panic!("of the test")));
    let message = panicked.expect_err("it panics");
    assert_eq!(message.downcast_ref::<&str>(), Some(&"of the test"));
    assert_no_leaks!(|| drop(black_box(vec![1])));
}

#[test]
fn blocks_that_moved_are_followed() {
    let found = leaks(|| {
        let mut list = Vec::with_capacity(1);
        for number in 0..100_u32 {
            list.push(number);
        }
        list.shrink_to_fit();
        forget(list);
    });
    let sums: Vec<_> = found
        .sites
        .iter()
        .map(|site| (site.blocks, site.bytes))
        .collect();
    assert_eq!(sums, [(1, 400)]);
}

#[test]
fn another_thread_may_free() {
    let (give, take) = channel::<Vec<u8>>();
    let other = thread::spawn(move || take.iter().for_each(drop));
    let (done, is_done) = channel::<()>();
    let third = thread::spawn(move || is_done.iter().for_each(drop));
    assert_no_leaks!(|| {
        let block = black_box(vec![1; 100]);
        let there = thread::scope(|scope| scope.spawn(move || drop(block)).join());
        there.expect("it ends");
    });
    drop((give, done));
    other.join().expect("it ends");
    third.join().expect("it ends");
}

#[test]
#[allow(clippy::print_stdout, reason = "what is tested")]
fn what_is_printed_is_the_harness_s() {
    assert_no_leaks!(|| println!("a line that the harness keeps: {}", "long ".repeat(1000)));
}

#[test]
fn growth_is_what_rises_each_round() {
    let mut log = Vec::new();
    let found = growth(10, || log.push(black_box(Box::new([0_u8; 32]))));
    assert_eq!(found.sites[0].bytes % 32, 0);
    assert!(
        found
            .sites
            .iter()
            .any(|site| site.blocks == 9 && site.bytes == 9 * 32),
        "{found}"
    );
    // Every second round, too.
    let mut round = 0;
    let found = growth(10, || {
        round += 1;
        if round % 2 == 0 {
            leaky(16);
        }
    });
    assert_eq!(found.sites.len(), 1, "{found}");
    assert!(catch_unwind(|| assert_no_growth!(10, || leaky(1))).is_err());
}

#[test]
fn caches_fill_and_stay() {
    let mut cache = HashMap::new();
    let mut round = 0_u32;
    assert_no_growth!(20, || {
        round += 1;
        cache.entry(round % 5).or_insert_with(|| vec![0_u8; 64]);
    });
    let mut last = Vec::new();
    assert_no_growth!(10, || last = black_box(vec![0_u8; last.len() % 3 + 1]));
}

/// A container doubles when it is full, and so rises between two fifths of the rounds and all, however many these are.
#[test]
fn containers_from_before_grow() {
    for rounds in (40..200).step_by(7) {
        let mut list = vec![0_u8];
        assert!(
            !growth(rounds, || list.push(1)).is_empty(),
            "{rounds} rounds"
        );
        let mut text = String::from("x");
        assert!(
            !growth(rounds, || text.push('y')).is_empty(),
            "{rounds} rounds"
        );
        let (mut map, mut number) = (HashMap::from([(0, 0)]), 0);
        let found = growth(rounds, || {
            number += 1;
            map.insert(number, number);
        });
        assert!(!found.is_empty(), "{rounds} rounds");
    }
    let mut queue = VecDeque::from([0_u8; 16]);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        assert_no_growth!(1000, || queue.push_back(1));
    }));
    let message = panicked.expect_err("it grows");
    let message = message.downcast_ref::<String>().expect("a text");
    assert!(
        message.contains(" B more after 1000 rounds:\n"),
        "{message}"
    );
    assert!(!message.contains("0 block"), "{message}");
    assert_no_growth!(1000, || {
        queue.push_back(1);
        queue.pop_front();
    });
}

#[test]
fn a_watch_within_another() {
    let mut inner = None;
    let outer = leaks(|| inner = Some(leaks(|| leaky(8))));
    assert_eq!(inner.expect("it ran").sites.len(), 1);
    assert!(outer.sites.iter().any(|site| site.bytes == 8), "{outer}");
}

#[test]
#[should_panic(expected = "3 rounds show no growth")]
fn too_few_rounds_show_nothing() {
    assert_no_growth!(3, || {});
}
