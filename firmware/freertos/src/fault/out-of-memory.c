/*
 * The steady leak with large blocks: the heap is exhausted, and the program notices.
 */
#include "fault.h"

#include "FreeRTOS.h"

#define FACTOR 10

static void forget_large_block(uint32_t pair, size_t size) {
    /* MARK: large block */
    void *forgotten = pvPortMalloc(size);
    if (forgotten == NULL) {
        leakscope_log(LEAKSCOPE_ERROR, "alloc %u: no memory for %u bytes", pair, size);
    }
}

void use_first_block(uint32_t pair, uint32_t round, size_t size) {
    (void)round;
    forget_large_block(pair, FACTOR * size);
}
