/*
 * The seed's fault: the first block is forgotten.
 */
#include "fault.h"

#include "FreeRTOS.h"

static void forget_block(uint32_t pair, size_t size) {
    /* MARK: forgotten block */
    void *forgotten = pvPortMalloc(size);
    leakscope_log(LEAKSCOPE_LOG, "alloc %u: first block, %u bytes at 0x%x", pair, size, (uintptr_t)forgotten);
}

void use_first_block(uint32_t pair, uint32_t round, size_t size) {
    (void)round;
    forget_block(pair, size);
}
