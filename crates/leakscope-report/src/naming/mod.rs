//! The names of events, and their parameters in words.
//!
//! Both come from the module descriptions in the trace, else from description files that the user gave,
//! else from the built-in ones for FreeRTOS, and for predefined packets from their fields.
mod field;
mod heap;
mod predefined;
mod samples;

use std::borrow::Cow;

use leakscope_analysis::describe::{
    DescriptionFile, EventDescription, ModuleDescription, NamedTypes, Names, NumberingEvidence,
    Parameter, raw_parameters,
};
use leakscope_analysis::trace::{Event, EventKind, Trace};
use leakscope_systemview::{Extended, Header, Init, Packet, SystemDescription, id};
use rustc_hash::FxHashMap;

use crate::symbolizer::Symbolizer;
use samples::Samples;

pub use field::{Field, FieldValue};

/// What was learned of names while events went by.
#[derive(Debug, Default)]
pub struct Naming {
    files: Vec<DescriptionFile>,
    evidence: NumberingEvidence,
    /// Parsed descriptions by their text. Never listed: no order reaches an output.
    modules: FxHashMap<String, ModuleDescription>,
    samples: Samples,
}

/// An event's name and parameters.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Named {
    /// SEGGER's, FreeRTOS's or the module's own name.
    pub name: String,
    /// The parameters, in order.
    pub fields: Vec<Field>,
}

static NO_TYPES: NamedTypes = NamedTypes::new();

impl Naming {
    /// With description files; what several describe, the first counts for.
    pub fn new(files: Vec<DescriptionFile>) -> Self {
        Self {
            files,
            ..Self::default()
        }
    }

    /// The first bytes of an input, which may say who wrote it.
    pub fn learn_header(&mut self, head: &[u8]) {
        self.evidence.header(&Header::parse(head));
    }

    /// Learns from an event. To be called with every event, in order, also with those that are not shown:
    /// some say what the ids of others mean.
    pub fn learn(&mut self, event: &Event<'_>) {
        match event.id {
            id::SYSDESC => {
                if let Ok(Packet::SysDesc { text }) = packet(event) {
                    self.evidence.system_description(SystemDescription(text));
                }
            }
            id::MODULEDESC => {
                if let Ok(Packet::ModuleDesc { text, .. }) = packet(event) {
                    let module = ModuleDescription::parse(&text.to_string());
                    self.evidence
                        .module(module.name.as_deref().unwrap_or_default());
                }
            }
            id::END_CALL => {
                if let Ok(Packet::EndCall { event, .. }) = packet(event) {
                    self.evidence.end_call(event);
                }
            }
            id::EX => {
                if let Ok(Packet::Extended(Extended::RegisterData(data))) = packet(event) {
                    self.samples.learn(&data);
                }
            }
            other => self.evidence.event(other),
        }
    }

    /// The name and the parameters of an event.
    pub fn named(
        &mut self,
        event: &Event<'_>,
        trace: &Trace,
        symbolizer: &mut Symbolizer<'_>,
    ) -> Named {
        let names = TraceNames { event, trace };
        match event.kind {
            EventKind::Heap(heap) => {
                let name = self
                    .module_event(event, trace)
                    .map(|event| event.name.to_string());
                let of_heap = heap::named(heap, trace, symbolizer);
                Named {
                    name: name.unwrap_or(of_heap.name),
                    ..of_heap
                }
            }
            EventKind::Unreadable => Named {
                name: self.name(event, trace),
                fields: std::iter::once(Field::word("damage", "unreadable"))
                    .chain(raw_parameters(event.payload).iter().map(Field::from))
                    .collect(),
            },
            EventKind::Gap { packets, bytes, .. } => predefined::gap(packets, bytes),
            EventKind::LogInElf {
                address,
                options,
                arguments,
            } => predefined::log_in_elf(
                address,
                options,
                symbolizer.message(address, arguments).as_deref(),
            ),
            _ if event.id == id::END_CALL => self.end_call(event, &names),
            _ if event.id == id::DATA_SAMPLE => self.sample(event, trace),
            _ if event.id < id::FIRST_API => self.predefined(event, trace),
            _ => self.described(event, trace, &names),
        }
    }

    fn name(&mut self, event: &Event<'_>, trace: &Trace) -> String {
        if let Some(predefined) = id::name(event.id) {
            return predefined.to_owned();
        }
        if let Some(described) = self.module_event(event, trace) {
            return described.name.to_string();
        }
        match self.description(event.id) {
            Some((described, _)) => described.name.to_string(),
            None => format!("event {}", event.id),
        }
    }

    fn described(&mut self, event: &Event<'_>, trace: &Trace, names: &dyn Names) -> Named {
        if let Some(described) = self.module_event(event, trace) {
            return filled(described, event, names, &NO_TYPES);
        }
        match self.description(event.id) {
            Some((described, types)) => filled(described, event, names, types),
            None => Named {
                name: format!("event {}", event.id),
                fields: raw_parameters(event.payload)
                    .iter()
                    .map(Field::from)
                    .collect(),
            },
        }
    }

    /// What the event's module says of it, in the trace.
    fn module_event(&mut self, event: &Event<'_>, trace: &Trace) -> Option<&EventDescription> {
        if event.id < id::FIRST_MODULE {
            return None;
        }
        let found = trace.module_event(event)?;
        if !self.modules.contains_key(found.description) {
            let module = ModuleDescription::parse(found.description);
            self.modules.insert(found.description.to_owned(), module);
        }
        self.modules
            .get(found.description)?
            .events
            .get(&found.number)
    }

    /// What description files, or else the built-in descriptions, say of an id.
    fn description(&self, id: u32) -> Option<(&EventDescription, &NamedTypes)> {
        let built_in = self.evidence.choice().descriptions();
        self.files
            .iter()
            .chain(built_in)
            .find_map(|file| Some((file.event(id)?, file.named_types())))
    }

    fn predefined(&self, event: &Event<'_>, trace: &Trace) -> Named {
        predefined::named(event, trace, |cause| self.task_state(cause))
    }

    fn task_state(&self, cause: u32) -> Option<&str> {
        let built_in = self.evidence.choice().descriptions();
        let mut files = self.files.iter().chain(built_in);
        files.find_map(|file| file.task_state(cause))
    }

    fn sample(&self, event: &Event<'_>, trace: &Trace) -> Named {
        match packet(event) {
            Ok(Packet::DataSample { data, value }) => Named {
                name: self.predefined(event, trace).name,
                fields: self.samples.fields(data, value),
            },
            _ => self.predefined(event, trace),
        }
    }

    /// The end of a call: which, and what it returned.
    fn end_call(&self, event: &Event<'_>, names: &dyn Names) -> Named {
        let name = "END_CALL".to_owned();
        let Ok(Packet::EndCall { event: call, value }) = packet(event) else {
            return Named {
                name,
                fields: Vec::new(),
            };
        };
        let (call, returned) = match self.description(call) {
            Some((described, types)) => (
                described.name.to_string(),
                described
                    .return_value(value, names, types)
                    .iter()
                    .map(Field::from)
                    .collect(),
            ),
            None => (
                format!("event {call}"),
                value
                    .map(|value| Field::number("returned", value.into()))
                    .into_iter()
                    .collect(),
            ),
        };
        let mut fields: Vec<Field> = returned;
        fields.insert(0, Field::text("call", call));
        Named { name, fields }
    }
}

fn filled(
    described: &EventDescription,
    event: &Event<'_>,
    names: &dyn Names,
    types: &NamedTypes,
) -> Named {
    let parameters: Vec<Parameter<'_>> = described.parameters(event.payload, names, types);
    Named {
        name: described.name.to_string(),
        fields: parameters.iter().map(Field::from).collect(),
    }
}

/// The packet that an event came from.
fn packet<'t>(event: &Event<'t>) -> Result<Packet<'t>, leakscope_systemview::Malformed> {
    Packet::of(event.id, event.payload)
}

/// The names that are valid at an event.
struct TraceNames<'e, 't> {
    event: &'e Event<'t>,
    trace: &'e Trace,
}

impl Names for TraceNames<'_, '_> {
    fn task(&self, id: u32) -> Option<Cow<'_, str>> {
        let task = self.trace.task(self.event, id)?;
        Some(task.display_name().into())
    }

    fn resource(&self, id: u32) -> Option<Cow<'_, str>> {
        self.trace.resource(id).map(Cow::Borrowed)
    }

    fn init(&self) -> Option<Init> {
        self.trace.init(self.event)
    }
}
