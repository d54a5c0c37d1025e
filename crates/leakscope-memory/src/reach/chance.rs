//! How many words look like pointers to blocks by chance.
//!
//! Numbers are not spread evenly: on chips whose RAM lies at 0x3FC00000 each float between 1.5 and 2 looks like a pointer
//! to it. So it is measured: the same words are looked up among the same blocks, moved to the nearest addresses where no memory is.

use super::scene::Look;

/// How many words point at blocks, and how many would by chance: the mean of what is found with the blocks moved up, and
/// moved down; `None` if there is no room for either.
pub(super) fn measure(look: &Look<'_>) -> (u64, Option<f64>) {
    let hull = look.map.hull();
    let size = hull.end - hull.start;
    let segments: Vec<_> = look
        .scene
        .image
        .segments()
        .map(|(range, _)| range)
        .collect();
    let highest = if look.scene.image.words.is_64_bit {
        u64::MAX
    } else {
        u32::MAX.into()
    };
    let mut above = hull.end;
    for segment in &segments {
        if segment.end > above && segment.start < above.saturating_add(size) {
            above = segment.end;
        }
    }
    let mut below = hull.start.checked_sub(size);
    for segment in segments.iter().rev() {
        below = below.and_then(|start| {
            let meets = segment.start < start + size && start < segment.end;
            if meets {
                segment.start.checked_sub(size)
            } else {
                Some(start)
            }
        });
    }
    let is_room =
        |start: &u64| size > 0 && start.checked_add(size).is_some_and(|end| end <= highest);
    let starts: Vec<u64> = [Some(above), below]
        .into_iter()
        .flatten()
        .filter(is_room)
        .collect();
    let (mut pointers, mut hits) = (0_u64, 0_u64);
    let mut test = |word: u64| {
        pointers += u64::from(look.map.find(word).is_some());
        for start in &starts {
            let moved = word.wrapping_sub(*start).wrapping_add(hull.start);
            let is_in = word.wrapping_sub(*start) < size;
            hits += u64::from(is_in && look.map.find(moved).is_some());
        }
    };
    look.each_root(|_, word| test(word));
    for index in 0..look.map.list().len() {
        look.each_in(index, |_, word| test(word));
    }
    (
        pointers,
        (!starts.is_empty()).then(|| hits as f64 / starts.len() as f64),
    )
}
