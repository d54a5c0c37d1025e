/*
 * A message that is freed by the one who is done with it, and at times by the one who made it too.
 */
#include "fault.h"

#include "FreeRTOS.h"

/* Every so many messages are rejected. */
#define REJECTED 12

static void reject(void *message) {
    /* MARK: first free */
    vPortFree(message);
}

static void deliver_message(uint32_t pair, uint32_t round, size_t size) {
    /* MARK: message */
    void *message = pvPortMalloc(size);
    if (round % REJECTED == 0) {
        leakscope_log(LEAKSCOPE_WARNING, "alloc %u: message %u rejected", pair, round);
        reject(message);
    }
    /* MARK: second free */
    vPortFree(message);
}

void use_first_block(uint32_t pair, uint32_t round, size_t size) {
    deliver_message(pair, round, size);
}
