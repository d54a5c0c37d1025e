//! Numbers of a comparison in words.

use leakscope_report::units::count;

/// Three significant digits, or the whole number if it is 100 or more.
pub(super) fn amount_of(number: f64) -> String {
    let decimals = match number.abs() {
        99.95.. => return count(number.round() as u64),
        0.0 => 0,
        ..0.9995 => 3,
        ..9.995 => 2,
        ..99.95 => 1,
        _ => 0,
    };
    format!("{number:.decimals$}")
}

/// As text: `p = 0.012`.
pub(crate) fn p_in_words(p: f64) -> String {
    if p < 0.001 {
        "p < 0.001".to_owned()
    } else {
        format!("p = {p:.3}")
    }
}
