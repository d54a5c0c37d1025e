/*
 * Calls of all sorts on an Xtensa with windows: more of them than there are registers, pointers to functions, large
 * frames. One function forgets its blocks.
 *
 * start.S   vectors, and the first call
 * board.h   the simulator
 */
#include "board.h"
#include "leakscope.h"

#define SEPARATE __attribute__((noinline))
#define ROUNDS 24

/* ---------------------------------------------------------------- The heap */

/* Blocks of one size: what is free is a list. */
static union block {
    union block *next;
    char bytes[64];
} blocks[128];
static union block *free_blocks;

static void heap_init(void) {
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
        blocks[i].next = free_blocks;
        free_blocks = &blocks[i];
    }
}

static SEPARATE void *take_block(size_t size) {
    union block *const block = free_blocks;
    if (block != NULL) {
        free_blocks = block->next;
    }
    leakscope_on_alloc(block, size);
    return block;
}

static SEPARATE void release_block(void *memory) {
    union block *const block = memory;
    leakscope_on_free(block, 0);
    block->next = free_blocks;
    free_blocks = block;
}

/* ---------------------------------------------------------------- The program */

static SEPARATE uint32_t use_block(size_t size) {
    volatile char *const block = take_block(size);
    block[0] = 1;
    release_block((void *)block);
    return 0;
}

static SEPARATE uint32_t forget_block(size_t size) {
    /* MARK: forgotten block */
    volatile char *const block = take_block(size);
    block[0] = 1;
    return 0;
}

/* More calls than registers hold, on two ways with frames at the same places. */
#define LEVEL(way, number, next)                                   \
    static SEPARATE uint32_t way##_##number(size_t size) {         \
        return next(size) + number;                                \
    }
#define WAY(way, innermost)    \
    LEVEL(way, 1, innermost)   \
    LEVEL(way, 2, way##_1)     \
    LEVEL(way, 3, way##_2)     \
    LEVEL(way, 4, way##_3)     \
    LEVEL(way, 5, way##_4)     \
    LEVEL(way, 6, way##_5)     \
    LEVEL(way, 7, way##_6)     \
    LEVEL(way, 8, way##_7)     \
    LEVEL(way, 9, way##_8)     \
    LEVEL(way, 10, way##_9)
WAY(left, forget_block)
WAY(right, use_block)

static SEPARATE uint32_t with_large_frame(uint32_t place, uint32_t (*what)(size_t)) {
    volatile uint32_t table[50];
    table[place] = place;
    what(40);
    return table[place];
}

static SEPARATE void do_round(uint32_t round) {
    use_block(8 + round);
    with_large_frame(round, use_block);
    left_10(16);
    right_10(24);
}

/* ---------------------------------------------------------------- The recording */

static int file;

static size_t write(const uint8_t *bytes, size_t length) {
    return board_file_write(file, bytes, length);
}

int main(void) {
    const struct leakscope_config config = {
        .application = "xtensa-example",
        .device = "sim",
        .core = "dc232b",
        .clock = board_clock,
        .clock_hz = BOARD_CLOCK_HZ,
        .write_when_full = write,
        .heap_base = (uintptr_t)blocks,
        .heap_size = sizeof blocks,
        .heap_alignment_bits = 4,
        .code_start = (uintptr_t)code_start,
        .code_end = (uintptr_t)code_end,
        .stacks_start = (uintptr_t)data_start,
        .stacks_end = (uintptr_t)stack_top,
    };
    file = board_file_create("trace.svdat");
    heap_init();
    leakscope_init(&config);
    leakscope_start();
    for (uint32_t round = 0; round < ROUNDS; round++) {
        do_round(round);
        /* 20 ms */
        const uint32_t begin = board_clock();
        while (board_clock() - begin < BOARD_CLOCK_HZ / 50) {
        }
    }
    leakscope_stop();
    leakscope_drain(0, write);
    board_exit(0);
}
