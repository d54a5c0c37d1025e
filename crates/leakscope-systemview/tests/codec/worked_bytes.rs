//! Single packets, byte by byte: some from recordings of real targets, the others put together from
//! the layouts in `docs/systemview.md`.

use leakscope_systemview::{
    Arguments, DataKind, Extended, Frame, FrameError, Init, Level, Malformed, Packet, Print,
    RegisterData, Text, id, varint,
};

use crate::{encoded, only_packet};

/// Reads as the packet, and is what the packet is written as.
#[track_caller]
fn check(bytes: &[u8], packet: Packet<'_>, delta: u32) {
    assert_eq!(only_packet(bytes), (packet, delta));
    assert_eq!(encoded(&packet, delta), bytes);
}

/// Reads as the packet, though it would be written differently.
#[track_caller]
fn check_read(bytes: &[u8], packet: Packet<'_>, delta: u32) {
    assert_eq!(only_packet(bytes), (packet, delta));
}

#[track_caller]
fn check_malformed(bytes: &[u8], what: Malformed) {
    let frame = Frame::split(bytes).expect("a frame");
    assert_eq!(Packet::parse(&frame), Err(what));
}

/// `prefix`, text, `suffix`.
fn around(prefix: &[u8], text: &str, suffix: &[u8]) -> Vec<u8> {
    [prefix, text.as_bytes(), suffix].concat()
}

#[test]
fn start_of_a_recording_from_an_stm32() {
    check(&[0x0A, 0xBD, 0x87, 0x0E], Packet::TraceStart, 230_333);
    let init = Init {
        timestamp_hz: 84_000_000,
        cpu_hz: 84_000_000,
        ram_base: 0x2000_0000,
        id_shift: 0,
    };
    #[rustfmt::skip]
    check(
        &[
            0x18, 0x0E, 0x80, 0xFA, 0x86, 0x28, 0x80, 0xFA, 0x86, 0x28, 0x80, 0x80, 0x80, 0x80,
            0x02, 0x00, 0xE6, 0x04,
        ],
        Packet::Init(init),
        614,
    );
    let text = "N=Traffic_Light_Simulator,D=NUCLEO-F446RE,O=FreeRTOS";
    check(
        &around(&[0x0E, 0x34], text, &[0xF0, 0x0D]),
        Packet::SysDesc { text: text.into() },
        1776,
    );
    check(
        &[0x1C, 0x03, 0xD2, 0x01, 0x00, 0x9F, 0x04],
        Packet::EndCall {
            event: 210,
            value: Some(0),
        },
        543,
    );
    check(
        &[0x0D, 0x00, 0x00, 0xA9, 0x03],
        Packet::SystimeUs { microseconds: 0 },
        425,
    );
    let task_info = Packet::TaskInfo {
        task: 5400,
        priority: 3,
        name: "UartRx".into(),
    };
    let bytes = around(&[0x09, 0x98, 0x2A, 0x03, 0x06], "UartRx", &[0xAC, 0x07]);
    check(&bytes, task_info, 940);
    assert_eq!(init.expand(5400), 0x2000_1518);
    check(
        &[
            0x15, 0x98, 0x2A, 0x90, 0x8A, 0x80, 0x80, 0x02, 0xB4, 0x1F, 0x00, 0xEA, 0x03,
        ],
        Packet::StackInfo {
            task: 5400,
            base: 0x2000_0510,
            size: 4020,
            usage: 0,
        },
        490,
    );
}

#[test]
fn allocation_of_esp_idf() {
    let callers = [
        0xFF, 0xBD, 0xA0, 0x80, 0x04, 0xB4, 0xBE, 0xA0, 0x80, 0x04, 0x98, 0xB4, 0xA3, 0x80, 0x04,
        0xB4, 0xF7, 0xB4, 0x80, 0x04, 0xDC, 0x81, 0xA2, 0x80, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00,
    ];
    let payload = [&[0xA0, 0xD1, 0xED, 0xFF, 0x03, 0x08][..], &callers].concat();
    let bytes = [&[0x80, 0x04, 0x24][..], &payload, &[0xFE, 0x11]].concat();
    let packet = Packet::Other {
        id: id::FIRST_MODULE,
        payload: &payload,
    };
    check(&bytes, packet, 2302);
    let mut numbers = varint::Numbers::new(&payload);
    assert_eq!(
        numbers.by_ref().collect::<Vec<_>>(),
        [
            0x3FFB_68A0,
            8,
            0x4008_1EFF,
            0x4008_1F34,
            0x4008_DA18,
            0x400D_3BB4,
            0x4008_80DC,
            0,
            0,
            0,
            0,
            0
        ]
    );
    assert!(numbers.is_whole());
}

#[test]
fn module_description_of_esp_idf() {
    let text = "M=ESP32 SystemView Heap Tracing Module";
    check(
        &around(&[0x16, 0x00, 0x80, 0x04, 0x26], text, &[0xC5, 0x09]),
        Packet::ModuleDesc {
            module: 0,
            offset: 512,
            text: text.into(),
        },
        1221,
    );
}

#[test]
fn overflow_of_an_esp32() {
    check(
        &[0x01, 0xC8, 0x02, 0xBA, 0xA5, 0x0A],
        Packet::Overflow { drop_count: 328 },
        168_634,
    );
}

#[test]
fn packets_without_parameters() {
    for (id, packet) in [
        (0, Packet::Nop),
        (3, Packet::IsrExit),
        (5, Packet::TaskStopExec),
        (10, Packet::TraceStart),
        (11, Packet::TraceStop),
        (17, Packet::Idle),
        (18, Packet::IsrToScheduler),
        (20, Packet::TimerExit),
    ] {
        check(&[id, 0x05], packet, 5);
    }
}

#[test]
fn packets_with_one_number_and_no_length() {
    let number = 0x1234;
    for (id, packet) in [
        (1, Packet::Overflow { drop_count: number }),
        (2, Packet::IsrEnter { interrupt: number }),
        (4, Packet::TaskStartExec { task: number }),
        (6, Packet::TaskStartReady { task: number }),
        (8, Packet::TaskCreate { task: number }),
        (12, Packet::SystimeCycles { cycles: number }),
        (15, Packet::MarkStart { marker: number }),
        (16, Packet::MarkStop { marker: number }),
        (19, Packet::TimerEnter { timer: number }),
    ] {
        check(&[id, 0xB4, 0x24, 0x05], packet, 5);
    }
}

#[test]
fn packets_with_two_numbers_and_no_length() {
    check(
        &[0x07, 0x60, 0x1B, 0x05],
        Packet::TaskStopReady {
            task: 0x60,
            cause: 27,
        },
        5,
    );
    check(
        &[0x17, 0x02, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x05],
        Packet::DataSample {
            data: 2,
            value: (-1i32) as u32,
        },
        5,
    );
}

#[test]
fn microseconds_are_two_words_the_low_one_first() {
    check(
        &[0x0D, 0x01, 0x02, 0x05],
        Packet::SystimeUs {
            microseconds: 0x2_0000_0001,
        },
        5,
    );
}

#[test]
fn packets_with_a_length() {
    check(
        &around(&[0x19, 0x05, 0x40, 0x03], "Mtx", &[0x05]),
        Packet::NameResource {
            resource: 0x40,
            name: "Mtx".into(),
        },
        5,
    );
    check(
        &[0x1B, 0x01, 0x02, 0x05],
        Packet::NumModules { count: 2 },
        5,
    );
    check(
        &[0x1D, 0x01, 0x60, 0x05],
        Packet::TaskTerminate { task: 0x60 },
        5,
    );
    check(
        &[0x1E, 0x02, 0xAA, 0xFF, 0x05],
        Packet::Other {
            id: 30,
            payload: &[0xAA, 0xFF],
        },
        5,
    );
}

#[test]
fn an_end_of_call_need_not_have_a_value() {
    let packet = Packet::EndCall {
        event: 195,
        value: None,
    };
    check(&[0x1C, 0x02, 0xC3, 0x01, 0x05], packet, 5);
}

#[test]
fn a_message_formatted_on_the_target() {
    let print = Print {
        text: "ready\n".into(),
        options: 0x41,
        arguments: Arguments::NONE,
    };
    let bytes = around(&[0x1A, 0x09, 0x06], "ready\n", &[0x41, 0x00, 0x05]);
    check(&bytes, Packet::PrintFormatted(print), 5);
    assert_eq!((print.level(), print.appends()), (Level::Warning, true));
}

#[test]
fn the_level_of_a_message_is_in_two_bits() {
    let level = |options| {
        Print {
            text: Text::default(),
            options,
            arguments: Arguments::NONE,
        }
        .level()
    };
    assert_eq!(
        [0, 1, 2, 3, 0x42, 0x81].map(level),
        [
            Level::Log,
            Level::Warning,
            Level::Error,
            Level::Log,
            Level::Error,
            Level::Warning
        ]
    );
}

#[test]
fn a_message_to_be_formatted_on_the_host() {
    let print = Print {
        text: "x=%d".into(),
        options: 2,
        arguments: Arguments {
            count: 1,
            encoded: &[0xFF, 0xFF, 0xFF, 0xFF, 0x0F],
        },
    };
    let suffix = [0x02, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x05];
    let bytes = around(&[0x1A, 0x0C, 0x04], "x=%d", &suffix);
    check(&bytes, Packet::PrintFormatted(print), 5);
    assert_eq!((print.level(), print.appends()), (Level::Error, false));
    assert_eq!(print.formatted().to_string(), "x=-1");
}

#[test]
fn a_message_with_fewer_arguments_than_it_counts_is_malformed() {
    let bytes = around(&[0x1A, 0x08, 0x04], "%d%d", &[0x00, 0x02, 0x07, 0x05]);
    check_malformed(&bytes, Malformed::Payload);
}

#[test]
fn marks() {
    check(
        &[0x1F, 0x02, 0x00, 0x07, 0x05],
        Packet::Extended(Extended::Mark { marker: 7 }),
        5,
    );
    check(
        &around(&[0x1F, 0x06, 0x01, 0x07, 0x03], "isr", &[0x05]),
        Packet::Extended(Extended::NameMarker {
            marker: 7,
            name: "isr".into(),
        }),
        5,
    );
}

#[test]
fn heap_events_of_segger() {
    let (heap, block, length) = (1, 0x80, 16);
    for (bytes, event) in [
        (
            &[0x1F, 0x07, 0x02, 0x01, 0x40, 0x80, 0x80, 0x01, 0x08, 0x05][..],
            Extended::HeapDefine {
                heap,
                base: 0x40,
                size: 0x4000,
                metadata_size: 8,
            },
        ),
        (
            &[0x1F, 0x05, 0x03, 0x01, 0x80, 0x01, 0x10, 0x05],
            Extended::HeapAlloc {
                heap,
                block,
                length,
                tag: None,
            },
        ),
        (
            &[0x1F, 0x06, 0x04, 0x01, 0x80, 0x01, 0x10, 0x09, 0x05],
            Extended::HeapAlloc {
                heap,
                block,
                length,
                tag: Some(9),
            },
        ),
        (
            &[0x1F, 0x04, 0x05, 0x01, 0x80, 0x01, 0x05],
            Extended::HeapFree { heap, block },
        ),
    ] {
        check(bytes, Packet::Extended(event), 5);
    }
}

#[test]
fn registered_data_without_the_fields_that_have_their_default() {
    let mut expected = RegisterData {
        data: 3,
        name: "volt".into(),
        kind: DataKind::U32,
        offset: 0,
        minimum: 0,
        maximum: 0,
        scale: 0.0,
        unit: Text::default(),
    };
    let fields: [&[u8]; 7] = [
        &[],
        &[0x02],
        &[0xFF, 0xFF, 0xFF, 0xFF, 0x0F],
        &[0xFE, 0xFF, 0xFF, 0xFF, 0x0F],
        &[0x64],
        &[0x80, 0x80, 0x80, 0xFC, 0x03],
        &[0x02, b'm', b'V'],
    ];
    let mut payload = around(&[0x06, 0x03, 0x04], "volt", &[]);
    for (count, field) in fields.iter().enumerate() {
        payload.extend_from_slice(field);
        match count {
            1 => expected.kind = DataKind::Float,
            2 => expected.offset = -1,
            3 => expected.minimum = -2,
            4 => expected.maximum = 100,
            5 => expected.scale = 1.0,
            6 => expected.unit = "mV".into(),
            _ => {}
        }
        let bytes = [&[0x1F, payload.len() as u8][..], &payload, &[0x05]].concat();
        let packet = Packet::Extended(Extended::RegisterData(expected));
        check(&bytes, packet, 5);
    }
}

#[test]
fn a_message_whose_text_is_in_the_elf_file() {
    check(
        &[0x1F, 0x06, 0x07, 0x80, 0x20, 0x01, 0x2A, 0x2B, 0x05],
        Packet::Extended(Extended::PrintElf {
            address: 0x1000,
            options: 1,
            arguments: &[0x2A, 0x2B],
        }),
        5,
    );
}

#[test]
fn an_extended_event_that_is_new() {
    check(
        &[0x1F, 0x03, 0x63, 0x01, 0x02, 0x05],
        Packet::Extended(Extended::Other {
            extended: 99,
            payload: &[1, 2],
        }),
        5,
    );
}

#[test]
fn long_ids() {
    let packet = |id| Packet::Other { id, payload: &[9] };
    check(&[0x7E, 0x01, 0x09, 0x05], packet(126), 5);
    check(&[0xFF, 0x00, 0x01, 0x09, 0x05], packet(127), 5);
    check(&[0x80, 0x01, 0x01, 0x09, 0x05], packet(128), 5);
    check(&[0xFF, 0x7F, 0x01, 0x09, 0x05], packet(id::LAST), 5);
    check(&[0x80, 0x80, 0x01, 0x01, 0x09, 0x05], packet(0x4000), 5);
    let longest = [0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x01, 0x09, 0x05];
    check(&longest, packet(u32::MAX), 5);
}

#[test]
fn ids_and_lengths_in_forms_longer_than_needed() {
    check_read(
        &[0x7F, 0x01, 0x09, 0x05],
        Packet::Other {
            id: 127,
            payload: &[9],
        },
        5,
    );
    check_read(
        &[0x84, 0x00, 0x60, 0x85, 0x00],
        Packet::TaskStartExec { task: 0x60 },
        5,
    );
    check_read(
        &[0x1D, 0x81, 0x00, 0x60, 0x05],
        Packet::TaskTerminate { task: 0x60 },
        5,
    );
}

#[test]
fn a_payload_that_ends_before_its_last_field_is_malformed() {
    check_malformed(&[0x18, 0x03, 0x01, 0x01, 0x01, 0x05], Malformed::Payload);
    check_malformed(&[0x1C, 0x00, 0x05], Malformed::Payload);
    check_malformed(&[0x1D, 0x01, 0x80, 0x05], Malformed::Payload);
    check_malformed(&[0x1F, 0x00, 0x05], Malformed::Payload);
    let tagged_without_tag = [0x1F, 0x04, 0x04, 0x01, 0x02, 0x10, 0x05];
    check_malformed(&tagged_without_tag, Malformed::Payload);
    check_malformed(&[0x19, 0x03, 0x40, 0x09, b'x', 0x05], Malformed::String);
    check_malformed(&[0x19, 0x02, 0x40, 0xFF, 0x05], Malformed::String);
}

#[test]
fn fields_that_a_newer_recorder_adds_are_left_unread() {
    check_read(
        &[0x1D, 0x02, 0x60, 0x07, 0x05],
        Packet::TaskTerminate { task: 0x60 },
        5,
    );
}

#[test]
fn an_impossible_length_is_malformed_before_the_payload_has_come() {
    assert_eq!(
        Frame::split(&[0x40, 0xFF, 0xFF, 0x7F]),
        Err(FrameError::Malformed(Malformed::Length))
    );
}

#[test]
fn a_shift_by_more_bits_than_there_are_is_bounded() {
    let init = Init {
        timestamp_hz: 1,
        cpu_hz: 1,
        ram_base: 0,
        id_shift: 31,
    };
    check_read(
        &[0x18, 0x04, 0x01, 0x01, 0x00, 0x28, 0x05],
        Packet::Init(init),
        5,
    );
}

#[test]
fn shrunk_ids_wrap_around() {
    let init = Init {
        timestamp_hz: 1,
        cpu_hz: 1,
        ram_base: 0x3F40_0000,
        id_shift: 0,
    };
    assert_eq!(init.shrink(0), 0xC0C0_0000);
    assert_eq!(init.expand(0xC0C0_0000), 0);
    let shifted = Init {
        id_shift: 2,
        ..init
    };
    assert_eq!(shifted.shrink(0x3F40_0018), 6);
    assert_eq!(shifted.expand(6), 0x3F40_0018);
}

#[test]
fn names_of_packets() {
    let names: Vec<_> = (0..id::FIRST_API).filter_map(id::name).collect();
    assert_eq!(names.len(), 31, "all but 30");
    assert_eq!(id::name(id::SYSTIME_US), Some("SYSTIME_US"));
    assert_eq!(id::name(30), None);
    assert_eq!(id::name(id::FIRST_API), None);
    assert_eq!(id::extended::name(5), Some("HEAP_FREE"));
    assert_eq!(id::extended::name(8), None);
}
