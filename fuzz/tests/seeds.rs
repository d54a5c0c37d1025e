//! The fuzz targets without a fuzzer, on recordings that the project's own encoder writes. With
//! `LEAKSCOPE_SEEDS=1` the recordings are also laid down as seeds, in the folders where cargo-fuzz looks.

use std::path::Path;

use leakscope_fuzz::{analysis, capture, export, memory, project, report, systemview};
use leakscope_memory::image::{About, Machine, Piece, Thread, Words, write};
use leakscope_systemview::{
    Arguments, DataKind, Extended, Init, Packet, Print, RegisterData, Text, sync,
};

type Target = (&'static str, fn(&[u8]), Vec<Vec<u8>>);

fn targets() -> Vec<Target> {
    vec![
        ("damage", analysis::damage, damages()),
        ("frames", systemview::frames, recordings()),
        ("gdb", capture::gdb, conversations()),
        ("heap_dump", analysis::heap_dump, dumps()),
        ("heaptrack", export::heaptrack, heaptracks()),
        ("header", systemview::header, files()),
        ("image", memory::image, images()),
        ("printf", systemview::printf, formats()),
        ("project", project::project, builds()),
        ("rtt", capture::rtt, memories()),
        ("roundtrip", systemview::roundtrip, recordings()),
        ("saved_report", report::saved_report, saved()),
        ("trace", analysis::trace, files()),
    ]
}

#[test]
fn seeds_and_what_damage_makes_of_them() {
    for (name, target, seeds) in targets() {
        assert!(!seeds.is_empty());
        for (number, seed) in seeds.iter().enumerate() {
            keep(name, number, seed);
            target(seed);
            for at in 0..seed.len() {
                target(&seed[at..]);
                let mut damaged = seed.clone();
                damaged[at] ^= 0xFF;
                target(&damaged);
            }
        }
    }
}

fn keep(target: &str, number: usize, seed: &[u8]) {
    if std::env::var_os("LEAKSCOPE_SEEDS").is_some() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("corpus")
            .join(target);
        std::fs::create_dir_all(&folder).expect("a folder for seeds");
        std::fs::write(folder.join(format!("seed-{number}")), seed).expect("a seed");
    }
}

/// Builds of several versions, with options that agree and that contradict.
fn builds() -> Vec<Vec<u8>> {
    let options = "CONFIG_IDF_TARGET_ARCH_RISCV=y\nCONFIG_HEAP_TRACING_STANDALONE=y\n# CONFIG_APPTRACE_SV_ENABLE is not set\n\
                   CONFIG_HEAP_TRACING_STACK_DEPTH=2\nCONFIG_IDF_INIT_VERSION=\"5.5.1\"\n";
    let versions = ["v4.4.8", "v5.3.2", "v5.5", "v6.1", ""].into_iter();
    let builds = versions.map(|version| {
        format!(
            "{{\"target\": \"esp32c3\", \"git_revision\": \"{version}\", \
             \"debug_arguments_openocd\": \"-c 'a b'\"}}\0{options}"
        )
    });
    builds.map(String::into_bytes).collect()
}

/// One recording of every packet; the same with cores; and a few of them alone.
fn recordings() -> Vec<Vec<u8>> {
    let mut buffer = [0; 1024];
    let mut plain = sync::SYNC.to_vec();
    let mut with_cores = plain.clone();
    let mut seeds = Vec::new();
    for (index, packet) in (0..).zip(&packets()) {
        let length = packet.encode(index * 100, &mut buffer).expect("room");
        plain.extend_from_slice(&buffer[..length]);
        seeds.push(buffer[..length].to_vec());
        let core = (index % 2) as u8;
        let length = packet
            .encode_with_core_bit(core, index * 100, &mut buffer)
            .expect("room");
        with_cores.extend_from_slice(&buffer[..length]);
    }
    seeds.extend([plain, with_cores]);
    seeds
}

/// Bytes deleted, inserted, zeros inserted, and two places hit.
fn damages() -> Vec<Vec<u8>> {
    let zeros = [&[0, 4, 0, 40][..], &[0; 40]].concat();
    let two = [0, 3, 1, 1, 0x80, 0, 9, 30, 0];
    vec![
        vec![200, 2, 7, 0],
        vec![7, 5, 0, 2, 0xFF, 4],
        zeros,
        two.to_vec(),
    ]
}

/// What heaptrack writes, and we do.
fn heaptracks() -> Vec<Vec<u8>> {
    let ours = include_bytes!("../../crates/leakscope-export/tests/export/golden/heaptrack.txt");
    let older =
        b"v 10100 2\nX app\ns app\ns main\ni 400 1 2 0 0\nt 1 0\na 18 1\n+ 0\nc 5\n- 0\n+ 0\n";
    vec![ours.to_vec(), older.to_vec()]
}

/// What `leakscope report --format json` writes.
fn saved() -> Vec<Vec<u8>> {
    vec![include_bytes!("../../testdata/wrong-frees/report.json").to_vec()]
}

/// What GDB servers say, in answer to our requests.
fn conversations() -> Vec<Vec<u8>> {
    vec![
        b"+$PacketSize=1000;qXfer:features:read+;vContSupported+#6c+$T05thread:01;28:78560000;#9d"
            .to_vec(),
        b"+$OK#9a$O#4f$O686921#5d$0* 53454747#cd-$mtarget#1c%Stop:T05#3b".to_vec(),
        b"+$b}\x03}\x04*\"#85$E01#a6$W00#b7".to_vec(),
        b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n".repeat(5),
    ]
}

/// Control blocks with a terminal and one channel for SystemView in each direction, its buffer half read.
fn memories() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for form in 0..8 {
        let (is_64_bit, is_big_endian) = (form & 1 != 0, form & 2 != 0);
        let mut memory = vec![form];
        let mut put = |number: u64, size: usize| {
            let mut bytes = number.to_le_bytes()[..size].to_vec();
            if is_big_endian {
                bytes.reverse();
            }
            memory.extend(bytes);
        };
        let pointer = if is_64_bit { 8 } else { 4 };
        // Behind the block: a name, and two buffers.
        let name = 0x100 + 24 + 4 * (2 * pointer as u64 + 16);
        b"SEGGER RTT\0\0\0\0\0\0"
            .iter()
            .for_each(|&byte| put(byte.into(), 1));
        [2, 2].iter().for_each(|&count| put(count, 4));
        for buffer in [name + 8, name + 8 + 32] {
            for words in [[0; 4], [32, 10, 20, 0]] {
                put(if words[0] == 0 { 0 } else { name }, pointer);
                put(if words[0] == 0 { 0 } else { buffer }, pointer);
                words.iter().for_each(|&word| put(word, 4));
            }
        }
        memory.extend(b"SysView\0");
        memory.extend(0..64);
        seeds.push(memory);
    }
    seeds
}

fn files() -> Vec<Vec<u8>> {
    let recording = recordings().pop().unwrap_or_default();
    [
        "",
        ";\n; Version     SEGGER SystemViewer V3.60\n; Author      Espressif Inc\n\
         ; Offset Core0 0\n; Offset Core1 12262\n;\n",
        ";\n; Version\t\tSEGGER SystemViewer V2.42\n; Author\t\tEspressif Inc\n; ESP_Extension\n;\n",
        "; Title \r\n; Description \r\n;\r\n\r\n",
    ]
    .map(|header| [header.as_bytes(), &recording[..64]].concat())
    .to_vec()
}

fn dumps() -> Vec<Vec<u8>> {
    [
        "I (512) main: done\r\n\
         ====== Heap Trace: 2 records (100 capacity) ======\r\n\
         \x20    6 bytes (@ 0x3fc9f6b4, Internal) allocated CPU 0 ccount 0x1a320698 caller 0x40376321:0x40376379\r\n\
         \x20   16 bytes (@ 0x3fc9f6d4, Internal) allocated CPU 1 ccount 0x1a330698 caller 0x40376321\r\n\
         ====== Heap Trace Summary ======\r\n\
         Mode: Heap Trace Leaks\r\n\
         22 bytes 'leaked' in trace (2 allocations)\r\n\
         records: 2 (100 capacity, 2 high water mark)\r\n\
         total allocations: 9\r\n\
         total frees: 7\r\n\
         ================================\r\n",
        "2 allocations trace (100 entry buffer)\n\
         16 bytes (@ 0x3ffb8a10) allocated CPU 0 ccount 0x0a1b2c3d caller 0x400d1234:0x400d5678\n\
         freed by 0x400d9abc:0x400ddef0\n\
         16 bytes 'leaked' in trace (1 allocations)\n\
         total allocations 1 total frees 1\n",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

fn formats() -> Vec<Vec<u8>> {
    [
        &b"%d %5u %-5x|%08X\0\x04\x01\x02\x03\x04"[..],
        b"%+d%% %c\0\x04\xFF\xFF\xFF\xFF\x0F\x01\x02\x41",
        b"%*.*d %p %s\0\x05\x08\x04\x2A\x80\x20\x07",
        b"100% done",
    ]
    .map(<[u8]>::to_vec)
    .to_vec()
}

/// One of each kind.
fn packets() -> Vec<Packet<'static>> {
    // Longer than the short form of strings holds.
    const LONG: Text<'static> = Text(&[b'n'; 300]);
    let extended = [
        Extended::Mark { marker: 1 },
        Extended::NameMarker {
            marker: 1,
            name: "mark".into(),
        },
        Extended::HeapDefine {
            heap: 1,
            base: 64,
            size: 4096,
            metadata_size: 8,
        },
        Extended::HeapAlloc {
            heap: 1,
            block: 128,
            length: 16,
            tag: None,
        },
        Extended::HeapAlloc {
            heap: 1,
            block: 128,
            length: 16,
            tag: Some(9),
        },
        Extended::HeapFree {
            heap: 1,
            block: 128,
        },
        Extended::RegisterData(RegisterData {
            data: 3,
            name: "volt".into(),
            kind: DataKind::Float,
            offset: -1,
            minimum: -100,
            maximum: 100,
            scale: 0.5,
            unit: "mV".into(),
        }),
        Extended::PrintElf {
            address: 4096,
            options: 1,
            arguments: &[1, 2],
        },
        Extended::Other {
            extended: 9,
            payload: &[1, 2],
        },
    ];
    let mut packets = vec![
        Packet::TraceStart,
        Packet::Init(Init {
            timestamp_hz: 40_000_000,
            cpu_hz: 160_000_000,
            ram_base: 0x3F40_0000,
            id_shift: 2,
        }),
        Packet::SysDesc {
            text: "N=App,D=ESP32,C=core0,O=FreeRTOS,I#5=SysTick".into(),
        },
        Packet::SystimeUs {
            microseconds: 1 << 33,
        },
        Packet::SystimeCycles { cycles: 1 << 20 },
        Packet::TaskCreate { task: 5400 },
        Packet::TaskInfo {
            task: 5400,
            priority: 3,
            name: "main".into(),
        },
        Packet::TaskInfo {
            task: 5400,
            priority: 3,
            name: LONG,
        },
        Packet::StackInfo {
            task: 5400,
            base: 0x2000_0510,
            size: 4020,
            usage: 12,
        },
        Packet::NumModules { count: 1 },
        Packet::ModuleDesc {
            module: 0,
            offset: 512,
            text: "M=Heap,0 Alloc size=%u".into(),
        },
        Packet::NameResource {
            resource: 7,
            name: LONG,
        },
        Packet::TaskStartReady { task: 5400 },
        Packet::TaskStartExec { task: 5400 },
        Packet::IsrEnter { interrupt: 15 },
        Packet::IsrExit,
        Packet::IsrToScheduler,
        Packet::TimerEnter { timer: 6 },
        Packet::TimerExit,
        Packet::MarkStart { marker: 1 },
        Packet::MarkStop { marker: 1 },
        Packet::DataSample {
            data: 3,
            value: u32::MAX,
        },
        Packet::PrintFormatted(Print {
            text: "x=%d\n".into(),
            options: 0x42,
            arguments: Arguments {
                count: 1,
                encoded: &[0x2A],
            },
        }),
        Packet::EndCall {
            event: 195,
            value: Some(1),
        },
        Packet::EndCall {
            event: 195,
            value: None,
        },
        Packet::Other {
            id: 127,
            payload: &[1],
        },
        Packet::Other {
            id: 512,
            payload: &[0xA0, 0xD1, 0xED, 0xFF, 0x03, 8, 0, 0, 0],
        },
        Packet::Overflow { drop_count: 328 },
        Packet::TaskStopReady {
            task: 5400,
            cause: 27,
        },
        Packet::TaskStopExec,
        Packet::TaskTerminate { task: 5400 },
        Packet::Idle,
        Packet::Nop,
        Packet::TraceStop,
    ];
    packets.extend(extended.map(Packet::Extended));
    packets
}

/// Core dumps: ours, and Zephyr's as it is printed.
fn images() -> Vec<Vec<u8>> {
    let piece = |address| Piece {
        address,
        bytes: [0x3FC9_0000_u32, 0, 0x3FC8_0004, 7]
            .map(u32::to_le_bytes)
            .concat(),
    };
    let thread = Thread {
        id: 1,
        registers: vec![0x3FC9_0000; 32],
        stack_pointer: None,
    };
    let pieces = [piece(0x3FC8_0000), piece(0x3FC9_0000)];
    let ours = write(
        Machine::RISCV32,
        Words::default(),
        &[thread],
        &pieces,
        &About::default(),
    );
    let zephyr = "#CD:BEGIN#\n#CD:5a4502000300050004000000\n#CD:4d0100000000200c000020010000000200000003000000\n#CD:END#\n";
    vec![ours, zephyr.as_bytes().to_vec()]
}
