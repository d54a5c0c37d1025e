//! Ticks and bytes in words: the cases of `units.json`, which the page's unit tests read too.

use leakscope_report::units::{self, Clock};
use serde_json::Value;

/// What the function of this name makes of a case.
fn words(function: &str, case: &Value) -> String {
    let whole = |name: &str| {
        case[name]
            .as_u64()
            .unwrap_or_else(|| panic!("{name} of {case}"))
    };
    let clock = || {
        let hz = u32::try_from(whole("hz")).unwrap();
        Clock::new(hz, case["length"].as_u64().unwrap_or(0))
    };
    match function {
        "duration" => clock().duration(whole("ticks")),
        "moment" => clock().moment(whole("ticks")),
        "stamp" => clock().stamp(whole("ticks")),
        "rate" => clock().rate(case["bytes"].as_i64().unwrap(), whole("ticks")),
        "duration_of_seconds" => units::duration_of_seconds(case["number"].as_f64().unwrap()),
        "count" => units::count(whole("number")),
        "counted" => units::counted(whole("number"), case["name"].as_str().unwrap()),
        "bytes" => units::bytes(whole("number")),
        "bytes_with_unit" => units::bytes_with_unit(whole("number")),
        "percent" => units::percent(whole("part"), whole("whole")),
        other => panic!("{other}: no such function"),
    }
}

#[test]
fn every_case_of_the_table() {
    let table: Value = serde_json::from_str(include_str!("units.json")).unwrap();
    for (function, cases) in table.as_object().unwrap() {
        for case in cases.as_array().unwrap() {
            assert_eq!(
                words(function, case),
                case["text"].as_str().unwrap(),
                "{function} {case}"
            );
        }
    }
}
