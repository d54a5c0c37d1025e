/* Memory of known shapes, for whoever says who points at what: our own images, Valgrind's memcheck, LeakSanitizer.
 *
 *     shapes NUMBER LEDGER   allocates from an arena of its own, writes down what it does, and waits to be looked at
 *     shapes NUMBER          allocates from malloc, and has itself checked
 *
 * Sizes are powers of two, each once: the sum of the sizes of one kind says which blocks are of it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#ifdef WITH_LSAN
#include <sanitizer/lsan_interface.h>
#else
#include <valgrind/memcheck.h>
#endif

#define APART __attribute__((noinline))

/* --- the allocator: a bump in an arena that 32 bits can address; what is freed keeps its contents --- */

#define ARENA ((char *)0x30000000)
#define ARENA_SIZE (1 << 21)
static int ledger = -1;
static size_t arena_used;

static void note(const char *format, unsigned long a, unsigned long b, unsigned long c) {
    char line[80];
    int length = snprintf(line, sizeof line, format, a, b, c);
    if (write(ledger, line, (size_t)length) != length) _exit(9);
}

static APART void *block(int power) {
    size_t size = (size_t)16 << power;
    void *p;
    if (ledger < 0) {
        p = malloc(size);
    } else {
        p = ARENA + 16 + arena_used;
        arena_used += size + 16;
        note("a %lx %lx %lx\n", (unsigned long)p, size, (unsigned long)__builtin_return_address(0));
    }
    memset(p, 0, size);
    return p;
}

static APART void unblock(void *p) {
    if (ledger < 0)
        free(p);
    else
        note("f %lx %lx %lx\n", (unsigned long)p, 0, (unsigned long)__builtin_return_address(0));
}

/* --- what is left in memory --- */

struct node { struct node *next, *other; };
static struct node *g_list;
static void *volatile g_pointer;
static void *volatile g_second;
static struct { int count; struct node *buckets[4]; } g_table;
static union { uintptr_t number; void *pointer; } g_union;
static uintptr_t g_number;
static char g_packed[32];
static __thread void *volatile t_pointer;

static struct node *chain(int from, int count) {
    struct node *head = 0;
    for (int i = 0; i < count; i++) {
        struct node *n = block(from + i);
        n->next = head;
        head = n;
    }
    return head;
}

static struct node *tree(int power, int depth) {
    struct node *n = block(power);
    if (depth > 0) {
        n->next = tree(2 * power + 1, depth - 1);
        n->other = tree(2 * power + 2, depth - 1);
    }
    return n;
}

static struct node *ring(int from, int count) {
    struct node *first = block(from), *last = first;
    for (int i = 1; i < count; i++) last = last->next = block(from + i);
    last->next = first;
    return first;
}

static struct node *both_ways(int from, int count) {
    struct node *first = block(from), *last = first;
    for (int i = 1; i < count; i++) {
        last->next = block(from + i);
        last->next->other = last;
        last = last->next;
    }
    return first;
}

/* Overwrites what calls have left below, and registers that nobody has to keep. */
static APART void scrub(void) {
    volatile char stale[16384];
    for (size_t i = 0; i < sizeof stale; i++) stale[i] = 0;
#if defined __x86_64__
    __asm__ volatile("xor %%ecx,%%ecx\n xor %%edx,%%edx\n xor %%esi,%%esi\n xor %%edi,%%edi\n xor %%r8d,%%r8d\n"
                     "xor %%r9d,%%r9d\n xor %%r10d,%%r10d\n xor %%r11d,%%r11d"
                     ::: "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11");
#endif
}

static APART void look(void) {
#ifdef WITH_LSAN
    __lsan_do_recoverable_leak_check();
    _exit(0);
#else
    if (ledger < 0) {
        VALGRIND_DO_LEAK_CHECK;
        _exit(0);
    }
    char byte;
    if (write(1, "ready\n", 6) != 6 || read(0, &byte, 1) < 0) _exit(8);
    _exit(0);
#endif
}

static void APART make(int shape) {
    struct node *a, *b, *c;
    switch (shape) {
    case 0: block(0); break;                                            /* dropped */
    case 1: g_pointer = block(0); break;                                /* held by a global */
    case 2: g_list = chain(0, 5); break;                                /* a list */
    case 3: chain(0, 5); break;                                         /* a list that was dropped */
    case 4: g_pointer = ring(0, 3); break;                              /* a ring */
    case 5: ring(0, 3); break;                                          /* a ring that was dropped */
    case 6: g_list = tree(0, 2); break;                                 /* a tree */
    case 7: tree(0, 2); break;                                          /* a tree that was dropped */
    case 8: g_pointer = (char *)block(0) + 8; break;                    /* an interior pointer alone */
    case 9: a = block(0); a->next = block(1); g_pointer = (char *)a + 4; break; /* a chain behind one */
    case 10: a = block(0); g_pointer = (char *)a + 8; g_second = a; break; /* and a pointer to the start */
    case 11: a = block(0); a->next = (void *)((char *)block(1) + 8); g_pointer = a; break;
    case 12: a = block(0); a->next = block(1); unblock(a); break;       /* held by freed memory alone */
    case 13: a = block(0); a->next = a; break;                          /* points at itself */
    case 14: g_number = (uintptr_t)block(0); break;                     /* a number that looks like a pointer */
    case 15: g_union.number = (uintptr_t)block(0); break;
    case 16: g_number = (uintptr_t)block(0) ^ (uintptr_t)0x5a5a5a5a5a5a5a5a; break; /* in another form */
    case 17: g_number = (uintptr_t)block(0) | 1; break;                 /* with a tag */
    case 18: g_pointer = (char *)block(0) + 16; break;                  /* one past its end */
    case 19: a = block(0); memcpy(g_packed + 1, &a, sizeof a); break;   /* where no pointer is aligned */
    case 20: c = block(2); a = block(0); b = block(1); a->next = b->next = c; break; /* two lose one */
    case 21: a = block(0); b = block(1); b->next = a; break;            /* the later one leads */
    case 22: a = block(0); b = block(1); a->next = b; g_pointer = (char *)a + 8; g_second = a; break;
    case 23: a = block(0); a->next = (void *)((char *)block(1) + 4); break; /* lost behind an interior pointer */
    case 24: both_ways(0, 4); break;
    case 25: for (int i = 0; i < 4; i++) g_table.buckets[i] = chain(2 * i, 2); break;
    case 26: t_pointer = block(0); break;                               /* thread-local */
    case 27: a = block(0); a->next = block(1); a->other = block(2); unblock(a); break; /* its container was freed */
    case 28: g_list = both_ways(0, 4); break;
    case 29: g_pointer = chain(0, 3); chain(3, 3); break;               /* one held, one not */
    case 30: { static void *inside; inside = block(0); break; }         /* a static of a function */
    case 31: a = ring(0, 3); b = block(3); b->next = a; break;          /* a tail that leads to a ring */
    case 32: a = block(0); g_pointer = a; b = chain(1, 4); a->next = b->next; break; /* a list without its head */
    }
}

/* What only a stack holds, and what only a register holds. */
static APART void on_stack(void) {
    void *volatile held = block(0);
    scrub();
    look();
    g_number = (uintptr_t)held;
}

static APART void below_stack(void) {
    volatile uintptr_t far[16384];
    far[8] = (uintptr_t)block(0);
    g_number = far[9] & 0;
}

static APART void in_register(void) {
#if defined __x86_64__
    __asm__ volatile("mov %0, %%rbx" ::"r"(block(0)));
#else
    g_pointer = block(0);
#endif
    scrub();
    look();
}

int main(int count, char **arguments) {
    int shape = atoi(arguments[1]);
    if (count > 2) {
        ledger = open(arguments[2], O_WRONLY | O_CREAT | O_TRUNC, 0600);
        if (mmap(ARENA, ARENA_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != ARENA)
            return 7;
    }
    switch (shape) {
    case 33: on_stack(); break;
    case 34: in_register(); break;
    case 35: below_stack(); break;
    default: make(shape);
    }
    scrub();
    look();
}
