/*
 * C++'s new and delete, which the standard lets a program replace, on malloc and free: for computers. The C++ library there keeps no
 * frame pointers, so that all of new would be one call site, whoever calls it. (On chips, stacks are scanned.)
 *
 * Compile it with -fno-omit-frame-pointer, beside leakscope_wrap.c.
 */
#include <cstdlib>
#include <new>

/* An attempt has failed: as the standard has it, the program's handler may make room, or throw. */
static void leakscope_on_no_memory() {
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) {
        throw std::bad_alloc();
    }
    handler();
}

static inline __attribute__((always_inline)) void *leakscope_on_new(std::size_t size) {
    void *block;
    while ((block = std::malloc(size != 0 ? size : 1)) == nullptr) {
        leakscope_on_no_memory();
    }
    return block;
}

void *operator new(std::size_t size) {
    return leakscope_on_new(size);
}

void *operator new[](std::size_t size) {
    return leakscope_on_new(size);
}

void *operator new(std::size_t size, const std::nothrow_t &) noexcept {
    try {
        return leakscope_on_new(size);
    } catch (...) {
        return nullptr;
    }
}

void *operator new[](std::size_t size, const std::nothrow_t &) noexcept {
    try {
        return leakscope_on_new(size);
    } catch (...) {
        return nullptr;
    }
}

void operator delete(void *block) noexcept {
    std::free(block);
}

void operator delete[](void *block) noexcept {
    std::free(block);
}

void operator delete(void *block, std::size_t) noexcept {
    std::free(block);
}

void operator delete[](void *block, std::size_t) noexcept {
    std::free(block);
}

#if defined(__cpp_aligned_new)
static inline __attribute__((always_inline)) void *leakscope_on_aligned_new(std::size_t size, std::align_val_t alignment) {
    const std::size_t bits = static_cast<std::size_t>(alignment) - 1;
    const std::size_t rounded = (size + bits) & ~bits;
    void *block;
    /* What is so much that rounding brings it round to 0 again, nobody has. */
    while ((block = std::aligned_alloc(bits + 1, rounded >= size ? rounded : ~bits)) == nullptr) {
        leakscope_on_no_memory();
    }
    return block;
}

void *operator new(std::size_t size, std::align_val_t alignment) {
    return leakscope_on_aligned_new(size, alignment);
}

void *operator new[](std::size_t size, std::align_val_t alignment) {
    return leakscope_on_aligned_new(size, alignment);
}

void operator delete(void *block, std::align_val_t) noexcept {
    std::free(block);
}

void operator delete[](void *block, std::align_val_t) noexcept {
    std::free(block);
}
#endif
