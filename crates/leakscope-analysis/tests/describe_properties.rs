//! Descriptions under arbitrary text and arbitrary payloads, and against a naive twin.

use std::borrow::Cow;

use leakscope_analysis::describe::{
    DescriptionFile, EventDescription, ModuleDescription, NamedTypes, Names, Value, phrase,
};
use leakscope_systemview::{Init, varint};
use proptest::prelude::*;

/// Shift and base as a hostile trace may claim them.
struct Hostile;

impl Names for Hostile {
    fn task(&self, id: u32) -> Option<Cow<'_, str>> {
        id.is_multiple_of(2).then_some("\u{1b}[31m".into())
    }

    fn init(&self) -> Option<Init> {
        Some(Init {
            timestamp_hz: 1,
            cpu_hz: 0,
            ram_base: u32::MAX,
            id_shift: u32::MAX,
        })
    }
}

/// Text with much of what has a meaning in descriptions.
fn description() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("%".to_owned()),
        "[%=|,;'\"#*\\-+0-9 \t\r\n]",
        "%[-+0#]{0,2}[0-9]{0,3}(\\.[0-9])?[uduxXbBpIDtTs]",
        "%(Bool|TimeOut|lu|hhu|us)",
        "\n(NamedType|TaskState|PreemptingTaskStates|Option|[0-9]{1,10}) ",
        "[MTS]='?",
        "[a-zA-Zäß€\u{1b}]{1,8}",
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn anything_can_be_parsed_and_shown(
        text in description(),
        payload in prop::collection::vec(any::<u8>(), 0..40),
        value in any::<Option<u32>>(),
    ) {
        let (file, problems) = DescriptionFile::parse(&text);
        let lines = text.lines().count() as u32;
        prop_assert!(problems.iter().all(|problem| (1..=lines).contains(&problem.line)));
        prop_assert!(problems.is_sorted_by_key(|problem| problem.line));
        let module = ModuleDescription::parse(&text);
        for event in file.events().map(|(_, event)| event).chain(module.events.values()) {
            phrase(&event.parameters(&payload, &Hostile, file.named_types()));
            phrase(&event.return_value(value, &Hostile, file.named_types()));
        }
        file.task_state(value.unwrap_or_default());
    }

    /// Each byte of the payload is in exactly one value, for any description.
    #[test]
    fn no_byte_of_a_payload_is_lost(
        text in description(),
        numbers in prop::collection::vec(any::<u32>(), 0..8),
    ) {
        let payload = encode(&numbers);
        let text = format!("event {}", text.replace(['s', 'B', '|'], ""));
        let event = EventDescription::parse(&text).expect("a name");
        let types = NamedTypes::new();
        let parameters = event.parameters(&payload, &Hostile, &types);
        let shown: Vec<_> = parameters.iter().filter_map(|parameter| parameter.value).collect();
        let expected: Vec<_> = numbers.iter().map(|&number| Value::U32(number)).collect();
        prop_assert_eq!(shown, expected);
    }

    #[test]
    fn a_description_shows_as_its_naive_twin(
        parameters in prop::collection::vec(parameter(), 0..6),
        surplus in prop::collection::vec(any::<u32>(), 0..3),
        separator in prop_oneof![Just(" "), Just(", "), Just("\t"), Just(" , ")],
        missing in 0_usize..3,
    ) {
        let texts: Vec<_> = parameters.iter().map(|p| p.description.as_str()).collect();
        let text = format!("4711 event {}", texts.join(separator));
        let (file, problems) = DescriptionFile::parse(&format!("{TYPES}{text}"));
        prop_assert_eq!(problems, vec![]);

        let kept = parameters.len().saturating_sub(missing);
        let surplus = if kept == parameters.len() { &surplus[..] } else { &[] };
        let mut payload: Vec<u8> = parameters[..kept].iter().flat_map(|p| p.payload.clone()).collect();
        payload.extend(encode(surplus));
        let expected: Vec<_> = parameters[..kept]
            .iter()
            .map(|p| p.shown.clone())
            .chain(surplus.iter().map(|number| format!("+0x{number:x}")))
            .collect();

        let event = file.event(4711).expect("described");
        let shown = event.parameters(&payload, &Hostile, file.named_types());
        prop_assert_eq!(phrase(&shown), expected.join(", "));
    }

    /// The same event described by a module and by a file is the same.
    #[test]
    fn modules_and_files_share_their_grammar(
        parameters in prop::collection::vec(parameter(), 0..6),
    ) {
        let texts: Vec<_> = parameters.iter().map(|p| p.description.as_str()).collect();
        let text = texts.join(" ");
        let module = ModuleDescription::parse(&format!("M=Module, 7 event {text}, 8 other"));
        let (file, _) = DescriptionFile::parse(&format!("7 event {text}"));
        prop_assert_eq!(module.events.get(&7), file.event(7));
        prop_assert_eq!(module.events.len(), 2);
    }
}

const TYPES: &str =
    "NamedType Bool *=%u 0=false 1=true\nNamedType Wait *=\"%u ticks\" -1=forever\n";

/// One parameter: how it is described, what is sent, what is shown.
#[derive(Clone, Debug)]
struct Twin {
    description: String,
    payload: Vec<u8>,
    shown: String,
}

fn parameter() -> impl Strategy<Value = Twin> {
    let number = prop_oneof![0_u32..3, any::<u32>(), Just(u32::MAX)];
    let label = "[a-z][A-Za-z]{0,5}";
    let equals = prop_oneof![Just("="), Just(" = ")];
    (label, equals, 0..9, number, "[ -~äß]{0,300}").prop_map(|(label, equals, kind, n, string)| {
        let signed = n.cast_signed();
        let (specifier, shown) = match kind {
            0 => ("%u", n.to_string()),
            1 => ("%d", signed.to_string()),
            2 => ("%x", format!("{n:#x}")),
            3 => ("0x%08X", format!("0x{n:08X}")),
            4 => ("%p", format!("{n:#010x}")),
            5 => ("%b", format!("{n:#b}")),
            6 => ("%us", format!("{n}s")),
            7 => (
                "%Bool",
                match n {
                    0 => "false".to_owned(),
                    1 => "true".to_owned(),
                    _ => n.to_string(),
                },
            ),
            _ if n == u32::MAX => ("%Wait", "forever".to_owned()),
            _ if n.is_multiple_of(2) => ("%Wait", format!("{n} ticks")),
            _ => {
                return Twin {
                    description: format!("{label}{equals}%s"),
                    payload: inline(&string),
                    shown: format!("{label}={string}"),
                };
            }
        };
        Twin {
            description: format!("{label}{equals}{specifier}"),
            payload: encode(&[n]),
            shown: format!("{label}={shown}"),
        }
    })
}

fn encode(values: &[u32]) -> Vec<u8> {
    let encoded = values.iter().map(|&value| varint::write(value));
    encoded.flat_map(|(bytes, n)| bytes[..n].to_vec()).collect()
}

/// A string as newer recorders write it.
fn inline(text: &str) -> Vec<u8> {
    let length = text.len() as u16;
    let prefix = match length {
        0..=254 => vec![length as u8],
        _ => [&[0xFF][..], &length.to_be_bytes()].concat(),
    };
    [prefix, text.as_bytes().to_vec()].concat()
}
