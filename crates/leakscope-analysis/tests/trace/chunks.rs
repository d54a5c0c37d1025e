//! The pieces in which bytes arrive change nothing.

use leakscope_testing::scenario::{MAIN, Scenario, WORKER};
use proptest::prelude::*;

use crate::reading::{read, read_in_pieces};

const SITES: [&[u32]; 3] = [&[0x400D_1000, 0x400D_2000], &[0x400D_3000], &[]];

/// A recording with something of everything, and damage.
fn anything() -> impl Strategy<Value = Scenario> {
    let step = (0..14_u8, 0..1000_u64, any::<u16>());
    prop::collection::vec(step, 1..200).prop_map(|steps| {
        let mut recording = Scenario::begun();
        for (what, ticks, number) in steps {
            let number = u32::from(number);
            let address = 0x3FFB_0000 + number % 64 * 16;
            let site = SITES[number as usize % SITES.len()];
            recording.after(ticks).on((number >> 8) as u8 & 1);
            match what {
                0..=3 => recording.allocate(address, number + 1, site),
                4 | 5 => recording.free(address, site),
                6 => recording.run([MAIN, WORKER, 0x3FFB_9999][number as usize % 3]),
                7 => recording.enter(number % 40),
                8 => recording.exit(),
                9 => recording.idle(),
                10 => recording.print("something happened, nobody knows what\n"),
                11 => recording.event(33 + number % 100, &[number, number]),
                12 => recording.overflow(number),
                _ => recording.raw(&[number as u8, 0xFF, 0x80]),
            };
        }
        recording
    })
}

proptest! {
    #![proptest_config(crate::cases(48))]

    #[test]
    fn pieces_of_any_size_give_one_outcome(
        recording in anything(),
        form in 0..4_u8,
        pieces in prop::collection::vec(1..300_usize, 1..20),
    ) {
        let inputs = match form {
            0 => vec![recording.plain()],
            1 => vec![recording.joined()],
            2 => recording.openocd_by_core().to_vec(),
            _ => vec![recording.with_core_bit()],
        };
        let whole = read(&inputs);
        whole.check();
        let mut sizes = pieces.iter().cycle().copied();
        let pieced = read_in_pieces(&inputs, || sizes.next().unwrap_or(1));
        prop_assert_eq!(&pieced.events, &whole.events);
        prop_assert_eq!(format!("{:?}", pieced.outcome), format!("{:?}", whole.outcome));
    }
}

#[test]
fn bytes_one_by_one() {
    let mut recording = Scenario::begun();
    for block in 0..50 {
        recording
            .on(block as u8 % 2)
            .allocate(0x3FFB_0000 + 16 * block, 16, SITES[0]);
    }
    let inputs = recording.openocd_by_core();
    let [whole, pieced] = [read(&inputs), read_in_pieces(&inputs, || 1)];
    assert_eq!(pieced.events, whole.events);
    assert_eq!(
        format!("{:?}", pieced.outcome),
        format!("{:?}", whole.outcome)
    );
}

/// Packets that more bytes put beyond doubt stay so when reading becomes quick: the damage behind them takes none back.
#[test]
fn what_was_settled_stays_settled() {
    let mut recording = Scenario::begun();
    recording.after(1).allocate(0x3FFB_0000, 1, SITES[0]);
    for ticks in [16, 16, 17, 32] {
        recording.after(ticks).idle();
    }
    recording.raw(&[24, 0xFF, 0x80]);
    for _ in 0..2 {
        recording
            .after(128)
            .print("something happened, nobody knows what\n");
    }
    for (ticks, address, size) in [(128, 0x3FFB_0010, 21_001), (1, 0x3FFB_0070, 18_439)] {
        recording.after(ticks).allocate(address, size, SITES[0]);
    }
    let inputs = [recording.plain()];
    let [whole, pieced] = [read(&inputs), read_in_pieces(&inputs, || 1)];
    assert_eq!(pieced.events, whole.events);
    let idle = whole.events.iter().filter(|seen| seen.id == 17).count();
    assert_eq!(idle, 4, "{:?}", whole.events);
}
