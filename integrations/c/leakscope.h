/*
 * leakscope's recorder in C: who allocated what, and when, streamed to a host or kept in a buffer.
 *
 * Compile leakscope.c with the program; sizes, lock and dialect stand in its leakscope_config.h (config/ has one to
 * copy). Then leakscope_init, and leakscope_start or leakscope_records_start.
 *
 * FreeRTOS:   #define LEAKSCOPE_FREERTOS, and include this header at the end of FreeRTOSConfig.h.
 * malloc:     compile leakscope_wrap.c, which says what the linker has to redirect for which C library.
 * ESP-IDF, Zephyr: the component and the module beside this folder.
 *
 * Every function may be called from interrupts and from every core, allocates nothing and returns quickly; before
 * leakscope_init none of them records anything.
 */
#ifndef LEAKSCOPE_H
#define LEAKSCOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------- Setting up */

/* What happens to a record for which the buffer of standalone mode has no room. */
enum leakscope_policy {
    LEAKSCOPE_EVICT_OLDEST,   /* the oldest record makes room: the newest allocations are known */
    LEAKSCOPE_STOP_RECORDING, /* it is not recorded: the first allocations are known */
    LEAKSCOPE_EVICT_FREED     /* the record that was freed first makes room, or else the oldest */
};

/* All of it constant. Clock and frequency are needed; what else is 0 or NULL is taken as not known. The strings must live for
 * ever. */
struct leakscope_config {
    const char *application;             /* the program's name */
    const char *device;                  /* e.g. "STM32F407" */
    const char *core;                    /* e.g. "Cortex-M4" */
    const char *operating_system;        /* e.g. "FreeRTOS" */
    const char *const *descriptions;     /* more for SYSDESC, e.g. "I#15=SysTick": at most 128 bytes each */
    size_t description_count;
    uint32_t (*clock)(void);             /* a counter that wraps; called with the lock held. All cores must read the same
                                            one: not one that each has for itself (DWT->CYCCNT, mcycle, CCOUNT) */
    uint32_t clock_hz;                   /* its frequency */
    uint32_t cpu_hz;                     /* 0: the clock's */
    uint64_t (*microseconds)(void);      /* the operating system's time */
    size_t (*write_when_full)(const uint8_t *bytes, size_t length); /* empties the buffer when it is full; returns
                                            how many bytes it took: 0 if nobody takes any at present, and the event at
                                            hand is dropped and counted. So is one that finds the buffer full while
                                            another context is emptying it. NULL: so are all that find no room */
    bool wait_when_full;                 /* spin until a reader (a probe, another core) has made room */
    uintptr_t ram_base;                  /* subtracted from the ids of tasks and timers, */
    uint8_t id_shift;                    /* which are then shifted right by 0 to 31 bits */
    uintptr_t heap_base;                 /* where the heap begins */
    size_t heap_size;                    /* its bytes */
    bool heap_is_scattered;              /* they lie in several regions, the lowest of which is not below heap_base */
    uint8_t heap_alignment_bits;         /* e.g. 3, if blocks are aligned to 8 bytes: 0 to 31 */
    uintptr_t code_start, code_end;      /* only frames in here are recorded; needed for scans, which read it */
    uintptr_t stacks_start, stacks_end;  /* memory that may be read for call stacks; 0: see leakscope_stack_end */
    uint16_t scan_words;                 /* how far a stack is scanned (LEAKSCOPE_SCAN): at most 16,383; 0: 128 */
    size_t filter_least_size;            /* smaller blocks are left out; not in ESP-IDF's dialect */
    uint32_t filter_one_in;              /* only one block in so many is recorded, by its address */
    const void *filter_task;             /* only what this task allocates is recorded, and what all tasks free; not there either */
    enum leakscope_policy record_policy; /* of standalone mode */
};

/* The first call counts; it comes before anything else. False: there is no clock, or not its frequency, and nothing will be
 * recorded. */
bool leakscope_init(const struct leakscope_config *config);

/* Host-based mode: packets of SEGGER SystemView into a buffer that a debug probe reads through RTT, or that
 * leakscope_drain hands to `write`, which returns how many bytes it took. All but leakscope_drain are for the core
 * that calls them. Call leakscope_poll from an idle task, and at least once in half of the clock's period. An answer to the
 * host for which there is no room is left out, unless write_when_full makes some: the host can ask again. */
void leakscope_start(void);
void leakscope_stop(void);
void leakscope_poll(void);
void leakscope_receive(const uint8_t *bytes, size_t length);
size_t leakscope_drain(uint32_t core, size_t (*write)(const uint8_t *bytes, size_t length));

/* Standalone mode: records in memory that the program gives. leakscope_records_init returns for how many there is room
 * (0: it was refused); leakscope_records_start forgets all and begins, to keep all blocks or those that are not
 * freed. The others return false where they make no sense at present, and those that begin before leakscope_init. Both modes
 * can be on at once: each records what it would record alone. */
size_t leakscope_records_init(void *memory, size_t bytes);
bool leakscope_records_start(bool leaks_only);
bool leakscope_records_stop(void);
bool leakscope_records_pause_allocations(void);
bool leakscope_records_resume(void);
size_t leakscope_records_count(void);

struct leakscope_summary {
    size_t count, capacity, high_water_mark; /* records: now, at most, and the most that ever were */
    uint32_t total_allocations;              /* recorded or not */
    uint32_t total_frees;                    /* of blocks known or not */
    uint32_t unmatched_frees;                /* of blocks that have no record: a double free is one of them */
    uint32_t failed_allocations;
    uint32_t evicted_live, evicted_freed;    /* records that made room for others */
    uint32_t not_recorded;                   /* for which there was no room */
};
struct leakscope_summary leakscope_records_summary(void);
/* Prints all records, as ESP-IDF's heap_trace_dump does. Another dump that begins meanwhile cuts it, and it says so. */
void leakscope_records_dump(void (*put)(const char *text, size_t length));

/* ---------------------------------------------------------------- The heap */

void leakscope_on_alloc_from(const void *block, size_t size, const void *caller, const void *frame);
void leakscope_on_realloc_begin_from(const void *from, size_t from_size, size_t size,
                                     const void *caller, const void *frame);
void leakscope_on_realloc_from(const void *from, size_t from_size, const void *block, size_t size,
                               const void *caller, const void *frame);
void leakscope_on_free_from(const void *block, size_t size, const void *caller, const void *frame);
void leakscope_on_failed_from(size_t size, const void *caller, const void *frame);

/*
 * Who called the function in which these are written: its return address, and where its stack is walked from.
 *
 * LEAKSCOPE_SCAN 0: along the frame pointers; all code must be compiled with -fno-omit-frame-pointer. On Xtensa with windows
 * (ESP32, -S2, -S3), along what calls save on the stack: no flag is needed.
 * LEAKSCOPE_SCAN 1: what could be a return address is recorded, and the host, with the ELF file, finds out what is one:
 * no frame pointers are needed. GCC only (clang's __builtin_dwarf_cfa is another address), and the default where
 * GCC has no chain of frames (Thumb), or usually keeps none (RISC-V). The stack pointer after the return is marked by
 * its lowest bit.
 */
#ifndef LEAKSCOPE_SCAN
#if defined(__GNUC__) && !defined(__clang__) && (defined(__thumb__) || defined(__riscv))
#define LEAKSCOPE_SCAN 1
#else
#define LEAKSCOPE_SCAN 0
#endif
#endif
#define LEAKSCOPE_CALLER __builtin_return_address(0)
#if LEAKSCOPE_SCAN
#define LEAKSCOPE_FRAME ((const void *)((uintptr_t)__builtin_dwarf_cfa() | 1))
#else
#define LEAKSCOPE_FRAME __builtin_frame_address(0)
#endif

/* The end of the running task's stack (the address behind its last word), beyond which no scan looks: an operating
 * system's adapter may set it at each switch. 0: not known. It does no harm if it is another stack's for a while.
 *
 * Where the configuration does not say where stacks lie (stacks_end), nothing is read but the stack at hand, up to where it is
 * known to end: here; for main's stack on Cortex-M by the vector table, on RISC-V of 32 bits by the linker's symbol __stack_top,
 * _stack_start, __stack or _sp. An end more than 64 KiB above counts as another stack's. Where no end is known, call
 * stacks have one frame. */
extern uintptr_t leakscope_stack_end;

/* Write these into the allocator (or a wrapper of it), not into a function that it calls, and let it be LEAKSCOPE_NOINLINE: who calls
 * it is then the first frame. Of one that the compiler makes a part of its caller, it would be the caller's caller. */
#define LEAKSCOPE_NOINLINE __attribute__((noinline))
#define leakscope_on_alloc(block, size) \
    leakscope_on_alloc_from((block), (size), LEAKSCOPE_CALLER, LEAKSCOPE_FRAME)
/* Before the allocator is asked to resize a block, and after: in between, others may get its memory. The two are a pair, by
 * the same task: each begin is followed by the other, with the same block, whatever the allocator answers (NULL: the block
 * lives on). Where the block is NULL the begin records nothing, and where the size is 0 it records the free. */
#define leakscope_on_realloc_begin(from, from_size, size) \
    leakscope_on_realloc_begin_from((from), (from_size), (size), LEAKSCOPE_CALLER, LEAKSCOPE_FRAME)
#define leakscope_on_realloc(from, from_size, block, size) \
    leakscope_on_realloc_from((from), (from_size), (block), (size), LEAKSCOPE_CALLER, LEAKSCOPE_FRAME)
#define leakscope_on_free(block, size) \
    leakscope_on_free_from((block), (size), LEAKSCOPE_CALLER, LEAKSCOPE_FRAME)
#define leakscope_on_failed(size) \
    leakscope_on_failed_from((size), LEAKSCOPE_CALLER, LEAKSCOPE_FRAME)

/* For wrappers of an allocator whose functions call each other, as newlib's realloc frees what it leaves over: whether a call is
 * the program's, and not one by which the allocator serves another one of the same task or interrupt, which is not to be told.
 * Where it is the program's, leakscope_call_ends follows, with the same LEAKSCOPE_FRAME.
 *
 * Tasks are told apart by leakscope_task_runs, LEAKSCOPE_TASK() or leakscope_stack_end. Where the recorder is told none of these, what
 * has its frame in the 128 words below a call that is being served counts as the allocator's: another task's call too, if its stack
 * lies there. So does what an interrupt calls on the stack of what it interrupted, unless it tells leakscope_isr_enter first; on
 * Cortex-M, and on RISC-V with a user mode and the recorder's own lock, it is known without that. */
bool leakscope_call_begins(const void *frame);
void leakscope_call_ends(const void *frame);

/* ---------------------------------------------------------------- Tasks and interrupts */

void leakscope_task(const void *task, uint32_t priority, const char *name, const void *stack,
                    size_t stack_size);
void leakscope_task_create(const void *task);
void leakscope_task_terminate(const void *task);
void leakscope_task_ready(const void *task);
void leakscope_task_blocked(const void *task, uint32_t cause);
void leakscope_task_runs(const void *task);
void leakscope_task_stops(void);
void leakscope_idle(void);
void leakscope_isr_enter(void);
void leakscope_isr_enter_number(uint32_t interrupt);
void leakscope_isr_exit(void);
void leakscope_isr_exit_to_scheduler(void);
void leakscope_timer_enter(const void *timer);
void leakscope_timer_exit(void);

/* ---------------------------------------------------------------- Marks and messages */

void leakscope_mark(uint32_t marker);
void leakscope_mark_start(uint32_t marker);
void leakscope_mark_stop(uint32_t marker);
void leakscope_name_marker(uint32_t marker, const char *name);
void leakscope_print(uint32_t level, const char *format, const uint32_t *arguments, size_t count);

enum { LEAKSCOPE_LOG = 0, LEAKSCOPE_WARNING = 1, LEAKSCOPE_ERROR = 2 };

/*
 * leakscope_log(LEAKSCOPE_WARNING, "%u of %u bytes left\n", left, size);
 *
 * The host formats it (in ESP-IDF's dialect, the device): arguments are numbers of at most 32 bits (no %s), at most 16.
 */
#if defined(__cplusplus) && __cplusplus >= 201103L
/* A template cannot have C's linkage, and a list in C++ does not convert numbers by itself. */
extern "C++" {
template <typename... Arguments>
static inline void leakscope_log(uint32_t level, const char *format, Arguments... arguments) {
    const uint32_t values[] = {static_cast<uint32_t>(arguments)..., 0};
    leakscope_print(level, format, values, sizeof...(arguments));
}
}
#else
#define leakscope_log(level, ...) LEAKSCOPE_LOG_FORMAT((level), __VA_ARGS__, 0)
#define LEAKSCOPE_LOG_FORMAT(level, format, ...)                                            \
    do {                                                                                    \
        const uint32_t leakscope_arguments_[] = {__VA_ARGS__};                              \
        /* The last one is the 0 that keeps the list from being empty. */                   \
        leakscope_print((level), (format), leakscope_arguments_,                            \
                        sizeof leakscope_arguments_ / sizeof leakscope_arguments_[0] - 1);  \
    } while (0)
#endif

/* ---------------------------------------------------------------- FreeRTOS */

#if defined(LEAKSCOPE_FREERTOS) && !defined(__ASSEMBLER__)

/* heap_1 to heap_5 call these inside pvPortMalloc and vPortFree. Which size is recorded:
 *   heap_1        the request, rounded up to portBYTE_ALIGNMENT
 *   heap_2, 4, 5  the block's, with its header and rounding: 8 to 16 bytes more than the request
 *   heap_3        the request; it frees with size 0
 * The kernel has no macro that sees the request itself: for that, wrap pvPortMalloc (leakscope_wrap.c), and leave
 * these two macros undefined with LEAKSCOPE_FREERTOS_WRAPPED. On a failure the pointer is NULL, and the size may be
 * 0: what was wanted is in pvPortMalloc's variable, which has this name in all of them. (There, 0 is what is so much that it
 * cannot be counted, too: such a failure is not told, as it cannot be told from a request for nothing.) */
#ifndef LEAKSCOPE_FREERTOS_WRAPPED
#define traceMALLOC(block, size) leakscope_on_alloc((block), (block) != NULL ? (size) : xWantedSize)
/* heap_3 tells of what it has freed already, of which GCC warns. */
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12
#define traceFREE(block, size)                                      \
    do {                                                            \
        _Pragma("GCC diagnostic push")                              \
        _Pragma("GCC diagnostic ignored \"-Wuse-after-free\"")      \
        leakscope_on_free((block), (size));                         \
        _Pragma("GCC diagnostic pop")                               \
    } while (0)
#else
#define traceFREE(block, size) leakscope_on_free((block), (size))
#endif
#endif

/* The running task's control block, as the kernel's own files call it. */
#ifndef LEAKSCOPE_CURRENT_TCB
#define LEAKSCOPE_CURRENT_TCB pxCurrentTCB
#endif

/* The kernel's own tasks for when nothing runs: IDLE, and where there are several cores, IDLE0, IDLE1 and so on. */
#ifdef configIDLE_TASK_NAME
#define LEAKSCOPE_IDLE_NAME configIDLE_TASK_NAME
#else
#define LEAKSCOPE_IDLE_NAME "IDLE"
#endif

static inline bool leakscope_freertos_is_idle_(const char *name) {
    const char *idle = LEAKSCOPE_IDLE_NAME;
    for (; *idle != '\0'; idle++, name++) {
        if (*name != *idle) {
            return false;
        }
    }
    return name[0] == '\0' || (name[0] >= '0' && name[0] <= '9' && name[1] == '\0');
}

static inline void leakscope_freertos_runs_(const void *task, const char *name) {
    if (leakscope_freertos_is_idle_(name)) {
        leakscope_idle();
    } else {
        leakscope_task_runs(task);
    }
}

static inline void leakscope_freertos_create_(const void *task, uint32_t priority, const char *name,
                                              const void *stack, size_t stack_size) {
    if (!leakscope_freertos_is_idle_(name)) {
        leakscope_task_create(task);
        leakscope_task(task, priority, name, stack, stack_size);
    }
}

/* The kernel keeps the end of a stack only if it is told to. */
#if defined(configRECORD_STACK_HIGH_ADDRESS) && configRECORD_STACK_HIGH_ADDRESS == 1
#define LEAKSCOPE_STACK_SIZE(tcb) ((uintptr_t)(tcb)->pxEndOfStack - (uintptr_t)(tcb)->pxStack)
#else
#define LEAKSCOPE_STACK_SIZE(tcb) 0
#endif

#define traceTASK_CREATE(tcb)                                                                  \
    leakscope_freertos_create_((tcb), (uint32_t)(tcb)->uxPriority, (tcb)->pcTaskName,          \
                               (tcb)->pxStack, LEAKSCOPE_STACK_SIZE(tcb))
#define traceTASK_PRIORITY_SET(tcb, priority)                                                  \
    leakscope_task((tcb), (uint32_t)(priority), (tcb)->pcTaskName, (tcb)->pxStack,             \
                   LEAKSCOPE_STACK_SIZE(tcb))
#define traceTASK_DELETE(tcb) leakscope_task_terminate(tcb)

/* Where several cores share one recording (LEAKSCOPE_TASK), nobody could tell which of them a switch is about: there,
 * LEAKSCOPE_FREERTOS_SHARED leaves the scheduler and interrupts out. */
#ifndef LEAKSCOPE_FREERTOS_SHARED
#if defined(configRECORD_STACK_HIGH_ADDRESS) && configRECORD_STACK_HIGH_ADDRESS == 1
#define LEAKSCOPE_KEEP_STACK_END() \
    (void)(leakscope_stack_end = (uintptr_t)LEAKSCOPE_CURRENT_TCB->pxEndOfStack + sizeof(StackType_t))
#else
#define LEAKSCOPE_KEEP_STACK_END() (void)0
#endif
#define traceTASK_SWITCHED_IN()                                                             \
    do {                                                                                    \
        LEAKSCOPE_KEEP_STACK_END();                                                         \
        leakscope_freertos_runs_(LEAKSCOPE_CURRENT_TCB, LEAKSCOPE_CURRENT_TCB->pcTaskName); \
    } while (0)
#define traceMOVED_TASK_TO_READY_STATE(tcb) leakscope_task_ready(tcb)
#define traceREADIED_TASK(tcb) leakscope_task_ready(tcb)

/* Causes: SEGGER's adapter uses 4 for a delay and 27 for a suspension; the others are ours. The queue's
 * macros need INCLUDE_xTaskGetCurrentTaskHandle (or mutexes). */
#define traceTASK_DELAY() leakscope_task_blocked(LEAKSCOPE_CURRENT_TCB, 4)
#define traceTASK_DELAY_UNTIL(wake) leakscope_task_blocked(LEAKSCOPE_CURRENT_TCB, 4)
#define traceTASK_SUSPEND(tcb) leakscope_task_blocked((tcb), 27)
#define traceBLOCKING_ON_QUEUE_RECEIVE(queue) leakscope_task_blocked(xTaskGetCurrentTaskHandle(), 1)
#define traceBLOCKING_ON_QUEUE_PEEK(queue) leakscope_task_blocked(xTaskGetCurrentTaskHandle(), 1)
#define traceBLOCKING_ON_QUEUE_SEND(queue) leakscope_task_blocked(xTaskGetCurrentTaskHandle(), 2)
#define traceTASK_NOTIFY_TAKE_BLOCK(index) leakscope_task_blocked(LEAKSCOPE_CURRENT_TCB, 3)
#define traceTASK_NOTIFY_WAIT_BLOCK(index) leakscope_task_blocked(LEAKSCOPE_CURRENT_TCB, 3)

#define traceISR_ENTER() leakscope_isr_enter()
#define traceISR_EXIT() leakscope_isr_exit()
#define traceISR_EXIT_TO_SCHEDULER() leakscope_isr_exit_to_scheduler()
#endif /* LEAKSCOPE_FREERTOS_SHARED */

#endif /* LEAKSCOPE_FREERTOS */

#ifdef __cplusplus
}
#endif

#endif /* LEAKSCOPE_H */
