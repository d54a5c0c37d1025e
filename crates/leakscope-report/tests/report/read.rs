//! A report that is read back is the one that was written, and a file that is none says why.

use leakscope_analysis::outcome::Outcome;
use leakscope_report::json::ReadError;
use leakscope_report::text::{TextOptions, write};
use leakscope_report::{Report, Standing, Symbolizer, json};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::everything::everything;
use crate::outcomes;
use crate::program::Program;

fn report(outcome: &Outcome) -> Report {
    let inputs = ["core0.svdat".to_owned(), "core1\u{1b}[1m.svdat".to_owned()];
    let mut symbolizer = Symbolizer::new(Some(&Program));
    Report::new(outcome, &mut symbolizer, &inputs)
}

fn json_of(report: &Report) -> String {
    let mut out = Vec::new();
    json::write(&mut out, report).unwrap();
    String::from_utf8(out).unwrap()
}

fn text_of(report: &Report, width: usize, all: bool) -> String {
    let options = TextOptions {
        width,
        all,
        ..TextOptions::default()
    };
    let mut out = Vec::new();
    write(&mut out, report, &options).unwrap();
    String::from_utf8(out).unwrap()
}

fn error_of(json: &str) -> ReadError {
    json::read(json.as_bytes()).unwrap_err()
}

/// An outcome with other numbers than those that were thought of.
fn shaken(mut outcome: Outcome, hz: u32, numbers: &[u64], name: &str) -> Outcome {
    let mut numbers = numbers.iter().copied().cycle();
    let mut next = || numbers.next().unwrap();
    outcome.target.timestamp_hz = hz;
    outcome.target.application = Some(name.to_owned());
    outcome.totals.end = next();
    outcome.totals.outstanding_bytes = next();
    for task in &mut outcome.tasks {
        name.clone_into(&mut task.name);
    }
    for site in &mut outcome.call_sites {
        site.growth.bytes = next() as i64 - (1 << 45);
        site.growth.ticks = next() / 3;
        site.outstanding_blocks = next();
        site.first_allocation = next();
    }
    for problem in &mut outcome.problems {
        problem.time = Some(next());
    }
    outcome.heaps.truncate(1);
    outcome
}

/// Calls `see` with each value in a document, arrays and objects too.
fn each_value(value: &mut Value, see: &mut impl FnMut(&mut Value)) {
    see(value);
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| each_value(item, see)),
        Value::Object(fields) => {
            for value in fields.values_mut() {
                each_value(value, see);
            }
        }
        _ => {}
    }
}

fn acts_on_a_terminal(text: &str) -> bool {
    text.contains(|character: char| {
        character != '\n'
            && (character.is_control() || ('\u{202a}'..='\u{202e}').contains(&character))
    })
}

#[test]
fn made_reports_come_back() {
    for outcome in [
        outcomes::tutorial(),
        outcomes::clean(),
        outcomes::mute(),
        outcomes::empty(),
        everything(),
    ] {
        let report = report(&outcome);
        let json = json_of(&report);
        let again = json::read(json.as_bytes()).unwrap();
        assert_eq!(again, report);
        assert_eq!(json_of(&again), json);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn reports_with_any_numbers_come_back(
        hz in prop_oneof![Just(0), Just(1), any::<u32>()],
        numbers in prop::collection::vec(0u64..1 << 46, 1..40),
        name in ".{0,40}",
        width in 40usize..160,
        all: bool,
    ) {
        let report = report(&shaken(everything(), hz, &numbers, &name));
        let json = json_of(&report);
        let again = json::read(json.as_bytes()).unwrap();
        prop_assert_eq!(&again, &report);
        prop_assert_eq!(json_of(&again), json.clone());
        prop_assert_eq!(text_of(&again, width, all), text_of(&report, width, all));
        // JSON has no other way to write what is no number.
        let mut value: Value = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(value["trace"]["length_s"].is_null(), hz == 0);
        each_value(&mut value, &mut |value| {
            let is_negative_zero = |number: f64| number == 0.0 && number.is_sign_negative();
            assert!(!value.as_f64().is_some_and(is_negative_zero), "-0.0 in {json}");
        });
    }

    /// One value is replaced by another: either that is said, or the text can be shown.
    #[test]
    fn a_document_that_somebody_changed_does_no_harm(
        place: prop::sample::Index,
        put in prop_oneof![
            Just(json!(u64::MAX)), Just(json!(i64::MIN)), Just(json!(1e308)), Just(json!(-0.0)), Just(Value::Null),
            Just(json!([])), Just(json!({})), Just(json!("\u{1b}]0;owned\u{7}\u{202e}x\n")),
            Just(json!("0xffffffffffffffff")), Just(json!({"suppressed": "\u{9b}31m"})),
        ],
        hz in prop_oneof![Just(0), Just(u32::MAX)],
    ) {
        let mut outcome = everything();
        outcome.target.timestamp_hz = hz;
        let mut value: Value = serde_json::from_str(&json_of(&report(&outcome))).unwrap();
        let mut values = 0;
        each_value(&mut value, &mut |_| values += 1);
        let mut left = 1 + place.index(values - 1);
        each_value(&mut value, &mut |value| {
            if left == 0 {
                *value = put.clone();
            }
            left = left.wrapping_sub(1);
        });
        if let Ok(changed) = json::read(value.to_string().as_bytes()) {
            for all in [false, true] {
                prop_assert!(!acts_on_a_terminal(&text_of(&changed, 100, all)));
            }
            prop_assert!(!acts_on_a_terminal(&json_of(&changed)));
        }
    }
}

/// Every number is as large as it can be.
#[test]
fn sums_of_huge_numbers_end() {
    let mut value: Value = serde_json::from_str(&json_of(&report(&everything()))).unwrap();
    // The clock's rate has no more than 32 bits.
    let trace = value["trace"].take();
    each_value(&mut value, &mut |value| {
        if value
            .as_u64()
            .is_some_and(|number| number > u64::from(u32::MAX) / 1_000)
        {
            *value = json!(i64::MAX);
        }
    });
    value["trace"] = trace;
    for field in ["outstanding_bytes", "allocated_bytes"] {
        for site in value["call_sites"].as_array_mut().unwrap() {
            site[field] = json!(u64::MAX);
        }
        for context in value["contexts"].as_array_mut().unwrap() {
            context[field] = json!(u64::MAX);
        }
    }
    for holder in value["peak"]["holders"].as_array_mut().unwrap() {
        holder["bytes"] = json!(u64::MAX);
        holder["call_site"] = json!(u32::MAX);
    }
    let huge = json::read(value.to_string().as_bytes());
    assert!(text_of(&huge.unwrap(), 100, false).contains("18,446,744,073,709,551,615"));
}

#[test]
fn leaks_that_a_policy_excuses_are_listed_apart() {
    let mut report = report(&outcomes::tutorial());
    report.call_sites[0].standing = Standing::Suppressed("wifi\u{1b}[2J".to_owned());
    let again = json::read(json_of(&report).as_bytes()).unwrap();
    assert_eq!(again, report);
    let text = text_of(&again, 100, false);
    assert!(
        text.contains("Leaks that are known or suppressed  27 blocks, 270 B, 1 call site"),
        "{text}"
    );
    assert_eq!(text.matches("LEAK, steady").count(), 1, "{text}");
}

#[test]
fn what_a_later_version_adds_is_passed_over() {
    let report = report(&everything());
    let mut value: Value = serde_json::from_str(&json_of(&report)).unwrap();
    value["novelty"] = json!({"a": [1, 2]});
    value["call_sites"][0]["novelty"] = json!(null);
    assert_eq!(json::read(value.to_string().as_bytes()).unwrap(), report);
    value["call_sites"][0]["verdict"] = json!("leak-by-night");
    let newer = json::read(value.to_string().as_bytes()).unwrap();
    assert!(text_of(&newer, 100, false).contains("leak-by-night"));
}

#[test]
fn what_is_no_report_says_why() {
    let whole = json_of(&report(&outcomes::tutorial()));
    for cut in (0..whole.trim_end().len()).step_by(97) {
        assert!(
            matches!(error_of(&whole[..cut]), ReadError::Broken(_)),
            "{cut}"
        );
    }
    for other in [
        "[]",
        "1",
        "{}",
        r#"{"schema":"leakscope.page","version":1}"#,
        r#"{"schema":7}"#,
    ] {
        assert!(matches!(error_of(other), ReadError::NotAReport), "{other}");
    }
    let nested = format!(
        r#"{{"schema":"leakscope.report","version":1,"x":{}"#,
        "[".repeat(100_000)
    );
    assert!(matches!(error_of(&nested), ReadError::Broken(_)));
    let newer = whole.replacen(r#""version": 1"#, r#""version": 2"#, 1);
    let error = error_of(&newer).to_string();
    assert!(
        error.contains("version 2") && error.contains("reads version 1"),
        "{error}"
    );
    let lacking = whole.replacen(r#""headline""#, r#""title""#, 1);
    let error = error_of(&lacking).to_string();
    assert!(error.contains("missing field `headline`"), "{error}");
    let huge = whole.replacen(
        r#""outstanding_bytes": 270"#,
        r#""outstanding_bytes": 99999999999999999999"#,
        1,
    );
    assert!(matches!(error_of(&huge), ReadError::Field(_)));
    let infinite = whole.replacen("1097.0464135021098", "1e999", 1);
    assert!(matches!(error_of(&infinite), ReadError::Field(_)));
    let address = whole.replacen("0x400d3bb4", "0x+3bb4", 1);
    assert!(
        error_of(&address)
            .to_string()
            .contains("an address such as")
    );
}
