//! Recordings in parts, and recordings that are gone on with.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use leakscope_capture::recording::{
    CreateError, Existing, Finished, Limits, Reason, Recording, Rotation,
};
use leakscope_capture::source::{Form, Item, Source, SourceError};
use leakscope_capture::{Input, Interrupt, Note, OpenError, open};
use leakscope_systemview::{Frame, Header, id, sync};
use leakscope_testing::device::Board;
use proptest::prelude::*;

/// A source of one stream, in pieces of so many bytes.
struct Pieces {
    form: Form,
    rest: Vec<u8>,
    size: usize,
}

impl Source for Pieces {
    fn name(&self) -> String {
        "pieces".to_owned()
    }

    fn form(&self) -> Form {
        self.form
    }

    fn next(&mut self, bytes: &mut Vec<u8>, _: Duration) -> Result<Item, SourceError> {
        if self.rest.is_empty() {
            return Ok(Item::Ended);
        }
        let length = self.size.min(self.rest.len());
        bytes.extend(self.rest.drain(..length));
        Ok(Item::Bytes { stream: 0 })
    }

    fn stop(&mut self) -> Result<(), SourceError> {
        Ok(())
    }
}

fn pieces(bytes: &[u8], size: usize) -> Pieces {
    Pieces {
        form: Form::Plain,
        rest: bytes.to_vec(),
        size,
    }
}

fn run(recording: &mut Recording, mut source: Pieces) {
    let (limits, interrupt) = (Limits::default(), Interrupt::default());
    recording.run(&mut source, &limits, &interrupt, &mut |_| {});
}

/// Records in parts of this size; their paths, in order.
fn in_parts(folder: &Path, bytes: &[u8], size: usize, part: u64) -> Vec<PathBuf> {
    in_parts_of(folder, bytes, bytes, size, part)
}

/// The same, of which so much stands behind the header.
fn in_parts_of(
    folder: &Path,
    bytes: &[u8],
    packets: &[u8],
    size: usize,
    part: u64,
) -> Vec<PathBuf> {
    let path = folder.join("heap.svdat");
    let source = pieces(bytes, size);
    let rotation = Rotation::Size(part);
    let mut recording = Recording::create_in_parts(&path, &source, Existing::Refuse, rotation)
        .expect("a folder with room");
    let mut inputs = recording.inputs();
    assert_eq!(recording.path(), folder.join("heap.0001.svdat"));
    run(&mut recording, source);
    recording.finish().expect("a disk with room");
    // Who follows it reads on from part to part.
    assert!(data(&mut inputs[0]) == packets);
    let names = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<PathBuf> = names.map(|name| name.expect("a file").path()).collect();
    names.sort();
    names
}

/// What stands behind the header.
fn data(input: &mut Input) -> Vec<u8> {
    let all = input.head(usize::MAX).expect("a file");
    all[Header::parse(&all).data..].to_vec()
}

fn opened(names: &[&str]) -> Result<Vec<Input>, OpenError> {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    open(&names, None)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// However it comes, and whatever is damaged in it: the parts together are what was sent.
    #[test]
    fn parts_are_one(
        size in 1..3000usize,
        part in 1..3000u64,
        damage in prop::option::of((0..10_000usize, any::<u8>())),
    ) {
        let mut trace = Board::trace(40);
        if let Some((at, byte)) = damage {
            let at = at % trace.len();
            trace[at] = byte;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let parts = in_parts(folder.path(), &trace, size, part);
        let first = parts[0].to_str().expect("UTF-8");
        let mut inputs = opened(&[first]).expect("files");
        prop_assert_eq!(inputs.len(), 1);
        prop_assert!(data(&mut inputs[0]) == trace);
    }
}

/// Each can be read alone: it begins as a recording does, and has whole packets only.
#[test]
fn each_part_opens_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let trace = Board::trace(400);
    let parts = in_parts(folder.path(), &trace, 700, 1000);
    assert!(parts.len() > 5, "{parts:?}");
    let known = |bytes: &[u8]| {
        let mut ids = Vec::new();
        let mut rest = bytes.strip_prefix(&sync::SYNC).expect("a sync");
        while !rest.is_empty() {
            let frame = Frame::split(rest).expect("whole packets");
            ids.push(frame.id);
            rest = &rest[frame.length..];
        }
        ids
    };
    let told = [
        id::TRACE_START,
        id::INIT,
        id::SYSDESC,
        id::TASK_INFO,
        id::MODULEDESC,
        // The heap's base and unit, and a call stack: events of the heap's module.
        id::FIRST_MODULE + 4,
        id::FIRST_MODULE + 5,
    ];
    for part in &parts {
        let file = fs::read(part).expect("the file");
        let ids = known(&file[Header::parse(&file).data..]);
        for told in told {
            let at = ids.iter().position(|&id| id == told);
            assert!(at.is_some_and(|at| at < 40), "{told} in {part:?}: {ids:?}");
        }
    }
    assert_eq!(
        parts
            .iter()
            .filter(|part| {
                let file = fs::read(part).expect("the file");
                known(&file[Header::parse(&file).data..]).contains(&id::TRACE_STOP)
            })
            .count(),
        1,
        "the last one has the end"
    );
}

/// What a recorder says of itself may come in any order, and the description of an event after the event: leakscope's own says
/// first where the heap is, and later that this defines something. What happened is repeated in no order.
#[test]
fn definitions_that_come_before_their_description_are_repeated() {
    let event = |number: u32, payload: &[u8]| {
        let id = id::FIRST_MODULE + number;
        let mut packet = vec![(id & 0x7f) as u8 | 0x80, (id >> 7) as u8];
        packet.push(payload.len() as u8);
        packet.extend([payload, &[3]].concat());
        packet
    };
    let description = |text: &str| {
        let offset = [
            (id::FIRST_MODULE & 0x7f) as u8 | 0x80,
            (id::FIRST_MODULE >> 7) as u8,
        ];
        let length = [text.len() as u8];
        let start = [id::MODULEDESC as u8, 0];
        [&start[..], &offset, &length, text.as_bytes(), &[3]].concat()
    };
    let definitions = [event(4, &[1, 4, 2]), event(5, &[7, 9]), event(5, &[8, 9])];
    let told = [
        definitions.concat(),
        description("M=some heap,4 Heap Version=%u Shift=%u Base=%u,5 Stack Number=%u Frame=%u"),
        description("M=some heap,0 Alloc Address=%u Size=%u"),
    ];
    let start = [&sync::SYNC[..], &[id::TRACE_START as u8, 0]].concat();
    let happened = |number: u8| event(0, &[number, 1]);
    for order in [
        [0, 1, 2],
        [1, 0, 2],
        [2, 1, 0],
        [1, 2, 0],
        [2, 0, 1],
        [0, 2, 1],
    ] {
        let mut trace = start.clone();
        for (number, index) in (0..).zip(order) {
            trace.extend(happened(number));
            trace.extend(&told[index]);
        }
        let first = trace.len() as u64;
        trace.extend((10..60).flat_map(happened));
        let folder = tempfile::tempdir().expect("a folder");
        let parts = in_parts(folder.path(), &trace, 11, first);
        assert!(parts.len() > 1, "{order:?}");
        for part in &parts[1..] {
            let file = fs::read(part).expect("the file");
            let header = Header::parse(&file);
            let repeated = header.value("Repeated").expect("a line").to_string();
            let repeated: usize = repeated.parse().expect("a number");
            let mut rest = &file[header.data..header.data + repeated];
            rest = rest.strip_prefix(&sync::SYNC).expect("a sync");
            let mut found = Vec::new();
            while !rest.is_empty() {
                let frame = Frame::split(rest).expect("whole packets");
                if frame.id >= id::FIRST_MODULE {
                    let payload = frame.payload.to_vec();
                    found.push((frame.id - id::FIRST_MODULE, payload));
                }
                rest = &rest[frame.length..];
            }
            let expected = [(4, vec![1, 4, 2]), (5, vec![7, 9]), (5, vec![8, 9])];
            assert_eq!(found, expected, "{order:?}");
        }
    }
}

/// A header that the device sends, in whatever pieces, is none of the packets: it is that of each part.
#[test]
fn a_header_before_parts() {
    let header = b";\n; Author somebody\n; Name 5 x\n;\n";
    let trace = Board::trace(400);
    let sent = [&header[..], &trace].concat();
    for size in [1, 7, header.len(), 700] {
        let folder = tempfile::tempdir().expect("a folder");
        let parts = in_parts_of(folder.path(), &sent, &trace, size, 2000);
        assert!(parts.len() > 3, "{parts:?}");
        for part in &parts {
            let file = fs::read(part).expect("the file");
            let own = Header::parse(&file);
            assert_eq!(own.value("Name").expect("a line").to_string(), "5 x");
            let Ok([start, init]) = <[Frame<'_>; 2]>::try_from(first_frames(&file[own.data..], 2))
            else {
                panic!("{part:?} has no packets");
            };
            assert_eq!([start.id, init.id], [id::TRACE_START, id::INIT], "{part:?}");
        }
    }
    // One that never ends is kept too.
    let folder = tempfile::tempdir().expect("a folder");
    let parts = in_parts_of(folder.path(), b"; half a line", b"; half a line", 5, 2000);
    let file = fs::read(&parts[0]).expect("the file");
    assert!(file.ends_with(b";\n; half a line"));
}

/// The first packets behind a sync.
fn first_frames(data: &[u8], count: usize) -> Vec<Frame<'_>> {
    let mut rest = data.strip_prefix(&sync::SYNC).expect("a sync");
    let mut frames = Vec::new();
    while frames.len() < count {
        let frame = Frame::split(rest).expect("whole packets");
        rest = &rest[frame.length..];
        frames.push(frame);
    }
    frames
}

#[test]
fn parts_are_named_in_any_way() {
    let folder = tempfile::tempdir().expect("a folder");
    let trace = Board::trace(400);
    let parts = in_parts(folder.path(), &trace, 5000, 2000);
    let count = parts.len() as u32;
    let names: Vec<&str> = parts
        .iter()
        .map(|part| part.to_str().expect("UTF-8"))
        .collect();
    let pattern = folder.path().join("heap.*.svdat");
    let pattern = pattern.to_str().expect("UTF-8");
    let backwards: Vec<&str> = names.iter().rev().copied().collect();
    for names in [&names[..], &names[..1], &[pattern], &backwards] {
        let mut inputs = opened(names).expect("files");
        let [whole] = inputs.as_mut_slice() else {
            panic!("{inputs:?}");
        };
        assert!(data(whole) == trace);
        assert_eq!(whole.notes(), [Note::Parts { count }]);
    }
    // Another one than the first is read alone.
    let mut inputs = opened(&names[1..2]).expect("a file");
    assert!(data(&mut inputs[0]).len() < trace.len());
    let error = opened(&[names[0], names[2]]).expect_err("one is missing");
    assert!(
        matches!(error, OpenError::PartMissing { number: 2, .. }),
        "{error}"
    );
    // What another recording has left beside it is none of its parts.
    fs::write(
        parts.last().expect("parts"),
        b";\n; Recording x\n; Part 9\n; Repeated 0\n;\n",
    )
    .expect("a folder with room");
    let mut inputs = opened(&names[..1]).expect("files");
    assert!(trace.starts_with(&data(&mut inputs[0])));
}

/// Of numbers that no recorder writes, a header may have any.
#[test]
fn hostile_numbers_of_parts_do_no_harm() {
    let folder = tempfile::tempdir().expect("a folder");
    let part = |name: &str, number: u64, repeated: u64| {
        let text = format!(";\n; Recording x\n; Part {number}\n; Repeated {repeated}\n;\n packets");
        let path = folder.path().join(name);
        fs::write(&path, text).expect("a folder with room");
        path.to_str().expect("UTF-8").to_owned()
    };
    let last = u64::from(u32::MAX);
    for number in [0, 1, last - 1, last, u64::MAX] {
        for repeated in [0, u64::MAX - 60, u64::MAX] {
            let names = [
                part("heap.0001.svdat", 1, 0),
                part("heap.0002.svdat", 2, repeated),
                part("heap.4294967294.svdat", number, repeated),
                part("heap.4294967295.svdat", number, repeated),
            ];
            for names in [&names[..1], &names[2..], &names[2..3], &names[3..]] {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                for mut input in opened(&names).into_iter().flatten() {
                    assert!(data(&mut input).len() < 200);
                }
            }
        }
    }
}

#[test]
fn nothing_is_overwritten_and_cores_are_no_parts() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("heap.svdat");
    let first = folder.path().join("heap.0001.svdat");
    let rotation = Rotation::Time(Duration::from_secs(1));
    let source = pieces(b"", 1);
    let later = folder.path().join("heap.12345.svdat");
    for there in [first, later] {
        fs::write(&there, "precious").expect("a folder with room");
        let error = Recording::create_in_parts(&path, &source, Existing::Refuse, rotation)
            .expect_err("it exists");
        assert!(matches!(error, CreateError::Exists { path } if path == there));
        fs::remove_file(there).expect("a file");
    }
    fs::write(folder.path().join("heap.old.svdat"), "no part").expect("a folder with room");
    Recording::create_in_parts(&path, &source, Existing::Refuse, rotation).expect("no part");
    let cores = Pieces {
        form: Form::Streams(2),
        ..pieces(b"", 1)
    };
    let error = Recording::create_in_parts(&path, &cores, Existing::Replace, rotation)
        .expect_err("two cores");
    assert!(matches!(error, CreateError::NotInParts { .. }), "{error}");
}

/// Adds `bytes` to `file`; what the file is then.
fn appended(file: &[u8], bytes: &[u8]) -> Result<Vec<u8>, CreateError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("heap.svdat");
    fs::write(&path, file).expect("a folder with room");
    let source = pieces(bytes, 900);
    let mut recording = Recording::create(&path, &source, Existing::Append)?;
    run(&mut recording, source);
    let mut followed = recording.inputs();
    let finished = recording.finish().expect("a disk with room");
    assert_eq!(finished == Finished::Nothing, bytes.is_empty());
    let file = fs::read(&path).expect("the file");
    assert_eq!(followed[0].head(usize::MAX).expect("the file"), file);
    Ok(file)
}

/// A sync, TRACE_START, and the INIT of a recording, which no time has passed before.
fn beginning_as(trace: &[u8]) -> Vec<u8> {
    let start = sync::find(trace, 0, false).expect("a start") + sync::SYNC.len();
    let mut rest = &trace[start..];
    while let Ok(frame) = Frame::split(rest) {
        if frame.id == id::INIT {
            let end = frame.payload_start + frame.payload.len();
            return [&sync::SYNC[..], b"\x0A\0", &rest[..end], b"\0"].concat();
        }
        rest = &rest[frame.length..];
    }
    panic!("no INIT");
}

const END: &[u8] = b"\0\0\0\0\0\0\0\0\0\0\x0A\0\x0B\0";

/// What is between two sessions follows from how the first one has ended.
#[test]
fn a_session_is_added() {
    let header = b";\n; Author somebody\n;\n";
    let ended = [&header[..], &Board::trace(20)].concat();
    let more = Board::trace(7);
    let beginning = beginning_as(&ended);
    let stop = [id::TRACE_STOP as u8, 200, 1];
    let whole = ended.strip_suffix(&stop).expect("a trace that has ended");
    let added = appended(&ended, &more).expect("a recording");
    assert!(added == [&ended[..], &beginning, &more].concat());
    let added = appended(whole, &more).expect("a recording");
    assert!(added == [whole, END, &beginning, &more].concat());
    let cut = &[whole, &[id::TASK_INFO as u8, 0x80]].concat();
    let mark = [&[0xFF; 512][..], END, &beginning].concat();
    assert_eq!(
        appended(cut, &more).expect("a recording"),
        [&cut[..], &mark, &more].concat()
    );
    // A header that comes with the new one stands nowhere in the middle.
    let with_header = [&header[..], &more].concat();
    assert_eq!(
        appended(&ended, &with_header).expect("a recording"),
        [&ended[..], &beginning, &more].concat()
    );
    assert_eq!(appended(whole, b"").expect("a recording"), whole);
}

/// A part that appears meanwhile ends the recording, which has all up to there.
#[test]
fn a_part_that_appears_meanwhile() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("heap.svdat");
    let mut source = pieces(&Board::trace(400), 700);
    let rotation = Rotation::Size(2000);
    let mut recording = Recording::create_in_parts(&path, &source, Existing::Refuse, rotation)
        .expect("a folder with room");
    let second = folder.path().join("heap.0002.svdat");
    fs::write(&second, "precious").expect("a folder with room");
    let (limits, interrupt) = (Limits::default(), Interrupt::default());
    let ending = recording.run(&mut source, &limits, &interrupt, &mut |_| {});
    let Reason::NotWritten(error) = ending.reason else {
        panic!("{ending:?}");
    };
    assert!(error.to_string().contains("heap.0002.svdat"), "{error}");
    assert_eq!(recording.finish().expect("a disk"), Finished::AsSent);
    assert_eq!(fs::read(&second).expect("the file"), b"precious");
}

/// A recording of one core takes none of several; and what was added can be taken back.
#[test]
fn what_is_not_added() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("heap.svdat");
    let trace = Board::trace(3);
    let joined = [b";\n; Offset Core0 0\n; Offset Core1 20\n;\n", &trace[..]].concat();
    let core_bits = [b";\n; ESP_Extension\n;\n", &trace[..]].concat();
    for (bytes, is_refused) in [(&joined, true), (&core_bits, true), (&trace, false)] {
        for size in [1, 10_000] {
            fs::write(&path, &trace).expect("a folder with room");
            let mut source = pieces(bytes, size);
            let mut recording =
                Recording::create(&path, &source, Existing::Append).expect("a recording");
            let (limits, interrupt) = (Limits::default(), Interrupt::default());
            let ending = recording.run(&mut source, &limits, &interrupt, &mut |_| {});
            assert_eq!(
                matches!(ending.reason, Reason::NotWritten(_)),
                is_refused,
                "{ending:?}"
            );
            let grown = fs::read(&path).expect("the file") != trace;
            assert_eq!(grown, !is_refused);
            recording.take_back().expect("a file");
            assert!(fs::read(&path).expect("the file") == trace);
        }
    }
}

#[test]
fn to_what_nothing_is_added() {
    let joined = [
        b";\n; Offset Core0 0\n; Offset Core1 20\n;\n",
        &Board::trace(2)[..],
    ]
    .concat();
    for (file, why) in [
        (&joined[..], "several cores"),
        (b"I (312) boot: ESP-IDF\n", "does not begin"),
        (b"", "does not begin"),
    ] {
        let error = appended(file, b"more").expect_err("nothing can be added");
        assert!(error.to_string().contains(why), "{error}");
    }
}

/// Where there is none, one is made.
#[test]
fn a_first_session() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("heap.svdat");
    let trace = Board::trace(3);
    let source = pieces(&trace, 100);
    let mut recording = Recording::create(&path, &source, Existing::Append).expect("a new file");
    run(&mut recording, source);
    recording.finish().expect("a disk with room");
    let file = fs::read(&path).expect("the file");
    assert_eq!(file[Header::parse(&file).data..], trace);
}
