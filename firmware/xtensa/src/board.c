#include "board.h"

#include <string.h>

/* ---------------------------------------------------------------- The simulator */

/* In start.S. The operations are those of QEMU's simcall. */
uint32_t simcall(uint32_t operation, uint32_t one, uint32_t two, uint32_t three);

/* CCOUNT. */
uint32_t board_clock(void) {
    uint32_t cycles;
    __asm volatile("rsr %0, ccount" : "=a"(cycles));
    return cycles;
}

int board_file_create(const char *name) {
    /* As Linux numbers them: O_WRONLY | O_CREAT | O_TRUNC. */
    const uint32_t open = 5, flags = 01 | 0100 | 01000;
    return (int)simcall(open, (uint32_t)name, flags, 0644);
}

size_t board_file_write(int file, const void *bytes, size_t length) {
    const uint32_t write = 4;
    return simcall(write, (uint32_t)file, (uint32_t)bytes, length);
}

_Noreturn void board_exit(uint32_t code) {
    const uint32_t exit = 1;
    for (;;) {
        simcall(exit, code, 0, 0);
    }
}

/* ---------------------------------------------------------------- What the compiler calls */

/* The compiler's own library does not know windows. */

void *memcpy(void *to, const void *from, size_t length) {
    return memmove(to, from, length);
}

void *memmove(void *to, const void *from, size_t length) {
    volatile char *target = to;
    const volatile char *source = from;
    const int is_backwards = target > source;
    for (size_t i = 0; i < length; i++) {
        const size_t place = is_backwards ? length - 1 - i : i;
        target[place] = source[place];
    }
    return to;
}

void *memset(void *to, int value, size_t length) {
    volatile char *target = to;
    for (size_t i = 0; i < length; i++) {
        target[i] = (char)value;
    }
    return to;
}

size_t strlen(const char *text) {
    const volatile char *end = text;
    while (*end != '\0') {
        end++;
    }
    return (size_t)(end - text);
}

uint64_t __muldi3(uint64_t one, uint64_t other) {
    uint64_t product = 0;
    for (; other != 0; other >>= 1, one <<= 1) {
        product += other & 1 ? one : 0;
    }
    return product;
}
