//! Messages as Protocol Buffers encode them: fields of a number and a value, one behind the other.

/// A message that is being written.
#[derive(Debug, Default)]
pub(crate) struct Message(Vec<u8>);

/// How a field's value is encoded.
const VARINT: u64 = 0;
const FIXED_64: u64 = 1;
const BYTES: u64 = 2;

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
        let start = self.0.len();
        write(self);
        let end = self.0.len();
        // The length goes before what was just written; it is known only now.
        self.varint((end - start) as u64);
        let length = self.0.len() - end;
        self.0[start..].rotate_right(length);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::Message;

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
