/*
 * malloc and its family, recorded. Which functions the linker has to redirect depends on the C library:
 *
 * newlib (most toolchains for microcontrollers): its own functions, strdup, printf and malloc itself, call _malloc_r. Compile with
 * -DLEAKSCOPE_NEWLIB_WRAPPED, and link with
 * -Wl,--wrap=_malloc_r,--wrap=_realloc_r,--wrap=_memalign_r,--wrap=_free_r
 *
 * others that are linked into the program (picolibc):
 * -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray,--wrap=free,--wrap=memalign,--wrap=aligned_alloc,--wrap=posix_memalign
 * (without the last three, if the library has no such functions: -DLEAKSCOPE_NO_MEMALIGN)
 *
 * A C library that is loaded beside the program, as on Linux, allocates past that: the blocks of its strdup are freed, and were
 * never allocated. Record such a program with heaptrack, which leakscope reads.
 *
 * FreeRTOS's allocator, whose own macros do not know what was asked for: compile with -DLEAKSCOPE_FREERTOS_WRAPPED, and link with
 * -Wl,--wrap=pvPortMalloc,--wrap=vPortFree
 * The C library's is then wrapped only where -DLEAKSCOPE_NEWLIB_WRAPPED or -DLEAKSCOPE_MALLOC_WRAPPED says so.
 *
 * What the linker calls an undefined __real_… has no --wrap. What an allocator's functions call while they serve one of the
 * program's calls is not the program's: a realloc frees what it leaves over, or allocates, copies and frees.
 */
#include "leakscope.h"

#if defined(LEAKSCOPE_NEWLIB_WRAPPED)
struct _reent;

void *__real__malloc_r(struct _reent *state, size_t size);
void *__real__realloc_r(struct _reent *state, void *from, size_t size);
void *__real__memalign_r(struct _reent *state, size_t alignment, size_t size);
void __real__free_r(struct _reent *state, void *block);
void *__wrap__malloc_r(struct _reent *state, size_t size);
void *__wrap__realloc_r(struct _reent *state, void *from, size_t size);
void *__wrap__memalign_r(struct _reent *state, size_t alignment, size_t size);
void __wrap__free_r(struct _reent *state, void *block);

/* calloc takes its memory from here, too. */
void *__wrap__malloc_r(struct _reent *state, size_t size) {
    const bool is_told = leakscope_call_begins(LEAKSCOPE_FRAME);
    void *block = __real__malloc_r(state, size);
    if (is_told) {
        leakscope_on_alloc(block, size);
        leakscope_call_ends(LEAKSCOPE_FRAME);
    }
    return block;
}

void *__wrap__realloc_r(struct _reent *state, void *from, size_t size) {
    if (!leakscope_call_begins(LEAKSCOPE_FRAME)) {
        return __real__realloc_r(state, from, size);
    }
    leakscope_on_realloc_begin(from, 0, size);
    void *block = __real__realloc_r(state, from, size);
    leakscope_on_realloc(from, 0, block, size);
    leakscope_call_ends(LEAKSCOPE_FRAME);
    return block;
}

void *__wrap__memalign_r(struct _reent *state, size_t alignment, size_t size) {
    const bool is_told = leakscope_call_begins(LEAKSCOPE_FRAME);
    void *block = __real__memalign_r(state, alignment, size);
    if (is_told) {
        leakscope_on_alloc(block, size);
        leakscope_call_ends(LEAKSCOPE_FRAME);
    }
    return block;
}

void __wrap__free_r(struct _reent *state, void *block) {
    const bool is_told = leakscope_call_begins(LEAKSCOPE_FRAME);
    if (is_told) {
        leakscope_on_free(block, 0);
    }
    __real__free_r(state, block);
    if (is_told) {
        leakscope_call_ends(LEAKSCOPE_FRAME);
    }
}
#elif defined(LEAKSCOPE_MALLOC_WRAPPED) || !defined(LEAKSCOPE_FREERTOS_WRAPPED)
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *from, size_t size);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *from, size_t size);
void *__wrap_reallocarray(void *from, size_t count, size_t size);
void __wrap_free(void *block);

void *__wrap_malloc(size_t size) {
    const bool is_told = leakscope_call_begins(LEAKSCOPE_FRAME);
    void *block = __real_malloc(size);
    if (is_told) {
        leakscope_on_alloc(block, size);
        leakscope_call_ends(LEAKSCOPE_FRAME);
    }
    return block;
}

void *__wrap_calloc(size_t count, size_t size) {
    const bool is_told = leakscope_call_begins(LEAKSCOPE_FRAME);
    void *block = __real_calloc(count, size);
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        bytes = SIZE_MAX;
    }
    if (is_told) {
        leakscope_on_alloc(block, bytes);
        leakscope_call_ends(LEAKSCOPE_FRAME);
    }
    return block;
}

void *__wrap_realloc(void *from, size_t size) {
    if (!leakscope_call_begins(LEAKSCOPE_FRAME)) {
        return __real_realloc(from, size);
    }
    leakscope_on_realloc_begin(from, 0, size);
    void *block = __real_realloc(from, size);
    leakscope_on_realloc(from, 0, block, size);
    leakscope_call_ends(LEAKSCOPE_FRAME);
    return block;
}

/* In a C library that is loaded beside the program, it calls that one's realloc. What is so much that it cannot be counted, nobody
 * has. */
void *__wrap_reallocarray(void *from, size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        bytes = SIZE_MAX;
    }
    if (!leakscope_call_begins(LEAKSCOPE_FRAME)) {
        return __real_realloc(from, bytes);
    }
    leakscope_on_realloc_begin(from, 0, bytes);
    void *block = __real_realloc(from, bytes);
    leakscope_on_realloc(from, 0, block, bytes);
    leakscope_call_ends(LEAKSCOPE_FRAME);
    return block;
}

void __wrap_free(void *block) {
    const bool is_told = leakscope_call_begins(LEAKSCOPE_FRAME);
    if (is_told) {
        leakscope_on_free(block, 0);
    }
    __real_free(block);
    if (is_told) {
        leakscope_call_ends(LEAKSCOPE_FRAME);
    }
}

#ifndef LEAKSCOPE_NO_MEMALIGN
void *__real_memalign(size_t alignment, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
int __real_posix_memalign(void **block, size_t alignment, size_t size);
void *__wrap_memalign(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
int __wrap_posix_memalign(void **block, size_t alignment, size_t size);

void *__wrap_memalign(size_t alignment, size_t size) {
    const bool is_told = leakscope_call_begins(LEAKSCOPE_FRAME);
    void *block = __real_memalign(alignment, size);
    if (is_told) {
        leakscope_on_alloc(block, size);
        leakscope_call_ends(LEAKSCOPE_FRAME);
    }
    return block;
}

void *__wrap_aligned_alloc(size_t alignment, size_t size) {
    const bool is_told = leakscope_call_begins(LEAKSCOPE_FRAME);
    void *block = __real_aligned_alloc(alignment, size);
    if (is_told) {
        leakscope_on_alloc(block, size);
        leakscope_call_ends(LEAKSCOPE_FRAME);
    }
    return block;
}

int __wrap_posix_memalign(void **block, size_t alignment, size_t size) {
    const bool is_told = leakscope_call_begins(LEAKSCOPE_FRAME);
    const int error = __real_posix_memalign(block, alignment, size);
    if (is_told) {
        leakscope_on_alloc(error == 0 ? *block : NULL, size);
        leakscope_call_ends(LEAKSCOPE_FRAME);
    }
    return error;
}
#endif
#endif

#ifdef LEAKSCOPE_FREERTOS_WRAPPED
void *__real_pvPortMalloc(size_t size);
void __real_vPortFree(void *block);

void *__wrap_pvPortMalloc(size_t size);
void __wrap_vPortFree(void *block);

/* heap_3 calls malloc and free, which may be wrapped as well. */
void *__wrap_pvPortMalloc(size_t size) {
    const bool is_told = leakscope_call_begins(LEAKSCOPE_FRAME);
    void *block = __real_pvPortMalloc(size);
    if (is_told) {
        leakscope_on_alloc(block, size);
        leakscope_call_ends(LEAKSCOPE_FRAME);
    }
    return block;
}

void __wrap_vPortFree(void *block) {
    const bool is_told = leakscope_call_begins(LEAKSCOPE_FRAME);
    if (is_told) {
        leakscope_on_free(block, 0);
    }
    __real_vPortFree(block);
    if (is_told) {
        leakscope_call_ends(LEAKSCOPE_FRAME);
    }
}
#endif
