/*
 * malloc and its family, recorded: link with
 * -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free
 * and FreeRTOS's allocator, whose own macros do not know what was asked for (LEAKSCOPE_FREERTOS_WRAPPED):
 * -Wl,--wrap=pvPortMalloc,--wrap=vPortFree
 *
 * --wrap redirects calls from other object files only; newlib's own use of its allocator (_malloc_r, as
 * in printf and strdup) goes past it.
 */
#include "leakscope.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *from, size_t size);
void __real_free(void *block);

void *__wrap_malloc(size_t size) {
    void *block = __real_malloc(size);
    leakscope_on_alloc(block, size);
    return block;
}

void *__wrap_calloc(size_t count, size_t size) {
    void *block = __real_calloc(count, size);
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        bytes = SIZE_MAX;
    }
    leakscope_on_alloc(block, bytes);
    return block;
}

void *__wrap_realloc(void *from, size_t size) {
    leakscope_on_realloc_begin(from, 0, size);
    void *block = __real_realloc(from, size);
    leakscope_on_realloc(from, 0, block, size);
    return block;
}

void __wrap_free(void *block) {
    leakscope_on_free(block, 0);
    __real_free(block);
}

#ifdef LEAKSCOPE_FREERTOS_WRAPPED
void *__real_pvPortMalloc(size_t size);
void __real_vPortFree(void *block);

void *__wrap_pvPortMalloc(size_t size) {
    void *block = __real_pvPortMalloc(size);
    leakscope_on_alloc(block, size);
    return block;
}

void __wrap_vPortFree(void *block) {
    leakscope_on_free(block, 0);
    __real_vPortFree(block);
}
#endif
