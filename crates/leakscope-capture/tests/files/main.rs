//! What users name, and what is opened for it.
//!
//! Standard input itself (`-`) is shown by the command's tests: here, a pipe stands in for it.
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use leakscope_capture::{Input, Note, OpenError, open};
use tempfile::TempDir;

/// More than one buffer's worth, and not all the same.
fn data() -> Vec<u8> {
    (0..200_000_u32).flat_map(u32::to_le_bytes).collect()
}

fn write(folder: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, bytes).expect("a file that can be written");
    path
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("room in memory");
    encoder.finish().expect("room in memory")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

fn open_path(path: &Path) -> Result<Vec<Input>, OpenError> {
    open(&[path.display().to_string()], None)
}

fn open_one(path: &Path) -> Input {
    let mut inputs = open_path(path).expect("an input");
    assert_eq!(inputs.len(), 1);
    inputs.remove(0)
}

/// Everything in it, read in pieces of an odd size.
fn read(input: &mut Input) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4099];
    loop {
        let count = input
            .read_at(bytes.len() as u64, &mut buffer)
            .expect("bytes");
        if count == 0 {
            return bytes;
        }
        bytes.extend(&buffer[..count]);
    }
}

#[test]
fn a_plain_file_is_read_as_it_is() {
    let folder = folder();
    let path = write(&folder, "trace.svdat", &data());
    let mut input = open_one(&path);
    assert_eq!(input.name(), path.display().to_string());
    assert_eq!(input.length().expect("a length"), data().len() as u64);
    assert_eq!(input.head(10).expect("bytes"), data()[..10]);
    assert_eq!(read(&mut input), data());
    assert_eq!(input.head(10).expect("bytes"), data()[..10]);
    assert!(input.notes().is_empty());
}

#[test]
fn any_offset_can_be_read_in_any_order() {
    let folder = folder();
    let mut input = open_one(&write(&folder, "trace.svdat", &data()));
    let mut buffer = [0; 4];
    for index in [1000_u32, 5, 199_999, 0] {
        let offset = u64::from(index) * 4;
        assert_eq!(input.read_at(offset, &mut buffer).expect("bytes"), 4);
        assert_eq!(u32::from_le_bytes(buffer), index);
    }
    let end = data().len() as u64;
    assert_eq!(input.read_at(end, &mut buffer).expect("the end"), 0);
    assert_eq!(input.read_at(end + 100, &mut buffer).expect("the end"), 0);
}

#[test]
fn packed_files_are_recognised_by_their_bytes() {
    let folder = folder();
    for (packed, format) in [(gzip(&data()), "gzip"), (zstd(&data()), "zstd")] {
        // The name says nothing of it.
        let mut input = open_one(&write(&folder, "trace.svdat", &packed));
        assert_eq!(read(&mut input), data(), "{format}");
        assert_eq!(input.length().expect("a length"), data().len() as u64);
        assert_eq!(input.notes(), [Note::Unpacked { format }]);
    }
}

/// Files that were packed one by one and joined are one recording; in Zstandard's, what holds no data may stand between them.
#[test]
fn files_that_were_packed_one_by_one_are_one_file() {
    let folder = folder();
    let whole = data();
    let (first, second) = whole.split_at(1000);
    let nothing = |number: u8| [0x50 + number, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3];
    let frames = [
        nothing(0).to_vec(),
        zstd(first),
        nothing(15).to_vec(),
        zstd(second),
    ];
    for packed in [
        [gzip(first), gzip(second)].concat(),
        frames.concat(),
        frames[1..].concat(),
    ] {
        let mut input = open_one(&write(&folder, "trace.svdat", &packed));
        assert_eq!(read(&mut input), data());
        assert_eq!(input.notes().len(), 1, "{:?}", input.notes());
    }
}

/// Also what does not change any byte, or comes behind all of them.
#[test]
fn damage_of_frames_is_said() {
    let folder = folder();
    let nothing = [0x50, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2];
    let mut changed = zstd(&data());
    if let Some(last) = changed.last_mut() {
        *last ^= 1;
    }
    for packed in [
        changed,
        [zstd(&data()), b"junk".to_vec()].concat(),
        [zstd(&data()), nothing.to_vec()].concat(),
    ] {
        let mut input = open_one(&write(&folder, "trace.svdat", &packed));
        assert_eq!(read(&mut input), data());
        assert!(input.is_unpacked_in_part(), "{:?}", input.notes());
    }
}

/// What comes out before the damage is read, and the rest is said to be missing.
#[test]
fn a_packed_file_that_is_cut_off_is_read_as_far_as_it_goes() {
    let folder = folder();
    for packed in [gzip(&data()), zstd(&data())] {
        let cut = &packed[..packed.len() / 2];
        let mut input = open_one(&write(&folder, "trace.svdat", cut));
        let bytes = read(&mut input);
        assert!(data().starts_with(&bytes));
        let [
            Note::Unpacked { format },
            Note::UnpackedInPart {
                bytes: said,
                reason,
            },
        ] = input.notes()
        else {
            panic!("{:?}", input.notes());
        };
        assert_eq!(*said, bytes.len() as u64, "{format}");
        assert!(!reason.is_empty());
        assert!(!bytes.is_empty(), "{format}");
    }
}

/// A decoder keeps what a later block may repeat: here all that there is.
#[test]
fn what_lies_in_the_window_of_a_frame_that_is_cut_off_is_read() {
    let folder = folder();
    let block = |bytes: &[u8], is_last: bool| {
        let header = (bytes.len() as u32) << 3 | u32::from(is_last);
        [&header.to_le_bytes()[..3], bytes].concat()
    };
    let (first, rest) = (&data()[..1000], &data()[1000..2000]);
    for has_checksum in [0, 4] {
        let begin = [0x28, 0xB5, 0x2F, 0xFD, has_checksum, 0x58];
        let frame = [&begin[..], &block(first, false), &block(rest, true)].concat();
        for (cut, least) in [
            (begin.len() + 2, 0),
            (1500, 1000),
            (1010, 1000),
            (2011, 1000),
        ] {
            let mut input = open_one(&write(&folder, "trace.zst", &frame[..cut]));
            let bytes = read(&mut input);
            assert!(data().starts_with(&bytes) && bytes.len() >= least, "{cut}");
            assert!(input.is_unpacked_in_part(), "{:?}", input.notes());
        }
    }
}

#[test]
fn a_damaged_packed_file_is_no_end() {
    let folder = folder();
    let mut packed = gzip(&data());
    let middle = packed.len() / 2;
    packed[middle..middle + 40].fill(0xFF);
    let mut input = open_one(&write(&folder, "trace.svdat.gz", &packed));
    let bytes = read(&mut input);
    assert!(!bytes.is_empty());
    assert!(matches!(input.notes(), [_, Note::UnpackedInPart { .. }]));
    let only_magic = open_one(&write(&folder, "short.gz", &[0x1F, 0x8B]));
    assert!(matches!(
        only_magic.notes(),
        [_, Note::UnpackedInPart { bytes: 0, .. }]
    ));
    let only_magic = open_one(&write(&folder, "short.zst", &[0x28, 0xB5, 0x2F, 0xFD]));
    assert!(matches!(
        only_magic.notes(),
        [_, Note::UnpackedInPart { bytes: 0, .. }]
    ));
}

/// A pipe can be read only once, and yet its bytes are there at any offset.
#[cfg(target_os = "linux")]
#[test]
fn pipes_are_kept() {
    use std::os::fd::AsRawFd;
    for (sent, notes) in [
        (data(), vec![]),
        (gzip(&data()), vec![Note::Unpacked { format: "gzip" }]),
    ] {
        let (reader, mut writer) = std::io::pipe().expect("a pipe");
        let sender = std::thread::spawn(move || writer.write_all(&sent).expect("a reader"));
        let path = PathBuf::from(format!("/dev/fd/{}", reader.as_raw_fd()));
        let mut input = open_one(&path);
        sender.join().expect("everything was sent");
        assert_eq!(input.head(8).expect("bytes"), data()[..8]);
        assert_eq!(read(&mut input), data());
        assert_eq!(input.notes(), notes);
    }
}

/// `file://` is taken off where it stands, and nothing is taken off where it does not.
#[test]
fn addresses_and_paths() {
    let folder = folder();
    let path = write(&folder, "file:trace.svdat", &data());
    let address = format!("file://{}", path.display());
    let mut inputs = open(&[address.clone(), path.display().to_string()], None).expect("inputs");
    assert_eq!(inputs[0].name(), address);
    for input in &mut inputs {
        assert_eq!(read(input), data());
    }
}

#[test]
fn inputs_keep_their_order() {
    let folder = folder();
    let names: Vec<String> = (0..3)
        .map(|number| {
            write(&folder, &format!("{number}"), &[number; 9])
                .display()
                .to_string()
        })
        .collect();
    let inputs = open(&names, None).expect("inputs");
    let opened: Vec<&str> = inputs.iter().map(Input::name).collect();
    assert_eq!(opened, names);
}

const HEADER: &[u8] =
    b";\n; Version     SEGGER SystemViewer V3.60\n; Author      Espressif Inc\n;\n";

/// OpenOCD leaves the joined file empty if it is not told to stop; the data are beside it.
#[test]
fn the_files_of_the_cores_stand_in_for_an_empty_one() {
    for (empty, cores) in [
        ("trace.svdat", ["trace.svdat_core0", "trace.svdat_core1"]),
        ("trace.svdat", ["trace_core0.svdat", "trace_core1.svdat"]),
        ("trace", ["trace_core0", "trace_core1"]),
    ] {
        for contents in [&b""[..], HEADER] {
            let folder = folder();
            let path = write(&folder, empty, contents);
            for (number, core) in cores.iter().enumerate() {
                write(&folder, core, &[number as u8; 100]);
            }
            let mut inputs = open_path(&path).expect("inputs");
            assert_eq!(inputs.len(), 2, "{cores:?}");
            for (number, input) in inputs.iter_mut().enumerate() {
                let expected = folder.path().join(cores[number]);
                assert_eq!(input.name(), expected.display().to_string());
                assert_eq!(read(input), [number as u8; 100]);
                let empty = path.clone();
                assert_eq!(input.notes(), [Note::Replaced { empty }]);
                assert!(
                    input.notes()[0]
                        .to_string()
                        .contains(&path.display().to_string())
                );
            }
        }
    }
}

/// A joined file that holds data is read itself, whatever stands beside it.
#[test]
fn a_full_file_is_not_replaced() {
    let folder = folder();
    let full = [HEADER, &[0; 10], &data()].concat();
    let path = write(&folder, "trace.svdat", &full);
    write(&folder, "trace.svdat_core0", b"older");
    let mut input = open_one(&path);
    assert_eq!(read(&mut input), full);
    assert!(input.notes().is_empty());
}

/// An empty file with nothing beside it is an input without bytes: it is the analysis that says so.
#[test]
fn an_empty_file_is_an_input() {
    let folder = folder();
    let mut input = open_one(&write(&folder, "trace.svdat", b""));
    assert_eq!(read(&mut input), b"");
    assert!(input.notes().is_empty());
}

/// The file of one core may be all there is, and may be packed.
#[test]
fn one_core_and_packed() {
    let folder = folder();
    let path = write(&folder, "trace.svdat", b"");
    write(&folder, "trace.svdat_core0", &gzip(&data()));
    let mut input = open_one(&path);
    assert_eq!(read(&mut input), data());
    assert_eq!(input.notes().len(), 2);
}

#[test]
fn a_missing_file_is_one_line() {
    let folder = folder();
    let path = folder.path().join("no such trace.svdat");
    let error = open_path(&path).expect_err("no file");
    assert!(matches!(error, OpenError::NotFound { .. }));
    assert_eq!(
        error.to_string(),
        format!("there is no file `{}`", path.display())
    );
    assert_eq!(error.hint(), None);
}

#[test]
fn a_folder_is_no_trace() {
    let folder = folder();
    let error = open_path(folder.path()).expect_err("a folder");
    assert!(matches!(error, OpenError::Folder { .. }));
    assert!(error.to_string().lines().count() == 1);
    assert!(error.hint().is_some());
}

/// One bad name among good ones is an error: a report on half of the cores would be wrong.
#[test]
fn one_missing_file_of_two_is_an_error() {
    let folder = folder();
    let path = write(&folder, "trace.svdat", &data());
    let missing = folder.path().join("missing").display().to_string();
    let error = open(&[path.display().to_string(), missing.clone()], None).expect_err("no file");
    assert!(error.to_string().contains(&missing));
}

/// A small file may hold more than there is room for: it is asked first.
#[test]
fn a_packed_file_that_is_too_much() {
    let folder = folder();
    let path = write(&folder, "trace.svdat.gz", &gzip(&data()));
    let name = [path.display().to_string()];
    let length = data().len() as u64;
    assert!(open(&name, Some(length)).is_ok());
    let error = open(&name, Some(length - 1)).expect_err("one byte more");
    assert!(matches!(error, OpenError::TooMuch { most, .. } if most == length - 1));
    assert!(
        error
            .hint()
            .is_some_and(|hint| hint.contains("--max-unpacked"))
    );
    // 300 MB of zeros, in 300 kB.
    let bomb = write(&folder, "bomb.gz", &gzip(&vec![0; 300_000_000]));
    let error = open(&[bomb.display().to_string()], None).expect_err("a thousand times its size");
    assert!(matches!(error, OpenError::TooMuch { .. }), "{error}");
}
