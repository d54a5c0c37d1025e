//! Heap events: address, size, and who asked.

use leakscope_analysis::outcome::CallStack;
use leakscope_analysis::trace::{HeapEvent, StackId, Trace};

use super::{Field, FieldValue, Named};
use crate::sanitise::sanitise;
use crate::symbolizer::{NamedFrame, Stack, Symbolizer};

/// Named as SEGGER names such events, whatever the dialect.
pub(super) fn named(event: HeapEvent, trace: &Trace, symbolizer: &mut Symbolizer<'_>) -> Named {
    let (name, mut fields, stack) = match event {
        HeapEvent::Define { heap, base, size } => (
            "HEAP_DEFINE",
            vec![
                Field::address("heap", heap),
                Field::address("base", base),
                Field::number("size", size),
            ],
            StackId::NONE,
        ),
        HeapEvent::Allocation {
            heap,
            address,
            size,
            stack,
            tag,
        } => {
            let mut fields = vec![
                Field::address("address", address),
                Field::number("size", size),
            ];
            fields.extend((heap != 0).then(|| Field::address("heap", heap)));
            fields.extend(tag.map(|tag| Field::number("tag", tag.into())));
            ("HEAP_ALLOC", fields, stack)
        }
        HeapEvent::Moving { address, stack } => (
            "HEAP_REALLOC_BEGIN",
            vec![Field::address("address", address)],
            stack,
        ),
        HeapEvent::Kept {
            address,
            size,
            stack,
        } => (
            "HEAP_REALLOC",
            vec![
                Field::address("old_address", address),
                Field::number("size", size),
                Field::word("result", "failed"),
            ],
            stack,
        ),
        HeapEvent::Reallocation {
            old_address,
            address,
            size,
            stack,
        }
        | HeapEvent::Moved {
            old_address,
            address,
            size,
            stack,
        } => (
            "HEAP_REALLOC",
            vec![
                Field::address("old_address", old_address),
                Field::address("address", address),
                Field::number("size", size),
            ],
            stack,
        ),
        HeapEvent::Free {
            heap,
            address,
            size,
            stack,
        } => {
            let mut fields = vec![Field::address("address", address)];
            fields.extend(size.map(|size| Field::number("size", size)));
            fields.extend((heap != 0).then(|| Field::address("heap", heap)));
            ("HEAP_FREE", fields, stack)
        }
        HeapEvent::Failed { size, stack } => {
            let fields = vec![
                Field::address("address", 0),
                Field::number("size", size),
                Field::word("result", "failed"),
            ];
            ("HEAP_ALLOC", fields, stack)
        }
        HeapEvent::FreeOfNull { stack } => ("HEAP_FREE", vec![Field::address("address", 0)], stack),
    };
    fields.extend(caller(&trace.stacks().call_stack(stack), symbolizer));
    Named {
        name: name.to_owned(),
        fields,
    }
}

/// With symbols, in words the first function above the allocator, for programs all frames; without,
/// all addresses.
fn caller(stack: &CallStack, symbolizer: &mut Symbolizer<'_>) -> Option<Field> {
    let addresses = &stack.frames;
    if addresses.is_empty() {
        return None;
    }
    if !symbolizer.has_symbols() {
        let words: Vec<String> = addresses
            .iter()
            .map(|address| format!("{address:#010x}"))
            .collect();
        let value = FieldValue::Stack(addresses.clone());
        return Some(Field::with("callers", words.join(" ← "), value));
    }
    let Stack {
        mut allocator,
        frames,
    } = symbolizer.stack(&[], addresses, stack.certainty);
    let words = frames.first().map(in_words).unwrap_or_default();
    allocator.extend(frames);
    Some(Field::with("callers", words, FieldValue::Frames(allocator)))
}

/// "app_main:66"
fn in_words(frame: &NamedFrame) -> String {
    match (&frame.function, frame.line) {
        (Some(function), Some(line)) => format!("{}:{line}", sanitise(function)),
        (Some(function), None) => sanitise(function).into_owned(),
        (None, _) => frame.address.to_string(),
    }
}
