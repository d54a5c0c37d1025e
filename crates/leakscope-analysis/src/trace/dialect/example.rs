//! The least that a dialect consists of, for tests only: `size, address` for an allocation, `address` for a free.
//!
//! It stands in for the next dialect: this file and its row in the table are all that there is of it.

use leakscope_systemview::varint::Numbers;

use super::{Dialect, Said};
use crate::trace::event::HeapEvent;
use crate::trace::admitted::Admitted;
use crate::trace::stacks::{StackId, Stacks};

#[derive(Clone, Copy, Debug, Default)]
pub(in crate::trace) struct Example;

impl Dialect for Example {
    const MODULE: Option<&'static str> = Some("Example heap");
    const EVENTS: u32 = 2;

    #[inline(always)]
    fn read(
        &mut self,
        number: u32,
        payload: &[u8],
        _: &mut Stacks,
        _: &mut Admitted,
    ) -> Option<Said> {
        let (heap, stack) = (0, StackId::NONE);
        let mut fields = Numbers::new(payload);
        let mut field = || fields.next().map(u64::from);
        Some(Said::Heap(match number {
            0 => HeapEvent::Allocation {
                heap,
                size: field()?,
                address: field()?,
                stack,
                tag: None,
            },
            _ => HeapEvent::Free {
                heap,
                address: field()?,
                size: None,
                stack,
            },
        }))
    }
}

#[test]
fn one_file_and_one_row_are_a_dialect() {
    use leakscope_systemview::{Init, Packet};

    use crate::Analysis;
    use crate::heap::KeepAll;
    use crate::trace::{Layout, Step};

    let init = Init {
        timestamp_hz: 1000,
        cpu_hz: 1000,
        ram_base: 0,
        id_shift: 0,
    };
    let text = "M=Example heap, 0 Alloc, 1 Free".into();
    let mut recording = leakscope_systemview::sync::SYNC.to_vec();
    for packet in [
        Packet::TraceStart,
        Packet::Init(init),
        Packet::ModuleDesc {
            module: 0,
            offset: 600,
            text,
        },
        Packet::Other {
            id: 600,
            payload: &[24, 64],
        },
        Packet::Other {
            id: 600,
            payload: &[8, 96],
        },
        Packet::Other {
            id: 601,
            payload: &[64],
        },
        Packet::Other {
            id: 601,
            payload: &[],
        },
    ] {
        let mut buffer = [0; 64];
        let length = packet.encode(1, &mut buffer).expect("a short packet");
        recording.extend_from_slice(&buffer[..length]);
    }

    let inputs: &[&[u8]] = &[&recording];
    let mut fast = Analysis::new(&Layout::of(inputs), KeepAll);
    let mut stepped = fast.clone();
    let Ok(_) = fast.run(inputs);
    while let Ok(Step::Event(..)) = stepped.step(inputs) {}
    for analysis in [fast, stepped] {
        let outcome = analysis.outcome();
        let totals = &outcome.totals;
        assert_eq!(
            (totals.allocations, totals.frees, totals.outstanding_bytes),
            (2, 1, 8)
        );
        let codes: Vec<&str> = outcome.problems.iter().map(|it| it.kind.code()).collect();
        assert_eq!(codes, ["unreadable-packet", "no-call-stacks"]);
    }
}
