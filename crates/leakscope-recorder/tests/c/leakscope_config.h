/* The C file under test: its platform is the test's, and the sizes come from the command line. */
#include <stdint.h>

extern struct harness {
    void (*lock)(void);
    void (*unlock)(void);
    uint32_t (*core)(void);
    void (*wait)(void);
} harness;

#define LEAKSCOPE_LOCK() (harness.lock(), (uintptr_t)0)
#define LEAKSCOPE_UNLOCK(state) ((void)(state), harness.unlock())
#define LEAKSCOPE_CORE() harness.core()
#define LEAKSCOPE_WAIT() harness.wait()
