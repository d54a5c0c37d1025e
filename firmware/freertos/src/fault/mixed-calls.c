/*
 * Calls of all sorts, for trials of call stacks: recursion, large frames, callbacks of a library, functions with
 * variable arguments and with frames of variable size, pointers to functions, last calls. Nothing is forgotten.
 */
#include "fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "FreeRTOS.h"

#define SEPARATE __attribute__((noinline))

static SEPARATE void take(size_t size) {
    volatile uint8_t *block = pvPortMalloc(size);
    if (block != NULL) {
        block[0] = 1;
        vPortFree((void *)block);
    }
}

/* The last call leaves no frame of this function. */
static SEPARATE void take_at_last(size_t size) {
    take(size + 8);
}

/* A large frame, most of which is never written: what lay there before can still be read. */
static SEPARATE uint32_t in_sparse_table(uint32_t place, size_t size) {
    volatile uint32_t table[40];
    table[place] = place;
    take(size);
    return table[place];
}

static SEPARATE uint32_t parse(uint32_t level, size_t size) {
    if (level == 0) {
        return in_sparse_table(size % 40, size);
    }
    return parse(level - 1, size) + level;
}

static int by_name(const void *one, const void *other) {
    const uint8_t left = *(const uint8_t *)one, right = *(const uint8_t *)other;
    if (left == 3) {
        take(left);
    }
    return left - right;
}

static SEPARATE void note(const char *format, ...) {
    char text[96];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    char *copy = pvPortMalloc(length + 1);
    if (copy != NULL) {
        memcpy(copy, text, length + 1);
        vPortFree(copy);
    }
}

static SEPARATE uint32_t with_variable_array(uint32_t count) {
    volatile uint32_t values[count + 1];
    values[count] = count;
    take(count * sizeof values[0]);
    return values[count];
}

static SEPARATE void with_large_buffer(uint32_t round) {
    volatile char buffer[512];
    for (uint32_t i = 0; i < sizeof buffer; i += 64) {
        buffer[i] = round;
    }
    note("%u of %s: %d", (unsigned)round, "rounds", buffer[64]);
}

static void by_pointer(uint32_t round, size_t size) {
    static void (*const ways[])(size_t) = {take, take_at_last};
    ways[round % 2](size);
}

void use_first_block(uint32_t pair, uint32_t round, size_t size) {
    uint8_t names[] = {5, 3, 9, 1, 7, 2};
    parse((round * pair) % 9, size);
    qsort(names, sizeof names, 1, by_name);
    note("%x %s", (unsigned)size, names[0] == 1 ? "sorted" : "not sorted");
    with_large_buffer(round);
    with_variable_array(round % 7);
    by_pointer(round, size);
    parse(with_variable_array(round % 3), size);
}
