//! One parameter of an event, and how its value is shown.

use std::borrow::Cow;
use std::fmt;

use leakscope_systemview::{Init, Text};

use super::named_type::NamedTypes;
use super::payload::Payload;
use super::specifier::{FieldFormat, Specifier};

/// What a trace has said so far, asked for while parameters are shown.
pub trait Names {
    /// The name of the task that packets call `id`.
    fn task(&self, id: u32) -> Option<Cow<'_, str>> {
        let _ = id;
        None
    }

    /// The name of the resource that packets call `id`.
    fn resource(&self, id: u32) -> Option<Cow<'_, str>> {
        let _ = id;
        None
    }

    /// The units of the trace, once they are known.
    fn init(&self) -> Option<Init> {
        None
    }
}

/// Knows no names: ids are shown as hexadecimal numbers, times in ticks.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoNames;

impl Names for NoNames {}

/// The value of a parameter, decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// A number; of a signed parameter, the bits.
    U32(u32),
    /// A string (`%s`), hostile like all text from a device.
    String(Text<'a>),
    /// Bytes (`%B`).
    Bytes(&'a [u8]),
}

/// One parameter of an event. Shown as `label=text`, or as its description joins the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter<'a> {
    /// The words before the value. Empty if there are none.
    pub label: &'a str,
    /// What stands between label and text: `=`, `: `, a space, or nothing if there is no label.
    pub joint: &'static str,
    /// The value. `None` for display text that shows no value.
    pub value: Option<Value<'a>>,
    /// The value in words, with the display text that belongs to it, such as a unit. May hold text from
    /// the device as it came, control characters and all.
    pub text: String,
}

impl fmt::Display for Parameter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.label, self.joint, self.text)
    }
}

impl<'a> Parameter<'a> {
    pub(super) fn text_only(text: &str) -> Self {
        Self {
            label: "",
            joint: "",
            value: None,
            text: text.to_owned(),
        }
    }

    fn raw(value: Value<'a>, text: String) -> Self {
        Self {
            label: "",
            joint: "",
            value: Some(value),
            text,
        }
    }
}

/// The parameters in one line, apart by commas.
pub fn phrase(parameters: &[Parameter<'_>]) -> String {
    let words: Vec<_> = parameters.iter().map(ToString::to_string).collect();
    words.join(", ")
}

/// The parameters of an event that nothing describes: each number of the payload, `0x2a`; bytes that are
/// no number come last, `[80 80]`.
pub fn raw_parameters(payload: &[u8]) -> Vec<Parameter<'_>> {
    surplus(Payload::Encoded(payload), "")
}

/// What is left in a payload, as raw numbers, each with `sign` before it.
pub(super) fn surplus<'a>(mut payload: Payload<'a>, sign: &str) -> Vec<Parameter<'a>> {
    let mut parameters = Vec::new();
    while let Some(value) = payload.number() {
        parameters.push(Parameter::raw(
            Value::U32(value),
            format!("{sign}{value:#x}"),
        ));
    }
    if !payload.rest().is_empty() {
        let bytes = payload.rest();
        parameters.push(Parameter::raw(
            Value::Bytes(bytes),
            format!("{sign}[{}]", hexadecimal(bytes)),
        ));
    }
    parameters
}

/// `value` in words. `says_0x`: the text before it ends in `0x`.
pub(super) fn show(
    value: Value<'_>,
    specifier: Specifier<'_>,
    layout: FieldFormat,
    says_0x: bool,
    names: &dyn Names,
) -> String {
    let value = match value {
        Value::U32(value) => value,
        Value::String(text) => return layout.text(text.to_string()),
        Value::Bytes(bytes) => return layout.text(hexadecimal(bytes)),
    };
    let unless_said = |prefix| if says_0x { "" } else { prefix };
    match specifier {
        Specifier::Signed => {
            let signed = value.cast_signed();
            layout.number("", signed < 0, &signed.unsigned_abs().to_string())
        }
        Specifier::Hexadecimal => layout.number(unless_said("0x"), false, &format!("{value:x}")),
        Specifier::HexadecimalUpper => {
            layout.number(unless_said("0x"), false, &format!("{value:X}"))
        }
        Specifier::Binary => layout.number("0b", false, &format!("{value:b}")),
        Specifier::Pointer => layout.number(unless_said("0x"), false, &format!("{value:08x}")),
        Specifier::Time => layout.text(time(value, names.init())),
        Specifier::Task => layout.text(task(value, names)),
        Specifier::Resource => layout.text(resource(value, names)),
        Specifier::Named(named_type) => {
            layout.text(match (named_type.text(value), &named_type.default) {
                (Some(text), _) => text.to_owned(),
                // A default may not refer to named types again: it could be to its own.
                (None, Some(template)) => phrase(&template.fill(
                    &mut Payload::Single(Some(value)),
                    names,
                    &NamedTypes::new(),
                )),
                (None, None) => value.to_string(),
            })
        }
        Specifier::Unsigned | Specifier::Undeclared | Specifier::String | Specifier::Bytes => {
            layout.number("", false, &value.to_string())
        }
    }
}

/// `00 aa ff`
fn hexadecimal(bytes: &[u8]) -> String {
    let bytes: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    bytes.join(" ")
}

/// A time value: seconds if the clock is known. That `%D` counts ticks of the trace's clock is our
/// reading: the manual only says "time value".
fn time(ticks: u32, init: Option<Init>) -> String {
    match init.map_or(0, |init| u64::from(init.timestamp_hz)) {
        0 => format!("{ticks} ticks"),
        per_second => {
            let nanoseconds = u64::from(ticks) * 1_000_000_000 / per_second;
            let (seconds, fraction) = (nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000);
            format!("{seconds}.{fraction:09} s")
        }
    }
}

fn task(id: u32, names: &dyn Names) -> String {
    match named(id, names, |id| names.task(id)) {
        Ok(name) => name,
        Err(0) => "NULL".to_owned(),
        Err(address) => format!("task@{address:#010x}"),
    }
}

fn resource(id: u32, names: &dyn Names) -> String {
    match named(id, names, |id| names.resource(id)) {
        Ok(name) => name,
        Err(0) => "NULL".to_owned(),
        Err(address) => format!("{address:#010x}"),
    }
}

/// The name of an object, else its address, 0 for NULL. `id` is compared as transmitted, then as the
/// address that some writers send in its place.
fn named<'n>(
    id: u32,
    names: &dyn Names,
    find: impl Fn(u32) -> Option<Cow<'n, str>>,
) -> Result<String, u32> {
    let init = names.init();
    find(id)
        .or_else(|| find(init?.shrink(id)))
        .map(Cow::into_owned)
        .ok_or_else(|| init.map_or(id, |init| likely_address(id, init)))
}

/// What `id` stands for, of the two things it can be: a shrunk address, or an address. Objects lie near
/// the base of the RAM; where neither reading does, the first is the rule.
fn likely_address(id: u32, init: Init) -> u32 {
    const NEAR: u32 = 0x1000_0000;
    let shrunk = init.expand(id);
    let is_near = |address: u32| address.wrapping_sub(init.ram_base) < NEAR;
    if id == init.shrink(0) {
        0
    } else if !is_near(shrunk) && is_near(id) {
        id
    } else {
        shrunk
    }
}
