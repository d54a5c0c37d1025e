//! Entry points of `leakscope-capture`.

use leakscope_capture::gdb::packet::{Decoder, Received, encode};
use leakscope_capture::gdb::{Connection, Stop};
use leakscope_capture::memory::{Memory, MemoryError, WordLayout};
use leakscope_capture::rtt::{Place, Progress, Reader};

/// Takes what a GDB server says, in two ways: packet by packet, of which each whole one can be sent and is
/// received the same; and as a conversation, which answers or gives up.
pub fn gdb(bytes: &[u8]) {
    let mut decoder = Decoder::default();
    for &byte in bytes {
        if let Some(Received::Packet {
            payload: Some(payload),
            ..
        }) = decoder.push(byte)
        {
            let _ = Stop::parse(&payload);
            let mut again = Decoder::default();
            let received = encode(&payload)
                .into_iter()
                .find_map(|byte| again.push(byte));
            let payload = Some(payload);
            let is_whole = true;
            assert_eq!(received, Some(Received::Packet { payload, is_whole }));
        }
    }
    let mut connection = Connection::default();
    for part in bytes.chunks(7) {
        connection.send(b"?");
        let is_over = connection.receive(part).is_err();
        while connection.next_packet().is_some() {}
        assert!(!connection.take_outgoing().is_empty());
        if is_over {
            break;
        }
    }
}

/// Where the memory begins. Addresses are small, so that they are met by chance.
const BASE: u64 = 0x100;

/// Looks for a control block in memory that begins with `bytes`, and reads what it says: the look ends, gives no
/// more than there is, and the next one gives nothing twice.
pub fn rtt(bytes: &[u8]) {
    let Some((&form, bytes)) = bytes.split_first() else {
        return;
    };
    let layout = WordLayout {
        is_64_bit: form & 1 != 0,
        is_big_endian: form & 2 != 0,
    };
    let place = if form & 4 == 0 {
        Place::At(BASE)
    } else {
        Place::Within(vec![0..0x80, BASE..BASE + bytes.len() as u64 + 0x20])
    };
    let mut memory = Ram(bytes.to_vec());
    let mut reader = Reader::new(place, layout);
    let mut taken = 0;
    for _ in 0..3 {
        let mut count = 0;
        let looked = reader.look(&mut memory, &mut |_, part| {
            count += part.len() as u64;
            Ok(())
        });
        if let Ok(Progress::Read { bytes, fill }) = looked {
            assert_eq!(bytes, count);
            assert!(fill <= 100);
        }
        taken += count;
        let _ = reader.send(&mut memory, &[1]);
    }
    // A channel is described in 24 bytes at least, and two of them may share a buffer.
    let channels = bytes.len() as u64 / 24;
    assert!(taken <= 3 * channels * bytes.len() as u64);
}

struct Ram(Vec<u8>);

impl Ram {
    fn place(&mut self, address: u64, length: usize) -> Result<&mut [u8], MemoryError> {
        let unmapped = || MemoryError::Unmapped {
            address,
            length,
            reason: "there is none".to_owned(),
        };
        let start = address.checked_sub(BASE).ok_or_else(unmapped)? as usize;
        let end = start.checked_add(length).ok_or_else(unmapped)?;
        self.0.get_mut(start..end).ok_or_else(unmapped)
    }
}

impl Memory for Ram {
    fn read(&mut self, address: u64, bytes: &mut [u8]) -> Result<(), MemoryError> {
        let place = self.place(address, bytes.len())?;
        bytes.copy_from_slice(place);
        Ok(())
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), MemoryError> {
        self.place(address, bytes.len())?.copy_from_slice(bytes);
        Ok(())
    }
}
