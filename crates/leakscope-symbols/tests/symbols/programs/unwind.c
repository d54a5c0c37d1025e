/* Calls `hook` out of functions of many shapes, on stacks that hold stale return addresses. */
#include <stdarg.h>
#include <stddef.h>

#define NOINLINE __attribute__((noinline))

/* With where it returns to, and the stack pointer after that. */
void seen(size_t return_address, size_t *stack);

#if defined(__x86_64__)
__asm__(".text\n.globl hook\n.type hook, @function\nhook:\n mov (%rsp), %rdi\n lea 8(%rsp), %rsi\n jmp seen\n"
        ".size hook, .-hook\n"
        /* A function without call frame information. */
        ".globl bare\n.type bare, @function\nbare:\n sub $72, %rsp\n call *%rdi\n add $72, %rsp\n ret\n.size bare, .-bare\n");
#elif defined(__arm__)
__asm__(".text\n.syntax unified\n.thumb_func\n.globl hook\n.type hook, %function\nhook:\n mov r0, lr\n mov r1, sp\n b seen\n"
        ".size hook, .-hook\n"
        ".thumb_func\n.globl bare\n.type bare, %function\nbare:\n push {r4, lr}\n sub sp, #40\n blx r0\n add sp, #40\n pop {r4, pc}\n"
        ".size bare, .-bare\n");
#elif defined(__riscv)
__asm__(".text\n.globl hook\n.type hook, @function\nhook:\n mv a0, ra\n mv a1, sp\n tail seen\n.size hook, .-hook\n"
        ".globl bare\n.type bare, @function\nbare:\n addi sp, sp, -48\n sw ra, 44(sp)\n jalr a0\n lw ra, 44(sp)\n addi sp, sp, 48\n ret\n"
        ".size bare, .-bare\n");
#endif
void hook(void);
void bare(void (*function)(void));

static volatile int sink;
static unsigned state = 1;

static unsigned next(void)
{
    state = state * 1103515245u + 12345u;
    return state >> 16;
}

NOINLINE void leaf(void)
{
    hook();
    sink++;
}

NOINLINE void tail(void)
{
    sink += 2;
    leaf();
}

/* Much of it is never written, and keeps what calls before left there. */
NOINLINE int sparse(int index)
{
    volatile char buffer[512];
    buffer[index & 511] = 1;
    leaf();
    return buffer[index & 511];
}

NOINLINE int variadic(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int sum = 0;
    while (*format++)
        sum += va_arg(list, int);
    leaf();
    va_end(list);
    return sum;
}

NOINLINE int variable(int length)
{
    volatile char buffer[length + 1];
    buffer[length] = 3;
    leaf();
    return buffer[length];
}

NOINLINE void called_back(void)
{
    leaf();
    sink++;
}

NOINLINE int recursive(int depth)
{
    volatile int local[7];
    local[depth % 7] = depth;
    if (depth == 0) {
        switch (next() % 6) {
        case 0: sparse(9); break;
        case 1: variadic("aaaaaa", 1, 2, 3, 4, 5, 6); break;
        case 2: variable(40 + next() % 90); break;
        case 3: tail(); break;
        case 4: bare(called_back); break;
        default: leaf(); break;
        }
    } else if (depth & 1) {
        sink += recursive(depth - 1);
    } else {
        sink += recursive(depth - 1) + local[depth % 7];
    }
    return sink;
}

NOINLINE int many(int a, int b, int c, int d, int e, int f, int g, int h)
{
    int sum = recursive(a % 9);
    return sum + a + b + c + d + e + f + g + h;
}

#if defined(__linux__)
#include <execinfo.h>
#include <stdio.h>

/* Where the system has put the first stack. */
extern size_t *__libc_stack_end;

/* The event: where it returns to, the words above the stack pointer, and the call stack by the C library. */
NOINLINE void seen(size_t return_address, size_t *stack)
{
    printf("%zx |", return_address);
    for (size_t *word = stack; word < __libc_stack_end; word++)
        printf(" %zx", *word);
    void *frames[64];
    int count = backtrace(frames, 64);
    printf(" |");
    for (int index = 0; index < count; index++)
        printf(" %zx", (size_t)frames[index]);
    printf("\n");
}
#else
/* A debugger stops here, and reads the stack. */
NOINLINE void seen(size_t return_address, size_t *stack)
{
    sink += (int)return_address + (int)stack[0];
}

/* And here at the end. */
NOINLINE void finished(void)
{
    for (;;)
        sink++;
}

/* Where the processor begins: on ARM by way of a table of addresses. */
#if defined(__arm__)
__asm__(".section .first, \"ax\"\n.word 0x20010000\n.word entry + 1\n"
        ".thumb_func\n.globl entry\n.type entry, %function\nentry:\n bl main\n bl finished\n.size entry, .-entry\n.text\n");
#elif defined(__riscv)
__asm__(".section .first, \"ax\"\n.globl entry\n.type entry, @function\nentry:\n li sp, 0x80100000\n call main\n"
        " call finished\n.size entry, .-entry\n.text\n");
#endif
#endif

int main(void)
{
    for (int round = 0; round < 300; round++)
        sink += many(round, 1, 2, 3, 4, 5, 6, 7);
    return 0;
}
