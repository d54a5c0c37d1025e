/* Sets the recorder up before the application begins, and looks after it. */
#include <zephyr/init.h>
#include <zephyr/kernel.h>
#include <zephyr/linker/linker-defs.h>

#include "leakscope_config.h"
#include "leakscope_zephyr.h"
#include "threads.h"

struct k_spinlock leakscope_spinlock;

static uint32_t cycles(void) {
    return k_cycle_get_32();
}

static void tell_thread(const struct k_thread *thread, void *unused) {
    ARG_UNUSED(unused);
    leakscope_zephyr_thread(thread);
}

void leakscope_zephyr_start(void) {
#ifdef CONFIG_THREAD_MONITOR
    k_thread_foreach_unlocked(tell_thread, NULL);
#else
    tell_thread(k_current_get(), NULL);
#endif
    leakscope_start();
}

void leakscope_zephyr_stop(void) {
    leakscope_stop();
}

static int set_up(void) {
    const struct leakscope_config config = {
        .application = "Zephyr",
        .device = CONFIG_BOARD,
        .operating_system = "Zephyr",
        .clock = cycles,
        .clock_hz = (uint32_t)sys_clock_hw_cycles_per_sec(),
        .ram_base = CONFIG_SRAM_BASE_ADDRESS,
        .id_shift = 2,
        .heap_base = CONFIG_SRAM_BASE_ADDRESS,
        .heap_alignment_bits = 2,
        .code_start = (uintptr_t)__text_region_start,
        .code_end = (uintptr_t)__text_region_end,
        .stacks_start = CONFIG_SRAM_BASE_ADDRESS,
        .stacks_end = CONFIG_SRAM_BASE_ADDRESS + (uintptr_t)CONFIG_SRAM_SIZE * 1024,
    };
    leakscope_init(&config);
    if (IS_ENABLED(CONFIG_LEAKSCOPE_START)) {
        leakscope_zephyr_start();
    }
    return 0;
}

SYS_INIT(set_up, APPLICATION, 0);

#ifndef CONFIG_LEAKSCOPE_UART

/* The probe's commands, and the time where nothing happens. */
static void look_after(struct k_timer *timer) {
    ARG_UNUSED(timer);
    leakscope_poll();
}

static K_TIMER_DEFINE(timer, look_after, NULL);

static int start_timer(void) {
    k_timer_start(&timer, K_MSEC(100), K_MSEC(100));
    return 0;
}

SYS_INIT(start_timer, APPLICATION, 1);

#endif
