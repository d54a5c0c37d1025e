//! Entry points of `leakscope-systemview`.

use std::fmt::Write;

use leakscope_systemview::{
    Arguments, Frame, FrameError, Header, Packet, Printf, PrintfInElf, SystemDescription, Text,
    sync,
};

/// Cuts `bytes` into packets, in both framings, byte by byte over what is none: reads to the end, and
/// shows everything.
pub fn frames(bytes: &[u8]) {
    walk(bytes, Frame::split, show);
    walk(bytes, Frame::split_with_core_bit, show);
}

/// Reads `file` as a header, and looks for a start behind it.
pub fn header(file: &[u8]) {
    let header = Header::parse(file);
    let data = file.get(header.data..).expect("data within the file");
    assert!(header.text.0.len() <= header.data);
    for line in header.lines() {
        assert!(!line.key.0.is_empty());
        let value = header.value(&line.key.to_string());
        assert!(value.is_some() || std::str::from_utf8(line.key.0).is_err());
    }
    let _ = (header.core_offsets().count(), header.is_espressif());
    for core_bit in [false, true] {
        if let Some(start) = sync::find(data, 0, core_bit) {
            assert_eq!(sync::at(&data[start..], core_bit), Some(sync::Sync::Start));
        }
    }
}

/// Writes each packet that `bytes` hold, and reads it back.
pub fn roundtrip(bytes: &[u8]) {
    let mut buffer = vec![0; 2 * bytes.len() + 64];
    walk(bytes, Frame::split, |frame| {
        let Ok(packet) = Packet::parse(frame) else {
            return;
        };
        let length = packet
            .encode(frame.delta, &mut buffer)
            .expect("room for what was read");
        let written = &buffer[..length];
        let again = Frame::split(written).expect("a frame");
        assert_eq!((again.length, again.delta), (length, frame.delta));
        let packet_again = Packet::parse(&again).expect("a packet");
        // Compared as shown: a scale that is no number is not equal to itself.
        assert_eq!(format!("{packet_again:?}"), format!("{packet:?}"));
        // Of longer texts without length in front, either byte order is believed.
        let prefixes = if frame.id < 24 && length > 1024 {
            0
        } else {
            length
        };
        for length in 0..prefixes {
            assert_eq!(
                Frame::split(&written[..length]),
                Err(FrameError::Incomplete)
            );
        }
    });
}

/// Formats by a format, which ends at the first zero byte, the arguments behind it.
pub fn printf(bytes: &[u8]) {
    let (format, rest) = match bytes.iter().position(|&byte| byte == 0) {
        Some(end) => (&bytes[..end], &bytes[end + 1..]),
        None => (bytes, &[][..]),
    };
    let (count, encoded) = rest
        .split_first()
        .map_or((1, rest), |(&count, encoded)| (u32::from(count), encoded));
    let arguments = Arguments { count, encoded };
    let used = arguments.numbers().count();
    let shown = Printf {
        format: Text(format),
        arguments,
    }
    .to_string();
    // A byte that is no text is shown as three; width and precision are bounded.
    assert!(shown.len() <= 3 * format.len() + 600 * used);
    let in_elf = PrintfInElf {
        format: Text(format),
        arguments: rest,
    }
    .to_string();
    assert!(in_elf.len() <= 3 * bytes.len() + 600 * rest.len());
}

/// Gives each frame in `bytes` to `look`.
fn walk<'a>(
    bytes: &'a [u8],
    split: impl Fn(&'a [u8]) -> Result<Frame<'a>, FrameError>,
    mut look: impl FnMut(&Frame<'a>),
) {
    let mut position = 0;
    while position < bytes.len() {
        position += match split(&bytes[position..]) {
            Ok(frame) => {
                assert!(frame.length >= 2 && frame.payload.len() < frame.length);
                assert!(position + frame.length <= bytes.len());
                look(&frame);
                frame.length
            }
            Err(_) => 1,
        };
    }
}

fn show(frame: &Frame<'_>) {
    let mut shown = String::new();
    let result = match Packet::parse(frame) {
        Ok(Packet::SysDesc { text }) => SystemDescription(text)
            .items()
            .try_for_each(|item| write!(shown, "{item:?}")),
        Ok(Packet::PrintFormatted(print)) => {
            write!(shown, "{} {:?}", print.formatted(), print.level())
        }
        Ok(packet) => write!(shown, "{packet:?}"),
        Err(error) => write!(shown, "{error}"),
    };
    result.expect("text can be shown");
}
