/* As interrupt.c on RISC-V (QEMU's virt), whose interrupt tells nobody that it has begun. */
#include <stdlib.h>
#include "leakscope.h"

static volatile bool is_inner_told, is_interrupt_told;
/* A software interrupt, of the first core. */
static volatile uint32_t *const pending = (volatile uint32_t *)0x02000000;

static uint32_t cycles(void) {
    static uint32_t now;
    return now += 100;
}

__attribute__((interrupt, aligned(4))) static void pended(void) {
    *pending = 0;
    is_interrupt_told = leakscope_call_begins(LEAKSCOPE_FRAME);
    leakscope_call_ends(LEAKSCOPE_FRAME);
}

LEAKSCOPE_NOINLINE static void inner(bool is_late) {
    if (!is_late) {
        is_inner_told = leakscope_call_begins(LEAKSCOPE_FRAME);
    }
    *pending = 1;
    while (*pending != 0) {
    }
    if (is_late) {
        is_inner_told = leakscope_call_begins(LEAKSCOPE_FRAME);
    }
}

static bool is_right(bool is_late) {
    const bool is_told = leakscope_call_begins(LEAKSCOPE_FRAME);
    inner(is_late);
    leakscope_call_ends(LEAKSCOPE_FRAME);
    return is_told && !is_inner_told && is_interrupt_told;
}

int main(void) {
    static const struct leakscope_config config = {.application = "trap", .clock = cycles, .clock_hz = 25000000};
    __asm__ volatile("csrw mtvec, %0\n\tcsrs mie, %1\n\tcsrsi mstatus, 8" : : "r"(pended), "r"(8) : "memory");
    leakscope_init(&config);
    leakscope_start();
    exit(is_right(false) && is_right(true) ? 0 : 1);
}
