//! Any packet that a recorder could send, for properties.

use leakscope_systemview::{
    Arguments, DataKind, Extended, Init, Packet, Print, RegisterData, Text, varint,
};
use proptest::prelude::*;

/// The variable parts of a packet: packets borrow, so that they are made from this.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    kind: usize,
    numbers: [u32; 6],
    text: String,
    unit: String,
    payload: Vec<u8>,
    arguments: Vec<u8>,
    argument_count: u32,
}

/// Strings up to the longest that the short form holds, and some beyond.
pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[ -~]{0,40}",
        1 => "[ -~]{250,600}",
        1 => "\\PC{0,60}",
    ]
}

pub(crate) fn parts() -> impl Strategy<Value = Parts> {
    let numbers = prop::array::uniform6(any_number());
    let arguments = prop::collection::vec(any_number(), 0..16);
    let payload = prop::collection::vec(any::<u8>(), 0..300);
    (0..KINDS, numbers, text(), "[ -~]{0,20}", payload, arguments).prop_map(
        |(kind, numbers, text, unit, payload, arguments)| Parts {
            kind,
            numbers,
            text,
            unit,
            payload,
            argument_count: arguments.len() as u32,
            arguments: arguments
                .into_iter()
                .flat_map(|argument| {
                    let (bytes, length) = varint::write(argument);
                    bytes.into_iter().take(length)
                })
                .collect(),
        },
    )
}

/// Any number, with all encoded lengths about as likely.
pub(crate) fn any_number() -> impl Strategy<Value = u32> {
    (any::<u32>(), 0..32u32).prop_map(|(value, shift)| value >> shift)
}

const KINDS: usize = 41;

impl Parts {
    pub(crate) fn packet(&self) -> Packet<'_> {
        let [first, second, third, fourth, ..] = self.numbers;
        let text = Text::from(self.text.as_str());
        match self.kind {
            0 => Packet::Nop,
            1 => Packet::Overflow { drop_count: first },
            2 => Packet::IsrEnter { interrupt: first },
            3 => Packet::IsrExit,
            4 => Packet::TaskStartExec { task: first },
            5 => Packet::TaskStopExec,
            6 => Packet::TaskStartReady { task: first },
            7 => Packet::TaskStopReady {
                task: first,
                cause: second,
            },
            8 => Packet::TaskCreate { task: first },
            9 => Packet::TaskInfo {
                task: first,
                priority: second,
                name: text,
            },
            10 => Packet::TraceStart,
            11 => Packet::TraceStop,
            12 => Packet::SystimeCycles { cycles: first },
            13 => Packet::SystimeUs {
                microseconds: u64::from(first) << 32 | u64::from(second),
            },
            14 => Packet::SysDesc { text },
            15 => Packet::MarkStart { marker: first },
            16 => Packet::MarkStop { marker: first },
            17 => Packet::Idle,
            18 => Packet::IsrToScheduler,
            19 => Packet::TimerEnter { timer: first },
            20 => Packet::TimerExit,
            21 => Packet::StackInfo {
                task: first,
                base: second,
                size: third,
                usage: fourth,
            },
            22 => Packet::ModuleDesc {
                module: first,
                offset: second,
                text,
            },
            23 => Packet::DataSample {
                data: first,
                value: second,
            },
            24 => Packet::Init(Init {
                timestamp_hz: first,
                cpu_hz: second,
                ram_base: third,
                id_shift: fourth % 32,
            }),
            25 => Packet::NameResource {
                resource: first,
                name: text,
            },
            26 => Packet::PrintFormatted(Print {
                text,
                options: first,
                arguments: Arguments {
                    count: self.argument_count,
                    encoded: &self.arguments,
                },
            }),
            27 => Packet::NumModules { count: first },
            28 => Packet::EndCall {
                event: first,
                value: (second % 2 == 0).then_some(third),
            },
            29 => Packet::TaskTerminate { task: first },
            30 => Packet::Other {
                id: 30,
                payload: &self.payload,
            },
            31 => Packet::Other {
                id: 32 + first % (u32::MAX - 31),
                payload: &self.payload,
            },
            _ => Packet::Extended(self.extended()),
        }
    }

    fn extended(&self) -> Extended<'_> {
        let [first, second, third, fourth, fifth, sixth] = self.numbers;
        let text = Text::from(self.text.as_str());
        match self.kind - 32 {
            0 => Extended::Mark { marker: first },
            1 => Extended::NameMarker {
                marker: first,
                name: text,
            },
            2 => Extended::HeapDefine {
                heap: first,
                base: second,
                size: third,
                metadata_size: fourth,
            },
            3 => Extended::HeapAlloc {
                heap: first,
                block: second,
                length: third,
                tag: None,
            },
            4 => Extended::HeapAlloc {
                heap: first,
                block: second,
                length: third,
                tag: Some(fourth),
            },
            5 => Extended::HeapFree {
                heap: first,
                block: second,
            },
            6 => Extended::RegisterData(RegisterData {
                data: first,
                name: text,
                kind: DataKind::from(second),
                offset: third as i32,
                minimum: fourth as i32,
                maximum: fifth as i32,
                // No NaN, which would not be equal to itself.
                scale: sixth as f32,
                unit: self.unit.as_str().into(),
            }),
            7 => Extended::PrintElf {
                address: first,
                options: second,
                arguments: &self.payload,
            },
            _ => Extended::Other {
                extended: first.max(8),
                payload: &self.payload,
            },
        }
    }
}
