/* Nobody has said where stacks lie, and behind the one at hand there is no memory. The allocator is the program's own. */
#include "board.h"

static char pool[4096];
static char *volatile last;

LEAKSCOPE_NOINLINE static void *take(size_t size) {
    static size_t used;
    void *block = &pool[used];
    used += (size + 7u) & ~7u;
    leakscope_on_alloc(block, size);
    return block;
}

LEAKSCOPE_NOINLINE static void measure(void) {
    last = take(24);
}

LEAKSCOPE_NOINLINE static void show(void) {
    last = take(48);
}

int main(void) {
    static const struct leakscope_config config = {
        .application = "end of memory", .clock = cycles, .clock_hz = 25000000,
        .code_start = 0x40, .code_end = 0x100000,
    };
    leakscope_init(&config);
    leakscope_start();
    for (int round = 0; round < 20; round++) {
        measure();
        show();
        pause_ms(1);
    }
    finish();
}
