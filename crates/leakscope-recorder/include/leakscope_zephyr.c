/*
 * Zephyr: its heaps tell listeners (CONFIG_HEAP_LISTENER=y, and for k_malloc and k_heap
 * CONFIG_SYS_HEAP_LISTENER=y) of every block. Add this file to the application's sources, and replace
 * _system_heap by the heap to watch.
 *
 * A listener is called from inside the allocator, so that the call stack is all there is beyond the return
 * address: build with CONFIG_OVERRIDE_FRAME_POINTER_DEFAULT=y and CONFIG_OMIT_FRAME_POINTER=n where the
 * architecture has frame pointers.
 */
#include <zephyr/sys/heap_listener.h>

#include "leakscope.h"

extern struct k_heap _system_heap;

static void on_alloc(uintptr_t heap, void *block, size_t bytes) {
    (void)heap;
    leakscope_on_alloc(block, bytes);
}

static void on_free(uintptr_t heap, void *block, size_t bytes) {
    (void)heap;
    leakscope_on_free(block, bytes);
}

HEAP_LISTENER_ALLOC_DEFINE(leakscope_alloc, HEAP_ID_FROM_POINTER(&_system_heap.heap), on_alloc);
HEAP_LISTENER_FREE_DEFINE(leakscope_free, HEAP_ID_FROM_POINTER(&_system_heap.heap), on_free);

void leakscope_zephyr_init(void) {
    heap_listener_register(&leakscope_alloc);
    heap_listener_register(&leakscope_free);
}
