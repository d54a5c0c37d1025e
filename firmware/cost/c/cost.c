/*
 * How many instructions an event takes, through the C interface: the macros and functions of leakscope.h. See
 * ../src/main.rs, which is the same in Rust.
 */
#include <stdio.h>
#include <string.h>

#include "board.h"
#include "leakscope.h"

#define LEVELS 12
#define EVENTS 200
#define MOST   4096

/* A counter that stands still for 10 ms: every event comes less than 128 ticks after the one before. */
static uint32_t slow_counter(void) {
    return *(volatile const uint32_t *)0x40028014;
}

typedef void event(const void *block, size_t size);

/* They are an allocator's functions, and do nothing else. */
static __attribute__((noinline)) void alloc(const void *block, size_t size) {
    leakscope_on_alloc(block, size);
}

static __attribute__((noinline)) void release(const void *block, size_t size) {
    leakscope_on_free(block, size);
}

static __attribute__((noinline)) void move(const void *block, size_t size) {
    const void *const moved = (const char *)block + 0x40;
    leakscope_on_realloc_begin(block, size, size);
    leakscope_on_realloc(block, size, moved, size);
}

/* What a scheduler and a program call. */
static __attribute__((noinline)) void start_exec(const void *block, size_t size) {
    (void)size;
    leakscope_task_runs(block);
}

static __attribute__((noinline)) void stop_ready(const void *block, size_t size) {
    leakscope_task_blocked(block, size);
}

static __attribute__((noinline)) void isr_enter(const void *block, size_t size) {
    (void)block;
    leakscope_isr_enter_number(size);
}

static __attribute__((noinline)) void isr_exit(const void *block, size_t size) {
    (void)block;
    (void)size;
    leakscope_isr_exit();
}

static __attribute__((noinline)) void print(const void *block, size_t size) {
    leakscope_log(LEAKSCOPE_LOG, "block %x has %u bytes", (uintptr_t)block, size);
}

static __attribute__((noinline)) void nothing(const void *block, size_t size) {
    __asm volatile("" : : "r"(block), "r"(size));
}

/* An instruction takes 1024 ns, which are 25.6 ticks of the board's clock. */
static __attribute__((noinline)) uint32_t call_from_below(uint32_t levels, event *volatile what, const void *block) {
    uint32_t count;
    if (levels > 0) {
        count = call_from_below(levels - 1, what, block);
    } else {
        event *const function = what;
        const uint32_t before = board_clock();
        function(block, 24);
        const uint32_t ticks = board_clock() - before;
        count = (10 * ticks + 128) / 256;
    }
    __asm volatile("" : "+r"(count));
    return count;
}

static size_t discard(const uint8_t *bytes, size_t length) {
    (void)bytes;
    return length;
}

/* The count that comes most often. */
static uint32_t usual_count(event *what) {
    static uint16_t often[MOST];
    memset(often, 0, sizeof often);
    uint32_t usual = 0;
    for (uint32_t i = 0; i < EVENTS; i++) {
        const uint32_t count = call_from_below(LEVELS, what, (const void *)(0x20010400 + 8 * i));
        if (++often[count] > often[usual]) {
            usual = count;
        }
        leakscope_drain(0, discard);
    }
    return usual;
}

int main(void) {
    const struct leakscope_config config = {
        .clock = slow_counter,
        .clock_hz = 100,
        .wait_when_full = WAIT_WHEN_FULL,
        .heap_base = 0x20010000,
        .heap_size = 0x10000,
        .code_start = (uintptr_t)code_start,
        .code_end = (uintptr_t)code_end,
        .stacks_start = (uintptr_t)data_start,
        .stacks_end = (uintptr_t)stack_top,
    };
    leakscope_init(&config);
    leakscope_start();
    leakscope_drain(0, discard);
    const uint32_t without = usual_count(nothing);
    const struct {
        const char *name;
        event *what;
    } events[] = {
        {"alloc", alloc},           {"free", release},        {"realloc", move},
        {"start_exec", start_exec}, {"stop_ready", stop_ready}, {"isr_enter", isr_enter},
        {"isr_exit", isr_exit},     {"print", print},
    };
    char line[80];
    board_print(DIALECT ", depth " DEPTH ":");
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        snprintf(line, sizeof line, " %s %u", events[i].name, (unsigned)(usual_count(events[i].what) - without));
        board_print(line);
    }
    leakscope_stop();
    snprintf(line, sizeof line, "\nstopped: alloc %u\n", (unsigned)(usual_count(alloc) - without));
    board_print(line);
    board_exit(true);
}

/* There is no heap, */
void *_sbrk(ptrdiff_t bytes) {
    (void)bytes;
    return (void *)-1;
}

/* and no kernel. */
void supervisor_call(void) {
}
void pended_switch(void) {
}
void tick(void) {
}
