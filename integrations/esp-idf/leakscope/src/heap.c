/* The heap's base functions, wrapped by the linker: a block is recorded after it begins, and before it ends. */
#include "esp_private/cache_utils.h"
#include "leakscope.h"

void *__real_heap_caps_malloc_base(size_t size, uint32_t caps);
void *__real_heap_caps_calloc_base(size_t count, size_t size, uint32_t caps);
void *__real_heap_caps_realloc_base(void *from, size_t size, uint32_t caps);
void *__real_heap_caps_aligned_alloc_base(size_t alignment, size_t size, uint32_t caps);
void __real_heap_caps_free(void *block);

/* Scans read code, which they cannot while the cache is off: then the caller is all that is recorded. */
#define FRAME (!LEAKSCOPE_SCAN || spi_flash_cache_enabled() ? LEAKSCOPE_FRAME : NULL)

/* The recorder has no place for capabilities. Where they explain something, they are told. */
static void tell_failure(const void *block, size_t size, uint32_t caps) {
    if (block == NULL && size != 0) {
        leakscope_log(LEAKSCOPE_WARNING, "no memory for %u bytes with capabilities 0x%x", (uint32_t)size, caps);
    }
}

void *__wrap_heap_caps_malloc_base(size_t size, uint32_t caps) {
    void *block = __real_heap_caps_malloc_base(size, caps);
    leakscope_on_alloc_from(block, size, LEAKSCOPE_CALLER, FRAME);
    tell_failure(block, size, caps);
    return block;
}

void *__wrap_heap_caps_calloc_base(size_t count, size_t size, uint32_t caps) {
    void *block = __real_heap_caps_calloc_base(count, size, caps);
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        bytes = SIZE_MAX;
    }
    leakscope_on_alloc_from(block, bytes, LEAKSCOPE_CALLER, FRAME);
    tell_failure(block, bytes, caps);
    return block;
}

void *__wrap_heap_caps_realloc_base(void *from, size_t size, uint32_t caps) {
    leakscope_on_realloc_begin_from(from, 0, size, LEAKSCOPE_CALLER, FRAME);
    void *block = __real_heap_caps_realloc_base(from, size, caps);
    leakscope_on_realloc_from(from, 0, block, size, LEAKSCOPE_CALLER, FRAME);
    tell_failure(block, size, caps);
    return block;
}

void *__wrap_heap_caps_aligned_alloc_base(size_t alignment, size_t size, uint32_t caps) {
    void *block = __real_heap_caps_aligned_alloc_base(alignment, size, caps);
    leakscope_on_alloc_from(block, size, LEAKSCOPE_CALLER, FRAME);
    tell_failure(block, size, caps);
    return block;
}

void __wrap_heap_caps_free(void *block) {
    leakscope_on_free_from(block, 0, LEAKSCOPE_CALLER, FRAME);
    __real_heap_caps_free(block);
}
