//! Which call site is which, in another build.

use leakscope_compare::diff::{Diff, Match, Status};
use leakscope_report::Report;
use leakscope_testing::scenario::Scenario;

use crate::programs::{Build, report_by};

type Place = (u32, &'static str, u32);

/// A recording in which each of these stacks leaves 20 blocks of a size, and the build that it is of.
fn recorded(places: &[Place], stacks: &[(&[u32], u32)]) -> Report {
    let mut recording = Scenario::begun();
    recording.depth = 8;
    for round in 0..20 {
        for (number, &(stack, size)) in (0..).zip(stacks) {
            let block = 0x3FC8_0000 + 0x1000 * (round * stacks.len() as u32 + number);
            recording.after(50_000).allocate(block, size, stack);
        }
    }
    let places = places.iter();
    let rows = places.map(|&(address, function, line)| (address, function, "/src/app.c", line));
    report_by(&recording, Some(&Build(rows.collect())))
}

/// How each call site that leaks after was recognised: its innermost function's line, and how.
fn matches(before: Report, after: Report) -> Vec<(u32, Match)> {
    let diff = Diff::of(&[before], &[after], None);
    let sites = diff.sites.iter().filter(|site| site.after.allocations > 0);
    let line = |site: &leakscope_compare::diff::Site| site.frames[0].line.unwrap_or(0);
    let mut matches: Vec<_> = sites.map(|site| (line(site), site.matched)).collect();
    matches.sort_unstable();
    matches
}

const OLD: [Place; 3] = [
    (0x1000, "poll", 10),
    (0x2000, "step", 20),
    (0x3000, "main", 30),
];

fn old() -> Report {
    recorded(&OLD, &[(&[0x1000, 0x2000, 0x3000], 24)])
}

#[test]
fn other_lines_addresses_and_clones_are_the_same_site() {
    let new = [
        (0x1100, "poll.isra.0", 51),
        (0x2200, "step.constprop.1", 62),
        (0x3300, "main", 73),
    ];
    let after = recorded(&new, &[(&[0x1100, 0x2200, 0x3300], 24)]);
    assert_eq!(matches(old(), after), [(51, Match::Stack)]);
}

#[test]
fn stacks_that_were_recorded_deeper_are_found_by_their_inner_end() {
    let names = [
        (0x1000, "a", 1),
        (0x2000, "b", 2),
        (0x3000, "c", 3),
        (0x4000, "d", 4),
        (0x5000, "e", 5),
        (0x6000, "f", 6),
    ];
    let stack = [0x1000, 0x2000, 0x3000, 0x4000, 0x5000, 0x6000];
    let depth = |depth: usize| recorded(&names, &[(&stack[..depth], 24)]);
    assert_eq!(matches(depth(4), depth(6)), [(1, Match::Site)]);
    // Two that look alike as far as they were recorded are added.
    let both = recorded(
        &names,
        &[
            (&stack[..5], 24),
            (&[0x1000, 0x2000, 0x3000, 0x4000, 0x6000], 24),
        ],
    );
    let diff = Diff::of(&[depth(4)], &[both], None);
    assert_eq!(diff.sites.len(), 1);
    assert_eq!(
        (
            diff.sites[0].before.allocations,
            diff.sites[0].after.allocations
        ),
        (20, 40)
    );
}

#[test]
fn a_function_that_is_called_from_elsewhere_has_moved() {
    let new = [OLD[0], (0x2000, "other", 20), (0x3000, "elsewhere", 30)];
    let stack: &[u32] = &[0x1000, 0x2000, 0x3000];
    assert_eq!(
        matches(old(), recorded(&new, &[(stack, 24)])),
        [(10, Match::Moved)]
    );
    // Of another size, it may be anything.
    assert_eq!(
        matches(old(), recorded(&new, &[(stack, 32)])),
        [(10, Match::Unmatched)]
    );
}

#[test]
fn two_calls_of_one_function_are_told_apart_by_their_order() {
    let lines = |first: u32, second: u32, third: u32| {
        [
            (0x1000, "poll", first),
            (0x1004, "poll", second),
            (0x1008, "poll", third),
            (0x3000, "main", 30),
        ]
    };
    let of = |places: &[Place], stacks: &[u32]| {
        let stacks: Vec<[u32; 2]> = stacks.iter().map(|&stack| [stack, 0x3000]).collect();
        let stacks: Vec<(&[u32], u32)> = (1..)
            .zip(&stacks)
            .map(|(size, stack)| (&stack[..], 8 * size))
            .collect();
        recorded(places, &stacks)
    };
    let before = of(&lines(10, 12, 14), &[0x1000, 0x1004]);
    let after = of(&lines(50, 52, 54), &[0x1000, 0x1004]);
    let diff = Diff::of(std::slice::from_ref(&before), &[after], None);
    assert_eq!(diff.sites.len(), 2);
    assert!(diff.sites.iter().all(|site| site.status == Status::Same));
    // With a third, nobody knows which is which: their sums are compared.
    let after = of(&lines(50, 52, 54), &[0x1000, 0x1004, 0x1008]);
    let diff = Diff::of(&[before], &[after], None);
    assert_eq!(diff.sites.len(), 1);
    assert_eq!(
        (
            diff.sites[0].before.allocations,
            diff.sites[0].after.allocations
        ),
        (40, 60)
    );
}

/// A twin that looks for each stack among all of the other side finds the same pairs.
#[test]
fn stacks_of_both_sides_are_always_paired() {
    let names = [
        (0x1000, "a", 1),
        (0x2000, "b", 2),
        (0x3000, "c", 3),
        (0x4000, "d", 4),
    ];
    let stacks: [&[u32]; 5] = [
        &[0x1000, 0x2000],
        &[0x2000, 0x1000],
        &[0x3000],
        &[0x1000, 0x3000, 0x4000],
        &[0x4000, 0x2000],
    ];
    let chosen = |mask: u32| {
        let stacks = (0..).zip(stacks).filter(|(bit, _)| mask >> bit & 1 == 1);
        recorded(
            &names,
            &stacks
                .map(|(bit, stack)| (stack, 8 + 8 * bit))
                .collect::<Vec<_>>(),
        )
    };
    for (before, after) in [
        (0b11111, 0b11111),
        (0b10110, 0b01101),
        (0b00001, 0b11110),
        (0b01010, 0),
    ] {
        let (before, after) = (chosen(before), chosen(after));
        let identities = |report: &Report| -> Vec<String> {
            report
                .call_sites
                .iter()
                .map(|site| site.identity.stack.clone())
                .collect()
        };
        let (old, new) = (identities(&before), identities(&after));
        let naive = old.iter().filter(|stack| new.contains(stack)).count();
        let diff = Diff::of(&[before], &[after], None);
        let paired = diff
            .sites
            .iter()
            .filter(|site| site.matched == Match::Stack);
        assert_eq!(paired.count(), naive);
        let there = |side: fn(&leakscope_compare::diff::Site) -> u64| {
            diff.sites.iter().filter(|site| side(site) > 0).count()
        };
        assert_eq!(there(|site| site.before.allocations), old.len());
        assert_eq!(there(|site| site.after.allocations), new.len());
    }
}
