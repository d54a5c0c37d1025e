/*
 * Zephyr's kernel heap, recorded: add this file to the application's sources, and link with
 * -Wl,--wrap=k_malloc,--wrap=k_calloc,--wrap=k_aligned_alloc,--wrap=k_realloc,--wrap=k_free
 * and leakscope_wrap.c with its own wraps for malloc.
 *
 * Zephyr's heap listeners are not used: a notifier inside the allocator calls them, and would be the first frame of every
 * call stack; without frame pointers or scans, the only one.
 */
#include "leakscope.h"

void *__real_k_malloc(size_t size);
void *__real_k_calloc(size_t count, size_t size);
void *__real_k_aligned_alloc(size_t alignment, size_t size);
void *__real_k_realloc(void *from, size_t size);
void __real_k_free(void *block);

void *__wrap_k_malloc(size_t size) {
    void *block = __real_k_malloc(size);
    leakscope_on_alloc(block, size);
    return block;
}

void *__wrap_k_calloc(size_t count, size_t size) {
    void *block = __real_k_calloc(count, size);
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        bytes = SIZE_MAX;
    }
    leakscope_on_alloc(block, bytes);
    return block;
}

void *__wrap_k_aligned_alloc(size_t alignment, size_t size) {
    void *block = __real_k_aligned_alloc(alignment, size);
    leakscope_on_alloc(block, size);
    return block;
}

void *__wrap_k_realloc(void *from, size_t size) {
    leakscope_on_realloc_begin(from, 0, size);
    void *block = __real_k_realloc(from, size);
    leakscope_on_realloc(from, 0, block, size);
    return block;
}

void __wrap_k_free(void *block) {
    leakscope_on_free(block, 0);
    __real_k_free(block);
}
