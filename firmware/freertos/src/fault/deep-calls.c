/*
 * A parser of nested values, which calls itself ten times deep, and forgets the text that it finds there. What a
 * call stack costs shows best here.
 */
#include "fault.h"

#include "FreeRTOS.h"

#define LEVELS 10

static void *copy_text(size_t size) {
    /* MARK: copy of a text */
    return pvPortMalloc(size);
}

static uint32_t parse_value(uint32_t level, size_t size) {
    if (level < LEVELS) {
        return parse_value(level + 1, size) + 1;
    }
    /* MARK: buffer of a number */
    void *number = pvPortMalloc(size);
    void *text = copy_text(size);
    vPortFree(number);
    return text != NULL;
}

void use_first_block(uint32_t pair, uint32_t round, size_t size) {
    (void)round;
    const uint32_t levels = parse_value(1, size);
    leakscope_log(LEAKSCOPE_LOG, "alloc %u: a value in %u levels", pair, levels);
}
