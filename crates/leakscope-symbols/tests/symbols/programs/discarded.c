/* Code at low addresses, behind a table of interrupt vectors. */
volatile unsigned sink;

void other(void);

#define FOUR(statement) statement; statement; statement; statement

__asm__(".section .vectors, \"ax\", %progbits\n"
        ".global vectors\n"
        "vectors: .zero 64\n"
        ".text");

/* A function of a library without debug information, inside the range of the discarded one. */
__asm__(".global bare\n"
        ".type bare, %function\n"
        "bare: .zero 16\n"
        ".size bare, . - bare");

__attribute__((noinline))
void used(void)
{
    sink = 1;
    FOUR(FOUR(sink += sink));
    sink = 2;
}

void entry(void)
{
    used();
    other();
    sink = 3;
}
