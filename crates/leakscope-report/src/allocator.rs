//! Which functions are the allocator's own, so that a call stack is seen from above them.

/// Names of functions that allocate or free on behalf of their callers, without arguments, generic
/// parameters or namespaces.
const FUNCTIONS: &[&str] = &[
    // C and newlib
    "malloc",
    "calloc",
    "realloc",
    "reallocf",
    "free",
    "cfree",
    "memalign",
    "aligned_alloc",
    "posix_memalign",
    "valloc",
    "strdup",
    "strndup",
    "_malloc_r",
    "_calloc_r",
    "_realloc_r",
    "_free_r",
    "_memalign_r",
    "_strdup_r",
    "_strndup_r",
    "__wrap_malloc",
    "__wrap_calloc",
    "__wrap_realloc",
    "__wrap_free",
    "__wrap__malloc_r",
    "__wrap__calloc_r",
    "__wrap__realloc_r",
    "__wrap__free_r",
    // FreeRTOS
    "pvPortMalloc",
    "pvPortCalloc",
    "pvPortRealloc",
    "vPortFree",
    "pvPortMallocStack",
    "vPortFreeStack",
    // Zephyr
    "k_malloc",
    "k_calloc",
    "k_realloc",
    "k_free",
    "k_aligned_alloc",
    "k_heap_alloc",
    "k_heap_free",
    "k_heap_realloc",
    "sys_heap_alloc",
    "sys_heap_free",
    "sys_heap_realloc",
    "sys_heap_aligned_alloc",
    // C++
    "operator new",
    "operator new[]",
    "operator delete",
    "operator delete[]",
    // Rust
    "__rust_alloc",
    "__rust_alloc_zeroed",
    "__rust_realloc",
    "__rust_dealloc",
    "__rg_alloc",
    "__rg_alloc_zeroed",
    "__rg_realloc",
    "__rg_dealloc",
    "__rdl_alloc",
    "__rdl_alloc_zeroed",
    "__rdl_realloc",
    "__rdl_dealloc",
    "exchange_malloc",
    "box_free",
    "_esp_alloc_alloc",
    "_esp_alloc_dealloc",
];

/// Beginnings of names of such functions, as they are written with namespaces.
const PREFIXES: &[&str] = &[
    "heap_caps_",
    "__wrap_heap_caps_",
    "multi_heap_",
    "heap_trace_",
    "esp_heap_trace_",
    "__esp_heap_",
    "trace_malloc",
    "trace_calloc",
    "trace_realloc",
    "trace_free",
    "core::alloc::",
    "__rustc::__r",
    "leakscope_on_",
    "leakscope_recorder::",
    "<leakscope_recorder::",
    "esp_alloc::",
    "<esp_alloc::",
    "std::allocator",
    "std::__new_allocator",
    "__gnu_cxx::new_allocator",
];

/// Whether a function, by its demangled name, is the allocator's own.
///
/// ```
/// use leakscope_report::allocator::is_allocator_function;
/// assert!(is_allocator_function("pvPortMalloc"));
/// assert!(is_allocator_function("operator new(unsigned int)"));
/// assert!(is_allocator_function("__rustc::__rust_alloc"));
/// assert!(is_allocator_function("alloc::raw_vec::RawVec<T,A>::grow_one"));
/// assert!(is_allocator_function("<u8 as alloc::vec::spec_from_elem::SpecFromElem>::from_elem"));
/// assert!(!is_allocator_function("mailbox_send"));
/// ```
pub fn is_allocator_function(name: &str) -> bool {
    let without_arguments = name.split('(').next().unwrap_or(name).trim_end();
    FUNCTIONS.contains(&without_arguments)
        || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || is_of_crate_alloc(name)
}

/// Whether a function belongs to Rust's crate `alloc`: between `Vec::push` and the allocator there are several.
fn is_of_crate_alloc(name: &str) -> bool {
    let path = name.trim_start_matches('<');
    path.starts_with("alloc::") || (path.len() < name.len() && path.contains(" as alloc::"))
}
