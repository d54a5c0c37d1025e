//! A test that is skipped says so on the terminal, although it passes; where everything is required, it fails.

use std::process::{Command, Output};

use leakscope_testing::needs::has_tool;

/// Run by the test below: a test that lacks something.
#[test]
#[ignore = "it is to be skipped, which fails where everything is required"]
fn asks_for_a_tool_that_nobody_has() {
    assert!(!has_tool("no-such-tool"));
}

fn run(required: &str) -> Output {
    let program = std::env::current_exe().expect("this program");
    let mut test = Command::new(program);
    test.args(["--ignored", "--exact", "asks_for_a_tool_that_nobody_has"]);
    test.env("LEAKSCOPE_REQUIRE", required);
    test.output().expect("a run")
}

#[test]
fn a_skipped_test_says_so_although_it_passes() {
    let skipped = run("");
    assert!(skipped.status.success(), "{skipped:?}");
    let said = String::from_utf8_lossy(&skipped.stderr);
    let expected = "skipped: asks_for_a_tool_that_nobody_has: `no-such-tool` is missing\n";
    assert_eq!(said, expected);
    let required = run("all");
    assert!(!required.status.success(), "{required:?}");
}
