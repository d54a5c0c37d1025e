//! Which functions are the allocator's own, or glue of a language's library, so that a call stack is seen from above
//! them: its first frame is the program's.

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
    "pvalloc",
    "strdup",
    "strndup",
    "wcsdup",
    "reallocarray",
    "asprintf",
    "vasprintf",
    "__libc_malloc",
    "__libc_calloc",
    "__libc_realloc",
    "__libc_free",
    "_malloc_r",
    "_calloc_r",
    "_realloc_r",
    "_free_r",
    "_memalign_r",
    "_valloc_r",
    "_pvalloc_r",
    "_strdup_r",
    "_strndup_r",
    "_reallocf_r",
    "_asprintf_r",
    "_vasprintf_r",
    "__wrap_malloc",
    "__wrap_calloc",
    "__wrap_realloc",
    "__wrap_free",
    "__wrap_memalign",
    "__wrap_aligned_alloc",
    "__wrap_posix_memalign",
    "__wrap__malloc_r",
    "__wrap__calloc_r",
    "__wrap__realloc_r",
    "__wrap__free_r",
    "__wrap__memalign_r",
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
    "z_thread_aligned_alloc",
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
    "k_heap_",
    "z_heap_",
    "sys_heap_",
    "__wrap_sys_heap_",
    "heap_trace_",
    "esp_heap_trace_",
    "__esp_heap_",
    "trace_malloc",
    "trace_calloc",
    "trace_realloc",
    "trace_free",
    "__rustc::__r",
    "leakscope_on_",
    "leakscope_recorder::",
    "<leakscope_recorder::",
    "esp_alloc::",
    "<esp_alloc::",
];

/// Namespaces of what languages bring along: between a program's own line (`Vec::push`, `std::map::emplace`) and the
/// allocator there are several of their functions. `hashbrown` is what Rust's `HashMap` is made of.
const LIBRARIES: &[&str] = &["alloc::", "core::", "std::", "hashbrown::", "__gnu_cxx::"];

/// Whether a function, by its demangled name, is the allocator's own, or of the library of a language.
///
/// ```
/// use leakscope_report::allocator::is_allocator_function;
/// assert!(is_allocator_function("pvPortMalloc"));
/// assert!(is_allocator_function("operator new(unsigned int)"));
/// assert!(is_allocator_function("__rustc::__rust_alloc"));
/// assert!(is_allocator_function("alloc::raw_vec::RawVec<T,A>::grow_one"));
/// assert!(is_allocator_function("<u8 as alloc::vec::spec_from_elem::SpecFromElem>::from_elem"));
/// assert!(is_allocator_function("<&str as core::convert::Into<alloc::string::String>>::into"));
/// assert!(is_allocator_function("void std::vector<int>::_M_realloc_insert<int>(int&&)"));
/// assert!(!is_allocator_function("<app::Mail as core::clone::Clone>::clone"));
/// assert!(!is_allocator_function("std::vector<int> app::build<int>(int)"));
/// assert!(!is_allocator_function("mailbox_send"));
/// ```
pub fn is_allocator_function(name: &str) -> bool {
    let without_arguments = name.split('(').next().unwrap_or(name).trim_end();
    FUNCTIONS.contains(&without_arguments)
        || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || is_of_library(name)
}

fn is_of_library(name: &str) -> bool {
    match name.strip_prefix('<') {
        Some(path) => is_library_impl(&path[..top_level(path, ">").next().unwrap_or(path.len())]),
        None => is_in_library(without_return_type(name)),
    }
}

fn is_in_library(path: &str) -> bool {
    LIBRARIES.iter().any(|library| path.starts_with(library))
}

/// Whether an implementation in Rust is the library's: `Vec<T> as Clone`. Of a trait of the library for a type of the
/// program, it is the program's; but `alloc` has its own for all types (`ToString`).
fn is_library_impl(path: &str) -> bool {
    const AS: &str = " as ";
    let Some(separator) = top_level(path, AS).next() else {
        return is_type_of_library(path);
    };
    let (of, of_trait) = (&path[..separator], &path[separator + AS.len()..]);
    of_trait.starts_with("alloc::")
        || is_in_library(of_trait) && (is_type_of_library(of) || !of.contains("::"))
}

fn is_type_of_library(name: &str) -> bool {
    let inner = name.trim_start_matches(|c: char| "&*[(".contains(c));
    is_in_library(inner.trim_start_matches("mut ").trim_start_matches("dyn "))
}

/// A function's path: C++ writes what templates return before it.
fn without_return_type(name: &str) -> &str {
    let Some(arguments) = top_level(name, "(").next() else {
        return name;
    };
    let head = &name[..arguments];
    let path = top_level(head, " ").last().map_or(0, |space| space + 1);
    &head[path..]
}

/// Where a text stands outside of angle brackets. (That of an arrow is none.)
fn top_level<'t>(text: &'t str, wanted: &'t str) -> impl Iterator<Item = usize> + 't {
    let mut depth = 0_usize;
    let mut before = ' ';
    text.char_indices().filter_map(move |(at, character)| {
        let found = depth == 0 && text[at..].starts_with(wanted);
        match character {
            '<' => depth += 1,
            '>' if before != '-' => depth = depth.saturating_sub(1),
            _ => {}
        }
        before = character;
        found.then_some(at)
    })
}
