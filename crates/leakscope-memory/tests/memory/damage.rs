//! Files that anybody may have made: nothing panics, and no more is kept than the file holds.

use leakscope_memory::image::read;
use leakscope_memory::reach::{Block, Scene};
use proptest::prelude::*;

use crate::containers::container;
use crate::make;

proptest! {
    #[test]
    fn damage_is_survived(
        minor in 0_u8..6,
        places in prop::collection::vec((0_usize..2000, any::<u8>()), 0..12),
        cut in 0_usize..2000,
    ) {
        let mut file = if minor == 5 { make::core() } else { container(1, minor) };
        let length = file.len();
        for (place, byte) in places {
            file[place % length] = byte;
        }
        file.truncate(cut.max(1));
        let size = file.len() as u64;
        if let Ok(image) = read(file) {
            prop_assert!(image.len() <= size);
            let blocks = (0..4).map(|index| Block { start: index * 0x1_0000_0000, size: u64::MAX / 3, group: 0 });
            let survey = Scene::new(&image, blocks.collect()).survey();
            prop_assert_eq!(survey.blocks.len(), 4);
        }
    }

    #[test]
    fn any_text_is_survived(text in "(#CD:|CORE DUMP START|CORE DUMP END|[0-9a-fA-F=/+ \n]){0,200}") {
        let size = text.len() as u64;
        if let Ok(image) = read(text.into_bytes()) {
            prop_assert!(image.len() <= size);
        }
    }
}
