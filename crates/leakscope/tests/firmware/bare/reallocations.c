/* Each of these frees once what it has allocated; two of them ask for what is not to be had. */
#include <malloc.h>
#include <stdio.h>
#include "board.h"

#define ROUNDS 20
#define APART __attribute__((noinline)) static

static char *volatile block, *volatile other, *volatile last;

/* The allocator frees what is left over. */
APART void shrink(void) {
    block = malloc(400);
    free(realloc(block, 100));
}

/* What lies behind is free. */
APART void grow(void) {
    block = malloc(64);
    other = malloc(64);
    free(other);
    free(realloc(block, 120));
}

/* What lies before is free: a block may move there without a call. */
APART void move_back(void) {
    block = malloc(200);
    other = malloc(64);
    last = malloc(16);
    free(block);
    free(realloc(other, 200));
    free(last);
}

/* Nothing is free beside it. */
APART void move(void) {
    block = malloc(200);
    last = malloc(16);
    free(realloc(block, 1000));
    free(last);
}

APART void align(void) {
    block = memalign(64, 100);
    free(block);
}

APART void fail(void) {
    block = malloc(30);
    last = realloc(block, 0x7FFFFFFF);
    other = calloc(1, 0x7FFFFFFF);
    free(block);
}

APART void clear(void) {
    block = calloc(4, 10);
    free(block);
    char *text;
    if (asprintf(&text, "%d of %d", 1, 2) > 0) {
        free(text);
    }
}

int main(void) {
    static const struct leakscope_config config = {
        .application = "reallocations", .clock = cycles, .clock_hz = 25000000,
        .code_start = 0x40, .code_end = 0x100000, .stacks_start = 0x20000000, .stacks_end = STACK_TOP,
    };
    leakscope_init(&config);
    leakscope_start();
    for (int round = 0; round < ROUNDS; round++) {
        shrink();
        grow();
        move_back();
        move();
        align();
        fail();
        clear();
        pause_ms(2);
    }
    finish();
}
