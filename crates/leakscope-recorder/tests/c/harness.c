/* leakscope.c as a library whose state can be cleared, so that it begins anew in every case of a test. */
#include "leakscope.c"

struct harness harness;

void harness_reset(void) {
    memset(&recorder, 0, sizeof recorder);
    memset(&records, 0, sizeof records);
    memset(&_SEGGER_RTT, 0, sizeof _SEGGER_RTT);
    memset(cores, 0, sizeof cores);
    memset(calls, 0, sizeof calls);
}

/* The bytes that a record takes. */
size_t harness_record_size(void) {
    return sizeof(struct slot);
}
