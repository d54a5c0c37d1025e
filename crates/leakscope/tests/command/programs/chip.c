/* Variables of a chip with 32 bits: what they hold is put into a core dump by a test. */

void *g_head;
float g_samples[4];
unsigned g_far;

void _start(void) {
    for (;;)
        ;
}
