//! How long it takes to open a program and to look addresses up in it.
//!
//! The program is this benchmark itself: an ELF file of some megabytes, on Linux.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use leakscope_symbols::{AddressKind, Symbols};
use std::hint::black_box;

/// 10,000 addresses, spread evenly over the code around `main`.
fn addresses(symbols: &Symbols) -> Vec<u64> {
    const MOST: u64 = 1 << 24;
    let main = symbols
        .symbol("main")
        .expect("this program has a main")
        .address;
    let is_code = |address: &u64| symbols.is_code(*address, AddressKind::Exact);
    let below = (main.saturating_sub(MOST)..main)
        .rev()
        .take_while(is_code)
        .last();
    let above = (main..main + MOST).take_while(is_code).last();
    let (start, end) = (below.unwrap_or(main), above.unwrap_or(main));
    let step = ((end - start) / 10_000).max(1) as usize;
    (start..end).step_by(step).take(10_000).collect()
}

fn frames(criterion: &mut Criterion) {
    let path = std::env::current_exe().expect("a running program has a path");
    let file = std::fs::read(path).expect("a running program can be read");
    let open = || Symbols::from_bytes(file.clone()).expect("on Linux this is an ELF file");
    let addresses = addresses(&open());
    let look_up = |symbols: &Symbols| {
        for address in &addresses {
            black_box(symbols.frames(*address, AddressKind::ReturnAddress));
        }
    };

    let megabytes = file.len() / 1_000_000;
    let count = addresses.len();
    criterion.bench_function(&format!("open {megabytes} MB"), |bencher| {
        bencher.iter(open);
    });
    criterion.bench_function(&format!("{count} new addresses"), |bencher| {
        bencher.iter_batched(open, |symbols| look_up(&symbols), BatchSize::PerIteration);
    });
    let symbols = open();
    look_up(&symbols);
    criterion.bench_function(&format!("{count} known addresses"), |bencher| {
        bencher.iter(|| look_up(&symbols));
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = frames
}
criterion_main!(benches);
