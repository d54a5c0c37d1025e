//! Memory that is a file.

use std::io::Write;
use std::time::{Duration, Instant};

use leakscope_capture::Interrupt;
use leakscope_capture::memory::{Memory, MemoryError, MemoryFile, MemoryFilePlace, WordLayout};
use leakscope_capture::rtt;
use leakscope_capture::source::{Item, SourceEvent};

use crate::device::{BASE, BLOCK, Device};

#[test]
fn a_file_is_memory_from_its_base_on() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"0123456789").unwrap();
    let mut memory = MemoryFile::open(file.path(), 0x2000_0000).unwrap();
    assert_eq!(memory.range().unwrap(), 0x2000_0000..0x2000_000A);
    let mut bytes = [0; 4];
    memory.read(0x2000_0006, &mut bytes).unwrap();
    assert_eq!(&bytes, b"6789");
    memory.write(0x2000_0007, b"xy").unwrap();
    assert_eq!(std::fs::read(file.path()).unwrap(), b"0123456xy9");
    for address in [0, 0x1FFF_FFFF, 0x2000_0007, u64::MAX] {
        let result = memory.read(address, &mut bytes);
        assert!(
            matches!(result, Err(MemoryError::Unmapped { .. })),
            "{address:#x}"
        );
        let result = memory.write(address, &bytes);
        assert!(
            matches!(result, Err(MemoryError::Unmapped { .. })),
            "{address:#x}"
        );
    }
    assert_eq!(memory.range().unwrap().end, 0x2000_000A);
}

#[test]
fn places_are_a_file_and_a_number() {
    let place = |path: &str, base| {
        Ok(MemoryFilePlace {
            path: path.into(),
            base,
        })
    };
    assert_eq!("ram@0x20000000".parse(), place("ram", 0x2000_0000));
    assert_eq!("a@b/ram@16".parse(), place("a@b/ram", 16));
    for text in ["", "ram", "@0x20000000", "ram@", "ram@20000000h", "ram@0x"] {
        assert!(text.parse::<MemoryFilePlace>().is_err(), "{text}");
    }
}

/// An image that was saved is read, once, and left as it is. A target would have been told to start, and how far was
/// read.
#[cfg(target_os = "linux")]
#[test]
fn a_saved_image_is_left_as_it_is() {
    let mut device = Device::new(WordLayout::default(), 1, 64);
    device.initialise();
    assert!(device.write(0, b"what was in the ring"));
    let file = tempfile::NamedTempFile::new().unwrap().into_temp_path();
    std::fs::write(&file, &device.ram).unwrap();
    let place = MemoryFilePlace {
        path: file.to_path_buf(),
        base: BASE,
    };
    let mut source = rtt::open_file(
        &place,
        Some(BLOCK),
        WordLayout::default(),
        &Interrupt::default(),
    )
    .unwrap();
    let (mut bytes, mut notices) = (Vec::new(), Vec::new());
    loop {
        match source.next(&mut bytes, Duration::ZERO).unwrap() {
            Item::Event(SourceEvent::Notice(text)) => notices.push(text),
            Item::Bytes { .. } => assert_eq!(bytes, b"what was in the ring"),
            Item::Ended => break,
            item => panic!("{item:?}"),
        }
    }
    assert!(!bytes.is_empty());
    assert!(notices.concat().contains("image that was saved"));
    assert!(std::fs::read(&file).unwrap() == device.ram);
}

/// Soon after the interrupt nothing more is read, however much there is; and an image is not copied.
#[test]
fn an_interrupt_ends_reading() {
    let file = tempfile::NamedTempFile::new().unwrap().into_temp_path();
    std::fs::write(&file, [0; 64]).unwrap();
    let interrupt = Interrupt::default();
    let mut memory = MemoryFile::open_until(&file, BASE, &interrupt).unwrap();
    let begun = Instant::now();
    interrupt.set();
    while memory.read(BASE, &mut [0; 64]).is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(20));
    }
    if memory.is_image() {
        let error = MemoryFile::open_until(&file, BASE, &interrupt).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::Interrupted);
    }
}
