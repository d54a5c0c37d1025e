/*
 * The configuration of leakscope.c: copy this file into the program, and set what is to be different. What is commented
 * out here is the default.
 */
#ifndef LEAKSCOPE_CONFIG_H
#define LEAKSCOPE_CONFIG_H

/* 1: ESP-IDF's dialect, which Espressif's tools read; it sends all frames with every event. */
/* #define LEAKSCOPE_ESP_IDF 0 */

/* The frames of a call stack, or what could be frames of one that is scanned: 0 to 64 (in ESP-IDF's dialect 32). */
/* #define LEAKSCOPE_DEPTH 16 */

/* How many call stacks are remembered as known to the host: a power of two. Each takes 6 bytes of RAM; a program with
 * more of them has some sent again. Without scans (LEAKSCOPE_SCAN 0), 128 do. */
/* #define LEAKSCOPE_STACKS 256 */

/* The bytes of the buffer, for each core; 219 of them (more for stacks of over 39 frames) are working space, and 17 are kept
 * for the end of a recording. */
/* #define LEAKSCOPE_BUFFER_SIZE 4096 */

/* How many tasks are remembered, so that a host that connects later is told of them: 56 bytes each. */
/* #define LEAKSCOPE_TASKS 16 */

/* The bits of the clock that count, and how many of its low bits are not sent: so a fast clock takes fewer bytes. */
/* #define LEAKSCOPE_CLOCK_MASK 0xFFFFFFFFu */
/* #define LEAKSCOPE_TICK_SHIFT 0 */

/* The cores that record, and the number of the running one, from 0. */
/* #define LEAKSCOPE_CORES 1 */
/* #define LEAKSCOPE_CORE() 0u */

/*
 * Keeps out all interrupts and cores that record or allocate, whatever their priority, and says what has to be restored.
 * The default on Cortex-M, RISC-V and Xtensa switches all interrupts off, which is enough for one core; on several it
 * takes a spinlock too.
 */
/* #define LEAKSCOPE_LOCK() interrupts_off() */
/* #define LEAKSCOPE_UNLOCK(state) interrupts_restore(state) */

/* The running task of this core, 0 for none, asked with the lock held: for several cores that share one recording
 * (LEAKSCOPE_CORES 1), of which each event of the heap is told with its task. Leave the scheduler's events out then. */
/* #define LEAKSCOPE_TASK() current_task() */

/* Whether an address between code_start and code_end may be read and can be code, where there are holes. */
/* #define LEAKSCOPE_IS_CODE(address) true */

/* The number of the interrupt at hand, as the processor counts. */
/* #define LEAKSCOPE_INTERRUPT() interrupt_number() */

/* What was written before it is seen before what is written after it, by probes and by other cores. */
/* #define LEAKSCOPE_BARRIER() __sync_synchronize() */

/* Between two looks whether a reader has made room (wait_when_full). */
/* #define LEAKSCOPE_WAIT() ((void)0) */

#endif
