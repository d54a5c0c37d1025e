//! Baselines as files.

use leakscope_compare::baseline::{Baseline, BaselineError};
use proptest::prelude::*;

use crate::programs::{leaking, report};

#[test]
fn a_line_is_a_site() {
    let report = report(&leaking());
    let baseline = Baseline::of(report.leaks().map(|site| (&report, site)));
    let text = baseline.write();
    assert_eq!(text.lines().count(), 3);
    assert!(
        text.contains(r#""frames":["net::poll","app_main"]"#),
        "{text}"
    );
    assert_eq!(Baseline::read(&text).expect("what was written"), baseline);
    let none = Baseline::of(std::iter::empty()).write();
    assert_eq!(Baseline::read(&none).expect("a baseline").sites, []);
    let other = none.replace("leakscope.baseline", "leakscope.other");
    assert!(matches!(
        Baseline::read(&other),
        Err(BaselineError::NotABaseline)
    ));
}

#[test]
fn a_later_version_is_refused() {
    let text = Baseline {
        version: 2,
        ..Baseline::default()
    }
    .write();
    assert!(matches!(
        Baseline::read(&text),
        Err(BaselineError::Newer(2))
    ));
}

proptest! {
    #[test]
    fn no_text_is_a_panic(text in ".*") {
        let _ = Baseline::read(&text);
        let _ = leakscope_compare::suppress::Rules::read("file", &text);
        let _ = text.parse::<leakscope_compare::rate::Rate>();
    }
}
