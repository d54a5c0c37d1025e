//! What a call site is called in every build.

use std::collections::BTreeSet;
use std::sync::Arc;

use leakscope_analysis::findings::Verdict;
use leakscope_analysis::outcome::Outcome;
use leakscope_report::identity::{Identity, normalised};
use leakscope_report::{FrameSource, Report, Symbolizer};
use leakscope_symbols::CodeFrame;
use proptest::prelude::*;

use crate::outcomes::{empty, finding, number, site};

/// A build: what stands at each address.
struct Build {
    functions: Vec<(u64, &'static str, u32)>,
}

impl FrameSource for Build {
    fn frames(&self, return_address: u64) -> Arc<[CodeFrame]> {
        let found = self
            .functions
            .iter()
            .filter(|(address, ..)| *address == return_address);
        found
            .map(|(_, function, line)| CodeFrame {
                function: Some((*function).into()),
                file: Some("main.c".into()),
                line: Some(*line),
                column: None,
                inlined: false,
            })
            .collect()
    }
}

/// An outcome with a call site for each of these stacks.
fn outcome(stacks: &[&[u64]]) -> Outcome {
    let mut outcome = empty();
    let sites = stacks.iter();
    let sites = sites.map(|stack| site(finding(Verdict::Bounded, vec![]), stack, 1, 1, &[]));
    outcome.call_sites = sites.collect();
    for site in &mut outcome.call_sites {
        site.allocator_frames.clear();
    }
    number(&mut outcome.call_sites);
    outcome
}

fn identities(stacks: &[&[u64]], functions: &[(u64, &'static str, u32)]) -> Vec<Identity> {
    of(&outcome(stacks), functions)
}

fn of(outcome: &Outcome, functions: &[(u64, &'static str, u32)]) -> Vec<Identity> {
    let build = Build {
        functions: functions.to_vec(),
    };
    let mut symbolizer = Symbolizer::new(Some(&build));
    let report = Report::new(outcome, &mut symbolizer, &[]);
    report
        .call_sites
        .into_iter()
        .map(|site| site.identity)
        .collect()
}

#[test]
fn moved_lines_addresses_and_clones_change_nothing() {
    let before = identities(
        &[&[1, 2]],
        &[(1, "parse(int, char)", 10), (2, "app_main", 5)],
    );
    let after = identities(
        &[&[7, 8]],
        &[
            (7, "parse(int,char) [clone .isra.0]", 50),
            (8, "app_main.cold", 45),
        ],
    );
    assert_eq!(before, after);
    // SHA-256 of "parse(int,char)\napp_main".
    assert_eq!(before[0].stack, "ls1:f3dd0ec2ccfa9976");
}

#[test]
fn a_deeper_stack_keeps_its_site() {
    let functions = [
        (1, "a", 1),
        (2, "b", 1),
        (3, "c", 1),
        (4, "d", 1),
        (5, "e", 1),
    ];
    let deep = identities(&[&[1, 2, 3, 4, 5]], &functions);
    let shallow = identities(&[&[1, 2, 3, 4]], &functions);
    assert_eq!(deep[0].site, shallow[0].site);
    assert_ne!(deep[0].stack, shallow[0].stack);
}

#[test]
fn recursion_counts_once() {
    let functions = [(1, "visit", 7), (2, "app_main", 5)];
    let deep = identities(&[&[1, 1, 1, 2]], &functions);
    assert_eq!(deep, identities(&[&[1, 2]], &functions));
}

#[test]
fn two_calls_of_one_function_are_told_apart_in_the_order_of_their_lines() {
    let functions = [
        (1, "make", 3),
        (2, "app_main", 90),
        (3, "app_main", 20),
        (4, "other", 1),
    ];
    let told_apart = identities(&[&[1, 2], &[1, 3], &[1, 4]], &functions);
    let alone = identities(&[&[1, 2]], &functions);
    assert_eq!(told_apart[0].stack, format!("{}~2", alone[0].stack));
    assert_eq!(told_apart[1].stack, format!("{}~1", alone[0].stack));
    assert!(!told_apart[2].stack.contains('~'));
}

/// Two tasks call the same two lines: by the innermost functions there are two call sites, not four.
#[test]
fn siblings_by_site_are_those_of_other_lines() {
    let functions = [
        (1, "f", 10),
        (2, "f", 20),
        (3, "g", 1),
        (4, "h", 1),
        (5, "i", 1),
        (6, "task_a", 1),
        (7, "task_b", 1),
    ];
    let all = identities(
        &[
            &[1, 3, 4, 5, 6],
            &[2, 3, 4, 5, 6],
            &[1, 3, 4, 5, 7],
            &[2, 3, 4, 5, 7],
        ],
        &functions,
    );
    assert_eq!(all[0].site, all[2].site);
    assert_eq!(all[1].site, all[3].site);
    assert!(
        all[0].site.ends_with("~1") && all[1].site.ends_with("~2"),
        "{all:?}"
    );
}

#[test]
fn without_names_it_is_good_for_one_build() {
    let mut nameless = outcome(&[&[0x4008_da18, 0x400d_3bb4]]);
    let unknown = of(&nameless, &[]);
    assert!(unknown[0].stack.starts_with("addr:"), "{unknown:?}");
    nameless.target.elf_sha256 = Some("9a9ab10c5".to_owned());
    let known = of(&nameless, &[]);
    assert_ne!(known, unknown);
    assert_eq!(known, of(&nameless, &[]));
    // One name is enough, and a function without one is told apart by nothing but its place.
    let named = of(&nameless, &[(0x400d_3bb4, "app_main", 1)]);
    assert!(named[0].stack.starts_with("ls1:"), "{named:?}");
}

#[test]
fn names_are_those_of_other_builds_too() {
    for (name, same) in [
        ("f.lto_priv.0", "f"),
        ("f.llvm.1234567890", "f"),
        ("f.part.2.cold", "f"),
        ("f.constprop.0.isra.1.part.3", "f"),
        (
            "Queue::push(int) [clone .isra.0] [clone .part.1]",
            "Queue::push(int)",
        ),
        ("core::fmt::write::h0123456789abcdef", "core::fmt::write"),
        (
            "  operator   new(unsigned  int) ",
            "operator new(unsigned int)",
        ),
        (
            "<T as core::ops::Drop >::drop",
            "<T as core::ops::Drop>::drop",
        ),
        // Not ours to cut.
        ("start.1", "start.1"),
        (".cold", ".cold"),
        ("f::h012345", "f::h012345"),
        ("", ""),
    ] {
        assert_eq!(normalised(name), same);
    }
}

proptest! {
    #[test]
    fn what_is_normalised_stays_so(name in "([a-z_]{1,5}|::h[0-9a-f]{16}|\\.(isra|cold|part)(\\.[0-9])?|[<>(), ]| \\[clone \\.isra\\.0\\]){0,8}") {
        let once = normalised(&name);
        prop_assert_eq!(normalised(&once), once);
    }

    /// However alike they are, no two call sites of a report have the same identity, and their order does not matter.
    #[test]
    fn each_call_site_has_an_identity_of_its_own(stacks in prop::collection::btree_set(prop::collection::vec(1u64..9, 0..6), 1..20)) {
        let functions = [(1, "a", 1), (2, "a", 1), (3, "a", 2), (4, "b", 1), (5, "b.isra.0", 1), (6, "b", 9), (7, "c", 1)];
        let stacks: Vec<&[u64]> = stacks.iter().map(Vec::as_slice).collect();
        let all = identities(&stacks, &functions);
        let distinct: BTreeSet<&str> = all.iter().map(|identity| identity.stack.as_str()).collect();
        prop_assert_eq!(distinct.len(), stacks.len());
        let reversed: Vec<&[u64]> = stacks.iter().rev().copied().collect();
        let mut again = identities(&reversed, &functions);
        again.reverse();
        prop_assert_eq!(again, all);
    }
}
