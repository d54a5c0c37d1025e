//! What `docs/damage.md` promises is kept by a test: each test that it names is there.

use std::path::Path;

#[test]
fn each_promise_names_a_test() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(package.join("../../docs/damage.md")).expect("the page");
    let named: Vec<(&str, &str)> = page
        .split('`')
        .filter_map(|word| word.split_once(".rs::"))
        .collect();
    assert!(named.len() >= 15, "{named:?}");
    for (file, test) in named {
        let file = package.join(file).with_extension("rs");
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            text.contains(&format!("fn {test}(")),
            "no {test} in {}",
            file.display()
        );
    }
}
