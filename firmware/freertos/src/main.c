/*
 * The leaking example: three pairs of tasks, of which one allocates and one frees, and a fault to choose.
 *
 * board.h       the board, in QEMU
 * recording.h   the recorder, by mode and sink
 * pair.h        the tasks
 * fault.h       what is wrong with them
 *
 * What the recorder needs of the kernel is marked (recorder) in FreeRTOSConfig.h.
 */
#include "board.h"
#include "pair.h"
#include "recording.h"

static struct pair pairs[PAIR_COUNT];

static void start_task(TaskFunction_t function, const char *name, struct pair *pair, UBaseType_t priority) {
    const BaseType_t created = xTaskCreate(function, name, configMINIMAL_STACK_SIZE, pair, priority, NULL);
    configASSERT(created == pdPASS);
}

/* Runs the program from beginning to end. */
static void conductor_task(void *argument) {
    static const char *const names[PAIR_COUNT][2] = {
        {"alloc 1", "free 1"},
        {"alloc 2", "free 2"},
        {"alloc 3", "free 3"},
    };
    (void)argument;
    heap_trace_start();
    for (uintptr_t i = 0; i < PAIR_COUNT; i++) {
        pairs[i] = (struct pair){i + 1, xQueueCreate(4, sizeof(void *)), xTaskGetCurrentTaskHandle()};
        start_task(alloc_task, names[i][0], &pairs[i], 2);
        start_task(free_task, names[i][1], &pairs[i], 3);
    }
    for (uint32_t done = 0; done < PAIR_COUNT; done++) {
        ulTaskNotifyTake(pdFALSE, portMAX_DELAY);
    }
    heap_trace_stop();
    recording_finish();
    board_exit(true);
}

/* It does not sleep: under -icount, QEMU 7.2 loses every other tick of a core that waits for interrupts. */
void vApplicationIdleHook(void) {
    recording_attend();
}

int main(void) {
    recording_init();
    start_task(conductor_task, "conductor", NULL, 4);
    vTaskStartScheduler();
    return 0;
}
