//! The map holds together, whatever a recording says: each byte is in one piece, sums are those of a naive twin, and what
//! lives is there.

use std::collections::BTreeMap;

use leakscope_analysis::heap::{Completes, Effect, KnownBlock, SiteId};
use leakscope_analysis::outcome::Block;
use leakscope_analysis::trace::Context;
use leakscope_heap::{Allocator, Cell, HeapMap, Pool, Region, What, cells, pins};
use proptest::prelude::*;

/// An event, anywhere in a small heap and around it.
fn effects() -> impl Strategy<Value = Vec<(u8, u64, u64, u64)>> {
    let far = prop_oneof![Just(0), Just(u64::MAX), Just(u64::MAX - 7), any::<u64>()];
    let address = prop_oneof![20 => 0x0f00..0x2100_u64, 1 => far];
    let size = prop_oneof![20 => 0..300_u64, 1 => any::<u64>()];
    prop::collection::vec((0..8_u8, address.clone(), size, address), 0..200)
}

fn known(address: u64, size: u64, time: u64) -> KnownBlock {
    let (context, core) = (Context::Unknown, 0);
    let block = Block {
        address,
        size,
        time,
        context,
        core,
    };
    let site = SiteId::new((address % 5) as u32);
    KnownBlock { block, site }
}

/// What a map is told.
fn effect(what: u8, address: u64, size: u64, old: u64, time: u64) -> Effect {
    let (began, site) = (known(address, size, time), SiteId::new(0));
    match what {
        0..3 => Effect::Allocation {
            began,
            lost: None,
            completes: Completes::Nothing,
        },
        3 => Effect::Reallocation {
            ended: Ok(known(old, 0, 0)),
            began,
            lost: Some(known(old ^ 8, 0, 0)),
        },
        4 => Effect::Allocation {
            began,
            lost: None,
            completes: Completes::RetriedReallocation,
        },
        5 => Effect::Failed {
            site,
            size,
            revived: Some(known(address, size, 0)),
            spares_older: false,
        },
        6 if size == 299 => Effect::Restart,
        _ => Effect::Free {
            ended: known(address, size, 0),
        },
    }
}

fn check(pool: &Pool) {
    let space = pool.space();
    let mut lengths: BTreeMap<u64, u64> = BTreeMap::new();
    let (mut end, mut free, mut unknown) = (None, 0, 0);
    for (range, what) in space.pieces() {
        assert!(range.start < range.end && end.is_none_or(|end| end == range.start));
        end = Some(range.end);
        let length = range.end - range.start;
        match what {
            What::Hole => {
                free += length;
                *lengths.entry(length).or_default() += 1;
            }
            What::Unknown => unknown += length,
            What::Block(block) => assert!(range.start <= block.pointer),
        }
    }
    assert_eq!((space.free_bytes(), space.unknown_bytes()), (free, unknown));
    assert_eq!(space.holes(), lengths.values().sum::<u64>());
    for length in lengths.keys() {
        let usable = lengths
            .range(length..)
            .map(|(length, count)| length * count);
        let share = 1.0 - usable.sum::<u64>() as f64 / free as f64;
        assert!((space.unusable_share(*length) - share).abs() < 1e-9);
    }
    assert_eq!(
        space.largest_hole(),
        lengths.keys().copied().max().unwrap_or(0)
    );
    assert!(space.assumed_bytes() <= free);
    assert!((0.0..=100.0).contains(&space.fragmentation_percent()));
    assert!(
        pins(space, 3)
            .iter()
            .all(|pin| pin.largest_after > pin.largest_before)
    );
    check_cells(pool);
    for size in [1, 24, 300] {
        let place = pool.place_of(size);
        assert!(place.is_none_or(|address| pool.region().range.contains(&address)));
    }
}

/// The cells are the region, and what is free and used is in them as in the pieces.
fn check_cells(pool: &Pool) {
    let (space, region) = (pool.space(), &pool.region().range);
    for columns in [1, 7, 64] {
        let row = cells(pool, columns);
        let sum = |bytes: fn(&Cell) -> u64| row.iter().map(bytes).sum::<u64>();
        assert_eq!(sum(|cell| cell.bytes), region.end - region.start);
        assert_eq!(sum(|cell| cell.free), space.free_bytes());
        let used = space.pieces().filter_map(|(range, what)| {
            matches!(what, What::Block(_)).then_some(range.end - range.start)
        });
        let used: u64 = used.sum();
        assert_eq!(sum(|cell| cell.bytes - cell.free - cell.unknown), used);
        assert_eq!(row.iter().any(|cell| cell.site.is_some()), used > 0);
        assert!(
            row.iter()
                .all(|cell| cell.site.is_some() == cell.oldest.is_some())
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn holds_together(events in effects(), start in 0..64_u64, length in 0..0x1000_u64) {
        let region = Region { range: 0x1000 + start..0x1000 + start + length, name: None };
        for allocator in Allocator::ALL {
            let mut map = HeapMap::new(std::slice::from_ref(&region), &[*allocator], u64::MAX);
            for (time, &(what, address, size, old)) in events.iter().enumerate() {
                map.observe(time as u64, &effect(what, address, size, old, time as u64));
            }
            map.finish();
            check(&map.best().pools()[0]);
        }
    }

    /// Regions that no device has.
    #[test]
    fn any_region(start in any::<u64>(), length in any::<u64>(), events in effects()) {
        let region = Region { range: start..start.saturating_add(length), name: None };
        for allocator in Allocator::ALL {
            let mut map = HeapMap::new(std::slice::from_ref(&region), &[*allocator], u64::MAX);
            for (time, &(what, address, size, old)) in events.iter().enumerate() {
                let (address, old) = (start.saturating_add(address), start.wrapping_add(old));
                map.observe(time as u64, &effect(what, address, size, old, time as u64));
            }
            map.finish();
            check(&map.best().pools()[0]);
        }
    }
}

/// Blocks that no such allocator gives lie so close together that there is no room for headers, and become larger and
/// smaller there.
#[test]
fn blocks_without_room_for_headers() {
    let region = Region {
        range: 0x1000..0x9000,
        name: None,
    };
    for allocator in Allocator::ALL {
        let mut map = HeapMap::new(std::slice::from_ref(&region), &[*allocator], u64::MAX);
        for (time, address) in [(0, 0x8008), (1, 0x8007), (2, 0x8009)] {
            map.observe(time, &effect(0, address, 1, 0, time));
        }
        for (time, size) in [(3, 200), (4, 4)] {
            map.observe(time, &effect(3, 0x8008, size, 0x8008, time));
        }
        map.finish();
        check(&map.best().pools()[0]);
    }
}
