//! Names for SEGGER's application: the text of description files.
//!
//! The application looks for `SYSVIEW_<module name>.txt` in its folder `Description`, or in `.sysview`
//! beside the user's project (UM08027, section 6.1.5). `leakscope description` prints these texts.

/// `SYSVIEW_leakscope heap.txt`: what the module's own description says too, for recordings that lack it.
pub const LEAKSCOPE: &str = "\
# Heap events of leakscope's recorder (docs/dialects.md), as the first registered module.
# Address and From are offsets from the heap's base, turned right by Heap's Shift.

512 Alloc    Address=%p Size=%u Stack=%u High=%u
513 Free     Address=%p Size=%u Stack=%u High=%u
514 Realloc  Address=%p Size=%u Stack=%u From=%p FromSize=%u High=%u FromHigh=%u
515 Failed   Size=%u Stack=%u
516 Heap     Version=%u PointerBytes=%u Shift=%u Depth=%u HeapSize=%u Base=%p BaseHigh=%u Code=%p CodeHigh=%u
517 Stack    Number=%u Frames: %p %p %p %p %p %p %p %p %p %p
518 WideStack Number=%u Words: %p %p %p %p %p %p %p %p %p %p
519 Free     Address=%p Stack=%u High=%u
520 Move     Address=%p Stack=%u High=%u
521 Moved    Address=%p Size=%u Stack=%u From=%p High=%u FromHigh=%u
522 Kept     Address=%p Size=%u Stack=%u High=%u
523 ScannedStack Number=%u Return=%p Found: %u %p %u %p %u %p %u %p
";

/// `SYSVIEW_ESP32 SystemView Heap Tracing Module.txt`: ESP-IDF's module describes no events of its own.
pub const ESP_IDF: &str = "\
# Heap events of ESP-IDF's heap tracing, as the first registered module.
# Callers that were not found are 0.

512 heap_alloc  Address=%p Size=%u Callers: %p %p %p %p %p %p %p %p %p %p
513 heap_free   Address=%p Callers: %p %p %p %p %p %p %p %p %p %p
";

/// The files and their texts.
pub const FILES: [(&str, &str); 2] = [
    ("SYSVIEW_leakscope heap.txt", LEAKSCOPE),
    ("SYSVIEW_ESP32 SystemView Heap Tracing Module.txt", ESP_IDF),
];
