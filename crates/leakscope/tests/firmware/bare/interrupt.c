/* An interrupt comes while the allocator serves a call, on the same stack: what it allocates is told, what the allocator calls is
 * not. If that is not so, the program fails. */
#include "board.h"

static volatile bool is_inner_told, is_interrupt_told;

LEAKSCOPE_NOINLINE static void pended(void) {
    is_interrupt_told = leakscope_call_begins(LEAKSCOPE_FRAME);
    leakscope_call_ends(LEAKSCOPE_FRAME);
}

/* In place of the board's vector table, which has no such interrupt. */
static const void *table[16] __attribute__((aligned(128)));

LEAKSCOPE_NOINLINE static void inner(void) {
    is_inner_told = leakscope_call_begins(LEAKSCOPE_FRAME);
    *(volatile uint32_t *)0xE000ED04 = 1u << 28; /* PendSV */
    __asm__ volatile("dsb\n\tisb" : : : "memory");
}

LEAKSCOPE_NOINLINE static void allocate(void) {
    const bool is_told = leakscope_call_begins(LEAKSCOPE_FRAME);
    inner();
    leakscope_call_ends(LEAKSCOPE_FRAME);
    if (!is_told || is_inner_told || !is_interrupt_told) {
        leave(0x20024);
    }
}

int main(void) {
    static const struct leakscope_config config = {.application = "interrupt", .clock = cycles, .clock_hz = 25000000};
    table[14] = (void *)pended;
    *(volatile uint32_t *)0xE000ED08 = (uint32_t)table;
    leakscope_init(&config);
    leakscope_start();
    allocate();
    pause_ms(1);
    finish();
}
