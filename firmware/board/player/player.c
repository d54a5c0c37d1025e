/* Plays a trace to Espressif's OpenOCD, as a chip with two cores sends it: for `esp sysview_mcore`.
 *
 * The trace lies at TAPE, put there by whoever starts the board: packets, each behind its length in a byte. A length
 * of 0 ends what is sent before the host says STOP; another one ends the tape. Which packet is which core's stands in
 * the packets (bit 6 of their ids), so the first hart sends all of them; the second one tells OpenOCD only where its
 * control block is.
 *
 * Layout and rules of the two blocks: ESP-IDF, components/app_trace/app_trace_membufs_proto.c. */

#include <stdint.h>

#define TAPE ((const uint8_t *)0x42100000)
#define SIZE 4096

enum { START = 1, STOP = 2 };

/* The control word. */
enum {
    LENGTH = 0x7FFF,
    NUMBER_SHIFT = 15,
    NUMBER = 0x7F,
    HOST_DATA = 1 << 22,
    HOST_CONNECT = 1 << 23,
};

struct place {
    uint8_t *start;
    uint32_t size;
};

struct control {
    volatile uint32_t word;
    /* Not 0 while the word is being changed: where that will be done. */
    volatile uint32_t guard;
    const struct place *places;
};

static uint8_t memory[2][SIZE] __attribute__((aligned(4)));
static struct place places[2];
static struct control control[2];

static uint32_t number;
static uint32_t length;
/* The last command of the host. */
static uint8_t command;

/* ESP_SEMIHOSTING_SYS_APPTRACE_INIT */
static void announce(struct control *block)
{
    register uint32_t operation __asm__("a0") = 0x101;
    register struct control *parameter __asm__("a1") = block;
    __asm__ volatile(".option push\n.option norvc\n"
                     "slli x0, x0, 0x1f\nebreak\nsrai x0, x0, 7\n"
                     ".option pop"
                     : "+r"(operation)
                     : "r"(parameter)
                     : "memory");
}

__attribute__((noinline)) static void control_word_updated(void)
{
    control[0].guard = 0;
}

/* Gives the block that was filled to the host, and takes what the host has sent; whether the host is ready. */
static int exchange(void)
{
    control[0].guard = (uint32_t)control_word_updated;
    uint32_t word = control[0].word;
    int is_taken = !(word & LENGTH) && ((word >> NUMBER_SHIFT) & NUMBER) == (number & NUMBER);
    if (is_taken) {
        number++;
        const volatile uint8_t *block = memory[number % 2];
        if (word & HOST_DATA && block[0])
            command = block[2];
        control[0].word = (number & NUMBER) << NUMBER_SHIFT | (word & HOST_CONNECT) | length;
        length = 0;
    }
    control_word_updated();
    return is_taken;
}

static void wait_for(uint8_t expected)
{
    while (command != expected)
        if (control[0].word & HOST_DATA)
            exchange();
}

/* Sends packets up to the next length of 0; where the tape goes on. */
static const uint8_t *play(const uint8_t *tape)
{
    while (*tape) {
        uint8_t size = *tape++;
        while (length + 2 + size > SIZE)
            exchange();
        uint8_t *end = memory[number % 2] + length;
        *end++ = size;
        *end++ = size;
        for (uint8_t i = 0; i < size; i++)
            *end++ = *tape++;
        length += 2 + size;
    }
    while (!exchange())
        ;
    return tape + 1;
}

/* The host is to say STOP now. */
__attribute__((noinline)) void played(void)
{
    __asm__ volatile("nop");
}

void run(uint32_t hart)
{
    for (int i = 0; i < 2; i++) {
        places[i].start = memory[i];
        places[i].size = SIZE;
    }
    control[hart].word = 0;
    control[hart].guard = 0;
    control[hart].places = places;
    if (hart == 0)
        number = length = command = 0;
    announce(&control[hart]);
    if (hart == 0) {
        wait_for(START);
        const uint8_t *rest = play(TAPE);
        played();
        wait_for(STOP);
        play(rest);
    }
    for (;;)
        __asm__ volatile("wfi");
}

/* Both harts begin here; each has a stack of its own. */
__attribute__((naked, section(".text.start"))) void _start(void)
{
    __asm__ volatile("csrr a0, mhartid\n"
                     "li sp, 0x40870000\n"
                     "slli t0, a0, 12\n"
                     "sub sp, sp, t0\n"
                     "j run");
}
