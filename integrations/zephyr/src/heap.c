/*
 * sys_heap's functions, wrapped by the linker: malloc, k_malloc and each k_heap stand on these, and call them with the heap
 * locked, so that events come in the order in which they happened.
 *
 * Zephyr's heap listeners are not used: they have no failures, tell of a block that is resized in place that it is
 * allocated and then freed, know libc's heap under no name, and stand inside the allocator, as the first frame of each
 * call stack.
 */
#include <zephyr/sys/sys_heap.h>

#include "leakscope.h"

void *__real_sys_heap_alloc(struct sys_heap *heap, size_t bytes);
void *__real_sys_heap_noalign_alloc(struct sys_heap *heap, size_t align, size_t bytes);
void *__real_sys_heap_aligned_alloc(struct sys_heap *heap, size_t align, size_t bytes);
void *__real_sys_heap_realloc(struct sys_heap *heap, void *from, size_t bytes);
void *__real_sys_heap_aligned_realloc(struct sys_heap *heap, void *from, size_t align, size_t bytes);
void __real_sys_heap_free(struct sys_heap *heap, void *block);

void *__wrap_sys_heap_alloc(struct sys_heap *heap, size_t bytes) {
    void *block = __real_sys_heap_alloc(heap, bytes);
    leakscope_on_alloc(block, bytes);
    return block;
}

void *__wrap_sys_heap_noalign_alloc(struct sys_heap *heap, size_t align, size_t bytes) {
    void *block = __real_sys_heap_noalign_alloc(heap, align, bytes);
    leakscope_on_alloc(block, bytes);
    return block;
}

void *__wrap_sys_heap_aligned_alloc(struct sys_heap *heap, size_t align, size_t bytes) {
    void *block = __real_sys_heap_aligned_alloc(heap, align, bytes);
    leakscope_on_alloc(block, bytes);
    return block;
}

void *__wrap_sys_heap_realloc(struct sys_heap *heap, void *from, size_t bytes) {
    leakscope_on_realloc_begin(from, 0, bytes);
    void *block = __real_sys_heap_realloc(heap, from, bytes);
    leakscope_on_realloc(from, 0, block, bytes);
    return block;
}

void *__wrap_sys_heap_aligned_realloc(struct sys_heap *heap, void *from, size_t align, size_t bytes) {
    leakscope_on_realloc_begin(from, 0, bytes);
    void *block = __real_sys_heap_aligned_realloc(heap, from, align, bytes);
    leakscope_on_realloc(from, 0, block, bytes);
    return block;
}

void __wrap_sys_heap_free(struct sys_heap *heap, void *block) {
    leakscope_on_free(block, 0);
    __real_sys_heap_free(heap, block);
}
