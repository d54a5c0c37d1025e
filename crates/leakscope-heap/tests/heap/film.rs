//! A film of random work, against maps that are told of it up to the end of each column.

use leakscope_analysis::heap::{Completes, Effect, KnownBlock, SiteId};
use leakscope_analysis::outcome::Block;
use leakscope_analysis::trace::Context;
use leakscope_heap::{Allocator, Cell, Columns, Film, HeapMap, Pool, Region, cells};

use crate::workload::{BASE, Random};

const LENGTH: u64 = 0x2000;
const ROW: u64 = 100;

fn region(start: u64) -> Region {
    Region {
        range: start..start + LENGTH,
        name: None,
    }
}

fn map() -> HeapMap {
    HeapMap::new(
        &[region(BASE), region(BASE + LENGTH)],
        &Allocator::with_id("heap_4"),
        u64::MAX,
    )
}

/// Some blocks that come and go in two regions, with times.
fn effects(random: &mut Random) -> Vec<(u64, Effect)> {
    let (mut effects, mut live, mut time) = (Vec::new(), Vec::new(), 5);
    for _ in 0..400 {
        time += random.below(40) * random.below(3);
        let index = random.below(8) as usize;
        if index < live.len() {
            let ended = live.swap_remove(index);
            effects.push((time, Effect::Free { ended }));
            continue;
        }
        let block = Block {
            address: BASE + 8 + 48 * random.below(300),
            size: 24,
            time,
            context: Context::Unknown,
            core: 0,
        };
        let site = SiteId::new(random.below(3) as u32);
        let began = KnownBlock { block, site };
        live.retain(|known: &KnownBlock| known.block.address != block.address);
        live.push(began);
        let allocation = Effect::Allocation {
            began,
            lost: None,
            completes: Completes::Nothing,
        };
        effects.push((time, allocation));
    }
    effects
}

/// The rows, and what is free and can be had, of each region at the end of a column; and the least in it.
type Picture = Vec<(Vec<Cell>, (u64, u64), (u64, u64))>;

/// The same by one map for each column.
fn twin(effects: &[(u64, Effect)], from: u64, to: u64) -> Picture {
    let mut map = map();
    let levels = |map: &HeapMap| -> Vec<(u64, u64)> {
        let level = |pool: &Pool| (pool.space().free_bytes(), pool.largest_request());
        map.best().pools().iter().map(level).collect()
    };
    let mut least: Option<Vec<(u64, u64)>> = None;
    for (time, effect) in effects.iter().take_while(|(time, _)| *time < to) {
        if *time >= from && least.is_none() {
            map.finish();
            least = Some(levels(&map));
        }
        map.observe(*time, effect);
        map.finish();
        for (least, now) in least.iter_mut().flatten().zip(levels(&map)) {
            *least = (least.0.min(now.0), least.1.min(now.1));
        }
    }
    let ends = levels(&map);
    let least = least.unwrap_or_else(|| ends.clone());
    let pools = map.best().pools().iter().zip(ends).zip(least);
    pools
        .map(|((pool, end), least)| (cells(pool, LENGTH.div_ceil(ROW)), end, least))
        .collect()
}

#[test]
fn each_column_is_the_map_of_its_end() {
    let mut random = Random(0x5eed_0f11_0000_0001);
    for (from, ticks, most) in [
        (0, 1, 8),
        (0, 700, 20),
        (900, 97, 30),
        (3, 1, 2),
        (100_000, 1, 4),
    ] {
        let effects = effects(&mut random);
        let mut film = Film::new(map(), Columns { from, ticks, most }, ROW);
        for (time, effect) in &effects {
            film.observe(*time, effect);
        }
        film.finish();
        let columns = film.columns();
        assert!(film.frames().len() < most);
        let current = film.current();
        for (column, frames) in film.frames().iter().chain([&current]).enumerate() {
            let start = columns.from + column as u64 * columns.ticks;
            let filmed: Picture = (frames.iter())
                .map(|frame| {
                    let end = (frame.level.free, frame.level.largest);
                    let least = (frame.least_free, frame.least_largest);
                    (frame.cells.clone(), end, least)
                })
                .collect();
            let twin = twin(&effects, start, start + columns.ticks);
            assert!(filmed == twin, "column {column} of {columns:?}");
        }
    }
}
