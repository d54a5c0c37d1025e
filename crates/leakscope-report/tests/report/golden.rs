//! Expected outputs in `tests/report/golden`. `LEAKSCOPE_BLESS=1` writes them anew.

use std::fs;
use std::path::PathBuf;

/// Compares an output with the golden file of this name.
#[track_caller]
pub(crate) fn assert_golden(name: &str, output: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/report/golden")
        .join(name);
    if std::env::var_os("LEAKSCOPE_BLESS").is_some_and(|value| value == "1") {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, output).unwrap();
        return;
    }
    let expected = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    let differing = expected
        .lines()
        .zip(output.lines())
        .zip(1..)
        .find(|((a, b), _)| a != b);
    if let Some(((expected, actual), line)) = differing {
        panic!("{name}, line {line}:\n  expected {expected}\n  actual   {actual}");
    }
    assert_eq!(
        expected.lines().count(),
        output.lines().count(),
        "{name}: lines\n{output}"
    );
}
