//! One parameter of an event, for people and for programs.

use std::fmt;

use leakscope_analysis::describe::{Parameter, Value};
use serde::{Serialize, Serializer};

use crate::document::Address;
use crate::symbolizer::NamedFrame;

/// A parameter: `size=10`.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name; may be empty.
    pub label: String,
    /// What stands between name and value in a sentence; empty if the name is not said.
    pub joint: &'static str,
    /// The value in words; may hold text from the device as it came.
    pub words: String,
    /// The value for programs.
    pub value: FieldValue,
}

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldValue {
    /// A number.
    Number(u64),
    /// An address; programs get a string, "0x3ffb1234".
    Address(u64),
    /// Words.
    Text,
    /// A call stack: return addresses, the innermost first.
    Stack(Vec<u64>),
    /// The same with the functions they stand for.
    Frames(Vec<NamedFrame>),
}

impl Field {
    pub(super) fn number(label: &str, number: u64) -> Self {
        Self::with(label, number.to_string(), FieldValue::Number(number))
    }

    pub(super) fn address(label: &str, address: u64) -> Self {
        Self::with(
            label,
            format!("{address:#010x}"),
            FieldValue::Address(address),
        )
    }

    pub(super) fn text(label: &str, text: impl Into<String>) -> Self {
        Self::with(label, text.into(), FieldValue::Text)
    }

    /// Words that need no name in a sentence.
    pub(super) fn word(label: &str, word: impl Into<String>) -> Self {
        Self {
            joint: "",
            ..Self::text(label, word)
        }
    }

    pub(super) fn with(label: &str, words: String, value: FieldValue) -> Self {
        Self {
            label: label.to_owned(),
            joint: "=",
            words,
            value,
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.joint.is_empty() {
            return formatter.write_str(&self.words);
        }
        write!(formatter, "{}{}{}", self.label, self.joint, self.words)
    }
}

impl From<&Parameter<'_>> for Field {
    /// A number that is shown as such stays one for programs.
    fn from(parameter: &Parameter<'_>) -> Self {
        let value = match parameter.value {
            Some(Value::U32(number)) if parameter.text == number.to_string() => {
                FieldValue::Number(number.into())
            }
            _ => FieldValue::Text,
        };
        Self {
            label: parameter.label.to_owned(),
            joint: parameter.joint,
            words: parameter.text.clone(),
            value,
        }
    }
}

impl Serialize for Field {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.value {
            FieldValue::Number(number) => serializer.serialize_u64(*number),
            FieldValue::Address(address) => Address(*address).serialize(serializer),
            FieldValue::Text => serializer.serialize_str(&self.words),
            FieldValue::Stack(addresses) => {
                serializer.collect_seq(addresses.iter().map(|&address| Address(address)))
            }
            FieldValue::Frames(frames) => serializer.collect_seq(frames.iter()),
        }
    }
}
