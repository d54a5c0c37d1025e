/* Calls of every shape, for the test that finds the line of each. */
#include "calls.h"

volatile unsigned sink;
static unsigned char arena[256];
static unsigned used;

NOINLINE void *take(unsigned size)
{
    void *block = &arena[used];
    used += size;
    return block;
}

NOINLINE void give(void *block)
{
    sink += (unsigned)(unsigned long)block;
}

NOINLINE static unsigned pick(unsigned choice)
{
    return sink ^ choice;
}

ALWAYS_INLINE void *take_twice(unsigned size)
{
    void *first = take(size);
    give(first);
    return take_cleared(size * 2);
}

/* A call is the last instruction of its line. */
NOINLINE void statements(void)
{
    void *block = take(4);
    sink = 1;
    give(block);
    give(block); give(take(5));
    sink = 2;
}

/* The compiler may put the line of an argument between the lines of the call. */
NOINLINE void spread(void)
{
    give(
        take(
            pick(7) +
            pick(8)
        )
    );
}

NOINLINE void branches(unsigned count)
{
    for (unsigned index = 0; index < count; index++) {
        void *block = index & 1
            ? take_twice(index)
            : take_cleared(index);
        if (pick(index))
            give(block);
        else
            continue;
        sink = index;
    }
}

NOINLINE void through_pointers(void)
{
    void (*volatile release)(void *) = give;
    void *(*volatile obtain)(unsigned) = take;
    release(obtain(3));
    sink = 3;
}

/* Nothing follows a call that does not return. */
NOINLINE NORETURN void stop(unsigned code)
{
    for (;;)
        sink = code;
}

NOINLINE NORETURN void fail(void)
{
    give(0);
    stop(pick(9));
}

int main(void)
{
    statements();
    spread();
    branches(sink);
    through_pointers();
    take_twice(2);
    if (pick(1))
        fail();
    return 0;
}

/* What a program without a C library starts at, and what a compiler may call on its own. */
void entry(void)
{
    main();
    stop(0);
}
