/* A heap that hands out all of a buffer, and a recorder that prints who called. */
#include <stdio.h>

#include "leakscope.h"
#include "stand_in.h"

static void say(const char *what, size_t size, const void *caller) {
    printf("%s %d %p\n", what, (int)size, caller);
}

void leakscope_on_alloc_from(const void *block, size_t size, const void *caller, const void *frame) {
    (void)frame;
    say(block != NULL ? "alloc" : "failed", size, caller);
}

void leakscope_on_realloc_begin_from(const void *from, size_t from_size, size_t size, const void *caller,
                                     const void *frame) {
    (void)from, (void)from_size, (void)frame;
    say("begin", size, caller);
}

void leakscope_on_realloc_from(const void *from, size_t from_size, const void *block, size_t size, const void *caller,
                               const void *frame) {
    (void)from, (void)from_size, (void)block, (void)frame;
    say("realloc", size, caller);
}

void leakscope_on_free_from(const void *block, size_t size, const void *caller, const void *frame) {
    (void)block, (void)frame;
    say("free", size, caller);
}

int main(void) {
    static char memory[1000];
    struct sys_heap heap = {memory};
    void *first = sys_heap_alloc(&heap, 1);
    void *second = sys_heap_aligned_alloc(&heap, 8, 2);
    first = sys_heap_realloc(&heap, first, 3);
    second = sys_heap_aligned_realloc(&heap, second, 8, 4);
    sys_heap_free(&heap, first);
    return sys_heap_noalign_alloc(&heap, 8, 10000) == second;
}
