//! Recordings of real ESP32 boards, which lie beside the project: see `corpus/README.md` there.

use leakscope_systemview::{Frame, FrameError, Header, Packet, id, sync};
use leakscope_testing::needs::corpus_bytes;

/// The frames of one stream behind its sync, each of which must be a packet, to the last byte.
fn frames<'a>(
    stream: &'a [u8],
    split: fn(&'a [u8]) -> Result<Frame<'a>, FrameError>,
) -> Vec<Frame<'a>> {
    let mut rest = stream.strip_prefix(&sync::SYNC).expect("a sync");
    let mut frames = Vec::new();
    while !rest.is_empty() {
        let at = stream.len() - rest.len();
        let frame = split(rest).unwrap_or_else(|error| panic!("at {at}: {error}"));
        Packet::parse(&frame).unwrap_or_else(|error| panic!("at {at}: {error}"));
        rest = &rest[frame.length..];
        frames.push(frame);
    }
    frames
}

fn ticks(frames: &[Frame<'_>]) -> u64 {
    // The first delta counts from a moment before the recording.
    frames
        .iter()
        .skip(1)
        .map(|frame| u64::from(frame.delta))
        .sum()
}

fn starts(stream: &[u8], core_bit: bool) -> Vec<usize> {
    let mut starts = Vec::new();
    while let Some(start) = sync::find(stream, starts.last().map_or(0, |last| last + 1), core_bit) {
        starts.push(start);
    }
    starts
}

#[test]
fn a_joined_file_has_a_part_for_each_core() {
    let Some(file) = corpus_bytes("idf-mcore-2026/heap_log_mcore.svdat") else {
        return;
    };
    let header = Header::parse(&file);
    assert!(header.is_espressif() && !header.has_core_bit());
    assert_eq!(header.data, 110);
    let data = &file[header.data..];
    assert_eq!(
        header.core_offsets().collect::<Vec<_>>(),
        [(0, 0), (1, 12262)]
    );
    assert_eq!(starts(data, false), [0, 12262]);

    let (first, second) = data.split_at(12262);
    let parts = [frames(first, Frame::split), frames(second, Frame::split)];
    assert_eq!(parts[0].len() + parts[1].len(), 2642);
    let heap = parts
        .iter()
        .flatten()
        .filter(|frame| matches!(frame.id, 512 | 513));
    assert_eq!(heap.count(), 99);
    for part in &parts {
        assert_eq!(part.first().map(|frame| frame.id), Some(id::TRACE_START));
        assert_eq!(part.last().map(|frame| frame.id), Some(id::TRACE_STOP));
    }
    assert_eq!(ticks(&parts[0]), ticks(&parts[1]), "one clock for both");
}

#[test]
fn an_older_file_has_both_cores_in_one_stream() {
    let Some(file) = corpus_bytes("idf-esp-extension-2021/heap_log_mcore.svdat") else {
        return;
    };
    let header = Header::parse(&file);
    assert!(header.is_espressif() && header.has_core_bit());
    let data = &file[header.data..];
    assert_eq!(starts(data, true), [0]);

    let frames = frames(data, Frame::split_with_core_bit);
    assert_eq!(frames.len(), 25_190);
    let heap = frames.iter().filter(|frame| matches!(frame.id, 512 | 513));
    assert_eq!(heap.count(), 612);
    let prints = frames
        .iter()
        .filter(|frame| frame.id == id::PRINT_FORMATTED);
    assert_eq!(prints.count(), 600);
    for core in [0, 1] {
        assert!(frames.iter().any(|frame| frame.core == core));
    }
}

#[test]
fn packets_of_real_targets_are_written_as_they_came() {
    let Some(file) = corpus_bytes("idf-mcore-2026/heap_log_mcore.svdat") else {
        return;
    };
    let data = &file[Header::parse(&file).data..];
    let (first, second) = data.split_at(12262);
    for part in [first, second] {
        let mut written = sync::SYNC.to_vec();
        for frame in frames(part, Frame::split) {
            let packet = Packet::parse(&frame).expect("a packet");
            written.extend(crate::encoded(&packet, frame.delta));
        }
        assert!(written == part, "the bytes differ");
    }
}
