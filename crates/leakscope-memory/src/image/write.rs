//! Writes an image as an ELF core dump, which GDB opens too: a segment a region, a note with registers a core, and a
//! note of our own.
//!
//! Layout: System V ABI, chapter 5; `prstatus` as in [`super::notes`].

use super::about::{About, NAME};
use super::notes::id_offset;
use super::{Machine, Piece, Thread, Words};

/// An ELF core dump of memory and registers.
pub fn write(
    machine: Machine,
    words: Words,
    threads: &[Thread],
    pieces: &[Piece],
    about: &About,
) -> Vec<u8> {
    let numbers = Numbers { words };
    let mut notes = Vec::new();
    for thread in threads {
        if let Some(status) = numbers.status(machine, thread) {
            notes.extend(numbers.note(b"CORE", &status));
        }
    }
    notes.extend(numbers.note(NAME, &about.write()));
    let (header, entry) = if words.is_64_bit { (64, 56) } else { (52, 32) };
    let mut offset = (header + entry * (pieces.len() + 1)) as u64;
    let mut file = numbers.header(machine, header, entry, pieces.len() + 1);
    let mut add = |kind, flags, address, size: usize| {
        file.extend(numbers.segment(kind, flags, offset, address, size as u64));
        offset += size as u64;
    };
    add(4, 0, 0, notes.len());
    for piece in pieces {
        add(1, 6, piece.address, piece.bytes.len());
    }
    file.extend(notes);
    for piece in pieces {
        file.extend(&piece.bytes);
    }
    file
}

/// Writes numbers as the target has them.
#[derive(Clone, Copy)]
struct Numbers {
    words: Words,
}

impl Numbers {
    /// The lowest `width` bytes of a number.
    fn number(self, number: u64, width: usize) -> Vec<u8> {
        if self.words.is_big_endian {
            number.to_be_bytes()[8 - width..].to_vec()
        } else {
            number.to_le_bytes()[..width].to_vec()
        }
    }

    fn joined(self, fields: &[(u64, usize)]) -> Vec<u8> {
        fields
            .iter()
            .flat_map(|&(number, width)| self.number(number, width))
            .collect()
    }

    fn header(self, machine: Machine, length: usize, entry: usize, segments: usize) -> Vec<u8> {
        let class = 1 + u8::from(self.words.is_64_bit);
        let order = 1 + u8::from(self.words.is_big_endian);
        let mut header = vec![0x7f, b'E', b'L', b'F', class, order, 1];
        header.resize(16, 0);
        let word = self.words.size();
        let (length, entry) = (length as u64, entry as u64);
        header.extend(self.joined(&[
            (4, 2), // ET_CORE
            (machine.number.into(), 2),
            (1, 4),
            (0, word),
            (length, word),
            (0, word),
            (0, 4),
            (length, 2),
            (entry, 2),
            (segments as u64, 2),
            (0, 2),
            (0, 2),
            (0, 2),
        ]));
        header
    }

    fn segment(self, kind: u64, flags: u64, offset: u64, address: u64, size: u64) -> Vec<u8> {
        if self.words.is_64_bit {
            let places = [
                (offset, 8),
                (address, 8),
                (0, 8),
                (size, 8),
                (size, 8),
                (1, 8),
            ];
            return [self.joined(&[(kind, 4), (flags, 4)]), self.joined(&places)].concat();
        }
        let fields = [kind, offset, address, 0, size, size, flags, 1];
        self.joined(&fields.map(|field| (field, 4)))
    }

    fn note(self, name: &[u8], content: &[u8]) -> Vec<u8> {
        let mut note = self.joined(&[
            (name.len() as u64 + 1, 4),
            (content.len() as u64, 4),
            (1, 4),
        ]);
        note.extend(name);
        note.push(0);
        note.resize(note.len().next_multiple_of(4), 0);
        note.extend(content);
        note.resize(note.len().next_multiple_of(4), 0);
        note
    }

    /// The registers of a thread; `None` if nothing is known of them.
    fn status(self, machine: Machine, thread: &Thread) -> Option<Vec<u8>> {
        let place = machine.registers()?;
        let mut status = vec![0; place.offset];
        let at = id_offset(self.words);
        status[at..at + 4].copy_from_slice(&self.number(thread.id, 4));
        for &register in thread.registers.iter().take(place.count) {
            status.extend(self.number(register, self.words.size()));
        }
        // Whether there are floating-point registers.
        status.resize(place.offset + (place.count + 1) * self.words.size(), 0);
        Some(status)
    }
}
