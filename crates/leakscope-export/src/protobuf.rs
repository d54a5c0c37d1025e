//! Messages as Protocol Buffers encode them: fields of a number and a value, one behind the other.

/// A message that is being written.
#[derive(Debug, Default)]
pub(crate) struct Message(Vec<u8>);

/// How a field's value is encoded.
const VARINT: u64 = 0;
const FIXED_64: u64 = 1;
const BYTES: u64 = 2;
const FIXED_32: u64 = 5;

impl Message {
    pub(crate) fn bytes_so_far(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn key(&mut self, field: u64, encoding: u64) {
        self.varint(field << 3 | encoding);
    }

    /// A number. 0 is written too: in the formats here, a field that is there says more than one that is not.
    pub(crate) fn number(&mut self, field: u64, value: u64) -> &mut Self {
        self.key(field, VARINT);
        self.varint(value);
        self
    }

    /// A number of eight bytes.
    pub(crate) fn fixed(&mut self, field: u64, value: u64) -> &mut Self {
        self.key(field, FIXED_64);
        self.0.extend(value.to_le_bytes());
        self
    }

    pub(crate) fn text(&mut self, field: u64, text: &str) -> &mut Self {
        self.bytes(field, text.as_bytes())
    }

    pub(crate) fn bytes(&mut self, field: u64, bytes: &[u8]) -> &mut Self {
        self.key(field, BYTES);
        self.varint(bytes.len() as u64);
        self.0.extend(bytes);
        self
    }

    /// Numbers that share a key.
    pub(crate) fn packed(
        &mut self,
        field: u64,
        numbers: impl IntoIterator<Item = u64>,
    ) -> &mut Self {
        self.message(field, |inner| {
            numbers.into_iter().for_each(|number| inner.varint(number));
        })
    }

    /// A message inside of this one.
    pub(crate) fn message(&mut self, field: u64, write: impl FnOnce(&mut Self)) -> &mut Self {
        self.key(field, BYTES);
        // The length goes before what is written, and is known only then: most have one byte.
        let start = self.0.len();
        self.0.push(0);
        write(self);
        let length = (self.0.len() - start - 1) as u64;
        if length < 0x80 {
            self.0[start] = length as u8;
        } else {
            self.0.remove(start);
            let end = self.0.len();
            self.varint(length);
            let bytes = self.0.len() - end;
            self.0[start..].rotate_right(bytes);
        }
        self
    }
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field<'m> {
    Number(u64),
    Bytes(&'m [u8]),
}

impl Field<'_> {
    /// The numbers of a repeated field: packed, or one of them.
    pub(crate) fn numbers(self) -> Option<Vec<u64>> {
        match self {
            Field::Number(number) => Some(vec![number]),
            Field::Bytes(mut bytes) => {
                let mut numbers = Vec::new();
                while !bytes.is_empty() {
                    numbers.push(take_varint(&mut bytes)?);
                }
                Some(numbers)
            }
        }
    }
}

/// The fields of a message, by number; `None` once where it is damaged, and nothing behind that.
#[derive(Clone, Debug)]
pub(crate) struct Fields<'m>(&'m [u8]);

impl<'m> Fields<'m> {
    pub(crate) fn of(message: &'m [u8]) -> Self {
        Self(message)
    }

    fn take(&mut self) -> Option<(u64, Field<'m>)> {
        let key = take_varint(&mut self.0)?;
        let field = match key & 7 {
            VARINT => Field::Number(take_varint(&mut self.0)?),
            FIXED_64 => Field::Bytes(self.take_bytes(8)?),
            BYTES => {
                let length = take_varint(&mut self.0)?;
                Field::Bytes(self.take_bytes(length)?)
            }
            FIXED_32 => Field::Bytes(self.take_bytes(4)?),
            _ => return None,
        };
        (key >> 3 > 0).then_some((key >> 3, field))
    }

    fn take_bytes(&mut self, length: u64) -> Option<&'m [u8]> {
        let (taken, rest) = self.0.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        Some(taken)
    }
}

impl<'m> Iterator for Fields<'m> {
    type Item = Option<(u64, Field<'m>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.take();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field)
    }
}

fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Field, Fields, Message};

    #[test]
    fn what_was_written_is_read() {
        let mut message = Message::default();
        message
            .number(1, 150)
            .text(2, "testing")
            .packed(6, [3, 270]);
        let fields: Vec<_> = Fields::of(message.bytes_so_far()).flatten().collect();
        assert_eq!(
            fields[..2],
            [(1, Field::Number(150)), (2, Field::Bytes(b"testing"))]
        );
        assert_eq!(fields[2].1.numbers(), Some(vec![3, 270]));
        for cut in 1..message.bytes_so_far().len() {
            // Each cut is damage, or ends between fields.
            let fields: Vec<_> = Fields::of(&message.bytes_so_far()[..cut]).collect();
            assert!(fields.iter().take(fields.len() - 1).all(Option::is_some));
        }
    }

    #[test]
    fn fields_are_encoded_as_the_documentation_of_protocol_buffers_shows() {
        let mut message = Message::default();
        message.number(1, 150).text(2, "testing");
        message.message(3, |inner| {
            inner.number(1, 150);
        });
        message.packed(6, [3, 270, 86942]);
        let expected = [
            &[0x08, 0x96, 0x01, 0x12, 0x07][..],
            b"testing",
            &[0x1a, 0x03, 0x08, 0x96, 0x01],
            &[0x32, 0x06, 0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05],
        ];
        assert_eq!(message.bytes_so_far(), expected.concat());
    }

    #[test]
    fn a_long_message_has_its_length_before_it() {
        let mut message = Message::default();
        message.message(1, |inner| {
            inner.bytes(1, &[7; 300]);
        });
        assert_eq!(
            message.bytes_so_far()[..6],
            [0x0a, 0xaf, 0x02, 0x0a, 0xac, 0x02]
        );
        assert_eq!(message.bytes_so_far().len(), 306);
    }
}
