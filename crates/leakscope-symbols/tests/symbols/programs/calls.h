/* Functions that are inlined from another file. */
#define NOINLINE __attribute__((noinline, noclone, noipa))
#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define NORETURN __attribute__((noreturn))

void *take(unsigned size);
void give(void *block);

ALWAYS_INLINE void clear(unsigned char *block, unsigned size)
{
    give(block);
    for (volatile unsigned index = 0; index < size; index++)
        block[index] = 0;
}

ALWAYS_INLINE void *take_cleared(unsigned size)
{
    unsigned char *block = take(size);
    clear(block, size);
    return block;
}
