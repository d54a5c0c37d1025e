#include "pair.h"

#include "fault.h"

/* How often each pair goes round. */
#define ROUNDS 24

void alloc_task(void *argument) {
    const struct pair *pair = argument;
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        const size_t size = 8 * pair->number * round;
        use_first_block(pair->number, round, size);
        /* MARK: second block */
        void *second = pvPortMalloc(2 * size);
        leakscope_log(LEAKSCOPE_LOG, "alloc %u: second block, %u bytes at 0x%x", pair->number, 2 * size,
                      (uintptr_t)second);
        if (second != NULL) {
            xQueueSend(pair->queue, &second, portMAX_DELAY);
        }
        vTaskDelay(pdMS_TO_TICKS(20));
    }
    void *const end = NULL;
    xQueueSend(pair->queue, &end, portMAX_DELAY);
    vTaskSuspend(NULL);
}

void free_task(void *argument) {
    const struct pair *pair = argument;
    void *block;
    while (xQueueReceive(pair->queue, &block, portMAX_DELAY) && block != NULL) {
        leakscope_log(LEAKSCOPE_LOG, "free %u: 0x%x", pair->number, (uintptr_t)block);
        vPortFree(block);
    }
    xTaskNotifyGive(pair->when_done);
    vTaskSuspend(NULL);
}
