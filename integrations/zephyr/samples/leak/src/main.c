/* A program that forgets one of two blocks for each visitor. */
#include <zephyr/kernel.h>

static void *remember(int visitor) {
    return k_malloc(32 + (size_t)visitor);
}

int main(void) {
    for (int visitor = 0; visitor < 100; visitor++) {
        void *name = remember(visitor), *face = remember(visitor);
        k_msleep(10);
        k_free(name);
        ARG_UNUSED(face);
    }
    return 0;
}
