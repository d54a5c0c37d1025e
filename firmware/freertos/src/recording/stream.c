/*
 * Host-based mode: every event is sent.
 */
#include "recording.h"

#include "FreeRTOS.h"
#include "board.h"
#include "sink.h"
#include "task.h"

extern uint8_t ucHeap[];

void recording_init(void) {
    const struct leakscope_config config = {
        .application = "freertos-example",
        .device = "MPS2-AN385",
        .core = "Cortex-M3",
        .operating_system = "FreeRTOS",
        .clock = board_clock,
        .clock_hz = BOARD_CLOCK_HZ,
        .cpu_hz = configCPU_CLOCK_HZ,
        .write_when_full = DROP_WHEN_FULL ? NULL : sink_write_when_full,
        .wait_when_full = !DROP_WHEN_FULL,
        .ram_base = (uintptr_t)data_start,
        .id_shift = 2,
        .heap_base = (uintptr_t)ucHeap,
        .heap_size = configTOTAL_HEAP_SIZE,
        .heap_alignment_bits = 3,
        .code_start = (uintptr_t)code_start,
        .code_end = (uintptr_t)code_end,
        .stacks_start = (uintptr_t)data_start,
        .stacks_end = (uintptr_t)stack_top,
    };
    sink_open();
    leakscope_init(&config);
}

__attribute__((noinline)) void heap_trace_start(void) {
    leakscope_start();
    /* The recorder sees switches, and there was none yet. */
    leakscope_task_runs(xTaskGetCurrentTaskHandle());
}

__attribute__((noinline)) void heap_trace_stop(void) {
    leakscope_stop();
}

void recording_attend(void) {
    sink_poll();
}

void recording_finish(void) {
    sink_poll();
    sink_close();
}
