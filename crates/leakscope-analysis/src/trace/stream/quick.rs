//! The kinds of packets that are cut quickly, by the first two bytes of a packet.

use std::borrow::Borrow;
use std::sync::Arc;

use leakscope_systemview::Shape;

use crate::trace::lane::Label;

/// What must be known of a packet to cut it. A line of the cache holds two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(align(32))]
pub(super) struct Quick {
    shape: Shape,
    /// The longest payload that needs no second look, in bytes; below 0 of packets of which none is cut so.
    pub(super) longest: i32,
    /// The longest payload whose fields are to be checked, because nothing else about it can be.
    pub(super) longest_fields: i32,
    pub(super) label: Label,
}

/// No payload is so short.
const NONE: i32 = -1;

impl Quick {
    pub(super) fn new(label: Label, has_fields: bool, longest: u16) -> Self {
        let longest = i32::from(longest);
        let (longest, longest_fields) = if has_fields {
            (NONE, longest)
        } else {
            (longest, NONE)
        };
        Self {
            shape: Shape::of(u32::from(label.id)),
            longest,
            longest_fields,
            label,
        }
    }

    fn is_none(&self) -> bool {
        self.longest.max(self.longest_fields) == NONE
    }

    /// The packet's id.
    #[inline(always)]
    pub(super) fn id(&self) -> u32 {
        u32::from(self.label.id)
    }
}

impl Borrow<Shape> for Quick {
    #[inline(always)]
    fn borrow(&self) -> &Shape {
        &self.shape
    }
}

/// The bits of a packet's first two bytes that find its kind: all of the first byte, and the one of the second byte
/// that tells the events of modules (ids from 512 on) from the calls of an operating system.
const BITS: u16 = 0x4FF;

/// The second bit alone.
const IS_MODULE: usize = 0x400;

/// All kinds that are cut quickly. Of two ids with equal bits, the one that came first has the place.
///
/// Shared with checkpoints: it seldom changes, and there are many of those.
#[derive(Clone, Debug)]
pub(super) struct QuickKinds(Arc<[Quick; BITS as usize + 1]>);

impl Default for QuickKinds {
    #[expect(
        clippy::large_stack_arrays,
        reason = "40 KB, once a stream; its length is known, so that no lookup is checked"
    )]
    fn default() -> Self {
        let none = Quick {
            shape: Shape::UNUSUAL,
            longest: NONE,
            longest_fields: NONE,
            label: Label::default(),
        };
        Self(Arc::new([none; BITS as usize + 1]))
    }
}

impl QuickKinds {
    /// The kind of packets that begin with these two bytes, the first one in the lower byte.
    #[inline(always)]
    pub(super) fn of_head(&self, head: u16) -> &Quick {
        &self.0[usize::from(head & BITS)]
    }

    /// From now on, packets with this id are cut so.
    pub(super) fn set(&mut self, quick: Quick) {
        let id = usize::from(quick.label.id);
        let (first, second) = (id & 0x7F, id >> 7);
        // Behind an id of one byte, the second byte may be anything.
        let places = match second {
            0 => [first, first | IS_MODULE],
            _ => [(first | 0x80 | second << 8) & usize::from(BITS); 2],
        };
        for place in places {
            let known = self.0[place];
            if known.is_none() || known.label.id == quick.label.id && known != quick {
                Arc::make_mut(&mut self.0)[place] = quick;
            }
        }
    }
}
