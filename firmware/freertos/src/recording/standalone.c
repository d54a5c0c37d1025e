/*
 * Standalone mode: records in a buffer, printed at the end to `console.log` on the emulator's computer.
 */
#include "recording.h"

#include "FreeRTOS.h"
#include "board.h"

static uint8_t records[32 * 1024] __attribute__((aligned(4)));
static int console;

void recording_init(void) {
    const struct leakscope_config config = {
        .clock = board_clock,
        .clock_hz = BOARD_CLOCK_HZ,
        .code_start = (uintptr_t)code_start,
        .code_end = (uintptr_t)code_end,
        .stacks_start = (uintptr_t)data_start,
        .stacks_end = (uintptr_t)stack_top,
    };
    leakscope_init(&config);
    leakscope_records_init(records, sizeof records);
}

__attribute__((noinline)) void heap_trace_start(void) {
    leakscope_records_start(true);
}

__attribute__((noinline)) void heap_trace_stop(void) {
    leakscope_records_stop();
}

void recording_attend(void) {
}

static void put(const char *text, size_t length) {
    board_file_write(console, text, length);
}

void recording_finish(void) {
    console = board_file_create("console.log");
    leakscope_records_dump(put);
    board_file_close(console);
}
