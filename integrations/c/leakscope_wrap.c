/*
 * malloc and its family, recorded. Which functions the linker has to redirect depends on the C library:
 *
 * newlib (most toolchains for microcontrollers): its own functions, strdup, printf and malloc itself, call _malloc_r. Compile with
 * -DLEAKSCOPE_NEWLIB_WRAPPED, and link with
 * -Wl,--wrap=_malloc_r,--wrap=_realloc_r,--wrap=_free_r
 *
 * others that are linked into the program (picolibc):
 * -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free
 *
 * A C library that is loaded beside the program, as on Linux, allocates past that: the blocks of its strdup are freed, and were
 * never allocated. Record such a program with heaptrack, which leakscope reads.
 *
 * FreeRTOS's allocator, whose own macros do not know what was asked for (LEAKSCOPE_FREERTOS_WRAPPED):
 * -Wl,--wrap=pvPortMalloc,--wrap=vPortFree
 */
#include "leakscope.h"

#ifdef LEAKSCOPE_NEWLIB_WRAPPED
struct _reent;

void *__real__malloc_r(struct _reent *state, size_t size);
void *__real__realloc_r(struct _reent *state, void *from, size_t size);
void __real__free_r(struct _reent *state, void *block);
void *__wrap__malloc_r(struct _reent *state, size_t size);
void *__wrap__realloc_r(struct _reent *state, void *from, size_t size);
void __wrap__free_r(struct _reent *state, void *block);

/* calloc takes its memory from here, too. */
void *__wrap__malloc_r(struct _reent *state, size_t size) {
    void *block = __real__malloc_r(state, size);
    leakscope_on_alloc(block, size);
    return block;
}

/* A block that moves is allocated and freed by the functions beside this one; one that stays is not. */
void *__wrap__realloc_r(struct _reent *state, void *from, size_t size) {
    void *block = __real__realloc_r(state, from, size);
    if (block != NULL && block == from) {
        leakscope_on_realloc_begin(from, 0, size);
        leakscope_on_realloc(from, 0, block, size);
    }
    return block;
}

void __wrap__free_r(struct _reent *state, void *block) {
    leakscope_on_free(block, 0);
    __real__free_r(state, block);
}
#else
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *from, size_t size);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *from, size_t size);
void __wrap_free(void *block);

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
#endif

#ifdef LEAKSCOPE_FREERTOS_WRAPPED
void *__real_pvPortMalloc(size_t size);
void __real_vPortFree(void *block);

void *__wrap_pvPortMalloc(size_t size);
void __wrap_vPortFree(void *block);

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
