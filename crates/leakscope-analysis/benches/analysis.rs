//! How many events a second: read as packets, as events, and analysed as a whole, beside the least that
//! any reader must do.
//!
//! For people; the gate against regressions is the bench `instructions`.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

mod synthetic;
mod work;

const PACKETS: u64 = 1_000_000;

fn chain(criterion: &mut Criterion) {
    let recording = synthetic::recording(PACKETS);
    let bytes = recording.bytes.as_slice();
    assert_eq!(work::analysis(bytes).totals, recording.expected);

    let mut group = criterion.benchmark_group("chain");
    group.throughput(Throughput::Elements(recording.expected.events));
    group.bench_function("floor", |bencher| bencher.iter(|| work::floor(bytes)));
    group.bench_function("packets", |bencher| bencher.iter(|| work::packets(bytes)));
    group.bench_function("events", |bencher| bencher.iter(|| work::events(bytes)));
    group.bench_function("analysis", |bencher| {
        bencher.iter_batched(|| bytes, work::analysis, BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = chain
}
criterion_main!(benches);
