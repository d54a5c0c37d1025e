/*
 * A buffer that is freed when its transfer is done, and not if the transfer fails.
 */
#include "fault.h"

#include <stdbool.h>

#include "FreeRTOS.h"

/* Every so many transfers fail. */
#define FAILS 6

static bool transfer(const void *buffer, uint32_t round) {
    return buffer != NULL && round % FAILS != 0;
}

static void send_buffer(uint32_t pair, uint32_t round, size_t size) {
    /* MARK: buffer of a transfer */
    void *buffer = pvPortMalloc(size);
    if (!transfer(buffer, round)) {
        leakscope_log(LEAKSCOPE_WARNING, "alloc %u: transfer %u failed", pair, round);
        return;
    }
    vPortFree(buffer);
}

void use_first_block(uint32_t pair, uint32_t round, size_t size) {
    send_buffer(pair, round, size);
}
