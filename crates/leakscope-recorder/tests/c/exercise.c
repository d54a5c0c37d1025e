/*
 * The recorder's functions, called at random in both modes: for sanitizers. What comes out is compared elsewhere.
 */
#include <stdlib.h>
#include <string.h>

#include "leakscope.h"
#include "leakscope_config.h"

static uint32_t now, state = 1;

static uint32_t any(uint32_t below) {
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % below;
}

static uint32_t clock_now(void) {
    return now;
}

static void nothing(void) {
}

static uint32_t any_core(void) {
    return any(3);
}

struct harness harness = {nothing, nothing, any_core, nothing};

/* Reads all that it is given. */
static size_t take(const uint8_t *bytes, size_t length) {
    uint8_t sum = 0;
    for (size_t i = 0; i < length; i++) {
        sum = (uint8_t)(sum ^ bytes[i]);
    }
    return length - (sum & 1 && length > 1);
}

static void put(const char *text, size_t length) {
    take((const uint8_t *)text, length);
}

/* A stack of some frames, the last one broken at times. */
static const void *frame(void) {
    static uintptr_t words[64];
    const uint32_t depth = 1 + any(30);
    for (uint32_t i = 0; i < depth; i++) {
        words[2 * i] = (uintptr_t)&words[2 * i + 2];
        words[2 * i + 1] = 0x1000 + any(4000);
    }
    words[2 * depth - 2] = any(2) ? 0 : (uintptr_t)&words[any(64)] + any(3);
    return (const void *)((uintptr_t)words | (any(3) == 0));
}

static void call(void) {
    static const char *const texts[] = {NULL, "", "worker", "a rather long name, longer than a task may have one",
                                        "%u of %u, and so on until there is more than a packet can hold: "
                                        "01234567890123456789012345678901234567890123456789012345678901\303\244"};
    uint32_t numbers[20];
    uint8_t commands[3];
    for (uint32_t i = 0; i < 20; i++) {
        numbers[i] = any(UINT32_MAX);
    }
    for (uint32_t i = 0; i < 3; i++) {
        commands[i] = (uint8_t)(any(2) ? any(9) : any(256));
    }
    const void *const block = (const void *)(uintptr_t)(0x20000000u + 8 * any(200));
    const void *const caller = (const void *)0x1234;
    const void *const task = (const void *)(uintptr_t)(8 * any(40));
    const size_t size = any(3) ? any(500) : SIZE_MAX;
    const char *const text = texts[any(5)];
    now += any(8) ? any(100) : numbers[0];
    switch (any(40)) {
    case 0: leakscope_start(); break;
    case 1: leakscope_poll(); break;
    case 2: leakscope_receive(commands, any(4)); break;
    case 3: leakscope_drain(any(3), take); break;
    case 4: leakscope_task(task, numbers[0], text, block, size); break;
    case 5: leakscope_task_terminate(task); break;
    case 6: leakscope_task_runs(task); break;
    case 7: leakscope_task_blocked(task, numbers[0]); break;
    case 8: leakscope_idle(); break;
    case 9: leakscope_isr_enter(); break;
    case 10: leakscope_mark(numbers[0]); break;
    case 11: leakscope_name_marker(numbers[0], text); break;
    case 12: leakscope_print(any(4), text, numbers, any(21)); break;
    case 13: leakscope_stop(); break;
    case 14: leakscope_records_start(any(2)); break;
    case 15: leakscope_records_pause_allocations(); break;
    case 16: leakscope_records_resume(); break;
    case 17: leakscope_records_dump(put); break;
    case 18: leakscope_start(); break;
    case 19: leakscope_on_failed_from(size, caller, frame()); break;
    case 20: leakscope_on_realloc_begin_from(block, any(100), any(100), caller, frame()); break;
    case 21: leakscope_on_realloc_from(block, any(100), any(4) ? block : NULL, any(100), caller, frame()); break;
    case 22: case 23: case 24: case 25: leakscope_on_free_from(block, 0, any(2) ? caller : NULL, frame()); break;
    default: leakscope_on_alloc_from(block, size, any(2) ? caller : NULL, frame());
    }
}

int main(void) {
    struct leakscope_config config;
    memset(&config, 0, sizeof config);
    config.application = "exercise";
    config.clock = clock_now;
    config.clock_hz = 1000000;
    config.write_when_full = take;
    config.heap_base = 0x20000000u;
    config.heap_alignment_bits = 3;
    config.stacks_start = 1;
    config.stacks_end = UINTPTR_MAX;
    config.record_policy = LEAKSCOPE_EVICT_FREED;
    leakscope_init(&config);
    char *const memory = (char *)malloc(4000);
    leakscope_records_init(memory + 1, 3999);
    for (uint32_t i = 0; i < 300000; i++) {
        call();
    }
    leakscope_records_stop();
    free(memory);
    return 0;
}
