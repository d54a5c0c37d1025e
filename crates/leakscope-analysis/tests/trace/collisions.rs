//! Addresses that are made to collide.

use leakscope_testing::scenario::Scenario;

use crate::reading::read_one;

/// Their products with the golden ratio begin alike, by which a table of blocks may place them: each is found still.
#[test]
fn blocks_are_kept_apart() {
    let begins_alike = |address: &u32| {
        let product = u64::from(*address).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        product >> 54 == 0
    };
    let addresses: Vec<u32> = (8..).step_by(8).filter(begins_alike).take(2000).collect();
    let mut recording = Scenario::begun();
    for (&address, size) in addresses.iter().zip(1..) {
        recording.allocate(address, size, &[0x4200_1000]);
    }
    for &address in addresses.iter().step_by(2) {
        recording.free(address, &[0x4200_2000]);
    }
    let reading = read_one(recording.plain());
    reading.check();
    let totals = reading.outcome.totals;
    assert_eq!((totals.allocations, totals.frees), (2000, 1000));
    // The even sizes live on.
    assert_eq!(totals.outstanding_bytes, 1000 * 1001);
    assert_eq!(totals.frees_of_older_blocks + totals.double_frees, 0);
}
