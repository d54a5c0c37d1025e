//! A scene, and what was seen in it.

use super::Scanned;
use super::areas::Areas;
use super::blocks::BlockMap;
use super::pointers::Pointers;
use super::scene::Scene;

/// A scene, and what was seen in it.
pub(super) struct Look<'s> {
    pub(super) scene: &'s Scene<'s>,
    pub(super) map: BlockMap,
    pub(super) areas: Areas,
    pub(super) pointers: Pointers,
}

impl<'s> Look<'s> {
    pub(super) fn new(scene: &'s Scene<'s>) -> Self {
        let map = BlockMap::new(scene.blocks.clone(), scene.aliases.clone());
        let areas = Areas::of(scene, &map);
        let pointers = Pointers::find(scene, &map, &areas);
        Self {
            scene,
            map,
            areas,
            pointers,
        }
    }

    /// How much is looked at.
    pub(super) fn scanned(&self) -> Scanned {
        let blocks = self.map.list().iter();
        let in_image = blocks.filter(|block| {
            let range = block.range();
            self.scene.image.holds(&range)
        });
        Scanned {
            statics: self.areas.statics.len(),
            stacks: self.areas.stacks.len(),
            unknown: self.areas.unknown.len(),
            blocks: in_image.map(|block| block.size).sum(),
            pointers: self.pointers.all().count() as u64,
        }
    }
}
