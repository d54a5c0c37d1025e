//! Predefined packets, ids below 32: their fields in words.

use leakscope_analysis::describe::raw_parameters;
use leakscope_analysis::trace::{Event, EventKind, Start, Trace};
use leakscope_systemview::{Extended, Init, Level, Packet, id};

use super::{Field, Named, packet, samples};

/// Data were lost.
pub(super) fn gap(packets: Option<u64>, bytes: u64) -> Named {
    let fields = match packets {
        Some(packets) => vec![Field::number("dropped_packets", packets)],
        None => vec![Field::number("skipped_bytes", bytes)],
    };
    Named {
        name: id::name(id::OVERFLOW).unwrap_or_default().to_owned(),
        fields,
    }
}

/// A log message whose format stands in the ELF file; with that, its text.
pub(super) fn log_in_elf(address: u32, options: u32, text: Option<&str>) -> Named {
    let name = id::extended::name(id::extended::PRINT_ELF);
    Named {
        name: name.unwrap_or_default().to_owned(),
        fields: match text {
            Some(text) => log(Level::of(options), text),
            None => vec![Field::address("text_address", address.into())],
        },
    }
}

/// `task_state` puts the cause of a `TASK_STOP_READY` in words.
pub(super) fn named<'n>(
    event: &Event<'_>,
    trace: &Trace,
    task_state: impl Fn(u32) -> Option<&'n str>,
) -> Named {
    let name = id::name(event.id).map_or_else(|| format!("event {}", event.id), str::to_owned);
    let Ok(packet) = packet(event) else {
        let fields = raw_parameters(event.payload)
            .iter()
            .map(Field::from)
            .collect();
        return Named { name, fields };
    };
    if let Packet::Extended(extended) = packet {
        return of_extended(extended, event, trace);
    }
    let mut fields = fields(packet, event, trace, task_state);
    fields.extend(match event.kind {
        EventKind::Start(Start::AfterStop) => Some(Field::word("start", "again")),
        EventKind::Start(Start::AfterReset) => Some(Field::word("start", "after a reset")),
        EventKind::Start(Start::PerhapsAfterReset) => {
            Some(Field::word("start", "again, perhaps after a reset"))
        }
        EventKind::Start(Start::Repeated) => Some(Field::word("start", "repeated")),
        _ => None,
    });
    Named { name, fields }
}

fn fields<'n>(
    packet: Packet<'_>,
    event: &Event<'_>,
    trace: &Trace,
    task_state: impl Fn(u32) -> Option<&'n str>,
) -> Vec<Field> {
    let task = |id| task(id, event, trace);
    let number = |label: &str, value: u32| Field::number(label, value.into());
    match packet {
        Packet::Overflow { drop_count } => vec![number("drop_count", drop_count)],
        Packet::IsrEnter { interrupt } => {
            let mut fields = vec![number("interrupt", interrupt)];
            fields.extend(
                trace
                    .interrupt(interrupt)
                    .map(|name| Field::text("name", name)),
            );
            fields
        }
        Packet::TaskStartExec { task: id }
        | Packet::TaskStartReady { task: id }
        | Packet::TaskCreate { task: id }
        | Packet::TaskTerminate { task: id } => vec![task(id)],
        Packet::TaskStopReady { task: id, cause } => vec![
            task(id),
            match task_state(cause) {
                Some(state) => Field::text("cause", state),
                None => number("cause", cause),
            },
        ],
        Packet::TaskInfo {
            task: id,
            priority,
            name,
        } => vec![
            Field::address("task", expanded(id, event, trace)),
            number("priority", priority),
            Field::text("name", name.to_string()),
        ],
        Packet::SystimeCycles { cycles } => vec![number("cycles", cycles)],
        Packet::SystimeUs { microseconds } => vec![Field::number("microseconds", microseconds)],
        Packet::SysDesc { text } => vec![Field::text("text", text.to_string())],
        Packet::MarkStart { marker } | Packet::MarkStop { marker } => mark(marker, trace),
        Packet::TimerEnter { timer } => vec![resource("timer", timer, event, trace)],
        Packet::StackInfo {
            task: id,
            base,
            size,
            usage,
        } => vec![
            task(id),
            Field::address("base", base.into()),
            number("size", size),
            number("usage", usage),
        ],
        Packet::ModuleDesc {
            module,
            offset,
            text,
        } => vec![
            number("module", module),
            number("offset", offset),
            Field::text("text", text.to_string()),
        ],
        Packet::Init(Init {
            timestamp_hz,
            cpu_hz,
            ram_base,
            id_shift,
        }) => vec![
            number("timestamp_hz", timestamp_hz),
            number("cpu_hz", cpu_hz),
            Field::address("ram_base", ram_base.into()),
            number("id_shift", id_shift),
        ],
        Packet::NameResource { resource, name } => vec![
            Field::address("resource", expanded(resource, event, trace)),
            Field::text("name", name.to_string()),
        ],
        Packet::PrintFormatted(print) => log(print.level(), &print.formatted().to_string()),
        Packet::NumModules { count } => vec![number("count", count)],
        _ => Vec::new(),
    }
}

fn of_extended(extended: Extended<'_>, event: &Event<'_>, trace: &Trace) -> Named {
    let number = |label: &str, value: u32| Field::number(label, value.into());
    let (name, fields) = match extended {
        Extended::Mark { marker } => (id::extended::MARK, mark(marker, trace)),
        Extended::NameMarker { marker, name } => (
            id::extended::NAME_MARKER,
            vec![
                number("marker", marker),
                Field::text("name", name.to_string()),
            ],
        ),
        Extended::RegisterData(data) => (id::extended::REGISTER_DATA, samples::registered(&data)),
        Extended::PrintElf {
            address, options, ..
        } => return log_in_elf(address, options, None),
        Extended::Other { extended, payload } => {
            let fields = raw_parameters(payload);
            (extended, fields.iter().map(Field::from).collect())
        }
        // Those of the heap are events of the heap, unless something is wrong with them.
        Extended::HeapDefine { heap, .. }
        | Extended::HeapAlloc { heap, .. }
        | Extended::HeapFree { heap, .. } => (
            id::extended::HEAP_DEFINE,
            vec![Field::address("heap", expanded(heap, event, trace))],
        ),
    };
    Named {
        name: id::extended::name(name)
            .map_or_else(|| format!("extended event {name}"), str::to_owned),
        fields,
    }
}

fn log(level: Level, text: &str) -> Vec<Field> {
    let level = match level {
        Level::Log => None,
        Level::Warning => Some(Field::word("level", "warning")),
        Level::Error => Some(Field::word("level", "error")),
    };
    let text = Field::word("text", text.trim_end());
    level.into_iter().chain([text]).collect()
}

fn mark(marker: u32, trace: &Trace) -> Vec<Field> {
    let mut fields = vec![Field::number("marker", marker.into())];
    fields.extend(trace.marker(marker).map(|name| Field::text("name", name)));
    fields
}

fn task(id: u32, event: &Event<'_>, trace: &Trace) -> Field {
    match trace.task(event, id) {
        Some(task) => Field::text("task", task.display_name()),
        None => Field::text("task", format!("task@{:#010x}", expanded(id, event, trace))),
    }
}

fn resource(label: &str, id: u32, event: &Event<'_>, trace: &Trace) -> Field {
    match trace.resource(id) {
        Some(name) => Field::text(label, name),
        None => Field::address(label, expanded(id, event, trace)),
    }
}

/// The address that an id in a packet stands for.
fn expanded(id: u32, event: &Event<'_>, trace: &Trace) -> u64 {
    trace.init(event).map_or(id, |init| init.expand(id)).into()
}
