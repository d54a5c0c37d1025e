/* The heap, which calls its own functions as Zephyr's does. */
#include "stand_in.h"

void *sys_heap_alloc(struct sys_heap *heap, size_t bytes) {
    char *block = heap->next;
    heap->next += bytes;
    return bytes < 1000 ? block : NULL;
}

void *sys_heap_noalign_alloc(struct sys_heap *heap, size_t align, size_t bytes) {
    (void)align;
    return sys_heap_alloc(heap, bytes);
}

void *sys_heap_aligned_alloc(struct sys_heap *heap, size_t align, size_t bytes) {
    (void)align;
    return sys_heap_alloc(heap, bytes);
}

void sys_heap_free(struct sys_heap *heap, void *block) {
    (void)heap, (void)block;
}

void *sys_heap_realloc(struct sys_heap *heap, void *from, size_t bytes) {
    void *block = sys_heap_alloc(heap, bytes);
    sys_heap_free(heap, from);
    return block;
}

void *sys_heap_aligned_realloc(struct sys_heap *heap, void *from, size_t align, size_t bytes) {
    (void)align;
    return sys_heap_realloc(heap, from, bytes);
}
