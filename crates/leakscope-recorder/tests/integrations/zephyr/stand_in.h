/*
 * As much of Zephyr as the module needs, in our own words: names and types of its headers. Each header of Zephyr that the
 * module includes is a file in the target folder which includes this one.
 */
#ifndef STAND_IN_H
#define STAND_IN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* autoconf.h, which Zephyr includes everywhere */
#define CONFIG_BOARD "stand-in"
#define CONFIG_SRAM_BASE_ADDRESS 0x20000000
#define CONFIG_SRAM_SIZE 256
#define CONFIG_THREAD_MONITOR 1
#define CONFIG_THREAD_STACK_INFO 1
#define CONFIG_LEAKSCOPE_DEPTH 16
#define CONFIG_LEAKSCOPE_STACKS 256
#define CONFIG_LEAKSCOPE_TASKS 16
#define CONFIG_LEAKSCOPE_BUFFER_SIZE 4096

/* zephyr/kernel.h */
#define ARG_UNUSED(value) (void)(value)
#define IS_ENABLED(option) 1
struct k_thread {
    struct {
        uintptr_t start;
        size_t size;
    } stack_info;
};
typedef struct k_thread *k_tid_t;
k_tid_t k_current_get(void);
k_tid_t k_sched_current_thread_query(void);
const char *k_thread_name_get(k_tid_t thread);
int k_thread_priority_get(k_tid_t thread);
void k_thread_foreach_unlocked(void (*visit)(const struct k_thread *thread, void *data), void *data);
uint32_t k_cycle_get_32(void);
int sys_clock_hw_cycles_per_sec(void);
int32_t k_msleep(int32_t milliseconds);
typedef struct {
    int64_t ticks;
} k_timeout_t;
#define K_MSEC(milliseconds) ((k_timeout_t){milliseconds})
struct k_timer {
    void (*expired)(struct k_timer *timer);
};
#define K_TIMER_DEFINE(name, function, stop) struct k_timer name = {function}
void k_timer_start(struct k_timer *timer, k_timeout_t first, k_timeout_t period);
#define K_LOWEST_APPLICATION_THREAD_PRIO 14
#define K_THREAD_DEFINE(name, stack, function, first, second, third, priority, options, delay) \
    void (*const name)(void *, void *, void *) = function

/* zephyr/init.h */
#define SYS_INIT(function, level, priority) int (*const init_of_##function)(void) = function

/* zephyr/linker/linker-defs.h */
extern char __text_region_start[], __text_region_end[];

/* zephyr/spinlock.h */
struct k_spinlock {
    int unused;
};
typedef struct {
    int key;
} k_spinlock_key_t;
k_spinlock_key_t k_spin_lock(struct k_spinlock *lock);
void k_spin_unlock(struct k_spinlock *lock, k_spinlock_key_t key);

/* zephyr/sys/sys_heap.h */
struct sys_heap {
    char *next;
};
void *sys_heap_alloc(struct sys_heap *heap, size_t bytes);
void *sys_heap_noalign_alloc(struct sys_heap *heap, size_t align, size_t bytes);
void *sys_heap_aligned_alloc(struct sys_heap *heap, size_t align, size_t bytes);
void *sys_heap_realloc(struct sys_heap *heap, void *from, size_t bytes);
void *sys_heap_aligned_realloc(struct sys_heap *heap, void *from, size_t align, size_t bytes);
void sys_heap_free(struct sys_heap *heap, void *block);

/* zephyr/device.h, zephyr/drivers/uart.h */
struct device {
    int unused;
};
extern const struct device the_uart;
#define DT_CHOSEN(name) the_##name
#define the_leakscope_uart the_uart
#define DEVICE_DT_GET(node) (&node)
bool device_is_ready(const struct device *device);
void uart_poll_out(const struct device *device, unsigned char byte);
int uart_poll_in(const struct device *device, unsigned char *byte);

/* subsys/tracing/user/tracing_user.h: what the kernel calls */
void sys_trace_thread_create_user(struct k_thread *thread);
void sys_trace_thread_abort_user(struct k_thread *thread);
void sys_trace_thread_name_set_user(struct k_thread *thread);
void sys_trace_thread_switched_in_user(void);
void sys_trace_thread_sched_ready_user(struct k_thread *thread);
void sys_trace_thread_pend_user(struct k_thread *thread);
void sys_trace_isr_enter_user(void);
void sys_trace_isr_exit_user(void);
void sys_trace_idle_user(void);

#endif
