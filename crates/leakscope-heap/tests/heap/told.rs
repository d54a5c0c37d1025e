//! What targets say of their heaps: in data that they sample, and in their logs.

use leakscope_analysis::heap::{HeapModel, KeepAll};
use leakscope_analysis::trace::{Layout, Trace};
use leakscope_heap::{HeapMap, Region, Told};
use leakscope_systemview::{DataKind, Extended, Packet, RegisterData, Text};
use leakscope_testing::scenario::{RAM, Scenario};

fn registered<'t>(data: u32, name: &'t str, unit: &'t str) -> RegisterData<'t> {
    RegisterData {
        data,
        name: Text(name.as_bytes()),
        kind: DataKind::U32,
        offset: 0,
        minimum: 0,
        maximum: 0,
        scale: 0.0,
        unit: Text(unit.as_bytes()),
    }
}

/// What a map of 64 KiB, in which the recording allocates 1,000 bytes first, has been told.
fn told(happens: impl FnOnce(&mut Scenario)) -> Vec<(Told, u64)> {
    let mut recording = Scenario::begun();
    recording
        .after(10)
        .allocate(RAM + 0x8008, 1000, &[0x4008_0000]);
    happens(&mut recording);
    let file = recording.after(10).stop().openocd();
    let inputs = [&file[..]];
    let start = u64::from(RAM) + 0x8000;
    let region = Region {
        range: start..start + 0x1_0000,
        name: None,
    };
    let mut map = HeapMap::new(&[region], &[], u64::MAX);
    let (mut trace, mut heap) = (Trace::new(&Layout::of(&inputs)), HeapModel::default());
    let Ok(_) = heap.run(&mut trace, &inputs[..], &mut KeepAll, &mut map);
    assert_eq!(map.addresses(), 1);
    let (checks, more) = map.checks();
    assert_eq!(more, 0);
    checks
        .iter()
        .map(|check| (check.told, check.free))
        .collect()
}

#[test]
fn sampled_data() {
    let checks = told(|recording| {
        let names = [
            (1, "Free heap", "bytes"),
            (2, "largest free block", ""),
            (3, "Free heap", "KiB"),
            (4, "free elves", ""),
        ];
        for (data, name, unit) in names {
            let data = registered(data, name, unit);
            recording
                .after(1)
                .packet(&Packet::Extended(Extended::RegisterData(data)));
        }
        let scaled = RegisterData {
            scale: 4.0,
            ..registered(5, "free heap", "")
        };
        recording.packet(&Packet::Extended(Extended::RegisterData(scaled)));
        for data in 0..=5 {
            recording.after(1).packet(&Packet::DataSample {
                data,
                value: 1000 * data,
            });
        }
    });
    let [free, largest] = &checks[..] else {
        panic!("two samples are of the heap: {checks:?}");
    };
    assert_eq!(
        free.0,
        Told {
            free: Some(1000),
            largest: None
        }
    );
    assert_eq!(
        largest.0,
        Told {
            free: None,
            largest: Some(2000)
        }
    );
    // A block of 1,008 bytes, and what stands at the end.
    assert_eq!(free.1, 0x1_0000 - 1008 - 8);
}

#[test]
fn printed_by_nuttx() {
    let checks = told(|recording| {
        recording
            .after(1)
            .print("       Total space allocated from system = 65536");
        recording
            .after(1)
            .print("       Largest non-inuse chunk           = 64520");
        recording
            .after(1)
            .print("       Total non-inuse space             = 64520");
    });
    let told: Vec<Told> = checks.iter().map(|check| check.0).collect();
    assert_eq!(
        told,
        [Told {
            free: None,
            largest: Some(64_520)
        }]
    );
}
