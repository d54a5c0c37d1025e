/*
 * leakscope's recorder in C99: one file, which needs no memory but its own. Setting it up: leakscope.h and
 * leakscope_config.h. What it writes is docs/dialects.md, byte for byte what the Rust crate leakscope-recorder writes.
 *
 * What happens to an event:
 *   1. nothing, if nothing is recorded, or the filter leaves it out;
 *   2. its call stack is walked, with interrupts on, for its hash; it is walked again if the host does not know it;
 *   3. locked, the clock is read, and the packet written where it will stay: the short way;
 *   4. every 256 bytes, or if there is no room, it takes the long way, which sees to all that comes up now and then:
 *      lost events are counted and told as in SEGGER's recorder, commands of the host are obeyed, the start sequence
 *      goes on, and what a host needs is told again, in case it came late or missed something.
 *
 * Functions whose argument is a core (struct core) are called with the lock held, unless they say that they lock.
 */
#include "leakscope.h"

#include <string.h>

#include "leakscope_config.h"

/* ---------------------------------------------------------------- Configuration */

/* What each of these is: config/leakscope_config.h. */
#ifndef LEAKSCOPE_ESP_IDF
#define LEAKSCOPE_ESP_IDF 0
#endif
#ifndef LEAKSCOPE_DEPTH
#define LEAKSCOPE_DEPTH 16
#endif
#ifndef LEAKSCOPE_STACKS
#define LEAKSCOPE_STACKS 256
#endif
#ifndef LEAKSCOPE_BUFFER_SIZE
#define LEAKSCOPE_BUFFER_SIZE 4096
#endif
#ifndef LEAKSCOPE_TASKS
#define LEAKSCOPE_TASKS 16
#endif
#ifndef LEAKSCOPE_CLOCK_MASK
#define LEAKSCOPE_CLOCK_MASK 0xFFFFFFFFu
#endif
#ifndef LEAKSCOPE_TICK_SHIFT
#define LEAKSCOPE_TICK_SHIFT 0
#endif
#ifndef LEAKSCOPE_CORES
#define LEAKSCOPE_CORES 1
#endif
#ifndef LEAKSCOPE_CORE
#define LEAKSCOPE_CORE() 0u
#endif
#ifndef LEAKSCOPE_WAIT
#define LEAKSCOPE_WAIT() ((void)0)
#endif
#ifndef LEAKSCOPE_TASK
#define LEAKSCOPE_TASK() 0u
#endif
#ifndef LEAKSCOPE_BARRIER
#define LEAKSCOPE_BARRIER() __sync_synchronize()
#endif
/* Whether registers are windows into a file of them, which calls turn: Xtensa (ESP32, -S2, -S3). */
#ifndef LEAKSCOPE_WINDOWS
#if defined(__XTENSA_WINDOWED_ABI__)
#define LEAKSCOPE_WINDOWS 1
#else
#define LEAKSCOPE_WINDOWS 0
#endif
#endif

#if LEAKSCOPE_DEPTH > (LEAKSCOPE_ESP_IDF ? 32 : 64)
#error "LEAKSCOPE_DEPTH: call stacks have at most 64 frames, in ESP-IDF's dialect 32"
#endif
#if LEAKSCOPE_STACKS < 4 || (LEAKSCOPE_STACKS & (LEAKSCOPE_STACKS - 1)) != 0
#error "LEAKSCOPE_STACKS must be a power of two, and at least four"
#endif
#if LEAKSCOPE_TASKS < 1
#error "LEAKSCOPE_TASKS must be at least one"
#endif

/* The lock of chips with one core: all interrupts off. */
#if defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M'

static inline uintptr_t interrupts_off(void) {
    uintptr_t primask;
    __asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(primask) : : "memory");
    return primask;
}
static inline void interrupts_restore(uintptr_t primask) {
    __asm__ volatile("msr primask, %0" : : "r"(primask) : "memory");
}
static inline uint32_t interrupt_number(void) {
    uint32_t ipsr;
    __asm__ volatile("mrs %0, ipsr" : "=r"(ipsr));
    return ipsr & 0x1FFu;
}

#elif defined(__riscv) && !defined(__linux__)

static inline uintptr_t interrupts_off(void) {
    uintptr_t mstatus;
    __asm__ volatile("csrrci %0, mstatus, 8" : "=r"(mstatus) : : "memory");
    return mstatus & 8u;
}
static inline void interrupts_restore(uintptr_t enabled) {
    __asm__ volatile("csrs mstatus, %0" : : "r"(enabled) : "memory");
}
static inline uint32_t interrupt_number(void) {
    uintptr_t mcause;
    __asm__ volatile("csrr %0, mcause" : "=r"(mcause));
    return (uint32_t)(mcause & 0xFFFu);
}
/* MPP: in a trap the mode that was interrupted, and behind it the least one that there is. Who locks by himself may run in a mode
 * that cannot read it. */
#ifndef LEAKSCOPE_LOCK
static inline uint32_t mode_before_trap(void) {
    uintptr_t mstatus;
    __asm__ volatile("csrr %0, mstatus" : "=r"(mstatus));
    return (uint32_t)(mstatus >> 11 & 3u);
}
#define MODE_BEFORE_TRAP() mode_before_trap()
#endif

#elif defined(__XTENSA__)

static inline uintptr_t interrupts_off(void) {
    uintptr_t ps;
    __asm__ volatile("rsil %0, 15" : "=a"(ps) : : "memory");
    return ps;
}
static inline void interrupts_restore(uintptr_t ps) {
    __asm__ volatile("wsr %0, ps\n\trsync" : : "a"(ps) : "memory");
}
static inline uint32_t interrupt_number(void) {
    return 0;
}

#elif !defined(LEAKSCOPE_LOCK)
#error "define LEAKSCOPE_LOCK and LEAKSCOPE_UNLOCK in leakscope_config.h: this file knows no lock for this machine (docs/c.md)"
/* One error is enough. */
#define LEAKSCOPE_LOCK() 0u
#define LEAKSCOPE_UNLOCK(state) ((void)(state))
#endif

#ifndef LEAKSCOPE_LOCK
#if LEAKSCOPE_CORES > 1
#error "define LEAKSCOPE_LOCK and LEAKSCOPE_UNLOCK in leakscope_config.h: interrupts off keep no other core out"
#endif
#define LEAKSCOPE_LOCK() interrupts_off()
#define LEAKSCOPE_UNLOCK(state) interrupts_restore(state)
#ifndef LEAKSCOPE_INTERRUPT
#define LEAKSCOPE_INTERRUPT() interrupt_number()
#endif
#elif !defined(LEAKSCOPE_INTERRUPT)
#define LEAKSCOPE_INTERRUPT() 0u
#endif

/* What most events go through; what many of these share; what few do. */
#if defined(__GNUC__)
#define HOT static inline __attribute__((always_inline))
#define APART static __attribute__((noinline))
#define COLD static __attribute__((noinline, cold))
#else
#define HOT static inline
#define APART static
#define COLD static
#endif

/* Keeps a compiler from having each instruction of a branch that is seldom taken fetched, and left out one by one. */
#if defined(__GNUC__)
#define JUMPED_OVER() __asm__ volatile("")
#else
#define JUMPED_OVER() ((void)0)
#endif

/* Walks read memory of which AddressSanitizer does not know that it may be read. */
#if defined(__GNUC__)
#define READS_ANY_STACK __attribute__((no_sanitize_address))
#else
#define READS_ANY_STACK
#endif

/* ---------------------------------------------------------------- Packets of SystemView */

/* SEGGER's ids. From 24 on, the length of its fields stands behind the id. */
enum {
    EVTID_NOP = 0, EVTID_OVERFLOW = 1, EVTID_ISR_ENTER = 2, EVTID_ISR_EXIT = 3, EVTID_TASK_START_EXEC = 4,
    EVTID_TASK_STOP_EXEC = 5, EVTID_TASK_START_READY = 6, EVTID_TASK_STOP_READY = 7, EVTID_TASK_CREATE = 8,
    EVTID_TASK_INFO = 9, EVTID_TRACE_START = 10, EVTID_TRACE_STOP = 11, EVTID_SYSTIME_CYCLES = 12,
    EVTID_SYSTIME_US = 13, EVTID_SYSDESC = 14, EVTID_MARK_START = 15, EVTID_MARK_STOP = 16, EVTID_IDLE = 17,
    EVTID_ISR_TO_SCHEDULER = 18, EVTID_TIMER_ENTER = 19, EVTID_TIMER_EXIT = 20, EVTID_STACK_INFO = 21,
    EVTID_MODULEDESC = 22, EVTID_INIT = 24, EVTID_PRINT_FORMATTED = 26, EVTID_NUMMODULES = 27,
    EVTID_TASK_TERMINATE = 29, EVTID_EX = 31
};
#define FIRST_ID_WITH_LENGTH 24u
#define MODULE_OFFSET 512u /* the id of the first event of the only module */
/* What follows an EVTID_EX. */
enum { EX_MARK = 0, EX_NAME_MARKER = 1 };

/* Commands of the host; from 128 on they have a parameter. */
enum {
    COMMAND_ID_START = 1, COMMAND_ID_STOP = 2, COMMAND_ID_GET_SYSTIME = 3, COMMAND_ID_GET_TASKLIST = 4,
    COMMAND_ID_GET_SYSDESC = 5, COMMAND_ID_GET_NUMMODULES = 6, COMMAND_ID_GET_MODULEDESC = 7, COMMAND_ID_GET_MODULE = 128
};

#define MAX_STRING_LEN 128 /* SEGGER's default, which readers expect */
#define MAX_ARGUMENTS 16   /* of a message */
#define MAX_NAME_LEN 32    /* of a task */
#define KEPT_NAME_LEN 24   /* of a task that is remembered */
#define DOWN_BUFFER_SIZE 8
#define SYNC_SIZE 10
#define NAMED_INTERRUPTS 512u /* others are named each time; Cortex-M has 496 at most, other chips have fewer */

/* A number has 1 to 5 bytes, an address as many for each 32 bits of it. */
#define ADDRESS_SIZE (sizeof(uintptr_t) > 4 ? 10u : 5u)

/* The most bytes that packets take: of the dialect, with text, with two numbers, and OVERFLOW. */
#if LEAKSCOPE_ESP_IDF
#define LONGEST_HEAP_PACKET (19u + 5u * LEAKSCOPE_DEPTH)
#else
#define LONGEST_SCAN (10u + 7u * LEAKSCOPE_DEPTH)
#define LONGEST_CHAIN (5u + ADDRESS_SIZE * LEAKSCOPE_DEPTH)
#define LONGEST_STACK (LONGEST_CHAIN > LONGEST_SCAN ? LONGEST_CHAIN : LONGEST_SCAN)
#define LONGEST_HEAP_PACKET (9u + (LONGEST_STACK > 80u ? LONGEST_STACK : 80u))
#endif
#define LONGEST_TEXT_PACKET (1u + 2u + 1u + MAX_STRING_LEN + 2u + 5u * MAX_ARGUMENTS + 5u)
#define LONGEST_SHORT_PACKET 18u
#define OVERFLOW_PACKET 11u
#define BARE_PACKET 6u
/* A part of the start sequence: the module's first description, and the units of its events. */
#define LONGEST_PART 226u
#define SYNC_AND_TIME (SYNC_SIZE + 11u)

/* The end of the buffer is for packets that have to be put together outside of the ring. */
#define SCRATCH (LONGEST_HEAP_PACKET > LONGEST_TEXT_PACKET ? LONGEST_HEAP_PACKET : LONGEST_TEXT_PACKET)
#define CAPACITY (LEAKSCOPE_BUFFER_SIZE - SCRATCH)
/* Bytes of the ring that are kept for the end of a recording: that it stops, and what was lost before that. */
#define RESERVE (OVERFLOW_PACKET + BARE_PACKET)
/* What one event can need: OVERFLOW; and a call stack and two events, or a packet with text. */
#define ROOM_FOR_AN_EVENT \
    (OVERFLOW_PACKET + (3u * LONGEST_HEAP_PACKET > SCRATCH ? 3u * LONGEST_HEAP_PACKET : SCRATCH))

/* LEAKSCOPE_BUFFER_SIZE is too small if this does not compile. */
typedef char buffer_holds_four_longest_packets[LEAKSCOPE_BUFFER_SIZE > 4u * SCRATCH + OVERFLOW_PACKET + RESERVE ? 1 : -1];

/* ---------------------------------------------------------------- State */

/* Of Real Time Transfer, in SEGGER's layout: buffers that a debug probe reads and writes while the program runs. */
struct channel {
    const char *name;
    volatile uint8_t *buffer;
    uint32_t size;
    volatile uint32_t write; /* where the next byte will be written: moved by the writer only */
    volatile uint32_t read;  /* where the next byte will be read: moved by the reader only */
    uint32_t flags;          /* 0: what does not fit is left out whole */
};

/* Channel 0 is the terminal, which stays empty; then come the cores. */
struct control_block {
    volatile char id[16];
    uint32_t up_count, down_count;
    struct channel up[LEAKSCOPE_CORES + 1];
    struct channel down[LEAKSCOPE_CORES + 1];
};

/* Probes find it by this name, or by its first bytes. */
extern struct control_block _SEGGER_RTT;
struct control_block _SEGGER_RTT;

/* What a core does with events. */
enum {
    MODE_STOPPED,
    MODE_DROPPING,   /* the buffer was full: before the next event, it has to tell how many were dropped */
    MODE_RESTARTING, /* it drops them until there is room to begin anew */
    MODE_RECORDING,
    MODE_WAITING     /* it records, and the caller waits for room */
};

/* What runs, for a host that comes later. */
enum { RUNNING_UNKNOWN, RUNNING_TASK, RUNNING_NOTHING };

/* Which call stacks the host knows, by their hashes. A stack's number says its slot and the slot's generation, another one
 * for each stack that the slot is given to: so a host that missed a definition takes no other stack for it. */
struct stack_table {
    uint32_t hashes[LEAKSCOPE_STACKS]; /* 0: free */
    uint8_t generations[LEAKSCOPE_STACKS];
    uint8_t uses[LEAKSCOPE_STACKS];    /* events until the stack is told again */
    uint8_t victim;                    /* which way to give up next, in any set */
};

/* A moment at which a clock was read, in units since a core first began to record: from then on all count. */
struct look {
    bool is_known;
    uint32_t clock;
    uint64_t time;
};

/* A recording of its own, with its buffer and its chain of times; the host joins those of all cores. */
struct core {
    struct channel *up;
    uint8_t mode;
    uint8_t usual_mode;     /* to return to from MODE_DROPPING */
    bool is_idle;           /* the host knows that nothing runs */
    uint8_t running;
    uintptr_t running_task;

    uint32_t now;
    uint32_t last;          /* when the last packet was stored, in units of the clock */
    uint32_t owed;          /* quarters of the clock's period before that, not told for lack of room */
    struct look look;       /* its last one */
    uint64_t told;          /* of a core that does not record: up to where its recording tells the time */
    uint32_t dropped;       /* events, without those that found the buffer full */
    size_t stored;          /* bytes since output_begin */
    size_t limit;           /* the short way may write below this position, */
    uint32_t pause;         /* and no event later than so many units after the last */

    size_t credit;          /* bytes that may be repeated, times REPEATS_PART */
    size_t counted;         /* up to where in the buffer bytes have earned credit */
    uint32_t elapsed;       /* units since sync and time were told, */
    uint32_t checked;       /* counted up to here */
    uint32_t repeated;      /* the part of the start sequence that is repeated next */

    bool start_wanted;      /* the start sequence is sent as soon as there is room, */
    bool has_missed;        /* until when events were lost, */
    bool ends_at_once;      /* and a stop came: it says no more than that */
    bool has_begun;         /* its first packet was sent, and time follows, */
    bool is_announcing;     /* all without which events mean nothing was sent, the rest follows */
    uint32_t interrupts;    /* that have begun, and not ended */
    uint32_t announced;     /* the part of the start sequence that comes next */
    uint8_t command;        /* of the host, waits for its parameter */
    bool is_drained;        /* somebody drains the buffer */
    bool is_ending;         /* what is written may take the reserve */
    struct stack_table stacks;
    volatile uint8_t down[DOWN_BUFFER_SIZE];
#if LEAKSCOPE_ESP_IDF
    uint32_t named[NAMED_INTERRUPTS / 32u]; /* a bit for each interrupt whose name the host knows */
#endif
    uint8_t buffer[LEAKSCOPE_BUFFER_SIZE];
};

struct task {
    bool is_used;
    char name[MAX_NAME_LEN + 1];
    uintptr_t id;
    uint32_t priority;
    uintptr_t stack_base;
    size_t stack_size;
};

/* What happens to events of the heap before a core is looked at. */
enum { GATE_CLOSED, GATE_OPEN, GATE_GUARDED /* a filter or standalone mode decides */ };

/* The addresses between which a walk stays. */
struct bounds {
    uintptr_t code_start, code_length, ram_start;
    uintptr_t last_word; /* the last place where the two words of a frame can stand, in words */
};

struct heap_event;
typedef void keep_function(const struct heap_event *event, const void *caller, const void *frame);

static struct {
    volatile uint8_t gate;
    volatile bool is_open; /* any core records, or will */
    volatile bool is_ready;
    struct leakscope_config config;
    struct bounds bounds;
    uintptr_t code_base; /* what frames are relative to */
    uintptr_t ram_end;
    bool has_stacks; /* somebody has said where they lie */
    size_t scan_bytes;
    /* Of standalone mode. It is reached by this alone, so that a program that only streams does not contain it. */
    keep_function *volatile keep;
    struct task tasks[LEAKSCOPE_TASKS];
    const struct look *latest; /* of all cores; NULL: none has begun to record */
} recorder;

static struct core cores[LEAKSCOPE_CORES];

HOT struct core *own_core(void) {
#if LEAKSCOPE_CORES > 1
    const uint32_t number = (uint32_t)LEAKSCOPE_CORE();
    return &cores[number < LEAKSCOPE_CORES ? number : 0];
#else
    return &cores[0];
#endif
}

HOT uint32_t clock_now(void) {
    return recorder.config.clock();
}

HOT uint32_t high_word(uintptr_t value) {
    return (uint32_t)((uint64_t)value >> 32);
}

/* A size as it travels: saturated. */
HOT uint32_t size_on_wire(size_t size) {
    return high_word(size) != 0 ? UINT32_MAX : (uint32_t)size;
}

/* The id on the wire of the task or timer at this address. */
static uint32_t shrink(uintptr_t address) {
    return (uint32_t)(address - recorder.config.ram_base) >> (recorder.config.id_shift & 31u);
}

static uint32_t smaller(uint32_t one, uint32_t other) {
    return one < other ? one : other;
}

/* ---------------------------------------------------------------- The ring */

static size_t read_position(const struct core *core) {
    const size_t read = core->up->read;
    /* A probe might write anything. */
    return read < CAPACITY ? read : 0;
}

/* Bytes for packets of any kind: without the reserve. */
static size_t ring_free(const struct core *core) {
    const size_t write = core->up->write, read = read_position(core);
    const size_t all = read > write ? read - write - 1 : CAPACITY - (write - read) - 1;
    const size_t reserve = core->is_ending ? 0 : RESERVE;
    return all > reserve ? all - reserve : 0;
}

/* Where a packet of at most so many bytes is written: where it stays, or in the scratch if it could wrap around. */
static uint8_t *ring_place(struct core *core, size_t longest) {
    const size_t write = core->up->write, read = core->up->read, end = write + longest + RESERVE;
    const bool has_room = end < CAPACITY && (read <= write || end < read);
    return core->buffer + (has_room ? write : CAPACITY);
}

/* Hands over what was written at a place; false if it does not fit. */
static bool ring_commit(struct core *core, const uint8_t *start, size_t length) {
    const size_t write = core->up->write;
    size_t end = write + length;
    if (start == core->buffer + CAPACITY) {
        if (length > ring_free(core)) {
            return false;
        }
        const size_t first = length < CAPACITY - write ? length : CAPACITY - write;
        memcpy(core->buffer + write, start, first);
        memcpy(core->buffer, start + first, length - first);
        if (end >= CAPACITY) {
            end -= CAPACITY;
        }
    }
    core->stored += length;
    LEAKSCOPE_BARRIER();
    core->up->write = (uint32_t)end;
    return true;
}

/* ---------------------------------------------------------------- Packets into the ring */

HOT uint8_t *encode_u32(uint8_t *payload, uint32_t value) {
    while (value > 0x7F) {
        *payload++ = (uint8_t)(value | 0x80u);
        value >>= 7;
    }
    *payload++ = (uint8_t)value;
    return payload;
}

static uint8_t *encode_string(uint8_t *payload, const char *text, size_t length) {
    *payload++ = (uint8_t)length;
    memcpy(payload, text, length);
    return payload + length;
}

struct packet {
    uint8_t *start;
    uint8_t *length; /* of the fields, NULL if it is not told */
    uint8_t *next;   /* where the next field goes */
};

HOT void packet_begin(struct packet *packet, uint8_t *start, uint32_t id) {
    packet->start = start;
    packet->next = encode_u32(start, id);
    packet->length = id >= FIRST_ID_WITH_LENGTH ? packet->next++ : NULL;
}

/* The same of the module's events, whose ids have two bytes. */
HOT void module_packet_begin(struct packet *packet, uint8_t *start, uint32_t event) {
    packet->start = start;
    start[0] = (uint8_t)((MODULE_OFFSET & 0x7Fu) | event | 0x80u);
    start[1] = MODULE_OFFSET >> 7;
    packet->length = start + 2;
    packet->next = start + 3;
}

HOT void packet_u32(struct packet *packet, uint32_t value) {
    packet->next = encode_u32(packet->next, value);
}

/* Writes the length of the fields. */
HOT void packet_end_fields(struct packet *packet, bool can_be_long) {
    uint8_t *const fields = packet->length + 1;
    const size_t length = (size_t)(packet->next - fields);
    if (!can_be_long || length <= 0x7F) {
        *packet->length = (uint8_t)length;
        return;
    }
    memmove(fields + 1, fields, length);
    packet->next++;
    *packet->length = (uint8_t)(length | 0x80u);
    *fields = (uint8_t)(length >> 7);
}

/* Writes the time too; returns how long the packet is. */
static size_t packet_end(struct packet *packet, uint32_t delta) {
    if (packet->length != NULL) {
        packet_end_fields(packet, true);
    }
    packet->next = encode_u32(packet->next, delta);
    return (size_t)(packet->next - packet->start);
}

/* Units since the last packet. */
HOT uint32_t passed(const struct core *core) {
    return (core->now - core->last) & LEAKSCOPE_CLOCK_MASK;
}

HOT uint32_t ticks_passed(const struct core *core) {
    return passed(core) >> LEAKSCOPE_TICK_SHIFT;
}

/* A packet of now was stored: what is less than a tick is left to the next one. */
HOT void keep_last(struct core *core) {
    core->last = core->now - (passed(core) & ((1u << LEAKSCOPE_TICK_SHIFT) - 1u));
}

static void drop_event(struct core *core) {
    /* As in SEGGER's recorder, the event that finds the buffer full is not counted. */
    if (core->mode == MODE_DROPPING || core->has_missed) {
        core->dropped++;
    } else if (core->mode == MODE_STOPPED) {
        core->has_missed = true;
    } else {
        core->mode = MODE_DROPPING;
    }
}

#define QUARTER_PERIOD (LEAKSCOPE_CLOCK_MASK / 4u + 1u)

/* Tells of quarters of periods that went by, up to two in a packet: by other times than powers of two, hosts that look for
 * packets in damaged bytes do not know a silence. False if there is no room for all. */
static bool settle(struct core *core) {
    /* The lock is held meanwhile: no more than 16 at once. */
    for (uint32_t left = 16; left > 0 && core->owed > 0; left--) {
        const uint32_t quarters = smaller(core->owed, 2);
        struct packet packet;
        packet_begin(&packet, ring_place(core, LONGEST_SHORT_PACKET), EVTID_NOP);
        if (!ring_commit(core, packet.start, packet_end(&packet, (quarters * QUARTER_PERIOD) >> LEAKSCOPE_TICK_SHIFT))) {
            return false;
        }
        core->owed -= quarters;
    }
    return core->owed == 0;
}

/* Where cores share one recording, the next event of the heap tells again whose it is: hosts know of no task any more. */
static void forget_task(struct core *core) {
    if ((uintptr_t)LEAKSCOPE_TASK() != 0) {
        core->running = RUNNING_UNKNOWN;
    }
}

static bool tell_overflow(struct core *core) {
    struct packet packet;
    packet_begin(&packet, ring_place(core, OVERFLOW_PACKET), EVTID_OVERFLOW);
    packet_u32(&packet, core->dropped);
    if (!ring_commit(core, packet.start, packet_end(&packet, ticks_passed(core)))) {
        core->dropped++;
        return false;
    }
    keep_last(core);
    core->mode = core->usual_mode;
    core->is_idle = false;
    forget_task(core);
    return true;
}

/* Tells what has to be told before any other packet; false if there is no room for that, and the event is dropped. */
static bool is_ready(struct core *core) {
    if (core->owed > 0 && !settle(core)) {
        drop_event(core);
        return false;
    }
    return core->mode != MODE_DROPPING || tell_overflow(core);
}

/* Begins a packet of at most so many bytes; false if it is dropped. */
static bool record_start(struct core *core, struct packet *packet, uint32_t id, size_t longest) {
    if (!is_ready(core)) {
        return false;
    }
    packet_begin(packet, ring_place(core, longest), id);
    return true;
}

/* Stores it; false if it is dropped. */
static bool record_end(struct core *core, struct packet *packet) {
    const bool is_stored = ring_commit(core, packet->start, packet_end(packet, ticks_passed(core)));
    if (is_stored) {
        keep_last(core);
    } else {
        core->mode = MODE_DROPPING;
    }
    return is_stored;
}

static bool record_numbers(struct core *core, uint32_t id, const uint32_t *numbers, uint32_t count) {
    struct packet packet;
    if (!record_start(core, &packet, id, LONGEST_TEXT_PACKET)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        packet_u32(&packet, numbers[i]);
    }
    return record_end(core, &packet);
}

/* A place at which a host can begin to read: no packet, and without a time. */
static void record_sync(struct core *core) {
    uint8_t *const scratch = core->buffer + CAPACITY;
    memset(scratch, 0, SYNC_SIZE);
    ring_commit(core, scratch, SYNC_SIZE);
}

/* ---------------------------------------------------------------- Time and repetitions */

/* A clock that counts an operating system's ticks steps back if interrupts are off for longer than a tick. Where
 * leakscope_poll is called in each half of the period, and carries the time on by quarters, as much time as that would be
 * otherwise cannot have passed. */
static bool is_step_back(uint32_t units) {
    return units >= LEAKSCOPE_CLOCK_MASK / 8u * 7u;
}

static bool has_gone_back(const struct core *core) {
    return is_step_back(passed(core));
}

/* Carries the time on where nothing happens: a clock that comes around between two packets would lose its period. */
static void keep_time(struct core *core) {
    if (core->mode == MODE_STOPPED || has_gone_back(core)) {
        return;
    }
    for (; passed(core) >= QUARTER_PERIOD; core->last += QUARTER_PERIOD) {
        core->owed += core->owed != UINT32_MAX;
    }
    settle(core);
}

/* Counts the time that all cores share, whether they record or not: each by its own steps, so that it does no harm for long if
 * their clocks differ. Periods for which a core did not look are known from the others. */
static void look_at_clock(struct core *core) {
    const struct look *const latest = recorder.latest, *const before = core->look.is_known ? &core->look : latest;
    if (latest == NULL) {
        return;
    }
    uint64_t time = before->time + ((core->now - before->clock) & LEAKSCOPE_CLOCK_MASK);
    if (LEAKSCOPE_CORES > 1 && time < latest->time) {
        time += (latest->time - time + LEAKSCOPE_CLOCK_MASK / 2u) & ~(uint64_t)LEAKSCOPE_CLOCK_MASK;
    }
    if ((LEAKSCOPE_CORES > 1 && time < latest->time) || !is_step_back((uint32_t)(time - latest->time))) {
        recorder.latest = LEAKSCOPE_CORES == 1 || time > latest->time ? &core->look : latest;
        core->look.is_known = true;
        core->look.clock = core->now;
        core->look.time = time;
    }
}

/* A core that does not record goes on with the time where it ended, or where the first core began. */
static void resume_time(struct core *core) {
    if (recorder.latest == NULL) {
        core->look.is_known = true;
        core->look.clock = core->now;
        recorder.latest = &core->look;
    }
    const uint64_t untold = core->look.time - core->told, quarters = untold / QUARTER_PERIOD;
    core->owed = quarters > UINT32_MAX ? UINT32_MAX : (uint32_t)quarters;
    core->last = core->now - (uint32_t)(untold % QUARTER_PERIOD);
}

/* Keeps where the time ends that a core has told, until it goes on. */
static void leave_time(struct core *core) {
    core->told = core->look.time - passed(core) - (uint64_t)core->owed * QUARTER_PERIOD;
    core->owed = 0;
}

/* Repetitions are less than 5 % of the bytes: what is sent earns credit, what is repeated is paid from it. */
#define REPEATS_PART 21u
#define MOST_CREDIT (512u * REPEATS_PART)
#define USUAL_REPEAT 64u

static void account_of_repeats(struct core *core) {
    const size_t write = core->up->write;
    const size_t sent = write >= core->counted ? write - core->counted : write + CAPACITY - core->counted;
    const size_t credit = core->credit + sent;
    core->counted = write;
    core->credit = credit < MOST_CREDIT ? credit : MOST_CREDIT;
    const uint32_t elapsed = core->elapsed + ((core->now - core->checked) & LEAKSCOPE_CLOCK_MASK);
    core->elapsed = elapsed >= core->elapsed ? elapsed : UINT32_MAX;
    core->checked = core->now;
}

static bool may_repeat(const struct core *core) {
    return core->credit >= USUAL_REPEAT * REPEATS_PART;
}

static void pay(struct core *core, size_t bytes) {
    const size_t price = bytes * REPEATS_PART;
    core->credit = core->credit > price ? core->credit - price : 0;
}

/* Whether a part of the start sequence finds room, with what has to be told before it. */
static bool has_room_for_part(const struct core *core) {
    return core->owed == 0 && ring_free(core) > LONGEST_PART + OVERFLOW_PACKET;
}

static bool has_room_to_repeat(const struct core *core) {
    return core->mode >= MODE_RECORDING && has_room_for_part(core);
}

/* Whether sync and time are to be told again: every second, if there is credit for that. (Espressif's decoder knows of
 * no recording that does so.) */
static bool has_repeats(const struct core *core) {
    return !LEAKSCOPE_ESP_IDF && core->elapsed >= recorder.config.clock_hz &&
           core->credit >= SYNC_AND_TIME * REPEATS_PART && has_room_to_repeat(core);
}

/* Whether there is more to do than to record. */
static bool is_pending(const struct core *core) {
    return core->start_wanted || core->is_announcing;
}

/* Everything but the short way stands between these two. */
static void output_begin(struct core *core) {
    core->now = clock_now();
    core->stored = 0;
    look_at_clock(core);
    /* A clock that has stepped back stands still in the recording until it has caught up. */
    if (core->mode != MODE_STOPPED && has_gone_back(core)) {
        core->now = core->last;
    }
}

static void output_end(struct core *core) {
    account_of_repeats(core);
    core->limit = 0;
    if (core->mode >= MODE_RECORDING && core->owed == 0 && !is_pending(core)) {
        /* Up to where there is room in one piece, but some 30 events until the next look at all else. */
        const size_t write = core->up->write, read = read_position(core);
        const size_t end = read <= write ? CAPACITY : read;
        const size_t kept = LONGEST_HEAP_PACKET + RESERVE, limit = end > kept ? end - kept : 0;
        core->limit = limit < write + 256 ? limit : write + 256;
    }
}

static uintptr_t output_lock(struct core *core) {
    const uintptr_t lock = LEAKSCOPE_LOCK();
    output_begin(core);
    return lock;
}

static void output_unlock(struct core *core, uintptr_t lock) {
    output_end(core);
    LEAKSCOPE_UNLOCK(lock);
}

/* ---------------------------------------------------------------- Call stacks */

#define FRAME_SLOTS (LEAKSCOPE_DEPTH > 0 ? LEAKSCOPE_DEPTH : 1)

struct stack {
    uint32_t hash;                 /* of all below, by which the stack is known again; 0: there are no frames */
    uint32_t count;
    uintptr_t frames[FRAME_SLOTS]; /* return addresses, innermost first; of a scan, what could be one */
    uintptr_t scanned;             /* the first frame of a scan, or 0: it is none */
    uint16_t places[FRAME_SLOTS];  /* of a scan: how many words above the stack pointer each lies */
};

uintptr_t leakscope_stack_end;

/* On the wire a place has two bytes. */
#define MOST_SCAN_WORDS 16383u

/* In each function's frame two words stand side by side: the caller's frame pointer and the return address. RISC-V's frame
 * pointers point behind them. */
#define FRAME_RECORD (2u * sizeof(uintptr_t))
#if defined(__riscv)
#define RECORD_BELOW FRAME_RECORD
#else
#define RECORD_BELOW 0u
#endif

static void set_bounds(const struct leakscope_config *config) {
    const bool has_code = config->code_end != 0, has_stacks = config->stacks_end != 0;
    const uintptr_t code_start = has_code ? config->code_start : 1;
    const uintptr_t code_end = has_code ? config->code_end : UINTPTR_MAX;
    const uintptr_t start = config->stacks_start, end = config->stacks_end;
    const bool is_stack = has_stacks && end >= start && end - start >= FRAME_RECORD;
    recorder.has_stacks = has_stacks;
    recorder.bounds.code_start = code_start;
    recorder.bounds.code_length = code_end > code_start ? code_end - code_start : 0;
    recorder.code_base = code_start == 1 ? 0 : code_start;
    recorder.bounds.ram_start = is_stack ? start : UINTPTR_MAX;
    recorder.bounds.last_word = is_stack ? (end - FRAME_RECORD) / sizeof(uintptr_t) : 0;
    recorder.ram_end = is_stack ? end - end % sizeof(uintptr_t) : 0;
    const uint32_t scan_words = config->scan_words != 0 ? config->scan_words : 128;
    recorder.scan_bytes = smaller(scan_words, MOST_SCAN_WORDS) * sizeof(uintptr_t);
}

/* Whether an address is aligned, and the two words of a frame there are not too high up: turned, an address that is not
 * aligned is higher than any. */
HOT bool reaches(const struct bounds *bounds, uintptr_t at) {
    const uint32_t turn = sizeof(uintptr_t) > 4 ? 3 : 2;
    return (at >> turn | at << (8u * sizeof(uintptr_t) - turn)) <= bounds->last_word;
}

/* Whether the two words of a frame can stand there. */
HOT bool has_frame(const struct bounds *bounds, uintptr_t at) {
    return at >= bounds->ram_start && reaches(bounds, at);
}

/* No stack is larger: an end that lies farther above is another one's. */
#define MOST_STACK_BYTES 0x10000u

/* Where the stack ends on which main runs; 0: it is not known. */
#if defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M'
static uintptr_t end_of_main_stack(void) {
    /* The vector table, which VTOR leads to, begins with it. Tasks have a stack pointer of their own; without privileges, the
     * register must not be read. */
    const uintptr_t has_own_stack = 2, has_no_privileges = 1, vtor = 0xE000ED08u;
    uintptr_t control;
    __asm__ volatile("mrs %0, control" : "=r"(control));
    if ((control & (has_own_stack | has_no_privileges)) != 0) {
        return 0;
    }
    return **(const volatile uintptr_t *const volatile *)vtor;
}
#elif defined(__riscv) && __riscv_xlen == 32 && defined(__ELF__)
/* By the names that linker scripts have for it. */
extern const char __stack_top[] __attribute__((weak)), _stack_start[] __attribute__((weak)),
    __stack[] __attribute__((weak)), _sp[] __attribute__((weak));

static uintptr_t end_of_main_stack(void) {
    const uintptr_t names[] = {(uintptr_t)__stack_top, (uintptr_t)_stack_start, (uintptr_t)__stack, (uintptr_t)_sp};
    uintptr_t end = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && end == 0; i++) {
        end = names[i];
    }
    return end;
}
#else
static uintptr_t end_of_main_stack(void) {
    return 0;
}
#endif

/* Up to where memory can be read for sure, where nobody has said where stacks lie: to the end of the stack at hand. */
COLD uintptr_t end_of_stack(uintptr_t at) {
    const uintptr_t task = leakscope_stack_end - at - 1, main = end_of_main_stack() - at - 1;
    const uintptr_t nearest = task < main ? task : main;
    return nearest < MOST_STACK_BYTES ? (at + nearest + 1) & ~(uintptr_t)(sizeof(uintptr_t) - 1) : at;
}

COLD bool own_stack(struct bounds *bounds, uintptr_t at) {
    const uintptr_t end = end_of_stack(at);
    if (end - at < FRAME_RECORD || end < at) {
        return false;
    }
    bounds->ram_start = at;
    bounds->last_word = (end - FRAME_RECORD) / sizeof(uintptr_t);
    return has_frame(bounds, at);
}

/* The bounds of a walk; false if it cannot begin at this frame. */
HOT bool bounds_from(struct bounds *bounds, uintptr_t at) {
    *bounds = recorder.bounds;
    return has_frame(bounds, at) || (!recorder.has_stacks && own_stack(bounds, at));
}

HOT bool is_code(uintptr_t address) {
#if defined(LEAKSCOPE_IS_CODE)
    return LEAKSCOPE_IS_CODE(address);
#else
    (void)address;
    return true;
#endif
}

HOT bool has_code(const struct bounds *bounds, uintptr_t address) {
    return address - bounds->code_start < bounds->code_length && is_code(address);
}

/* Without the bit that says "Thumb". */
HOT uintptr_t code_address(uintptr_t return_address) {
#if defined(__arm__)
    return return_address & ~(uintptr_t)1;
#else
    return return_address;
#endif
}

#define HASH_FACTOR 0x9E3779B1u

HOT uint32_t add_to_hash(uint32_t hash, uintptr_t frame) {
    uint32_t bits = (uint32_t)frame;
#if UINTPTR_MAX > UINT32_MAX
    const uint32_t high = high_word(frame);
    bits ^= high << 16 | high >> 16;
#endif
    /* The rotation brings what the multiplication pushed up back to where it counts. */
    return ((hash << 15 | hash >> 17) ^ bits) * HASH_FACTOR;
}

/* The walks below add what they find to a stack: to its hash alone (most events need no more), or to its list too. */

HOT void add_frame(struct stack *stack, uintptr_t frame, bool is_listed) {
    stack->hash = add_to_hash(stack->hash, frame);
    if (is_listed) {
        stack->frames[stack->count] = frame;
    }
    stack->count++;
}

/* Follows the chain as far as it is sound: the next frame lies above the present one, inside the memory of stacks. */
READS_ANY_STACK HOT void walk_chain(struct stack *stack, uintptr_t frame, bool is_listed) {
    struct bounds bounds;
    uintptr_t at = frame - RECORD_BELOW, above;
    if (stack->count == LEAKSCOPE_DEPTH || !bounds_from(&bounds, at)) {
        return;
    }
    do {
        const volatile uintptr_t *const words = (const volatile uintptr_t *)at;
        const uintptr_t caller = words[0], return_address = code_address(words[1]);
        if (!has_code(&bounds, return_address)) {
            return;
        }
        add_frame(stack, return_address, is_listed);
        above = at + FRAME_RECORD;
        at = caller - RECORD_BELOW;
    } while (stack->count != LEAKSCOPE_DEPTH && at >= above && reaches(&bounds, at));
}

#if LEAKSCOPE_WINDOWS
/* Nested calls, until the registers have gone round: those of all callers are on the stack then. A call takes eight of
 * them, and there are at most 64. */
__attribute__((noinline)) static void spill_windows(uint32_t calls) {
    if (calls > 0) {
        spill_windows(calls - 1);
    }
    __asm__ volatile("" : : : "memory"); /* otherwise this is a loop */
}

/* The 16 bytes below a function's stack pointer are for its caller's first registers: where that one returns to, and its
 * stack pointer. (Xtensa ISA manual, "Windowed Register Option".) The two upper bits of a return address say by how much
 * the call has turned the windows; they are the same in all addresses of code. */
READS_ANY_STACK HOT void walk_behind(struct stack *stack, uintptr_t return_address, uintptr_t frame, bool is_listed) {
    struct bounds bounds;
    const uintptr_t window_bits = 0xC0000000u, save_area = 2u * FRAME_RECORD;
    uintptr_t code = return_address, at = frame - save_area, above = 0;
    (void)bounds_from(&bounds, at);
    spill_windows(8);
    while (stack->count != LEAKSCOPE_DEPTH && has_code(&bounds, code)) {
        add_frame(stack, code, is_listed);
        if (at < above || !has_frame(&bounds, at)) {
            return;
        }
        const volatile uintptr_t *const words = (const volatile uintptr_t *)at;
        const uintptr_t saved = words[0], caller = words[1];
        code = saved != 0 ? (saved & ~window_bits) | (return_address & window_bits) : 0;
        above = at + save_area;
        at = caller - save_area;
    }
}
#else
/* The frame belongs to the function that returns there. */
READS_ANY_STACK HOT void walk_behind(struct stack *stack, uintptr_t return_address, uintptr_t frame, bool is_listed) {
    const uintptr_t at = frame - RECORD_BELOW;
    if (!has_code(&recorder.bounds, return_address)) {
        return;
    }
    add_frame(stack, return_address, is_listed);
    struct bounds bounds;
    if (bounds_from(&bounds, at)) {
        const uintptr_t caller = *(const volatile uintptr_t *)at;
        if (caller > frame) {
            walk_chain(stack, caller, is_listed);
        }
    }
}
#endif

/* Whether the instruction before a return address is a call: it is not before what only looks like an address, and not where
 * a pointer to a function leads. */
#if defined(__riscv)
HOT bool has_call_before(const struct bounds *bounds, uintptr_t address) {
    if (address % 2 != 0 || address - bounds->code_start < 4) {
        return false;
    }
    /* jal, c.jal, jalr, c.jalr: those that programs have most come first. */
    const uint32_t first = *(const volatile uint16_t *)(address - 4);
    if ((first & 0x0FFFu) == 0x00EFu) {
        return true;
    }
    const uint32_t last = *(const volatile uint16_t *)(address - 2);
    if (sizeof(uintptr_t) == 4 && (last & 0xE003u) == 0x2001u) {
        return true;
    }
    return (first & 0x7FFFu) == 0x00E7u || ((last & 0xF07Fu) == 0x9002u && last != 0x9002u);
}
#elif defined(__arm__)
/* Where nobody has said where code lies, nothing is read. */
HOT bool has_call_before(const struct bounds *bounds, uintptr_t address) {
    if (bounds->code_start == 1) {
        return true;
    }
    if (address - bounds->code_start < 4) {
        return false;
    }
    /* bl, blx of a register. */
    const uint32_t first = *(const volatile uint16_t *)(address - 4);
    const uint32_t last = *(const volatile uint16_t *)(address - 2);
    return ((first & 0xF800u) == 0xF000u && (last & 0xD000u) == 0xD000u) || (last & 0xFF80u) == 0x4780u;
}
#else
HOT bool has_call_before(const struct bounds *bounds, uintptr_t address) {
    (void)bounds;
    (void)address;
    return true;
}
#endif

/* Where return addresses have a bit of their own, the call is looked for only before those that are to be sent, and so many
 * without one are left out of them. Where they have none, pointers to functions would change the stacks of a call site from
 * event to event. */
#if defined(__riscv)
#define NEEDS_CALL true
#define SPARE_WORDS 0u
#else
#define NEEDS_CALL false
#define SPARE_WORDS (LEAKSCOPE_DEPTH / 4u)
#endif

struct scan {
    struct bounds bounds;
    uintptr_t stack_pointer;
    uint32_t left;  /* words that could be return addresses are still wanted, */
    uint32_t spare; /* of which so many need not be sent */
};

/* What is subtracted from a word of a stack that could be a return address, to get its offset in the code. */
#if defined(__arm__)
#define WORD_OF_CODE_START(bounds) ((bounds)->code_start | 1u)
#else
#define WORD_OF_CODE_START(bounds) ((bounds)->code_start)
#endif

/* Whether a word with this offset could be a return address. The host finds out whether it is one. */
HOT bool is_candidate(const struct bounds *bounds, uintptr_t offset) {
#if defined(__arm__)
    /* Turned by one bit, what has no Thumb bit lies far above the others. */
    const bool is_in_range = (offset >> 1 | offset << 31) < bounds->code_length / 2;
#else
    const bool is_in_range = offset < bounds->code_length && high_word(offset) == 0;
#endif
    return is_in_range && is_code(bounds->code_start + offset) &&
           (!NEEDS_CALL || has_call_before(bounds, bounds->code_start + offset));
}

COLD uintptr_t end_of_own_scan(uintptr_t stack_pointer) {
    const uintptr_t end = stack_pointer % sizeof(uintptr_t) == 0 ? end_of_stack(stack_pointer) : stack_pointer;
    return end - stack_pointer < recorder.scan_bytes ? end : stack_pointer + recorder.scan_bytes;
}

/* Up to where a stack may be looked at. */
HOT uintptr_t end_of_scan(uintptr_t stack_pointer) {
    const uintptr_t end = recorder.ram_end;
    if (stack_pointer % sizeof(uintptr_t) != 0 || stack_pointer < recorder.bounds.ram_start || stack_pointer > end) {
        return recorder.has_stacks ? stack_pointer : end_of_own_scan(stack_pointer);
    }
    /* Another stack's end is of no use, and does no harm: it does not lie between these. */
    const uintptr_t above = leakscope_stack_end - stack_pointer;
    uintptr_t bytes = end - stack_pointer;
    bytes = bytes < recorder.scan_bytes ? bytes : recorder.scan_bytes;
    bytes = above - 1 < bytes ? above : bytes;
    return stack_pointer + (bytes & ~(sizeof(uintptr_t) - 1));
}

/* Looks at a word of the stack; false when enough were found that could be return addresses. */
HOT bool scan_word(struct stack *stack, struct scan *scan, uintptr_t at, uintptr_t word, bool is_listed) {
    const uintptr_t offset = word - WORD_OF_CODE_START(&scan->bounds);
    if (!is_candidate(&scan->bounds, offset)) {
        return true;
    }
    JUMPED_OVER();
    const uintptr_t above = at - scan->stack_pointer;
    stack->hash = add_to_hash(stack->hash, offset ^ above << (sizeof(uintptr_t) > 4 ? 20 : 21));
    if (is_listed && stack->count != LEAKSCOPE_DEPTH) {
        const uintptr_t address = code_address(scan->bounds.code_start) + offset;
        if (scan->spare > 0 && !has_call_before(&scan->bounds, address)) {
            scan->spare--;
        } else {
            stack->frames[stack->count] = address;
            stack->places[stack->count] = (uint16_t)(above / sizeof(uintptr_t));
            stack->count++;
        }
    }
    return --scan->left != 0;
}

/* Does the same for the hash alone, four words at a time; returns where it has stopped. */
#if defined(__thumb2__) && !defined(LEAKSCOPE_IS_CODE)
#define LOOK_AT(word, found, next)                                                            \
    "subs " word ", " word ", %[first]\n\tcmp %[length], " word ", ror #1\n\tbhi " found "f\n" next ":\n\t"
#define FOUND(word, found, next, place)                                                       \
    found ":\n\teor " word ", " word ", %[above], lsl #21\n\t" place                            \
    "eor %[hash], " word ", %[hash], ror #17\n\tmul %[hash], %[hash], %[factor]\n\t"          \
    "subs %[left], %[left], #1\n\tbne " next "b\n\tb 9f\n"
/* 16 instructions, and 6 more for each that could be a return address. */
READS_ANY_STACK HOT uintptr_t scan_fours(struct stack *stack, struct scan *scan, uintptr_t at, uintptr_t bytes) {
    uintptr_t above = 0;
    if (bytes > 0) {
        __asm__ volatile("1:\n\tldmia %[at]!, {r2, r3, r4, r5}\n\t"
                         LOOK_AT("r2", "5", "2") LOOK_AT("r3", "6", "3") LOOK_AT("r4", "7", "4") LOOK_AT("r5", "8", "0")
                         "adds %[above], %[above], #16\n\tcmp %[above], %[bytes]\n\tblo 1b\n\tb 9f\n"
                         FOUND("r2", "5", "2", "") FOUND("r3", "6", "3", "eor r3, r3, #0x800000\n\t")
                         FOUND("r4", "7", "4", "eor r4, r4, #0x1000000\n\t")
                         FOUND("r5", "8", "0", "eor r5, r5, #0x1800000\n\t") "9:"
                         : [at] "+r"(at), [above] "+r"(above), [left] "+r"(scan->left), [hash] "+r"(stack->hash)
                         : [bytes] "r"(bytes), [first] "r"(WORD_OF_CODE_START(&scan->bounds)),
                           [length] "r"(scan->bounds.code_length / 2), [factor] "r"(HASH_FACTOR)
                         : "r2", "r3", "r4", "r5", "cc", "memory");
    }
    return at;
}
#else
READS_ANY_STACK HOT uintptr_t scan_fours(struct stack *stack, struct scan *scan, uintptr_t at, uintptr_t bytes) {
    const uintptr_t word = sizeof(uintptr_t), end = at + bytes;
    if (bytes == 0) {
        return at;
    }
    do {
        const volatile uintptr_t *const four = (const volatile uintptr_t *)at;
        if (!scan_word(stack, scan, at, four[0], false) || !scan_word(stack, scan, at + word, four[1], false) ||
            !scan_word(stack, scan, at + 2 * word, four[2], false) || !scan_word(stack, scan, at + 3 * word, four[3], false)) {
            break;
        }
        at += 4 * word;
    } while (at != end);
    return at;
}
#endif

/* Finds the lowest words from the stack pointer up that could be return addresses: for code without frame pointers. */
READS_ANY_STACK HOT void scan_stack(struct stack *stack, uintptr_t return_address, uintptr_t stack_pointer, bool is_listed) {
    struct scan scan = {recorder.bounds, stack_pointer, LEAKSCOPE_DEPTH + SPARE_WORDS, SPARE_WORDS};
    if (!has_code(&scan.bounds, return_address)) {
        return;
    }
    stack->scanned = return_address;
    stack->hash = add_to_hash(0, return_address);
    const uintptr_t end = end_of_scan(stack_pointer), fours = (end - stack_pointer) & ~(4 * sizeof(uintptr_t) - 1);
    uintptr_t at = is_listed ? stack_pointer : scan_fours(stack, &scan, stack_pointer, fours);
    if (at == end || scan.left == 0) {
        return; /* what the loop needs has not been loaded yet */
    }
    do {
        if (!scan_word(stack, &scan, at, *(const volatile uintptr_t *)at, is_listed)) {
            return;
        }
        at += sizeof(uintptr_t);
    } while (at != end);
}

/* Where nothing says what is found, a scan is its first frame. */
READS_ANY_STACK HOT void walk(struct stack *stack, const void *caller, const void *frame, bool can_scan,
                              bool is_listed) {
    const uintptr_t return_address = code_address((uintptr_t)caller);
    /* A stack pointer is marked by its lowest bit (LEAKSCOPE_FRAME). */
    const bool is_scan = caller != NULL && ((uintptr_t)frame & 1u) != 0;
    stack->hash = stack->count = 0;
    stack->scanned = 0;
    if (LEAKSCOPE_DEPTH == 0) {
        return;
    }
    if (is_scan && can_scan) {
        scan_stack(stack, return_address, (uintptr_t)frame - 1, is_listed);
    } else if (caller != NULL) {
        walk_behind(stack, return_address, is_scan ? 0 : (uintptr_t)frame, is_listed);
    } else if (frame != NULL) {
        walk_chain(stack, (uintptr_t)frame, is_listed);
    }
    /* The low bits choose the slot, and they depend on the frames' low bits only. */
    stack->hash ^= stack->hash >> 16;
}

/* The stack that led to an event. */
READS_ANY_STACK COLD void find_stack(struct stack *stack, const void *caller, const void *frame, bool can_scan) {
    walk(stack, caller, frame, can_scan, true);
}

/* ---------------------------------------------------------------- Heap events */

/* The numbers are those of leakscope's module. */
enum {
    HEAP_ALLOC = 0, HEAP_FAILED = 3, HEAP_UNITS = 4, HEAP_STACK = 5, HEAP_WIDE_STACK = 6, HEAP_FREE = 7, HEAP_MOVE = 8,
    HEAP_MOVED = 9, HEAP_KEPT = 10, HEAP_SCANNED_STACK = 11
};

struct heap_event {
    uint32_t kind;
    uintptr_t address;
    size_t size;    /* 0: not known */
    uintptr_t from; /* of HEAP_MOVED */
    size_t wanted;  /* of HEAP_KEPT: the block lives on */
};

#if LEAKSCOPE_ESP_IDF

/* ESP-IDF's module, which Espressif's tools read: every event carries all callers, unused ones as zeros. A block that
 * is reallocated is freed before, and allocated after. */
static const char *const module_description[] = {"M=ESP32 SystemView Heap Tracing Module"};

/* Which interrupt a description names, one that begins with `I#number=`; UINT32_MAX for none. */
static uint32_t described_interrupt(const char *text) {
    uint32_t number = UINT32_MAX;
    if (text != NULL && text[0] == 'I' && text[1] == '#') {
        for (text += 2; *text >= '0' && *text <= '9'; text++) {
            number = (number == UINT32_MAX ? 0 : number) * 10u + (uint32_t)(*text - '0');
        }
        number = text[0] == '=' && text[1] != '\0' ? number : UINT32_MAX;
    }
    return number;
}

/* Espressif's decoder ends at an interrupt without a name. */
HOT bool knows_interrupt(const struct core *core, uint32_t interrupt) {
    return interrupt < NAMED_INTERRUPTS && (core->named[interrupt / 32u] >> interrupt % 32u & 1u) != 0;
}

static void mark_interrupt(struct core *core, uint32_t interrupt) {
    if (interrupt < NAMED_INTERRUPTS) {
        core->named[interrupt / 32u] |= 1u << interrupt % 32u;
    }
}

static uint8_t *encode_decimal(uint8_t *text, uint32_t number) {
    uint32_t unit = 1;
    while (number / unit >= 10u) {
        unit *= 10u;
    }
    for (; unit > 0; unit /= 10u) {
        *text++ = (uint8_t)('0' + number / unit % 10u);
    }
    return text;
}

/* Gives it a name; false if there is no room for that. */
static bool tell_interrupt(struct core *core, uint32_t interrupt) {
    struct packet packet;
    if (knows_interrupt(core, interrupt)) {
        return true;
    }
    if (!record_start(core, &packet, EVTID_SYSDESC, LONGEST_TEXT_PACKET)) {
        return false;
    }
    uint8_t *const length = packet.next++;
    memcpy(packet.next, "I#", 2);
    packet.next = encode_decimal(packet.next + 2, interrupt);
    memcpy(packet.next, "=IRQ ", 5);
    packet.next = encode_decimal(packet.next + 5, interrupt);
    *length = (uint8_t)(packet.next - length - 1);
    const bool is_told = record_end(core, &packet);
    if (is_told) {
        mark_interrupt(core, interrupt);
    }
    return is_told;
}

static void forget_told(struct core *core) {
    memset(core->named, 0, sizeof core->named);
    for (size_t i = 0; i < recorder.config.description_count; i++) {
        mark_interrupt(core, described_interrupt(recorder.config.descriptions[i]));
    }
}

static void record_units(struct core *core, bool is_repeated) {
    (void)core;
    (void)is_repeated;
}

/* Of the module. */
HOT uint32_t heap_event_number(const struct heap_event *event) {
    return event->kind == HEAP_FREE || event->kind == HEAP_MOVE ? 1u : 0u;
}

HOT void heap_event_fields(struct packet *packet, const struct heap_event *event, const struct stack *stack,
                           uint32_t number) {
    (void)number;
    packet_u32(packet, (uint32_t)event->address);
    if (heap_event_number(event) == 0) {
        packet_u32(packet, size_on_wire(event->size));
    }
    for (uint32_t i = 0; i != LEAKSCOPE_DEPTH; i++) {
        packet_u32(packet, i < stack->count ? (uint32_t)stack->frames[i] : 0);
    }
}

HOT void walk_at_once(struct stack *stack, const void *caller, const void *frame) {
    find_stack(stack, caller, frame, false);
}

HOT bool use_known_stack(struct core *core, const struct stack *stack, uint32_t *number) {
    (void)core;
    (void)stack;
    *number = 0;
    return true;
}

static uint32_t stack_number(struct core *core, const struct stack *stack) {
    (void)core;
    (void)stack;
    return 0;
}

#else

/* leakscope's module, version 2: a call stack is sent once in a while, and otherwise by number. */
#define VERSION 2u
#define NO_STACK 0u
#define WAYS 4u          /* slots that a stack can take */
/* Numbers have two bytes on the wire, up to 256 slots. */
#define GENERATIONS (LEAKSCOPE_STACKS < 256 ? 128u : 64u)
#define USES 250         /* events of a stack until it is told again */

static const char *const module_description[] = {
    "M=leakscope heap",
    "M=leakscope heap,0 Alloc Address=%p Size=%u Stack=%u,7 Free Address=%p Stack=%u,8 Move Address=%p Stack=%u",
    "M=leakscope heap,9 Moved Address=%p Size=%u Stack=%u From=%p,10 Kept Address=%p Size=%u Stack=%u",
    "M=leakscope heap,3 Failed Size=%u Stack=%u,5 Stack Number=%u Frames: %p %p %p %p %p %p",
    "M=leakscope heap,6 WideStack Number=%u Words: %p %p %p %p %p %p,11 ScannedStack Number=%u Return=%p Found: %u %p %u %p",
    "M=leakscope heap,4 Heap Version=%u PointerBytes=%u Shift=%u Depth=%u HeapSize=%u Base=%p BaseHigh=%u Code=%p",
};

HOT uint32_t slot_number(const struct stack_table *table, uint32_t slot) {
    return table->generations[slot] * (uint32_t)LEAKSCOPE_STACKS + slot + 1u;
}

static void free_slot(struct stack_table *table, uint32_t slot) {
    if (table->hashes[slot] != 0) {
        table->hashes[slot] = 0;
        table->generations[slot] = (uint8_t)((table->generations[slot] + 1u) % GENERATIONS);
    }
}

HOT bool knows_interrupt(const struct core *core, uint32_t interrupt) {
    (void)core;
    (void)interrupt;
    return true;
}

static bool tell_interrupt(struct core *core, uint32_t interrupt) {
    return knows_interrupt(core, interrupt);
}

/* What the host has under the numbers of stacks stays true. */
static void forget_told(struct core *core) {
    for (uint32_t slot = 0; slot < LEAKSCOPE_STACKS; slot++) {
        free_slot(&core->stacks, slot);
    }
}

/* The first of the slots that a hash leads to. */
HOT uint32_t first_slot(uint32_t hash) {
    return hash & (LEAKSCOPE_STACKS - 1u) & ~(WAYS - 1u);
}

/* The slot that holds this hash (0: is free) among those from `first` on; LEAKSCOPE_STACKS if none does. */
HOT uint32_t find_slot(const struct stack_table *table, uint32_t first, uint32_t held) {
    const uint32_t *const hashes = table->hashes + first;
    return hashes[0] == held   ? first
           : hashes[1] == held ? first + 1
           : hashes[2] == held ? first + 2
           : hashes[3] == held ? first + 3
                               : LEAKSCOPE_STACKS;
}

/* What the short way needs to know of a call stack: its hash. */
READS_ANY_STACK APART uint32_t hash_stack(const void *caller, const void *frame) {
    struct stack stack;
    walk(&stack, caller, frame, true, false);
    return stack.hash;
}

HOT void walk_at_once(struct stack *stack, const void *caller, const void *frame) {
    stack->hash = LEAKSCOPE_DEPTH > 0 ? hash_stack(caller, frame) : 0;
}

/* The number of a stack for one event; false unless the host knows it, and need not be told again. */
HOT bool use_known_stack(struct core *core, const struct stack *stack, uint32_t *number) {
    struct stack_table *const table = &core->stacks;
    if (LEAKSCOPE_DEPTH == 0 || stack->hash == 0) {
        *number = NO_STACK;
        return true;
    }
    const uint32_t slot = find_slot(table, first_slot(stack->hash), stack->hash);
    if (slot == LEAKSCOPE_STACKS || table->uses[slot] == 0) {
        return false;
    }
    table->uses[slot]--;
    *number = slot_number(table, slot);
    return true;
}

/* The words of frames, relative to the code; both of each if one does not fit in the low one. */
static void stack_fields(struct packet *packet, const struct stack *stack, bool is_wide) {
    uint32_t below = 0;
    if (stack->scanned != 0) {
        packet_u32(packet, (uint32_t)(stack->scanned - recorder.code_base));
    }
    for (uint32_t i = 0; i < stack->count; i++) {
        const uintptr_t offset = stack->frames[i] - recorder.code_base;
        if (stack->scanned != 0) {
            packet_u32(packet, stack->places[i] - below);
            below = stack->places[i];
        }
        packet_u32(packet, (uint32_t)offset);
        if (is_wide) {
            packet_u32(packet, high_word(offset));
        }
    }
}

/* Tells the host what a slot's number is; false if there is no room. */
static bool define_stack(struct core *core, uint32_t slot, const struct stack *stack) {
    bool is_wide = false;
    for (uint32_t i = 0; i < stack->count && stack->scanned == 0; i++) {
        is_wide = is_wide || high_word(stack->frames[i] - recorder.code_base) != 0;
    }
    const uint32_t kind = stack->scanned != 0 ? HEAP_SCANNED_STACK : is_wide ? HEAP_WIDE_STACK : HEAP_STACK;
    struct packet packet;
    if (!record_start(core, &packet, MODULE_OFFSET + kind, LONGEST_HEAP_PACKET)) {
        return false;
    }
    packet_u32(&packet, slot_number(&core->stacks, slot));
    stack_fields(&packet, stack, is_wide);
    if (!record_end(core, &packet)) {
        return false;
    }
    core->stacks.hashes[slot] = stack->hash;
    core->stacks.uses[slot] = USES;
    core->stacks.victim++;
    return true;
}

/* The number of a stack, of which the host is told if need be. If that finds no room, the event has no stack, and the
 * next one tries again. */
static uint32_t stack_number(struct core *core, const struct stack *stack) {
    struct stack_table *const table = &core->stacks;
    const uint32_t first = first_slot(stack->hash);
    uint32_t number;
    if (use_known_stack(core, stack, &number)) {
        return number;
    }
    uint32_t slot = find_slot(table, first, stack->hash);
    if (slot != LEAKSCOPE_STACKS) {
        const size_t stored = core->stored;
        /* No event is to be lost for it. */
        const bool has_room = core->mode >= MODE_RECORDING && ring_free(core) > 3u * LONGEST_HEAP_PACKET;
        if (may_repeat(core) && has_room && define_stack(core, slot, stack)) {
            pay(core, core->stored - stored);
        } else {
            table->uses[slot] = USES / 10;
        }
        return slot_number(table, slot);
    }
    slot = find_slot(table, first, 0);
    if (slot == LEAKSCOPE_STACKS) {
        slot = first + table->victim % WAYS;
        free_slot(table, slot);
    }
    return define_stack(core, slot, stack) ? slot_number(table, slot) : NO_STACK;
}

/* What a host has to know before it can read events. */
static void record_units(struct core *core, bool is_repeated) {
    const struct leakscope_config *const config = &recorder.config;
    const uint32_t units[] = {
        VERSION,
        (uint32_t)sizeof(uintptr_t),
        config->heap_alignment_bits,
        LEAKSCOPE_DEPTH,
        size_on_wire(config->heap_size),
        (uint32_t)config->heap_base,
        high_word(config->heap_base),
        (uint32_t)recorder.code_base,
        high_word(recorder.code_base),
        LEAKSCOPE_STACKS,
        is_repeated,
        size_on_wire(config->filter_least_size),
        config->filter_one_in,
        config->filter_task != NULL ? shrink((uintptr_t)config->filter_task) : 0,
        (uint32_t)(recorder.scan_bytes / sizeof(uintptr_t)),
        config->heap_is_scattered,
    };
    record_numbers(core, MODULE_OFFSET + HEAP_UNITS, units, sizeof units / sizeof units[0]);
}

HOT uint32_t heap_event_number(const struct heap_event *event) {
    return event->kind;
}

/* The offset from the heap's base, turned, so that bits that are zero in most addresses take no bytes. */
HOT uint32_t turned_offset(uintptr_t address) {
    const uint32_t offset = (uint32_t)(address - recorder.config.heap_base);
    const uint32_t shift = recorder.config.heap_alignment_bits;
    return offset >> shift | offset << ((32u - shift) & 31u);
}

HOT void heap_event_fields(struct packet *packet, const struct heap_event *event, const struct stack *stack,
                           uint32_t number) {
    (void)stack;
    if (event->kind != HEAP_FAILED) {
        packet_u32(packet, turned_offset(event->address));
    }
    if (event->kind != HEAP_FREE && event->kind != HEAP_MOVE) {
        packet_u32(packet, size_on_wire(event->kind == HEAP_KEPT ? event->wanted : event->size));
    }
    packet_u32(packet, number);
    if (event->kind == HEAP_MOVED) {
        packet_u32(packet, turned_offset(event->from));
    }
    /* High words stand last, and are left out where they are 0, as on all machines of 32 bits. */
    const uint32_t high = high_word(event->address - recorder.config.heap_base);
    const uint32_t from_high = high_word(event->from - recorder.config.heap_base);
    const bool has_from_high = event->kind == HEAP_MOVED && from_high != 0;
    if (event->kind != HEAP_FAILED && (high != 0 || has_from_high)) {
        packet_u32(packet, high);
        if (event->kind == HEAP_MOVED) {
            packet_u32(packet, from_high);
        }
    }
}

#endif

#define DESCRIPTIONS ((uint32_t)(sizeof module_description / sizeof module_description[0]))

/* ---------------------------------------------------------------- Tasks and texts */

/* The length of a text, which is cut after `most` bytes, but not inside a character. */
static size_t cut_text(const char *text, size_t length, size_t most) {
    if (length <= most) {
        return length;
    }
    size_t end = most;
    /* A byte 0b10… : the cut would fall inside a character. */
    while (end > 0 && most - end < 3 && (text[end] & 0xC0) == 0x80) {
        end--;
    }
    return (text[end] & 0xC0) == 0x80 ? most : end;
}

static size_t cut(const char *text, size_t most) {
    return cut_text(text, strlen(text), most);
}

static const char *text_or_none(const char *text) {
    return text != NULL ? text : "";
}

/* The place of a task in the list, or LEAKSCOPE_TASKS. */
static uint32_t find_task(uintptr_t id) {
    uint32_t place = 0;
    while (place < LEAKSCOPE_TASKS && !(recorder.tasks[place].is_used && recorder.tasks[place].id == id)) {
        place++;
    }
    return place;
}

/* Remembers a task, or what is new about it; false if there is no room. A task keeps its place, so that the list can be
 * told one by one while it changes. */
static bool insert_task(const struct task *task) {
    uint32_t place = find_task(task->id);
    const bool is_known = place < LEAKSCOPE_TASKS;
    if (!is_known) {
        for (place = 0; place < LEAKSCOPE_TASKS && recorder.tasks[place].is_used; place++) {
        }
        if (place == LEAKSCOPE_TASKS) {
            return false;
        }
    }
    struct task *const entry = &recorder.tasks[place];
    const struct task known = *entry;
    *entry = *task;
    entry->is_used = true;
    if (is_known && task->name[0] == '\0') {
        memcpy(entry->name, known.name, sizeof known.name);
    }
    entry->name[cut(entry->name, KEPT_NAME_LEN)] = '\0';
    return true;
}

static void record_task(struct core *core, const struct task *task) {
    const uint32_t stack[] = {shrink(task->id), (uint32_t)task->stack_base, (uint32_t)task->stack_size, 0};
    struct packet packet;
    if (record_start(core, &packet, EVTID_TASK_INFO, LONGEST_TEXT_PACKET)) {
        packet_u32(&packet, shrink(task->id));
        packet_u32(&packet, task->priority);
        packet.next = encode_string(packet.next, task->name, strlen(task->name));
        record_end(core, &packet);
    }
    record_numbers(core, EVTID_STACK_INFO, stack, 4);
}

static void record_listed_task(struct core *core, uint32_t place) {
    if (recorder.tasks[place].is_used) {
        record_task(core, &recorder.tasks[place]);
    }
}

/* ---------------------------------------------------------------- What a recorder says of the system */

/* What the user's own functions say: asked outside the lock. */
struct times {
    bool has_microseconds;
    uint64_t microseconds;
};

static struct times read_times(void) {
    struct times times = {false, 0};
    if (recorder.config.microseconds != NULL) {
        times.has_microseconds = true;
        times.microseconds = recorder.config.microseconds();
    }
    return times;
}

static void record_init(struct core *core) {
    const struct leakscope_config *const config = &recorder.config;
    const uint32_t init[] = {
        config->clock_hz >> LEAKSCOPE_TICK_SHIFT,
        config->cpu_hz != 0 ? config->cpu_hz : config->clock_hz >> LEAKSCOPE_TICK_SHIFT,
        (uint32_t)config->ram_base,
        config->id_shift,
    };
    record_numbers(core, EVTID_INIT, init, 4);
}

static void record_system_time(struct core *core, const struct times *times) {
    if (times->has_microseconds) {
        const uint32_t time[] = {(uint32_t)times->microseconds, (uint32_t)(times->microseconds >> 32)};
        record_numbers(core, EVTID_SYSTIME_US, time, 2);
    } else {
        /* Of a narrow counter, a host would take each time that it comes around for a reset. */
        const uint32_t cycles = LEAKSCOPE_CLOCK_MASK == UINT32_MAX ? core->now : (uint32_t)core->look.time;
        record_numbers(core, EVTID_SYSTIME_CYCLES, &cycles, 1);
    }
}

static void record_module_count(struct core *core) {
    const uint32_t count = 1;
    record_numbers(core, EVTID_NUMMODULES, &count, 1);
}

static void record_module_description(struct core *core, uint32_t number) {
    const char *const text = module_description[number];
    struct packet packet;
    if (record_start(core, &packet, EVTID_MODULEDESC, LONGEST_TEXT_PACKET)) {
        packet_u32(&packet, 0);
        packet_u32(&packet, MODULE_OFFSET);
        packet.next = encode_string(packet.next, text, strlen(text));
        record_end(core, &packet);
    }
}

static void record_system_text(struct core *core, const char *text, size_t length) {
    struct packet packet;
    if (length > 0 && record_start(core, &packet, EVTID_SYSDESC, LONGEST_TEXT_PACKET)) {
        packet.next = encode_string(packet.next, text, length);
        record_end(core, &packet);
    }
}

/* Into how many texts the four names go at worst. */
#define JOINED_TEXTS 4u

/* One of the texts that describe the system: `N=…,D=…,C=…,O=…` in as few as hold them, then the user's own. Returns its
 * length, 0 if there is none. */
static size_t system_text(char text[MAX_STRING_LEN], uint32_t number) {
    const struct leakscope_config *const config = &recorder.config;
    if (number >= JOINED_TEXTS) {
        const uint32_t own = number - JOINED_TEXTS;
        const char *const description = own < config->description_count ? text_or_none(config->descriptions[own]) : "";
        const size_t length = cut(description, MAX_STRING_LEN);
        memcpy(text, description, length);
        return length;
    }
    const char *const values[] = {config->application, config->device, config->core, config->operating_system};
    size_t length = 0;
    uint32_t full = 0;
    for (uint32_t i = 0; i < 4; i++) {
        const char *const value = text_or_none(values[i]);
        const size_t size = strlen(value);
        if (size == 0) {
            continue;
        }
        if (length > 0 && length + 3 + size > MAX_STRING_LEN) {
            if (full == number) {
                return length;
            }
            full++;
            length = 0;
        }
        if (length > 0) {
            text[length++] = ',';
        }
        text[length++] = "NDCO"[i];
        text[length++] = '=';
        const size_t room = cut(value, MAX_STRING_LEN - length);
        for (size_t at = 0; at < room; at++) {
            text[length++] = value[at] == ',' ? ';' : value[at]; /* a comma ends a value */
        }
    }
    return full == number ? length : 0;
}

/* ---------------------------------------------------------------- Tasks and interrupts, as events */

struct system_event {
    uint32_t id;
    uint32_t count; /* of its numbers */
    uint32_t numbers[2];
    uintptr_t task; /* of EVTID_TASK_START_EXEC */
};

/* Keeps in mind what runs. */
HOT void note_running(struct core *core, const struct system_event *event) {
    if (event->id == EVTID_ISR_ENTER) {
        core->interrupts++;
    } else if (event->id == EVTID_ISR_EXIT || event->id == EVTID_ISR_TO_SCHEDULER) {
        /* Some kernels' macros tell of ends whose beginnings nobody has told. */
        core->interrupts -= core->interrupts != 0;
    } else if (event->id == EVTID_TASK_START_EXEC) {
        core->running = RUNNING_TASK;
        core->running_task = event->task;
    } else if (event->id == EVTID_IDLE) {
        core->running = RUNNING_NOTHING;
    } else if (event->id == EVTID_TASK_STOP_EXEC) {
        core->running = RUNNING_UNKNOWN;
    }
}

/* What was interrupted goes on afterwards, idling too. (All ids are below 32.) */
HOT bool keeps_idle(uint32_t id) {
    const uint32_t kept = 1u << EVTID_ISR_ENTER | 1u << EVTID_ISR_EXIT | 1u << EVTID_TASK_START_READY |
                          1u << EVTID_TASK_CREATE | 1u << EVTID_MARK_START | 1u << EVTID_MARK_STOP | 1u << EVTID_EX;
    return (kept >> id & 1u) != 0;
}

/* An idle that follows an idle is left out. */
static void record_system_event(struct core *core, const void *event) {
    const struct system_event *const system_event = (const struct system_event *)event;
    if (system_event->id == EVTID_IDLE && core->is_idle) {
        return;
    }
    if (system_event->id == EVTID_ISR_ENTER && !tell_interrupt(core, system_event->numbers[0])) {
        return;
    }
    const bool is_stored = record_numbers(core, system_event->id, system_event->numbers, system_event->count);
    if (!keeps_idle(system_event->id)) {
        core->is_idle = system_event->id == EVTID_IDLE && is_stored;
    }
}

/* What runs at present, for a host that has not seen how it came to that. */
static void record_running(struct core *core) {
    struct system_event event = {EVTID_IDLE, 0, {0, 0}, core->running_task};
    if (core->running == RUNNING_TASK) {
        event.id = EVTID_TASK_START_EXEC;
        event.count = 1;
        event.numbers[0] = shrink(core->running_task);
    }
    if (core->running != RUNNING_UNKNOWN) {
        record_system_event(core, &event);
    }
}

/* ---------------------------------------------------------------- The start sequence */

/* It is told in parts, each inside a lock of its own: a recording begins with the first two, without which its events
 * mean nothing; the others follow between events. */
enum { PART_INIT, PART_UNITS, PART_TEXT, PART_TASK, PART_MODULE_COUNT, PART_MODULE, PART_RUNNING, PART_NONE, PART_TIME };
#define FIRST_PARTS 2u

struct part {
    uint32_t kind;
    uint32_t number; /* of several of this kind */
    char text[MAX_STRING_LEN];
    size_t length;
};

/* A part, whose text is put together outside the lock. */
static void make_part(struct part *part, uint32_t kind, uint32_t number) {
    part->kind = kind;
    part->number = number;
    part->length = kind == PART_TEXT ? system_text(part->text, number) : 0;
}

/* The part at a place of the sequence. */
static void find_part(struct part *part, uint32_t index) {
    const uint32_t counts[] = {1, 1, JOINED_TEXTS + (uint32_t)recorder.config.description_count, LEAKSCOPE_TASKS, 1,
                               DESCRIPTIONS - 1u, 1};
    uint32_t kind = PART_INIT;
    while (kind != PART_NONE && index >= counts[kind]) {
        index -= counts[kind++];
    }
    /* The first description of the module belongs to its units. */
    make_part(part, kind, kind == PART_MODULE ? index + 1 : index);
}

static void record_part(struct core *core, const struct part *part, bool is_repeated) {
    switch (part->kind) {
    case PART_INIT:
        record_init(core);
        break;
    case PART_UNITS:
        record_module_description(core, 0);
        record_units(core, is_repeated);
        break;
    case PART_TEXT:
        record_system_text(core, part->text, part->length);
        break;
    case PART_TASK:
        record_listed_task(core, part->number);
        break;
    case PART_MODULE_COUNT:
        record_module_count(core);
        break;
    case PART_MODULE:
        record_module_description(core, part->number);
        break;
    default:
        /* In an interrupt, hosts would take the rest of it for the task's. It is told with the next repetition. */
        if (!LEAKSCOPE_ESP_IDF && core->interrupts == 0) {
            record_running(core);
        }
        break;
    }
}

/* An upper bound of the bytes that all parts take. */
static size_t start_sequence_bound(void) {
    size_t tasks = 0;
    for (uint32_t place = 0; place < LEAKSCOPE_TASKS; place++) {
        tasks += recorder.tasks[place].is_used;
    }
    const size_t texts = DESCRIPTIONS + recorder.config.description_count + JOINED_TEXTS;
    const size_t bound = SYNC_SIZE + 64u + LONGEST_HEAP_PACKET + texts * (MAX_STRING_LEN + 16u) + tasks * 75u;
    const size_t most = CAPACITY - 1u - RESERVE;
    return bound < most ? bound : most;
}

static void record_beginning(struct core *core) {
    record_sync(core);
    record_numbers(core, EVTID_TRACE_START, NULL, 0);
}

/* Whether all time is told that went by before a start that is due; as much is told as there is room for. A recording
 * begins at the moment from which all cores count: where this one comes late, its first packets, by which hosts know a start,
 * are told before that. */
static bool has_told_time(struct core *core) {
    if (core->mode != MODE_STOPPED) {
        return core->owed == 0 || settle(core);
    }
    resume_time(core);
    const uint32_t now = core->now, owed = core->owed;
    if (owed > 0 && core->usual_mode == MODE_STOPPED && !core->has_begun) {
        core->now = core->last;
        core->owed = 0;
        record_beginning(core);
        record_init(core);
        core->now = now;
        core->owed = owed;
        core->has_begun = true;
    }
    const bool is_told = settle(core);
    leave_time(core);
    return is_told;
}

/* Tells of a recording's end, and of a loss before it, out of the reserve. Time for which there is no room is told before the next start. */
static void end_recording(struct core *core) {
    struct packet packet;
    settle(core);
    core->is_ending = true;
    if (core->mode == MODE_DROPPING) {
        tell_overflow(core);
    }
    packet_begin(&packet, ring_place(core, BARE_PACKET), EVTID_TRACE_STOP);
    record_end(core, &packet);
    core->is_ending = false;
    core->mode = MODE_STOPPED;
    leave_time(core);
}

/* Begins a recording, if that is due and there is room. */
static void start_if_wanted(struct core *core, const struct times *times) {
    const struct leakscope_config *const config = &recorder.config;
    if (!core->start_wanted || !has_told_time(core)) {
        return;
    }
    if (ring_free(core) < start_sequence_bound()) {
        if (core->mode >= MODE_RECORDING) {
            core->mode = MODE_RESTARTING;
        }
        return;
    }
    const bool is_first = core->usual_mode == MODE_STOPPED, has_begun = core->has_begun;
    const bool waits = config->write_when_full != NULL || config->wait_when_full;
    core->start_wanted = false;
    core->has_begun = false;
    core->is_announcing = true;
    core->announced = FIRST_PARTS;
    core->usual_mode = waits ? MODE_WAITING : MODE_RECORDING;
    if (core->mode != MODE_DROPPING) {
        core->mode = core->usual_mode;
    }
    core->is_idle = false;
    core->checked = core->now;
    core->elapsed = 0;
    core->repeated = 0;
    const uint32_t pause = smaller(config->clock_hz / 64u, LEAKSCOPE_CLOCK_MASK / 64u);
    core->pause = pause > 0 ? pause : 1;
    const uint32_t now = core->now;
    if (!has_begun) {
        core->now = is_first ? core->last : now;
        /* A loss that came before the start sequence is told before it. */
        is_ready(core);
        record_beginning(core);
        core->now = now;
        record_init(core);
    }
    /* The time says whether the device was reset: before anything is said of its heap. */
    record_system_time(core, times);
    record_module_description(core, 0);
    forget_told(core);
    forget_task(core);
    record_units(core, false);
#if LEAKSCOPE_ESP_IDF
    /* Espressif's decoder counts no event before it knows who runs. */
    record_running(core);
#endif
    if (core->has_missed) {
        core->has_missed = false;
        core->mode = MODE_DROPPING;
        is_ready(core);
    }
    if (core->ends_at_once) {
        core->ends_at_once = core->is_announcing = false;
        end_recording(core);
    }
}

/* Opens the gate if any core records, or will; locks. */
static void set_gate(void) {
    const struct leakscope_config *const config = &recorder.config;
    const bool is_guarded = recorder.keep != NULL || config->filter_least_size != 0 || config->filter_one_in != 1 ||
                            config->filter_task != NULL;
    const uintptr_t lock = LEAKSCOPE_LOCK();
    bool is_open = false;
    for (uint32_t i = 0; i < LEAKSCOPE_CORES; i++) {
        is_open = is_open || cores[i].mode != MODE_STOPPED || (cores[i].start_wanted && !cores[i].ends_at_once);
    }
    LEAKSCOPE_BARRIER();
    recorder.is_open = is_open;
    recorder.gate = recorder.keep == NULL && !is_open ? GATE_CLOSED : is_guarded ? GATE_GUARDED : GATE_OPEN;
    LEAKSCOPE_UNLOCK(lock);
}

/* Goes on with the start sequence, as far as there is room; locks. */
static void announce(struct core *core) {
    for (;;) {
        uintptr_t lock = output_lock(core);
        settle(core);
        const bool is_announcing = core->is_announcing;
        const uint32_t index = core->announced;
        output_unlock(core, lock);
        if (!is_announcing) {
            return;
        }
        struct part part;
        find_part(&part, index);
        bool is_told = true;
        lock = output_lock(core);
        /* Otherwise another context told it meanwhile. */
        if (core->is_announcing && core->announced == index) {
            if (part.kind == PART_NONE) {
                core->is_announcing = false;
            } else if (has_room_for_part(core)) {
                record_part(core, &part, false);
                core->announced++;
            } else {
                is_told = false;
            }
        }
        output_unlock(core, lock);
        if (!is_told) {
            return;
        }
    }
}

/* Tells the next part of the start sequence again; false if that is not to be, or it was the last one. Locks. */
static bool repeat_part(struct core *core) {
    uintptr_t lock = output_lock(core);
    const uint32_t index = core->repeated;
    output_unlock(core, lock);
    struct part part;
    find_part(&part, index);
    bool is_told = false;
    lock = output_lock(core);
    if (part.kind == PART_NONE) {
        core->repeated = 0;
    } else if (core->repeated == index && may_repeat(core) && !is_pending(core) && has_room_to_repeat(core)) {
        core->repeated++;
        record_part(core, &part, true);
        pay(core, core->stored);
        is_told = true;
    }
    output_unlock(core, lock);
    return is_told;
}

/* Tells again what is due: sync and time, and then parts of the start sequence, as far as that may go. Locks. */
static void repeat(struct core *core, const struct times *times) {
    const uintptr_t lock = output_lock(core);
    const bool is_due = !is_pending(core) && has_repeats(core);
    if (is_due) {
        record_sync(core);
        record_system_time(core, times);
        core->elapsed = 0;
        pay(core, core->stored);
    }
    output_unlock(core, lock);
    while (is_due && repeat_part(core)) {
    }
}

/* ---------------------------------------------------------------- Room */

/* Hands bytes of a core to `write`, which may take its time and record. It is stuck if another context is doing so, or if
 * nothing was taken of what there is. */
static size_t drain(struct core *core, size_t (*write)(const uint8_t *, size_t), bool *is_stuck) {
    uintptr_t lock = LEAKSCOPE_LOCK();
    *is_stuck = core->is_drained;
    core->is_drained = true;
    LEAKSCOPE_UNLOCK(lock);
    if (*is_stuck) {
        return 0;
    }
    size_t total = 0;
    for (;;) {
        const size_t end = core->up->write, read = read_position(core);
        LEAKSCOPE_BARRIER();
        const size_t length = (end >= read ? end : CAPACITY) - read;
        const size_t wanted = length > 0 ? write(core->buffer + read, length) : 0;
        const size_t taken = wanted < length ? wanted : length;
        if (taken == 0) {
            *is_stuck = length > 0 && total == 0;
            break;
        }
        LEAKSCOPE_BARRIER();
        core->up->read = (uint32_t)(read + taken >= CAPACITY ? 0 : read + taken);
        total += taken;
    }
    lock = LEAKSCOPE_LOCK();
    core->is_drained = false;
    LEAKSCOPE_UNLOCK(lock);
    return total;
}

/* Waits for room, or makes some. False if nobody takes the bytes, or another context is making room, which this one may have
 * interrupted: it would wait for ever. */
static bool make_room(struct core *core) {
    bool is_stuck = false;
    if (recorder.config.write_when_full != NULL) {
        drain(core, recorder.config.write_when_full, &is_stuck);
    } else {
        LEAKSCOPE_WAIT();
    }
    return !is_stuck;
}

/* ---------------------------------------------------------------- The host's commands */

/* Answers are packets of a recording: a stopped recorder has none to put them between. One that finds no room is left out,
 * as events are recorded before all else: the host can ask again. Locks. */
static void answer(struct core *core, uint32_t kind, uint32_t number) {
    const struct times times = read_times();
    struct part part;
    make_part(&part, kind, number);
    bool is_over;
    do {
        const uintptr_t lock = output_lock(core);
        is_over = core->mode == MODE_STOPPED || recorder.config.write_when_full == NULL;
        settle(core);
        if (core->mode != MODE_STOPPED && has_room_for_part(core)) {
            if (kind == PART_TIME) {
                record_system_time(core, &times);
            } else {
                record_part(core, &part, false);
            }
            is_over = true;
        }
        output_unlock(core, lock);
    } while (!is_over && make_room(core));
}

static void answer_all(struct core *core, uint32_t kind, uint32_t count) {
    for (uint32_t number = 0; number < count; number++) {
        answer(core, kind, number);
    }
}

static void start_core(struct core *core) {
    const uintptr_t lock = output_lock(core);
    core->start_wanted = true;
    core->ends_at_once = false;
    output_unlock(core, lock);
    set_gate();
}

static void stop_core(struct core *core) {
    const uintptr_t lock = output_lock(core);
    core->start_wanted = core->ends_at_once = core->has_missed;
    core->is_announcing = false;
    if (core->mode != MODE_STOPPED) {
        end_recording(core);
    }
    output_unlock(core, lock);
    set_gate();
}

/* A byte from the host; locks. */
static void receive_byte(struct core *core, uint8_t byte) {
    const uintptr_t lock = LEAKSCOPE_LOCK();
    const uint8_t pending = core->command;
    core->command = pending == 0 && byte >= COMMAND_ID_GET_MODULE ? byte : 0;
    LEAKSCOPE_UNLOCK(lock);
    if (pending != 0) {
        /* There is one module. */
        if (pending == COMMAND_ID_GET_MODULE && byte == 0) {
            answer_all(core, PART_MODULE, DESCRIPTIONS);
        }
        return;
    }
    switch (byte) {
    case COMMAND_ID_START:
        start_core(core);
        break;
    case COMMAND_ID_STOP:
        stop_core(core);
        break;
    case COMMAND_ID_GET_SYSTIME:
        answer(core, PART_TIME, 0);
        break;
    case COMMAND_ID_GET_TASKLIST:
        answer_all(core, PART_TASK, LEAKSCOPE_TASKS);
        break;
    case COMMAND_ID_GET_SYSDESC:
        answer(core, PART_INIT, 0);
        answer_all(core, PART_TEXT, JOINED_TEXTS + (uint32_t)recorder.config.description_count);
        break;
    case COMMAND_ID_GET_NUMMODULES:
        answer(core, PART_MODULE_COUNT, 0);
        break;
    case COMMAND_ID_GET_MODULEDESC:
        answer_all(core, PART_MODULE, DESCRIPTIONS);
        break;
    default: /* 127, the host's sign of life, and what comes later */
        break;
    }
}

static struct channel *down_channel(const struct core *core) {
    return &_SEGGER_RTT.down[1 + (core - cores)];
}

/* The next byte that the probe wrote; false if there is none. Locks. */
static bool next_command_byte(struct core *core, uint8_t *byte) {
    struct channel *const down = down_channel(core);
    const uintptr_t lock = LEAKSCOPE_LOCK();
    /* The probe might write anything, also a position that nobody could read up to. */
    const bool has_byte = down->write != down->read && down->write < DOWN_BUFFER_SIZE;
    if (has_byte) {
        const uint32_t read = down->read % DOWN_BUFFER_SIZE;
        *byte = core->down[read];
        down->read = (read + 1) % DOWN_BUFFER_SIZE;
    }
    LEAKSCOPE_UNLOCK(lock);
    return has_byte;
}

/* Sees to all that comes up now and then; locks. */
static void attend(struct core *core) {
    uint8_t byte;
    for (uint32_t i = 0; i < DOWN_BUFFER_SIZE && next_command_byte(core, &byte); i++) {
        receive_byte(core, byte);
    }
    const struct times times = read_times();
    bool has_started, goes_on;
    do {
        const uintptr_t lock = output_lock(core);
        const bool was_wanted = core->start_wanted;
        start_if_wanted(core, &times);
        has_started = was_wanted && !core->start_wanted;
        goes_on = core->start_wanted && core->stored > 0;
        output_unlock(core, lock);
    } while (goes_on);
    if (has_started) {
        set_gate();
    }
    announce(core);
    repeat(core, &times);
}

/* ---------------------------------------------------------------- The two ways of an event */

/* The running core, if an event can be written at once: then it is locked, and there is room from `write` on. */
HOT struct core *short_way(uint32_t *write) {
    struct core *const core = own_core();
    *write = core->up->write;
    if (*write >= core->limit) {
        return NULL;
    }
    core->now = clock_now();
    return passed(core) < core->pause ? core : NULL;
}

/* Hands over a packet of which all but the time was written, up to `next`. */
HOT void short_way_end(struct core *core, uint8_t *next) {
    const uint8_t *const end = encode_u32(next, ticks_passed(core));
    LEAKSCOPE_BARRIER();
    core->up->write = (uint32_t)(end - core->buffer);
    keep_last(core);
}

/* What becomes of an event on the long way. */
enum { OUTCOME_WRITE, OUTCOME_NOTHING, OUTCOME_ATTEND, OUTCOME_BEGIN, OUTCOME_FULL };

/* What comes before there is room to begin, or to begin anew, is lost. A recorder that waits for room does so whatever was lost
 * before, and for a start too: nobody else might make any. */
static uint32_t check(struct core *core) {
    const bool waits = recorder.config.write_when_full != NULL || recorder.config.wait_when_full;
    if (core->start_wanted && !core->ends_at_once) {
        if (ring_free(core) >= start_sequence_bound()) {
            return OUTCOME_BEGIN;
        }
        if (waits) {
            return OUTCOME_FULL;
        }
        drop_event(core);
        return OUTCOME_ATTEND;
    }
    if (core->mode == MODE_STOPPED) {
        return OUTCOME_NOTHING;
    }
    return waits && (!settle(core) || ring_free(core) < ROOM_FOR_AN_EVENT) ? OUTCOME_FULL : OUTCOME_WRITE;
}

/* The long way: with waiting, beginning anew, and all that comes up now and then. Locks. */
static void record(void (*write)(struct core *core, const void *event), const void *event) {
    uint32_t outcome;
    struct core *core;
    if (!recorder.is_ready) {
        return;
    }
    do {
        const uintptr_t lock = LEAKSCOPE_LOCK();
        core = own_core();
        output_begin(core);
        outcome = check(core);
        if (outcome == OUTCOME_WRITE) {
            write(core, event);
        }
        const struct channel *const down = down_channel(core);
        const bool is_due = down->write != down->read || is_pending(core) || has_repeats(core);
        output_unlock(core, lock);
        if (outcome == OUTCOME_BEGIN) {
            attend(core);
        } else if (outcome != OUTCOME_FULL && is_due) {
            outcome = OUTCOME_ATTEND;
        }
    } while (outcome == OUTCOME_BEGIN || (outcome == OUTCOME_FULL && make_room(core)));
    if (outcome == OUTCOME_ATTEND) {
        attend(core);
    } else if (outcome == OUTCOME_FULL) {
        const uintptr_t lock = output_lock(core);
        if (core->mode != MODE_STOPPED || core->start_wanted) {
            drop_event(core);
        }
        output_unlock(core, lock);
    }
}

/* Where cores share one recording, whether hosts know whose the next event of the heap is. */
HOT bool is_task_told(const struct core *core, uintptr_t task) {
    return task == 0 || (core->running == RUNNING_TASK && core->running_task == task);
}

/* Tells it; false if that is dropped, and the event with it. */
static bool tell_task(struct core *core) {
    const uintptr_t task = (uintptr_t)LEAKSCOPE_TASK();
    /* A loss is told first: it makes hosts forget the task. */
    if (task == 0) {
        return true;
    }
    if (!is_ready(core)) {
        return false;
    }
    if (!is_task_told(core, task)) {
        const struct system_event event = {EVTID_TASK_START_EXEC, 1, {shrink(task), 0}, task};
        note_running(core, &event);
        record_system_event(core, &event);
    }
    return true;
}

/* An event, and the stack that led to it. */
struct traced_event {
    const struct heap_event *event;
    struct stack stack;
};

static void record_heap_event(struct core *core, const void *event) {
    const struct traced_event *const traced = (const struct traced_event *)event;
    if (LEAKSCOPE_ESP_IDF && traced->event->kind == HEAP_FAILED) {
        /* For Espressif's decoder, two of them would be one block at 0 that is allocated twice. */
        return;
    }
    if (!tell_task(core)) {
        return;
    }
    const uint32_t number = stack_number(core, &traced->stack);
    struct packet packet;
    if (record_start(core, &packet, MODULE_OFFSET + heap_event_number(traced->event), LONGEST_HEAP_PACKET)) {
        heap_event_fields(&packet, traced->event, &traced->stack, number);
        record_end(core, &packet);
    }
}

HOT bool heap_event_short(const struct heap_event *event, const struct stack *stack) {
    bool is_stored = false;
    const uintptr_t lock = LEAKSCOPE_LOCK();
    uint32_t write, number;
    struct core *const core = short_way(&write);
    if (core != NULL && is_task_told(core, (uintptr_t)LEAKSCOPE_TASK()) && use_known_stack(core, stack, &number)) {
        struct packet packet;
        module_packet_begin(&packet, core->buffer + write, heap_event_number(event));
        heap_event_fields(&packet, event, stack, number);
        packet_end_fields(&packet, LEAKSCOPE_ESP_IDF);
        short_way_end(core, packet.next);
        is_stored = true;
    }
    LEAKSCOPE_UNLOCK(lock);
    return is_stored;
}

COLD void heap_event_long(const struct heap_event *event, const void *caller, const void *frame) {
    struct traced_event traced;
    traced.event = event;
    find_stack(&traced.stack, caller, frame, !LEAKSCOPE_ESP_IDF);
    record(record_heap_event, &traced);
}

/* Whether the filter lets an event go on; locks. */
static bool passes_filter(const struct heap_event *event) {
    const struct leakscope_config *const config = &recorder.config;
    /* The low bits of addresses are zero, and heaps hand out the same few again and again. */
    const uint32_t mixed = (uint32_t)event->address * HASH_FACTOR;
    const bool is_small = event->size != 0 && event->size < config->filter_least_size;
    if (is_small || (uint64_t)mixed * config->filter_one_in >> 32 != 0) {
        return false;
    }
    const bool begins = event->kind == HEAP_ALLOC || event->kind == HEAP_MOVED || event->kind == HEAP_FAILED;
    if (!begins || config->filter_task == NULL) {
        return true;
    }
    const uintptr_t lock = LEAKSCOPE_LOCK();
    const struct core *const core = own_core();
    const uintptr_t task = (uintptr_t)LEAKSCOPE_TASK();
    /* Where cores share one recording, the task told last may be another core's. */
    const bool runs = task != 0 ? task == (uintptr_t)config->filter_task
                                : core->running == RUNNING_TASK && core->running_task == (uintptr_t)config->filter_task;
    LEAKSCOPE_UNLOCK(lock);
    return runs;
}

/* Whether an event is streamed, where not all are. It is kept first, if there are records. */
COLD bool passes_guard(const struct heap_event *event, const void *caller, const void *frame) {
    keep_function *const keep = recorder.keep;
    if (keep != NULL) {
        keep(event, caller, frame);
    }
    return recorder.is_open && passes_filter(event);
}

/* An event of the heap. It is inlined where its kind is known, and has code of its own there; what is rare gets a copy of
 * it, so that it need not be in memory. */
HOT void tell_heap(uint32_t kind, const void *block, size_t size, const void *from, size_t wanted, const void *caller,
                    const void *frame) {
    const struct heap_event event = {kind, (uintptr_t)block, size, (uintptr_t)from, wanted};
    const bool is_rare = kind == HEAP_KEPT || kind == HEAP_FAILED;
    const uint8_t gate = recorder.gate;
    if (gate == GATE_CLOSED) {
        return;
    }
    if (gate != GATE_OPEN) {
        const struct heap_event copy = event;
        if (!passes_guard(&copy, caller, frame)) {
            return;
        }
    }
    struct stack stack;
    if (!is_rare) {
        walk_at_once(&stack, caller, frame);
    }
    if (is_rare || !heap_event_short(&event, &stack)) {
        const struct heap_event copy = event;
        heap_event_long(&copy, caller, frame);
    }
}

/* Writes an event at once that is an id below 24, and numbers; whether nothing is left to do. */
HOT bool system_event_short(const struct system_event *event) {
    bool is_done = false;
    const uintptr_t lock = LEAKSCOPE_LOCK();
    uint32_t write;
    struct core *const core = short_way(&write);
    if (core != NULL && event->id == EVTID_IDLE && core->is_idle) {
        is_done = true;
    } else if (core != NULL && event->id < FIRST_ID_WITH_LENGTH &&
               (event->id != EVTID_ISR_ENTER || knows_interrupt(core, event->numbers[0]))) {
        uint8_t *next = core->buffer + write;
        *next++ = (uint8_t)event->id;
        if (event->count > 0) {
            next = encode_u32(next, event->numbers[0]);
        }
        if (event->count > 1) {
            next = encode_u32(next, event->numbers[1]);
        }
        short_way_end(core, next);
        note_running(core, event);
        if (!keeps_idle(event->id)) {
            core->is_idle = event->id == EVTID_IDLE;
        }
        is_done = true;
    }
    LEAKSCOPE_UNLOCK(lock);
    return is_done;
}

/* While nothing is recorded, or there is no room to begin, what runs is kept in mind all the same. */
COLD void system_event_long(struct system_event event) {
    const uintptr_t lock = LEAKSCOPE_LOCK();
    note_running(own_core(), &event);
    LEAKSCOPE_UNLOCK(lock);
    if (recorder.is_open) {
        record(record_system_event, &event);
    }
}

static void tell_system(uint32_t id, uint32_t count, uint32_t first, uint32_t second, const void *task) {
    const struct system_event event = {id, count, {first, second}, (uintptr_t)task};
    if (LEAKSCOPE_ESP_IDF && id > EVTID_NUMMODULES) {
        return; /* Espressif's decoder knows none of these. */
    }
    if (!recorder.is_open || !system_event_short(&event)) {
        system_event_long(event);
    }
}

/* ---------------------------------------------------------------- The interface: streaming */

static void publish(struct channel *channel, const char *name, volatile uint8_t *buffer, size_t size) {
    channel->name = name;
    channel->buffer = buffer;
    channel->size = (uint32_t)size;
}

bool leakscope_init(const struct leakscope_config *config) {
    /* From two pieces, so that a probe finds the id nowhere else. */
    static const char company[] = "SEGGER", product[] = " RTT";
    if (config->clock == NULL || config->clock_hz == 0) {
        return false;
    }
    const uintptr_t lock = LEAKSCOPE_LOCK();
    const bool is_first = !recorder.is_ready;
    if (is_first) {
        recorder.config = *config;
        recorder.config.id_shift &= 31u;
        recorder.config.heap_alignment_bits &= 31u;
        recorder.config.filter_one_in += recorder.config.filter_one_in == 0;
        if (LEAKSCOPE_ESP_IDF) {
            /* It has no word for what is left out: a free of such a block would be one too many. */
            recorder.config.filter_least_size = 0;
            recorder.config.filter_task = NULL;
        }
        set_bounds(config);
        for (uint32_t i = 0; i < LEAKSCOPE_CORES; i++) {
            cores[i].up = &_SEGGER_RTT.up[i + 1];
            publish(cores[i].up, "SysView", cores[i].buffer, CAPACITY);
            publish(&_SEGGER_RTT.down[i + 1], "SysView", cores[i].down, DOWN_BUFFER_SIZE);
        }
        publish(&_SEGGER_RTT.up[0], "Terminal", NULL, 0);
        publish(&_SEGGER_RTT.down[0], "Terminal", NULL, 0);
        _SEGGER_RTT.up_count = LEAKSCOPE_CORES + 1;
        _SEGGER_RTT.down_count = LEAKSCOPE_CORES + 1;
        LEAKSCOPE_BARRIER();
        recorder.is_ready = true;
        for (uint32_t i = 0; i < 10; i++) {
            _SEGGER_RTT.id[i] = i < 6 ? company[i] : product[i - 6];
        }
    }
    LEAKSCOPE_UNLOCK(lock);
    return true;
}

void leakscope_start(void) {
    struct core *const core = own_core();
    if (recorder.is_ready) {
        start_core(core);
        attend(core);
    }
}

void leakscope_stop(void) {
    if (recorder.is_ready) {
        stop_core(own_core());
    }
}

void leakscope_poll(void) {
    if (recorder.is_ready) {
        struct core *const core = own_core();
        const uintptr_t lock = output_lock(core);
        keep_time(core);
        output_unlock(core, lock);
        attend(core);
    }
}

void leakscope_receive(const uint8_t *bytes, size_t length) {
    if (recorder.is_ready) {
        struct core *const core = own_core();
        for (size_t i = 0; i < length; i++) {
            receive_byte(core, bytes[i]);
        }
        attend(core);
    }
}

size_t leakscope_drain(uint32_t core, size_t (*write)(const uint8_t *bytes, size_t length)) {
    bool is_stuck;
    return recorder.is_ready && core < LEAKSCOPE_CORES ? drain(&cores[core], write, &is_stuck) : 0;
}

/* ---------------------------------------------------------------- The interface: tasks, interrupts, messages */

static void record_told_task(struct core *core, const void *event) {
    const struct task *const task = (const struct task *)event;
    const uint32_t place = find_task(task->id);
    record_task(core, place < LEAKSCOPE_TASKS ? &recorder.tasks[place] : task);
}

void leakscope_task(const void *task, uint32_t priority, const char *name, const void *stack, size_t stack_size) {
    struct task told;
    memset(&told, 0, sizeof told);
    told.id = (uintptr_t)task;
    told.priority = priority;
    memcpy(told.name, text_or_none(name), cut(text_or_none(name), MAX_NAME_LEN));
    told.stack_base = (uintptr_t)stack;
    told.stack_size = stack_size;
    const uintptr_t lock = LEAKSCOPE_LOCK();
    const bool is_remembered = insert_task(&told);
    LEAKSCOPE_UNLOCK(lock);
    /* Of a task beyond the list, the host was told all else that is known. */
    if (is_remembered || told.name[0] != '\0') {
        record(record_told_task, &told);
    }
}

void leakscope_task_terminate(const void *task) {
    const uintptr_t lock = LEAKSCOPE_LOCK();
    const uint32_t place = find_task((uintptr_t)task);
    if (place < LEAKSCOPE_TASKS) {
        recorder.tasks[place].is_used = false;
    }
    LEAKSCOPE_UNLOCK(lock);
    tell_system(EVTID_TASK_TERMINATE, 1, shrink((uintptr_t)task), 0, task);
}

void leakscope_task_create(const void *task) { tell_system(EVTID_TASK_CREATE, 1, shrink((uintptr_t)task), 0, task); }
void leakscope_task_ready(const void *task) {
    tell_system(EVTID_TASK_START_READY, 1, shrink((uintptr_t)task), 0, task);
}
void leakscope_task_blocked(const void *task, uint32_t cause) {
    tell_system(EVTID_TASK_STOP_READY, 2, shrink((uintptr_t)task), cause, task);
}
void leakscope_task_runs(const void *task) { tell_system(EVTID_TASK_START_EXEC, 1, shrink((uintptr_t)task), 0, task); }
void leakscope_task_stops(void) { tell_system(EVTID_TASK_STOP_EXEC, 0, 0, 0, NULL); }
void leakscope_idle(void) { tell_system(EVTID_IDLE, 0, 0, 0, NULL); }
void leakscope_isr_enter_number(uint32_t interrupt) { tell_system(EVTID_ISR_ENTER, 1, interrupt, 0, NULL); }
void leakscope_isr_enter(void) { leakscope_isr_enter_number(LEAKSCOPE_INTERRUPT()); }
void leakscope_isr_exit(void) { tell_system(EVTID_ISR_EXIT, 0, 0, 0, NULL); }
void leakscope_isr_exit_to_scheduler(void) { tell_system(EVTID_ISR_TO_SCHEDULER, 0, 0, 0, NULL); }
void leakscope_timer_enter(const void *timer) { tell_system(EVTID_TIMER_ENTER, 1, shrink((uintptr_t)timer), 0, NULL); }
void leakscope_timer_exit(void) { tell_system(EVTID_TIMER_EXIT, 0, 0, 0, NULL); }
void leakscope_mark(uint32_t marker) { tell_system(EVTID_EX, 2, EX_MARK, marker, NULL); }
void leakscope_mark_start(uint32_t marker) { tell_system(EVTID_MARK_START, 1, marker, 0, NULL); }
void leakscope_mark_stop(uint32_t marker) { tell_system(EVTID_MARK_STOP, 1, marker, 0, NULL); }

struct message {
    uint32_t level; /* or the marker that has this name */
    const char *text;
    size_t length;
    const uint32_t *arguments;
    uint32_t count;
};

static void record_marker_name(struct core *core, const void *event) {
    const struct message *const name = (const struct message *)event;
    struct packet packet;
    if (record_start(core, &packet, EVTID_EX, LONGEST_TEXT_PACKET)) {
        packet_u32(&packet, EX_NAME_MARKER);
        packet_u32(&packet, name->level);
        packet.next = encode_string(packet.next, name->text, name->length);
        record_end(core, &packet);
    }
}

void leakscope_name_marker(uint32_t marker, const char *name) {
    const struct message message = {marker, text_or_none(name), cut(text_or_none(name), MAX_STRING_LEN), NULL, 0};
    if (!LEAKSCOPE_ESP_IDF) {
        record(record_marker_name, &message);
    }
}

static void record_print(struct core *core, const void *event) {
    const struct message *const message = (const struct message *)event;
    struct packet packet;
    if (record_start(core, &packet, EVTID_PRINT_FORMATTED, LONGEST_TEXT_PACKET)) {
        packet.next = encode_string(packet.next, message->text, message->length);
        packet_u32(&packet, message->level);
        packet_u32(&packet, message->count);
        for (uint32_t i = 0; i < message->count; i++) {
            packet_u32(&packet, message->arguments[i]);
        }
        record_end(core, &packet);
    }
}

#if LEAKSCOPE_ESP_IDF

/* Espressif's decoder knows messages without arguments only: these functions format as leakscope does on the host. */
struct line {
    char text[MAX_STRING_LEN + 4]; /* up to the end of the character that is cut */
    size_t length;
};

struct arguments {
    const uint32_t *next;
    uint32_t left;
};

struct conversion {
    bool is_left, has_plus, is_alternate, has_zeros, has_precision;
    uint32_t width, precision;
};

static void add(struct line *line, char byte) {
    if (line->length < sizeof line->text) {
        line->text[line->length++] = byte;
    }
}

static void add_times(struct line *line, char byte, uint32_t count) {
    for (; count > 0; count--) {
        add(line, byte);
    }
}

static void skip_arguments(struct arguments *arguments, uint32_t count) {
    const uint32_t skipped = smaller(count, arguments->left);
    arguments->next += skipped;
    arguments->left -= skipped;
}

/* The next one; 0 if there is none. */
static uint32_t take_argument(struct arguments *arguments) {
    const uint32_t value = arguments->left > 0 ? *arguments->next : 0;
    skip_arguments(arguments, 1);
    return value;
}

/* A width or a precision: digits, or an asterisk for the next argument. */
static int32_t parse_number(const char **at, struct arguments *arguments) {
    int64_t value = 0;
    if (**at == '*') {
        (*at)++;
        return (int32_t)take_argument(arguments);
    }
    for (; **at >= '0' && **at <= '9'; (*at)++) {
        value = value * 10 + (**at - '0');
        value = value < INT32_MAX ? value : INT32_MAX;
    }
    return (int32_t)value;
}

/* What stands between a percent sign and its letter; returns where the letter is. */
static const char *parse_conversion(const char *at, struct conversion *conversion, struct arguments *arguments) {
    memset(conversion, 0, sizeof *conversion);
    for (;; at++) {
        if (*at == '-') {
            conversion->is_left = true;
        } else if (*at == '+') {
            conversion->has_plus = true;
        } else if (*at == '#') {
            conversion->is_alternate = true;
        } else if (*at == '0') {
            conversion->has_zeros = true;
        } else {
            break;
        }
    }
    const int32_t width = parse_number(&at, arguments);
    conversion->is_left = conversion->is_left || width < 0;
    conversion->width = smaller(width < 0 ? 0u - (uint32_t)width : (uint32_t)width, 256);
    if (*at == '.') {
        at++;
        const int32_t precision = parse_number(&at, arguments);
        conversion->has_precision = precision >= 0;
        conversion->precision = smaller((uint32_t)precision, 256);
    }
    while (*at == 'h' || *at == 'l') {
        at++;
    }
    return at;
}

static void add_value(struct line *line, const struct conversion *conversion, char letter, uint32_t value) {
    const bool is_signed = letter == 'd' || letter == 'i', is_hexadecimal = letter == 'x' || letter == 'X';
    const bool is_number = is_signed || is_hexadecimal || letter == 'u', is_address = letter == 'p' || letter == 's';
    const char *const digits = letter == 'x' || letter == 's' ? "0123456789abcdef" : "0123456789ABCDEF";
    const uint32_t base = is_hexadecimal || is_address ? 16 : 10;
    const bool is_negative = is_signed && (int32_t)value < 0;
    const bool has_precision = conversion->has_precision && is_number;
    const bool has_0x = (conversion->is_alternate && value != 0 && is_hexadecimal) || letter == 's';
    const bool has_sign = is_negative || (is_signed && conversion->has_plus);
    uint32_t left = is_negative ? 0u - value : value, length = 0;
    char body[10];
    if (letter == 'c') {
        length = 1;
    } else if (value != 0 || !has_precision || conversion->precision != 0) {
        do {
            body[length++] = digits[left % base];
            left /= base;
        } while (left > 0 || (is_address && length < 8));
    }
    uint32_t zeros = has_precision && conversion->precision > length ? conversion->precision - length : 0;
    const uint32_t taken = (has_sign ? 1u : 0u) + (has_0x ? 2u : 0u) + zeros + length;
    const uint32_t padding = conversion->width > taken ? conversion->width - taken : 0;
    const bool pads_zeros = conversion->has_zeros && is_number && !has_precision && !conversion->is_left;
    zeros += pads_zeros ? padding : 0;
    add_times(line, ' ', conversion->is_left || pads_zeros ? 0 : padding);
    if (has_sign) {
        add(line, is_negative ? '-' : '+');
    }
    if (has_0x) {
        add(line, '0');
        add(line, letter == 'X' ? 'X' : 'x');
    }
    add_times(line, '0', zeros);
    if (letter == 'c' && (value & 0x80u) != 0) {
        /* A character beyond ASCII has two bytes. */
        add(line, (char)(0xC0u | (value & 0xFFu) >> 6));
        add(line, (char)(0x80u | (value & 0x3Fu)));
    } else if (letter == 'c') {
        add(line, (char)value);
    } else {
        while (length > 0) {
            add(line, body[--length]);
        }
    }
    add_times(line, ' ', conversion->is_left ? padding : 0);
}

static bool is_one_of(char letter, const char *letters) {
    while (*letters != '\0' && *letters != letter) {
        letters++;
    }
    return *letters != '\0';
}

/* Fills a format in. The arguments count one for each percent sign, also if it begins no conversion. */
static void fill_in(struct line *line, const char *format, struct arguments arguments) {
    line->length = 0;
    while (*format != '\0') {
        if (*format != '%') {
            add(line, *format++);
            continue;
        }
        struct conversion conversion;
        const char *const letter = parse_conversion(format + 1, &conversion, &arguments);
        if (*letter == '%') {
            skip_arguments(&arguments, 2);
            add(line, '%');
            format = letter + 1;
        } else if (is_one_of(*letter, "diuxXcps") && arguments.left > 0) {
            add_value(line, &conversion, *letter, take_argument(&arguments));
            format = letter + 1;
        } else {
            const bool is_conversion = is_one_of(*letter, "diuxXcps");
            const char *const end = is_conversion ? letter + 1 : letter;
            skip_arguments(&arguments, is_conversion ? 0 : 1);
            while (format < end) {
                add(line, *format++);
            }
        }
    }
}

#endif

void leakscope_print(uint32_t level, const char *format, const uint32_t *arguments, size_t count) {
    struct message message = {
        smaller(level, LEAKSCOPE_ERROR), text_or_none(format), cut(text_or_none(format), MAX_STRING_LEN), arguments,
        smaller(size_on_wire(count), MAX_ARGUMENTS),
    };
    if (!recorder.is_open) {
        return;
    }
#if LEAKSCOPE_ESP_IDF
    struct line line;
    if (message.count > 0) {
        char cut_format[MAX_STRING_LEN + 1];
        const struct arguments all = {arguments, message.count};
        memcpy(cut_format, message.text, message.length);
        cut_format[message.length] = '\0';
        fill_in(&line, cut_format, all);
        message.text = line.text;
        message.length = cut_text(line.text, line.length, MAX_STRING_LEN);
        message.count = 0;
    }
#endif
    record(record_print, &message);
}

/* ---------------------------------------------------------------- Standalone mode */

/* The place of a slot in the buffer, counted from 1; 0 is none. */
typedef uint32_t slot_index;

/* Room for one record, and its links. */
struct slot {
    uintptr_t address;
    size_t size;
    uint32_t time;
    uint8_t core;
    bool is_freed;
    uintptr_t allocated_by[FRAME_SLOTS]; /* return addresses, then zeros */
    uintptr_t freed_by[FRAME_SLOTS];
    slot_index older, newer;
    /* Of a live record: the next one in the same bucket, or the next one that is being reallocated. Of a freed one: the
     * one freed after it. Of an unused slot: the next unused one. */
    slot_index chain;
    slot_index bucket; /* this slot as a bucket: the first live record whose address leads here */
};

enum { RECORDS_STOPPED, RECORDS_PAUSED /* frees are recorded, allocations are not */, RECORDS_RUNNING };

static struct {
    struct slot *slots;
    volatile uint8_t phase;
    bool keeps_leaks_only;
    struct leakscope_summary summary;
    slot_index oldest, newest;
    slot_index untouched;               /* how many slots, from the first on, have ever held a record */
    slot_index unused;                  /* slots that hold none any more */
    slot_index freed_first, freed_last; /* freed records in their order, for LEAKSCOPE_EVICT_FREED */
    slot_index moving;                  /* live records that are being reallocated, in no bucket */
    slot_index dumped;                  /* the record that the dump comes to next, */
    uint32_t dumps;                     /* which is this one */
    uint32_t changes;                   /* how often the list of records changed */
} records;

static struct slot *slot_at(slot_index index) {
    return &records.slots[index - 1];
}

static void count_up(uint32_t *counter) {
    *counter += *counter != UINT32_MAX;
}

static void clear_records(bool leaks_only) {
    const size_t capacity = records.summary.capacity;
    for (size_t i = 0; i < capacity; i++) {
        records.slots[i].bucket = 0;
    }
    memset(&records.summary, 0, sizeof records.summary);
    records.summary.capacity = capacity;
    records.keeps_leaks_only = leaks_only;
    records.oldest = records.newest = records.untouched = records.unused = 0;
    records.freed_first = records.freed_last = records.moving = records.dumped = 0;
    records.changes++;
}

/* Where the first record stands whose address leads to the same bucket as this one. */
static slot_index *bucket_of(uintptr_t address) {
    const uint32_t mixed = ((uint32_t)address ^ high_word(address)) * HASH_FACTOR;
    /* The high bits are the well mixed ones: scaled to the number of slots. */
    return &records.slots[(uint64_t)mixed * records.summary.capacity >> 32].bucket;
}

/* Makes a live record known under its address: the newest first, so that it is the one that is found if the free of an
 * older one was lost. */
static void enter_bucket(slot_index index) {
    slot_index *const first = bucket_of(slot_at(index)->address);
    slot_at(index)->chain = *first;
    *first = index;
}

/* Takes a record out of a chain: this one, or (0) the first with the address. Returns which, 0 if there is none. */
static slot_index leave_chain(slot_index *link, uintptr_t address, slot_index wanted) {
    while (*link != 0) {
        struct slot *const slot = slot_at(*link);
        if (wanted != 0 ? *link == wanted : slot->address == address) {
            const slot_index index = *link;
            *link = slot->chain;
            return index;
        }
        link = &slot->chain;
    }
    return 0;
}

static slot_index leave_bucket(uintptr_t address) {
    return records.summary.capacity > 0 ? leave_chain(bucket_of(address), address, 0) : 0;
}

/* Takes a record, which is in no chain any more, out of the list, and gives its slot back. */
static void remove_record(slot_index index) {
    struct slot *const slot = slot_at(index);
    *(slot->older != 0 ? &slot_at(slot->older)->newer : &records.oldest) = slot->newer;
    *(slot->newer != 0 ? &slot_at(slot->newer)->older : &records.newest) = slot->older;
    records.dumped = records.dumped == index ? slot->newer : records.dumped;
    slot->chain = records.unused;
    records.unused = index;
    records.summary.count--;
    records.changes++;
}

/* Removes a record by the policy. There is one: the buffer is full. */
static void evict_record(void) {
    slot_index index = records.freed_first;
    if (index != 0) {
        records.freed_first = slot_at(index)->chain;
        records.freed_last = records.freed_first != 0 ? records.freed_last : 0;
        count_up(&records.summary.evicted_freed);
    } else {
        index = records.oldest;
        if (slot_at(index)->is_freed) {
            count_up(&records.summary.evicted_freed);
        } else {
            const uintptr_t address = slot_at(index)->address;
            if (leave_chain(bucket_of(address), address, index) == 0) {
                leave_chain(&records.moving, address, index);
            }
            count_up(&records.summary.evicted_live);
        }
    }
    remove_record(index);
}

/* A slot for a new record; 0 if there is none. */
static slot_index vacant_slot(void) {
    if (records.unused == 0) {
        if (records.untouched < records.summary.capacity) {
            return ++records.untouched;
        }
        if (recorder.config.record_policy == LEAKSCOPE_STOP_RECORDING) {
            return 0;
        }
        evict_record();
    }
    const slot_index index = records.unused;
    records.unused = slot_at(index)->chain;
    return index;
}

static void copy_frames(uintptr_t frames[FRAME_SLOTS], const struct stack *stack) {
    memset(frames, 0, FRAME_SLOTS * sizeof frames[0]);
    memcpy(frames, stack->frames, stack->count * sizeof frames[0]);
}

static void add_record(const struct heap_event *event, const struct stack *stack) {
    if (records.phase != RECORDS_RUNNING) {
        return;
    }
    count_up(&records.summary.total_allocations);
    const slot_index index = vacant_slot();
    if (index == 0) {
        count_up(&records.summary.not_recorded);
        return;
    }
    struct slot *const slot = slot_at(index);
    slot->address = event->address;
    slot->size = event->size;
    slot->time = clock_now();
    slot->core = (uint8_t)(own_core() - cores);
    slot->is_freed = false;
    copy_frames(slot->allocated_by, stack);
    memset(slot->freed_by, 0, sizeof slot->freed_by);
    slot->older = records.newest;
    slot->newer = 0;
    *(records.newest != 0 ? &slot_at(records.newest)->newer : &records.oldest) = index;
    records.newest = index;
    enter_bucket(index);
    records.summary.count++;
    if (records.summary.high_water_mark < records.summary.count) {
        records.summary.high_water_mark = records.summary.count;
    }
    records.changes++;
}

/* The block of a live record, which is in no chain any more, was freed; 0: it has none. */
static void end_record(slot_index index, const struct stack *stack) {
    count_up(&records.summary.total_frees);
    if (index == 0) {
        count_up(&records.summary.unmatched_frees);
    } else if (records.keeps_leaks_only) {
        remove_record(index);
    } else {
        struct slot *const slot = slot_at(index);
        slot->is_freed = true;
        copy_frames(slot->freed_by, stack);
        if (recorder.config.record_policy == LEAKSCOPE_EVICT_FREED) {
            slot->chain = 0;
            *(records.freed_last != 0 ? &slot_at(records.freed_last)->chain : &records.freed_first) = index;
            records.freed_last = index;
        }
    }
}

/* A block is about to be reallocated: somebody else may get its address. */
static void begin_moving(uintptr_t address) {
    const slot_index index = leave_bucket(address);
    if (index != 0) {
        slot_index *last = &records.moving;
        while (*last != 0) {
            last = &slot_at(*last)->chain;
        }
        slot_at(index)->chain = 0;
        *last = index;
    }
}

/* The block was reallocated. While allocations are ignored, or nothing is recorded, its record becomes that of the block as it is now. Of several
 * that move from this address it is the first one, whose place the others got. Of a block that had no record when that
 * began there is none: who has the address by now is another one. */
static void move_record(const struct heap_event *event, const struct stack *stack) {
    const slot_index index = leave_chain(&records.moving, event->from, 0);
    if (index != 0 && records.phase != RECORDS_RUNNING) {
        slot_at(index)->address = event->address;
        slot_at(index)->size = event->size;
        enter_bucket(index);
    } else if (records.phase != RECORDS_STOPPED) {
        end_record(index, stack);
        add_record(event, stack);
    }
}

/* The block found no memory to move to: it lives on, the newest of those that move from this address. */
static void keep_record(uintptr_t address) {
    slot_index newest = 0;
    for (slot_index index = records.moving; index != 0; index = slot_at(index)->chain) {
        newest = slot_at(index)->address == address ? index : newest;
    }
    if (newest != 0) {
        leave_chain(&records.moving, address, newest);
        enter_bucket(newest);
    }
    if (records.phase != RECORDS_STOPPED) {
        count_up(&records.summary.failed_allocations);
    }
}

/* Reallocations are heard of when recording is stopped, too: it may be so at one of their ends only, and then the block's
 * free would never be found. */
static void keep_heap_event(const struct heap_event *event, const void *caller, const void *frame) {
    struct stack stack;
    const bool is_move = event->kind == HEAP_MOVE || event->kind == HEAP_MOVED || event->kind == HEAP_KEPT;
    if (records.phase == RECORDS_STOPPED && !is_move) {
        return;
    }
    find_stack(&stack, caller, frame, false);
    const uintptr_t lock = LEAKSCOPE_LOCK();
    if (is_move || records.phase != RECORDS_STOPPED) {
        switch (event->kind) {
        case HEAP_ALLOC:
            add_record(event, &stack);
            break;
        case HEAP_FREE:
            end_record(leave_bucket(event->address), &stack);
            break;
        case HEAP_MOVE:
            begin_moving(event->address);
            break;
        case HEAP_MOVED:
            move_record(event, &stack);
            break;
        case HEAP_KEPT:
            keep_record(event->address);
            break;
        default:
            count_up(&records.summary.failed_allocations);
        }
    }
    LEAKSCOPE_UNLOCK(lock);
}

size_t leakscope_records_init(void *memory, size_t bytes) {
    struct aligned { char byte; struct slot slot; };
    const size_t alignment = offsetof(struct aligned, slot);
    const size_t skipped = (alignment - (uintptr_t)memory % alignment) % alignment;
    size_t count = bytes > skipped ? (bytes - skipped) / sizeof(struct slot) : 0;
    /* Indices have 32 bits, and one of them means "none". */
    if (high_word(count) != 0) {
        count = UINT32_MAX;
    }
    const uintptr_t lock = LEAKSCOPE_LOCK();
    if (records.phase != RECORDS_STOPPED) {
        count = 0;
    }
    if (count > 0) {
        records.slots = (struct slot *)(void *)((char *)memory + skipped);
        records.summary.capacity = count;
        clear_records(false);
    }
    LEAKSCOPE_UNLOCK(lock);
    return count;
}

static bool can_keep_records(void) {
    return recorder.is_ready && records.summary.capacity > 0;
}

bool leakscope_records_start(bool leaks_only) {
    const uintptr_t lock = LEAKSCOPE_LOCK();
    const bool can_record = can_keep_records();
    if (can_record) {
        recorder.keep = keep_heap_event;
        clear_records(leaks_only);
        records.phase = RECORDS_RUNNING;
    }
    LEAKSCOPE_UNLOCK(lock);
    set_gate();
    return can_record;
}

/* Goes over to a phase, if that makes sense. */
static bool set_phase(uint8_t phase) {
    const uintptr_t lock = LEAKSCOPE_LOCK();
    const bool makes_sense = phase == RECORDS_RUNNING ? can_keep_records() : records.phase != RECORDS_STOPPED;
    if (makes_sense) {
        recorder.keep = keep_heap_event;
        records.phase = phase;
    }
    LEAKSCOPE_UNLOCK(lock);
    set_gate();
    return makes_sense;
}

bool leakscope_records_stop(void) {
    return set_phase(RECORDS_STOPPED);
}

bool leakscope_records_pause_allocations(void) {
    return set_phase(RECORDS_PAUSED);
}

bool leakscope_records_resume(void) {
    return set_phase(RECORDS_RUNNING);
}

size_t leakscope_records_count(void) {
    return leakscope_records_summary().count;
}

struct leakscope_summary leakscope_records_summary(void) {
    const uintptr_t lock = LEAKSCOPE_LOCK();
    const struct leakscope_summary summary = records.summary;
    LEAKSCOPE_UNLOCK(lock);
    return summary;
}

/* Copies the record that this dump comes to; false if there is none, or another dump has begun. Those that are removed
 * meanwhile are passed over, and no others. */
static bool next_record(uint32_t dump, struct slot *record) {
    const uintptr_t lock = LEAKSCOPE_LOCK();
    const bool is_there = dump == records.dumps && records.dumped != 0;
    if (is_there) {
        *record = *slot_at(records.dumped);
        records.dumped = record->newer;
    }
    LEAKSCOPE_UNLOCK(lock);
    return is_there;
}

/* ---------------------------------------------------------------- The dump */

/* The grammar of ESP-IDF's heap_trace_dump (5.5 and later). What it has no place for is in notes, which its readers
 * pass over. */
typedef void put_function(const char *text, size_t length);

static void put_text(put_function *put, const char *text) {
    put(text, strlen(text));
}

/* A number of at least so many digits, with these before it. */
static void put_number(put_function *put, uint64_t value, uint32_t base, size_t width, char fill) {
    char digits[20];
    size_t start = sizeof digits;
    do {
        digits[--start] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value > 0);
    while (sizeof digits - start < width) {
        digits[--start] = fill;
    }
    put(digits + start, sizeof digits - start);
}

/* Texts and numbers in turn: each % of the format is a number. */
static void put_numbers(put_function *put, const char *format, const size_t *numbers) {
    for (; *format != '\0'; format++) {
        if (*format == '%') {
            put_number(put, *numbers++, 10, 1, ' ');
        } else {
            put(format, 1);
        }
    }
}

static void put_address(put_function *put, uintptr_t address) {
    put_text(put, "0x");
    put_number(put, address, 16, 8, '0');
}

static void put_record(put_function *put, const struct slot *record) {
    put_number(put, record->size, 10, 6, ' ');
    put_text(put, " bytes (@ ");
    put_address(put, record->address);
    put_text(put, ") allocated CPU ");
    put_number(put, record->core, 10, 1, ' ');
    put_text(put, " ccount ");
    /* ESP-IDF keeps the core in the low bits, and leaves them out here. */
    put_address(put, record->time & ~3u);
    if (record->allocated_by[0] != 0) {
        put_text(put, " caller ");
        for (uint32_t i = 0; i != LEAKSCOPE_DEPTH && record->allocated_by[i] != 0; i++) {
            put_address(put, record->allocated_by[i]);
            /* Not behind the last slot: a stack that ends early ends in a colon. */
            put_text(put, i + 1 != LEAKSCOPE_DEPTH ? ":" : "");
        }
    }
    if (record->is_freed && record->freed_by[0] != 0) {
        put_text(put, "\nfreed by ");
        for (uint32_t i = 0; i != LEAKSCOPE_DEPTH; i++) {
            put_text(put, i == 0 ? "" : ":");
            put_address(put, record->freed_by[i]);
        }
    } else if (record->is_freed) {
        put_text(put, " freed");
    }
    put_text(put, "\n");
}

void leakscope_records_dump(void (*put)(const char *text, size_t length)) {
    uintptr_t lock = LEAKSCOPE_LOCK();
    const struct leakscope_summary summary = records.summary;
    const uint32_t changes = records.changes;
    const bool leaks_only = records.keeps_leaks_only;
    const uint32_t dump = ++records.dumps;
    records.dumped = records.oldest;
    LEAKSCOPE_UNLOCK(lock);
    const size_t size[] = {summary.count, summary.capacity, summary.high_water_mark};
    put_numbers(put, "====== Heap Trace: % records (% capacity) ======\n", size);
    size_t alive[] = {0, 0, summary.count}; /* bytes, blocks, of how many */
    struct slot record;
    for (size_t place = 0; place < summary.count && next_record(dump, &record); place++) {
        alive[0] += record.is_freed ? 0 : record.size;
        alive[1] += !record.is_freed;
        put_record(put, &record);
    }
    put_text(put, "====== Heap Trace Summary ======\n");
    put_numbers(put,
                leaks_only ? "Mode: Heap Trace Leaks\n% bytes 'leaked' in trace (% allocations)\n"
                           : "Mode: Heap Trace All\n% bytes alive in trace (%/% allocations)\n",
                alive);
    put_numbers(put, "records: % (% capacity, % high water mark)\n", size);
    const size_t totals[] = {summary.total_allocations, summary.total_frees};
    put_numbers(put, "total allocations: %\ntotal frees: %\n", totals);
    lock = LEAKSCOPE_LOCK();
    const bool has_changed = records.changes != changes, is_cut = records.dumps != dump;
    LEAKSCOPE_UNLOCK(lock);
    if (has_changed) {
        put_text(put, "(NB: New entries were traced while dumping, so trace dump may have duplicate entries.)\n");
    }
    const size_t strange[] = {summary.unmatched_frees, summary.failed_allocations};
    if (strange[0] != 0 || strange[1] != 0) {
        put_numbers(put, "(NB: % frees of blocks that have no record, % failed allocations.)\n", strange);
    }
    if (is_cut || summary.evicted_live != 0 || summary.evicted_freed != 0 || summary.not_recorded != 0) {
        put_text(put, "(NB: Internal Buffer has overflowed, so trace data is incomplete.)\n");
    }
    put_text(put, "================================\n");
}

/* ---------------------------------------------------------------- The interface: the heap */

/* What C allows for nothing, NULL for 0 bytes, is no failure. */
void leakscope_on_alloc_from(const void *block, size_t size, const void *caller, const void *frame) {
    if (block != NULL) {
        tell_heap(HEAP_ALLOC, block, size, NULL, 0, caller, frame);
    } else if (size != 0) {
        leakscope_on_failed_from(size, caller, frame);
    }
}

void leakscope_on_failed_from(size_t size, const void *caller, const void *frame) {
    tell_heap(HEAP_FAILED, NULL, size, NULL, 0, caller, frame);
}

void leakscope_on_free_from(const void *block, size_t size, const void *caller, const void *frame) {
    if (block != NULL) {
        tell_heap(HEAP_FREE, block, size, NULL, 0, caller, frame);
    }
}

/* A size of 0 is C's way to free. */
void leakscope_on_realloc_begin_from(const void *from, size_t from_size, size_t size, const void *caller,
                                     const void *frame) {
    if (size == 0) {
        leakscope_on_free_from(from, from_size, caller, frame);
    } else if (from != NULL) {
        tell_heap(HEAP_MOVE, from, from_size, NULL, 0, caller, frame);
    }
}

void leakscope_on_realloc_from(const void *from, size_t from_size, const void *block, size_t size, const void *caller,
                               const void *frame) {
    if (from == NULL || size == 0) {
        leakscope_on_alloc_from(block, size, caller, frame);
    } else if (block == NULL) {
        tell_heap(HEAP_KEPT, from, from_size, NULL, size, caller, frame);
    } else {
        tell_heap(HEAP_MOVED, block, size, from, 0, caller, frame);
    }
}

/* ---------------------------------------------------------------- The interface: allocators that call themselves */

/* What an allocator calls, while it serves a call, has its frame so many bytes below that call's. */
#define NEAR_BELOW (128u * sizeof(uintptr_t))

/* Whose stack a call is on. Where stacks lie side by side, or interrupts use that of a task, its place does not tell. (A task may
 * go on on another core.) */
struct context {
    uintptr_t task, stack_end;
    uint32_t interrupt; /* which one, or how many are told to have begun, and not ended */
};

static struct context own_context(void) {
    const struct core *const core = own_core();
    struct context context = {(uintptr_t)LEAKSCOPE_TASK(), 0, core->interrupts};
    if (context.task == 0 && core->running == RUNNING_TASK) {
        context.task = core->running_task;
    }
#if LEAKSCOPE_CORES == 1
    context.stack_end = leakscope_stack_end;
#endif
#if defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M'
    context.interrupt = interrupt_number();
#elif defined(MODE_BEFORE_TRAP)
    context.interrupt = context.interrupt << 2 | MODE_BEFORE_TRAP();
#endif
    return context;
}

/* The program's calls that are served at present: of several tasks, whose allocators may not wait for each other. Of more than
 * there is room for, what the allocator calls is told, too. */
static struct call {
    uintptr_t frame; /* 0: there is none */
    struct context context;
} calls[8];
#define MOST_CALLS (sizeof calls / sizeof calls[0])

bool leakscope_call_begins(const void *frame) {
    const uintptr_t at = (uintptr_t)frame;
    struct call *vacant = NULL;
    bool is_served = false;
    if (!recorder.is_ready) {
        return true;
    }
    const uintptr_t lock = LEAKSCOPE_LOCK();
    const struct context context = own_context();
    for (size_t i = 0; i < MOST_CALLS; i++) {
        struct call *const call = &calls[i];
        if (call->frame != 0 && call->context.task == context.task && call->context.stack_end == context.stack_end &&
            call->context.interrupt == context.interrupt) {
            /* A frame that lies deeper than the one at hand has gone without an end: its task was deleted. */
            call->frame = at - call->frame < NEAR_BELOW ? 0 : call->frame;
            is_served = is_served || call->frame - at - 1 < NEAR_BELOW;
        }
        vacant = call->frame == 0 ? call : vacant;
    }
    if (!is_served && vacant != NULL) {
        vacant->frame = at;
        vacant->context = context;
    }
    LEAKSCOPE_UNLOCK(lock);
    return !is_served;
}

void leakscope_call_ends(const void *frame) {
    const uintptr_t lock = LEAKSCOPE_LOCK();
    for (size_t i = 0; i < MOST_CALLS; i++) {
        calls[i].frame = calls[i].frame == (uintptr_t)frame ? 0 : calls[i].frame;
    }
    LEAKSCOPE_UNLOCK(lock);
}
