//! Frames.

use serde::Serialize;

use super::Address;
use crate::symbolizer;
use crate::symbolizer::Symbolizer;

#[derive(Serialize)]
pub(crate) struct FrameObject {
    address: Address,
    function: Option<String>,
    file: Option<String>,
    line: Option<u32>,
    inlined: bool,
}

/// The frames of return addresses that no analysis has split: the allocator's included.
pub(crate) fn of_addresses(symbolizer: &mut Symbolizer<'_>, addresses: &[u64]) -> Vec<FrameObject> {
    let all = addresses.iter().flat_map(|&address| {
        let frames = symbolizer.frames(address);
        frames.iter().map(FrameObject::new).collect::<Vec<_>>()
    });
    all.collect()
}

impl FrameObject {
    pub(crate) fn new(frame: &symbolizer::NamedFrame) -> Self {
        Self {
            address: Address(frame.address),
            function: frame.function.as_deref().map(str::to_owned),
            file: frame.file.as_deref().map(str::to_owned),
            line: frame.line,
            inlined: frame.inlined,
        }
    }
}
