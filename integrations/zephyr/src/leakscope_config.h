/* How the recorder is built: by Kconfig. */
#ifndef LEAKSCOPE_CONFIG_H
#define LEAKSCOPE_CONFIG_H

#include <zephyr/kernel.h>
#include <zephyr/spinlock.h>

#define LEAKSCOPE_DEPTH CONFIG_LEAKSCOPE_DEPTH
#define LEAKSCOPE_STACKS CONFIG_LEAKSCOPE_STACKS
#define LEAKSCOPE_TASKS CONFIG_LEAKSCOPE_TASKS
#define LEAKSCOPE_BUFFER_SIZE CONFIG_LEAKSCOPE_BUFFER_SIZE

/* Where the kernel tells nothing of its threads, or the cores share one recording, each event is told with its thread. */
#if defined(CONFIG_SMP) || !defined(CONFIG_TRACING_USER)
#define LEAKSCOPE_TASK() k_sched_current_thread_query()
#endif

extern struct k_spinlock leakscope_spinlock;

static inline uintptr_t leakscope_lock(void) {
    return (uintptr_t)k_spin_lock(&leakscope_spinlock).key;
}

static inline void leakscope_unlock(uintptr_t key) {
    const k_spinlock_key_t restored = {.key = (int)key};
    k_spin_unlock(&leakscope_spinlock, restored);
}

#define LEAKSCOPE_LOCK() leakscope_lock()
#define LEAKSCOPE_UNLOCK(key) leakscope_unlock(key)
#if defined(CONFIG_ARM) && defined(CONFIG_CPU_CORTEX_M)
#define LEAKSCOPE_INTERRUPT() interrupt_number()
#endif

#endif
