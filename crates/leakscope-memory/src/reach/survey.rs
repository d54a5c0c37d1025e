//! What can be asked of a scene.

use std::ops::Range;

use super::areas::Areas;
use super::blocks::BlockMap;
use super::look::Look;
use super::map::map;
use super::pointers::Pointer;
use super::scene::Scene;
use super::{Found, Holder, Survey, Use, flood, holders};

impl Scene<'_> {
    /// Looks at all of it.
    pub fn survey(&self) -> Survey {
        let look = &Look::new(self);
        let flooded = flood::flood(look);
        let ways = holders::find(look);
        let blocks = look.map.list();
        let found = (0..blocks.len()).map(|index| Found {
            block: blocks[index],
            kind: flooded[index].kind,
            leader: flooded[index].leader,
            holder: ways.holders[index],
            words: ways.words[index],
            branch: ways.branch[index],
            is_in_image: (self.image).holds(&blocks[index].range()),
        });
        Survey {
            blocks: found.collect(),
            branches: ways.branches,
            scanned: look.scanned(),
            chance: look.pointers.chance,
        }
    }

    /// The addresses of words outside of the heap and of stacks that look like pointers to blocks.
    pub fn static_pointers(&self) -> Vec<u64> {
        let look = Look::new(self);
        let statics = look.pointers.statics.iter();
        statics.map(Pointer::address).collect()
    }

    /// What each stretch of the image is, in order of addresses: all that it holds, once.
    pub fn map(&self) -> Vec<(Range<u64>, Use)> {
        let blocks = BlockMap::new(self.blocks.clone(), Vec::new());
        map(&blocks, &Areas::of(self, &blocks))
    }

    /// Everything that points at the block around an address, and where: roots, then blocks, reachable or not. `None` if
    /// there is no such block.
    pub fn holders_of(&self, address: u64) -> Option<Vec<(Holder, u64)>> {
        let look = Look::new(self);
        let (wanted, _) = look.map.find(address)?;
        let holders = look.pointers.all().filter(|pointer| pointer.to() == wanted);
        let holders = holders.filter_map(|pointer| {
            let value = match pointer.holder {
                Holder::Word(address) => self.image.pointer(address)?,
                Holder::Register(thread, register) => {
                    self.image.threads[thread].registers[register]
                }
                Holder::Block(block, offset) => {
                    let address = look.map.list()[block].start + offset;
                    self.image.pointer(address)?
                }
            };
            Some((pointer.holder, value))
        });
        Some(holders.collect())
    }
}
