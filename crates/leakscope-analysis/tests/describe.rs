//! Description files and module descriptions: what people write, and what is shown for it.

use std::borrow::Cow;

use leakscope_analysis::describe::{
    DescriptionFile, DescriptionProblemKind, EventDescription, ModuleDescription, NamedTypes,
    Names, NoNames, NumberingEvidence, RtosNumbering, Value, phrase, raw_parameters,
};
use leakscope_systemview::{Header, Init, SystemDescription, varint};

/// A device with RAM at 0x20000000, ids shifted by two, one task and one queue.
struct Device;

const INIT: Init = Init {
    timestamp_hz: 1_000_000,
    cpu_hz: 84_000_000,
    ram_base: 0x2000_0000,
    id_shift: 2,
};
const TASK: u32 = 0x2000_1518;
const QUEUE: u32 = 0x2000_0100;

impl Names for Device {
    fn task(&self, id: u32) -> Option<Cow<'_, str>> {
        (id == INIT.shrink(TASK)).then_some("UartRx".into())
    }

    fn resource(&self, id: u32) -> Option<Cow<'_, str>> {
        (id == INIT.shrink(QUEUE)).then_some("RxQueue".into())
    }

    fn init(&self) -> Option<Init> {
        Some(INIT)
    }
}

fn encode(values: &[u32]) -> Vec<u8> {
    let encoded = values.iter().map(|&value| varint::write(value));
    encoded.flat_map(|(bytes, n)| bytes[..n].to_vec()).collect()
}

/// What `description` shows for `payload`, with the types of `types`.
fn shown_with(types: &str, description: &str, payload: &[u8]) -> String {
    let text = format!("{types}\n100 event {description}");
    let (file, _) = DescriptionFile::parse(&text);
    let event = file.event(100).expect("described");
    phrase(&event.parameters(payload, &Device, file.named_types()))
}

fn shown(description: &str, values: &[u32]) -> String {
    shown_with("", description, &encode(values))
}

fn returned(types: &str, description: &str, value: Option<u32>) -> String {
    let (file, _) = DescriptionFile::parse(&format!("{types}\n100 event {description}"));
    let event = file.event(100).expect("described");
    phrase(&event.return_value(value, &Device, file.named_types()))
}

#[test]
fn each_specifier_shows_its_value() {
    for (description, value, expected) in [
        ("a=%u", u32::MAX, "a=4294967295"),
        ("a=%d", u32::MAX, "a=-1"),
        ("a=%i", 0x8000_0000, "a=-2147483648"),
        ("a=%x", 0xBEEF, "a=0xbeef"),
        ("a=%X", 0xBEEF, "a=0xBEEF"),
        ("a=0x%X", 0xBEEF, "a=0xBEEF"),
        ("a=0x%08X", 0xBEEF, "a=0x0000BEEF"),
        ("a=%b", 5, "a=0b101"),
        ("a=%p", 0xBEEF, "a=0x0000beef"),
        ("a=%D", 1_500_000, "a=1.500000000 s"),
        ("a=%4u", 7, "a=   7"),
        ("a=%-4u.", 7, "a=7   ."),
        ("a=%+d", 7, "a=+7"),
        ("a=%05d", (-42_i32).cast_unsigned(), "a=-0042"),
        ("a=%lu", 7, "a=7"),
        ("a=%.3u", 7, "a=7"),
    ] {
        assert_eq!(shown(description, &[value]), expected, "{description}");
    }
}

#[test]
fn tasks_and_resources_are_named_as_transmitted_and_as_addresses() {
    let task = INIT.shrink(TASK);
    assert_eq!(shown("t=%t", &[task]), "t=UartRx");
    assert_eq!(shown("t=%T", &[task]), "t=UartRx");
    assert_eq!(shown("t=%t", &[TASK]), "t=UartRx");
    assert_eq!(
        shown("t=%t", &[INIT.shrink(0x2000_2000)]),
        "t=task@0x20002000"
    );
    // Sent as it is by a sloppy writer.
    assert_eq!(shown("t=%t", &[0x2000_2000]), "t=task@0x20002000");
    assert_eq!(shown("t=%t", &[INIT.shrink(0)]), "t=NULL");
    assert_eq!(shown("q=%I", &[INIT.shrink(QUEUE)]), "q=RxQueue");
    assert_eq!(shown("q=%I", &[INIT.shrink(0x2000_0200)]), "q=0x20000200");

    let event = EventDescription::parse("event t=%t time=%D").expect("a name");
    let payload = encode(&[0x1234, 5]);
    let parameters = event.parameters(&payload, &NoNames, &NamedTypes::new());
    assert_eq!(phrase(&parameters), "t=task@0x00001234, time=5 ticks");
}

#[test]
fn strings_and_bytes_are_read_inline() {
    let payload = [&[3][..], b"abc", &[2, 0xAA, 0x0F], &[9]].concat();
    assert_eq!(
        shown_with("", "s=%s b=%B n=%u", &payload),
        "s=abc, b=aa 0f, n=9"
    );
    // The low byte of a long string's length first, as until 3.40, then the high byte first.
    let long = [b'x'; 300];
    for length in [300_u16.to_le_bytes(), 300_u16.to_be_bytes()] {
        let payload = [&[0xFF][..], &length, &long, &[9]].concat();
        let expected = format!("s={}, n=9", "x".repeat(300));
        assert_eq!(shown_with("", "s=%s n=%u", &payload), expected);
    }
    // Not UTF-8.
    assert_eq!(shown_with("", "s=%s", &[2, b'a', 0xFC]), "s=a\u{FFFD}");
}

#[test]
fn the_longest_specifier_wins() {
    let types = "NamedType Bool 0=false 1=true\nNamedType Boolean 1=yes\nNamedType ms 1=one";
    assert_eq!(shown("n=%us", &[7]), "n=7s");
    assert_eq!(shown_with(types, "b=%Bool", &[1]), "b=true");
    assert_eq!(shown_with(types, "b=%Boolean", &[1]), "b=yes");
    assert_eq!(shown_with(types, "b=%Bool", &[2]), "b=2");
    assert_eq!(shown_with(types, "t=%ms", &[1]), "t=one");
    // Without the declaration, no one means `%B` and "ool": a number is shown.
    assert_eq!(shown("b=%Bool", &[1]), "b=1");
    assert_eq!(shown("b=%Unheard", &[1]), "b=1");
}

#[test]
fn named_types_have_defaults_quotes_and_any_32_bit_key() {
    let types = "\
NamedType Wait *=\"%u ticks\" 0=none 4294967295=forever
NamedType Error *=%i 0 = ok, -1=\"not permitted\"
NamedType Error 0x10=sixteen
NamedType Odd *=%Odd
NamedType Other *=other";
    let show = |specifier: &str, value| shown_with(types, specifier, &encode(&[value]));
    assert_eq!(show("w=%Wait", 5), "w=5 ticks");
    assert_eq!(show("w=%Wait", u32::MAX), "w=forever");
    assert_eq!(show("e=%Error", 0), "e=ok");
    assert_eq!(show("e=%Error", u32::MAX), "e=not permitted");
    assert_eq!(show("e=%Error", 16), "e=sixteen");
    assert_eq!(show("e=%Error", (-5_i32).cast_unsigned()), "e=-5");
    // A default that refers to itself ends.
    assert_eq!(show("o=%Odd", 3), "o=3");
    assert_eq!(show("o=%Other", 3), "o=other");
}

#[test]
fn labels_units_and_free_text_stay_with_their_value() {
    for (description, values, expected) in [
        ("a=%u, b=%u", &[1, 2][..], "a=1, b=2"),
        ("a=%u b = %u", &[1, 2], "a=1, b=2"),
        (
            "time=%u us size=%u bytes",
            &[1, 2],
            "time=1 us, size=2 bytes",
        ),
        (
            "time=%TimeOut , period=%u ticks",
            &[1, 2],
            "time=1, period=2 ticks",
        ),
        ("Try Take Sem=%u", &[1], "Try Take Sem=1"),
        ("%u Wait, mask = 0x%04X", &[1, 2], "1 Wait, mask=0x0002"),
        ("%u Wait -> flags = %u", &[1, 2], "1 Wait ->, flags=2"),
        ("Lock -> %u", &[1], "Lock -> 1"),
        ("Cpu%u", &[1], "Cpu1"),
        ("load: %u%%", &[1], "load: 1%"),
        ("%u/%u", &[1, 2], "1/, 2"),
        ("100% sure", &[], "100% sure"),
        ("just words", &[], "just words"),
        ("cut off=%", &[], "cut off=%"),
    ] {
        assert_eq!(shown(description, values), expected, "{description}");
    }
    let event = EventDescription::parse("e Try Take Sem = 0x%x us, next=%u").expect("a name");
    let parameters = event.parameters(&[1, 2], &NoNames, &NamedTypes::new());
    assert_eq!(parameters[0].label, "Try Take Sem");
    assert_eq!(parameters[0].text, "0x1 us");
    assert_eq!(parameters[0].value, Some(Value::U32(1)));
    assert_eq!(parameters[1].label, "next");
}

#[test]
fn missing_values_stop_and_surplus_is_raw() {
    assert_eq!(shown("a=%u b=%u", &[1]), "a=1");
    assert_eq!(shown("a=%u b=%u", &[]), "");
    assert_eq!(shown("a=%u", &[1, 0x2A]), "a=1, +0x2a");
    assert_eq!(shown("", &[1]), "+0x1");
    // A number where a string should be, and a number that is cut off.
    assert_eq!(shown_with("", "s=%s", &[5, 1]), "+0x5, +0x1");
    assert_eq!(shown_with("", "a=%u", &[1, 0x80, 0x80]), "a=1, +[80 80]");
    assert_eq!(phrase(&raw_parameters(&[1, 0x2A, 0x80])), "0x1, 0x2a, [80]");
    assert!(raw_parameters(&[]).is_empty());
}

#[test]
fn returned_values_are_described_behind_the_bar() {
    let types = "NamedType Bool 0=false 1=true";
    for (description, value, expected) in [
        ("a=%u, | Returns %Bool", Some(1), "Returns true"),
        ("a=%u| Returns %Bool", Some(1), "Returns true"),
        ("| Returns %d", Some(u32::MAX), "Returns -1"),
        ("returns %u", Some(3), "Returns 0x3"),
        ("| Returns (void)(%X)", Some(0xAB), "Returns (void)(0xAB)"),
        ("| Returns &Bool", Some(1), "Returns &Bool, +0x1"),
        ("| xReturn=%u", Some(1), "xReturn=1"),
        ("| Returns %u", None, ""),
        ("a=%u", None, ""),
        ("a=%u", Some(16), "Returns 0x10"),
    ] {
        assert_eq!(
            returned(types, description, value),
            expected,
            "{description}"
        );
    }
}

#[test]
fn a_file_as_people_write_it() {
    let text = "\u{FEFF}# comment\r\n\
        // another\r\n\
        \r\n\
        35\tlate\ta=%u\r\n\
          33    early \t b=%u |Returns %u\r\n\
        TaskState 0xBF 1=dummy, 2=Waiting for \"x\", 128=Ready\r\n\
        PreemptingTaskStates 0, 4\r\n\
        Option ReversePriority\r\n";
    let (file, problems) = DescriptionFile::parse(text);
    assert_eq!(problems, []);
    let names: Vec<_> = file.events().map(|(id, e)| (id, &*e.name)).collect();
    assert_eq!(names, [(33, "early"), (35, "late")]);
    assert!(file.event(33).expect("described").has_return());
    assert_eq!(file.task_state(0x42), Some("Waiting for \"x"));
    assert_eq!(file.task_state(128), Some("Ready"));
    assert_eq!(file.task_state(16), None);
    assert!(file.is_preempting(0x44) && !file.is_preempting(1));
    assert!(file.has_reverse_priority());
}

#[test]
fn what_is_not_understood_becomes_a_problem_with_its_line() {
    use DescriptionProblemKind as Kind;
    let text = "\
33 first a=%u
hello
33 second a=%Strange
34
NamedType Bool 0=false zero 0=no
TaskState 0xFF 1=one, two
TaskState 0x0F 1=uno
Option Sideways
NamedType
TaskState
PreemptingTaskStates 0 x";
    let (file, problems) = DescriptionFile::parse(text);
    let found: Vec<_> = problems
        .iter()
        .map(|p| (p.line, p.kind, &*p.quoted))
        .collect();
    assert_eq!(
        found,
        [
            (2, Kind::UnknownLine, "hello"),
            (3, Kind::DuplicateEvent, "33 second a=%Strange"),
            (3, Kind::UndeclaredType, "Strange"),
            (4, Kind::NoName, "34"),
            (5, Kind::UnknownValue, "zero"),
            (5, Kind::DuplicateValue, "0"),
            (6, Kind::UnknownValue, "two"),
            (7, Kind::DifferentMask, "0x0F"),
            (7, Kind::DuplicateValue, "1=uno"),
            (8, Kind::UnknownOption, "Option Sideways"),
            (9, Kind::UnknownLine, "NamedType"),
            (10, Kind::UnknownValue, ""),
            (11, Kind::UnknownValue, "x"),
        ]
    );
    assert_eq!(&*file.event(33).expect("described").name, "second");
    assert_eq!(file.named_types().text("Bool", 0), Some("no"));
    assert_eq!(
        problems[0].to_string(),
        "line 2: neither an event nor a keyword: \"hello\""
    );
}

#[test]
fn modules_describe_themselves() {
    let mut module = ModuleDescription::parse(
        "M=ESP_FunctionTrace, 0 function_enter func=%p call_site=%p, 1 function_exit func=%p",
    );
    assert_eq!(module.name.as_deref(), Some("ESP_FunctionTrace"));
    assert_eq!(module.events.len(), 2);
    let payload = encode(&[0x4008_1EFF, 0x4008_1F34]);
    let parameters = module.events[&0].parameters(&payload, &NoNames, &NamedTypes::new());
    assert_eq!(phrase(&parameters), "func=0x40081eff, call_site=0x40081f34");

    module.add("2 more n=%u | Returns %u, 1 function_left");
    assert_eq!(module.name.as_deref(), Some("ESP_FunctionTrace"));
    assert_eq!(module.events.len(), 3);
    assert_eq!(&*module.events[&1].name, "function_left");
    assert!(module.events[&2].has_return());
}

#[test]
fn modules_with_and_without_keys() {
    let name = |text: &str| ModuleDescription::parse(text).name;
    let heap = "ESP32 SystemView Heap Tracing Module";
    assert_eq!(name(heap).as_deref(), Some(heap));
    assert_eq!(name(&format!("M={heap}")).as_deref(), Some(heap));
    assert_eq!(name("Old, 0 Event").as_deref(), Some("Old"));
    assert_eq!(name("0 Event a=%u"), None);
    assert_eq!(name(""), None);

    let module = ModuleDescription::parse("M=IP,T=ip,S='don't, or do', 0 Send a=%u, b=%u, 1 Stop");
    assert_eq!(module.token.as_deref(), Some("ip"));
    assert_eq!(module.text.as_deref(), Some("don't, or do"));
    let parameters = module.events[&0].parameters(&[1, 2], &NoNames, &NamedTypes::new());
    assert_eq!(phrase(&parameters), "a=1, b=2");
    assert_eq!(&*module.events[&1].name, "Stop");
}

/// The choice after the given text header, `SYSDESC`, module names, ids of events and of ended calls.
fn choice(
    header: &str,
    description: &str,
    modules: &[&str],
    events: &[u32],
    end_calls: &[u32],
) -> RtosNumbering {
    let mut evidence = NumberingEvidence::default();
    evidence.header(&Header::parse(header.as_bytes()));
    evidence.system_description(SystemDescription(description.into()));
    for name in modules {
        evidence.module(name);
    }
    for &id in events {
        evidence.event(id);
    }
    for &id in end_calls {
        evidence.end_call(id);
    }
    evidence.choice()
}

#[test]
fn the_numbering_is_chosen_by_evidence() {
    use RtosNumbering::{EspIdf, Segger, Unknown};
    let free_rtos = "N=Demo,O=FreeRTOS";
    let espressif = ";\n; Author      Espressif Inc\n;\n";
    let heap = "ESP32 SystemView Heap Tracing Module";
    assert_eq!(choice("", "", &[], &[], &[]), Unknown);
    assert_eq!(choice("", free_rtos, &[], &[34, 90], &[]), Segger);
    assert_eq!(choice("", "N=Demo", &[], &[34, 90], &[]), Unknown);
    assert_eq!(choice("", "N=Demo", &[], &[210], &[]), Segger);
    assert_eq!(choice("", "N=Demo", &[], &[160], &[]), Unknown);
    assert_eq!(choice("", "N=Demo", &[], &[160], &[160]), Segger);
    assert_eq!(choice(espressif, free_rtos, &[], &[], &[]), EspIdf);
    assert_eq!(choice("", "D=esp32c3,O=FreeRTOS", &[], &[], &[]), EspIdf);
    assert_eq!(choice("", "D=ESP32-S3,C=core1", &[], &[], &[]), EspIdf);
    assert_eq!(choice("", "O=FreeRTOS,C=core0", &[], &[], &[]), EspIdf);
    assert_eq!(
        choice("", "O=FreeRTOS,ELF_SHA256=1234", &[], &[], &[]),
        EspIdf
    );
    assert_eq!(choice("", free_rtos, &[heap], &[], &[]), EspIdf);
    // One stray id, as damage makes them, does not outweigh Espressif's own words, but a core's name.
    assert_eq!(choice(espressif, free_rtos, &[], &[300], &[]), EspIdf);
    assert_eq!(choice("", "O=FreeRTOS,C=core0", &[], &[300], &[]), Segger);
    for other in ["O=embOS", "O=Zephyr,D=esp32"] {
        assert_eq!(choice("", other, &[], &[300], &[]), Unknown);
    }
    assert!(Unknown.descriptions().is_none());
    let name = |numbering: RtosNumbering| {
        let file = numbering.descriptions().expect("built in");
        &*file.event(34).expect("described").name
    };
    assert_eq!((name(EspIdf), name(Segger)), ("vTaskDelay", "vTaskDelete"));
}
