//! A reader of Protocol Buffers that knows no format: a message is a list of fields.

use std::fmt::Write as _;

/// A field's number, and its value.
pub(crate) type Field<'m> = (u64, Value<'m>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'m> {
    Number(u64),
    Bytes(&'m [u8]),
}

impl<'m> Value<'m> {
    pub(crate) fn number(self) -> u64 {
        match self {
            Self::Number(number) => number,
            Self::Bytes(bytes) => panic!("{bytes:?} is no number"),
        }
    }

    pub(crate) fn message(self) -> Message<'m> {
        match self {
            Self::Bytes(bytes) => Message::read(bytes).unwrap(),
            Self::Number(number) => panic!("{number} is no message"),
        }
    }

    pub(crate) fn packed(self) -> Vec<u64> {
        let Self::Bytes(mut rest) = self else {
            panic!("{self:?} is not packed");
        };
        std::iter::from_fn(|| (!rest.is_empty()).then(|| varint(&mut rest).unwrap())).collect()
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Message<'m>(pub(crate) Vec<Field<'m>>);

impl<'m> Message<'m> {
    /// `None` if these bytes are no message.
    pub(crate) fn read(mut rest: &'m [u8]) -> Option<Self> {
        let mut fields = Vec::new();
        while !rest.is_empty() {
            let key = varint(&mut rest)?;
            let value = match key & 7 {
                0 => Value::Number(varint(&mut rest)?),
                1 => Value::Number(u64::from_le_bytes(*rest.split_off(..8)?.first_chunk()?)),
                2 => {
                    let length = varint(&mut rest)? as usize;
                    Value::Bytes(rest.split_off(..length)?)
                }
                _ => return None,
            };
            fields.push((key >> 3, value));
        }
        fields
            .iter()
            .all(|(field, _)| *field > 0)
            .then_some(Self(fields))
    }

    pub(crate) fn all(&self, field: u64) -> impl Iterator<Item = Value<'m>> {
        let fields = self.0.iter().filter(move |(known, _)| *known == field);
        fields.map(|(_, value)| *value)
    }

    pub(crate) fn one(&self, field: u64) -> Option<Value<'m>> {
        self.all(field).next()
    }

    /// As text, by numbers of fields: a line for each field of the whole, messages inside of braces.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for field in &self.0 {
            write(&mut text, field);
            text.push('\n');
        }
        text
    }
}

fn write(text: &mut String, (field, value): &Field<'_>) {
    let _ = match value {
        Value::Number(number) => write!(text, "{field}:{number}"),
        Value::Bytes(bytes) if is_text(bytes) => {
            write!(text, "{field}:{:?}", String::from_utf8_lossy(bytes))
        }
        Value::Bytes(bytes) => match Message::read(bytes) {
            Some(message) => {
                let _ = write!(text, "{field}{{");
                for (place, inner) in message.0.iter().enumerate() {
                    text.push_str(if place > 0 { " " } else { "" });
                    write(text, inner);
                }
                write!(text, "}}")
            }
            None => write!(text, "{field}:{:?}", value.packed()),
        },
    };
}

fn is_text(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| !text.contains(char::is_control))
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = *rest.split_off_first()?;
        number |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}
