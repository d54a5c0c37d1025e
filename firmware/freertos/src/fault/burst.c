/*
 * Many events at once, more than the recorder's buffer holds.
 */
#include "fault.h"

#include "FreeRTOS.h"

#define BURST 800

static void handle_messages(uint32_t count, size_t size) {
    for (uint32_t i = 0; i < count; i++) {
        /* MARK: message of a burst */
        void *message = pvPortMalloc(size);
        vPortFree(message);
    }
}

void use_first_block(uint32_t pair, uint32_t round, size_t size) {
    (void)pair;
    handle_messages(round % 8 == 0 ? BURST : 1, size);
}
