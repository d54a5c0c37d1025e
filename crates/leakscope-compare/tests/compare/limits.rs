//! Limits of sums, which hold for each session.

use leakscope_compare::gate::Answer::{Failed, Inconclusive, Passed};
use leakscope_compare::gate::Limits;

use crate::gates::{POLL_LEAKS, expect, growth, with_limits};
use crate::programs::{CACHE, MAIN, healthy, leaking, report, work};

#[test]
fn limits_of_sums() {
    let report = report(&leaking());
    let outstanding = |most| {
        with_limits(Limits {
            max_outstanding: Some(most),
            ..Limits::default()
        })
    };
    expect(
        &outstanding(2911),
        &report,
        Failed,
        &["leak-steady net::poll", "limit"],
    );
    expect(&outstanding(2912), &report, Failed, POLL_LEAKS);
    let peak = |most| {
        with_limits(Limits {
            max_peak: Some(most),
            ..Limits::default()
        })
    };
    expect(
        &peak(100),
        &report,
        Failed,
        &["leak-steady net::poll", "limit"],
    );
    expect(&peak(1_000_000), &report, Failed, POLL_LEAKS);
    // 24 bytes every 10 ms are 2,400 B/s.
    expect(
        &growth("2300B/s"),
        &report,
        Failed,
        &["leak-steady net::poll", "limit"],
    );
    expect(&growth("2500B/s"), &report, Failed, POLL_LEAKS);
}

/// A target that begins anew has none of the blocks before: each session has the limits for itself.
#[test]
fn limits_are_of_a_session() {
    let mut twice = healthy();
    twice.stop().start();
    twice.allocate(0x3FC8_0000, 512, &[CACHE, MAIN]);
    work(&mut twice, 100, 24, |_| false);
    let twice = report(&twice);
    assert_eq!(twice.sessions.len(), 2);
    assert_eq!(twice.totals.outstanding_bytes, 1024);
    let limits = |max_outstanding, min_length| {
        with_limits(Limits {
            max_outstanding: Some(max_outstanding),
            min_length: Some(min_length),
            ..Limits::default()
        })
    };
    expect(&limits(512, 0.9), &twice, Passed, &[]);
    expect(&limits(511, 0.9), &twice, Failed, &["limit"]);
    // 2 s in all, 1 s at a time.
    expect(&limits(512, 1.5), &twice, Inconclusive, &[]);
}
