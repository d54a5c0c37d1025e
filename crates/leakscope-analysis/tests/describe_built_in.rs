//! The built-in descriptions of FreeRTOS, against the file that ESP-IDF ships, and by example.

use std::borrow::Cow;

use leakscope_analysis::describe::{
    DescriptionFile, EventDescription, NamedTypes, Names, Value, built_in, phrase,
};
use leakscope_systemview::{Init, varint};
use leakscope_testing::needs::corpus_bytes;

/// Names every task and every resource, so that it shows which parameters are taken for one.
struct Everything;

impl Names for Everything {
    fn task(&self, id: u32) -> Option<Cow<'_, str>> {
        Some(format!("task {id}").into())
    }

    fn resource(&self, id: u32) -> Option<Cow<'_, str>> {
        Some(format!("resource {id}").into())
    }
}

fn encode(values: impl IntoIterator<Item = u32>) -> Vec<u8> {
    let encoded = values.into_iter().map(varint::write);
    encoded.flat_map(|(bytes, n)| bytes[..n].to_vec()).collect()
}

/// ESP-IDF's own description file.
fn esp_idf_file() -> Option<String> {
    let bytes = corpus_bytes("SYSVIEW_FreeRTOS.txt")?;
    Some(String::from_utf8(bytes).expect("a text"))
}

/// Label, number, and whether a task's or resource's name is shown, of each parameter.
fn parameters(event: &EventDescription, types: &NamedTypes) -> Vec<(String, u32, String)> {
    let payload = encode(1000..1016);
    let parameters = event.parameters(&payload, &Everything, types);
    let described = parameters.iter().filter(|p| !p.label.is_empty());
    described
        .map(|p| {
            let Some(Value::U32(value)) = p.value else {
                panic!("{} {} is no number", event.name, p.label);
            };
            let kind = p
                .text
                .split(' ')
                .next()
                .filter(|word| word.starts_with(char::is_alphabetic));
            (
                p.label.to_owned(),
                value,
                kind.unwrap_or_default().to_owned(),
            )
        })
        .collect()
}

#[test]
fn the_esp_idf_table_says_what_esp_idfs_file_says() {
    let Some(text) = esp_idf_file() else { return };
    let (theirs, problems) = DescriptionFile::parse(&text);
    assert_eq!(problems, []);
    let ours = built_in::esp_idf_freertos();
    // 512 and 513 are the heap module's, whose ids are not fixed.
    let ids: Vec<_> = theirs
        .events()
        .map(|(id, _)| id)
        .filter(|&id| id < 512)
        .collect();
    assert_eq!(ours.events().map(|(id, _)| id).collect::<Vec<_>>(), ids);
    for id in ids {
        let (our, their) = (
            ours.event(id).expect("ours"),
            theirs.event(id).expect("theirs"),
        );
        assert_eq!(our.name, their.name, "{id}");
        let mut expected = parameters(their, theirs.named_types());
        for (label, _, kind) in &mut expected {
            match (id, &**label) {
                (39 | 42, "pxMutexHolder") => *kind = "task".into(),
                (49..=51, "pvBuffer") => *kind = "resource".into(),
                _ => {}
            }
        }
        assert_eq!(
            parameters(our, ours.named_types()),
            expected,
            "{id} {}",
            our.name
        );
    }
}

fn shown(file: &DescriptionFile, id: u32, values: &[u32]) -> String {
    let payload = encode(values.iter().copied());
    let event = file.event(id).expect("described");
    let parameters = event.parameters(&payload, &Stm32, file.named_types());
    format!("{} {}", event.name, phrase(&parameters))
}

/// RAM at 0x20000000, shift 2, no names.
struct Stm32;

const INIT: Init = Init {
    timestamp_hz: 84_000_000,
    cpu_hz: 84_000_000,
    ram_base: 0x2000_0000,
    id_shift: 2,
};

impl Names for Stm32 {
    fn init(&self) -> Option<Init> {
        Some(INIT)
    }
}

#[test]
fn calls_read_as_in_the_source() {
    let esp_idf = built_in::esp_idf_freertos();
    assert_eq!(shown(esp_idf, 34, &[10]), "vTaskDelay xTicksToDelay=10");
    assert_eq!(
        shown(esp_idf, 39, &[0x2000_1000]),
        "vTaskPriorityInherit pxMutexHolder=task@0x20001000"
    );
    assert_eq!(
        shown(esp_idf, 53, &[0x40, 0x3FFB_0000, u32::MAX, 1]),
        "xQueueGenericSend xQueue=0x20000100, pvItemToQueue=0x3ffb0000, \
         xTicksToWait=portMAX_DELAY, xCopyPosition=queueSEND_TO_FRONT"
    );

    let segger = built_in::freertos();
    let id = INIT.shrink(0x2000_1000);
    assert_eq!(
        shown(segger, 34, &[id]),
        "vTaskDelete pxTCB=task@0x20001000"
    );
    assert_eq!(
        shown(segger, 144, &[id]),
        "xQueueSetSend pxQueue=0x20001000"
    );
    // A constant in flash, below the RAM: shrunk with wrap-around.
    let name = INIT.shrink(0x0800_1234);
    assert_eq!(
        shown(segger, 182, &[id, name]),
        "vQueueAddToRegistry xQueue=0x20001000, pcQueueName=0x08001234"
    );
    assert_eq!(
        shown(segger, 195, &[INIT.shrink(0)]),
        "vTaskDelete xTaskToDelete=NULL"
    );
    assert_eq!(segger.task_state(4), Some("delayed"));
}

#[test]
fn v11_calls_say_what_they_return() {
    let segger = built_in::freertos();
    let returned = |id, value| {
        let event = segger.event(id).expect("described");
        phrase(&event.return_value(value, &Stm32, segger.named_types()))
    };
    assert_eq!(returned(161, Some(1)), "xReturn=1");
    assert_eq!(
        returned(152, Some(INIT.shrink(0x2000_0400))),
        "pxNewQueue=0x20000400"
    );
    assert_eq!(returned(152, Some(INIT.shrink(0))), "pxNewQueue=NULL");
    assert_eq!(returned(198, Some(2)), "eReturn=eBlocked");
    assert_eq!(returned(172, None), "");
}

#[test]
fn seggers_table_covers_both_ranges_of_ids() {
    let ids: Vec<_> = built_in::freertos().events().map(|(id, _)| id).collect();
    let expected: Vec<_> = (33..=144)
        .chain(150..=332)
        .filter(|&id| id != 224)
        .collect();
    assert_eq!(ids, expected);
}
