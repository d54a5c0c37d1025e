/* Threads and interrupts: with CONFIG_TRACING and CONFIG_TRACING_USER, the kernel calls these. */
#include <zephyr/kernel.h>

#include "leakscope.h"
#include "threads.h"

void leakscope_zephyr_thread(const struct k_thread *thread) {
    const char *name = k_thread_name_get((k_tid_t)thread);
    const int priority = k_thread_priority_get((k_tid_t)thread);
#ifdef CONFIG_THREAD_STACK_INFO
    const void *stack = (const void *)thread->stack_info.start;
    const size_t size = thread->stack_info.size;
#else
    const void *stack = NULL;
    const size_t size = 0;
#endif
    leakscope_task(thread, (uint32_t)priority, name, stack, size);
}

#ifdef CONFIG_TRACING_USER

void sys_trace_thread_create_user(struct k_thread *thread) {
    leakscope_task_create(thread);
    leakscope_zephyr_thread(thread);
}

void sys_trace_thread_name_set_user(struct k_thread *thread) {
    leakscope_zephyr_thread(thread);
}

void sys_trace_thread_abort_user(struct k_thread *thread) {
    leakscope_task_terminate(thread);
}

/* Of two cores, which share one recording, nobody could tell which of them a switch is about. */
#ifndef CONFIG_SMP

void sys_trace_thread_switched_in_user(void) {
    /* k_current_get may look into the thread's own storage, which is not switched to yet. */
    const struct k_thread *thread = k_sched_current_thread_query();
#ifdef CONFIG_THREAD_STACK_INFO
    leakscope_stack_end = thread->stack_info.start + thread->stack_info.size;
#endif
    leakscope_task_runs(thread);
}

void sys_trace_thread_sched_ready_user(struct k_thread *thread) {
    leakscope_task_ready(thread);
}

void sys_trace_thread_pend_user(struct k_thread *thread) {
    leakscope_task_blocked(thread, 0);
}

void sys_trace_idle_user(void) {
    leakscope_idle();
}

void sys_trace_isr_enter_user(void) {
    leakscope_isr_enter();
}

void sys_trace_isr_exit_user(void) {
    leakscope_isr_exit();
}

#endif
#endif
