/*
 * The steady leak with large blocks: the heap is exhausted, and the program notices.
 */
#include "fault.h"

#include "FreeRTOS.h"

/* The heap is exhausted after three quarters of the run: what fails then must be enough to be seen, and the growth
 * before it must not look as if it had ended by itself. */
#define FACTOR_TENTHS 95

static void forget_large_block(uint32_t pair, size_t size) {
    /* MARK: large block */
    void *forgotten = pvPortMalloc(size);
    if (forgotten == NULL) {
        leakscope_log(LEAKSCOPE_ERROR, "alloc %u: no memory for %u bytes", pair, size);
    }
}

void use_first_block(uint32_t pair, uint32_t round, size_t size) {
    (void)round;
    forget_large_block(pair, size * FACTOR_TENTHS / 10);
}
