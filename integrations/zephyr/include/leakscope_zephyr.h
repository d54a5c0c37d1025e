/*
 * leakscope in Zephyr. With CONFIG_LEAKSCOPE_START, recording begins by itself before main; these are for programs that
 * want to begin or end it themselves. leakscope.h has marks, messages and all else.
 */
#ifndef LEAKSCOPE_ZEPHYR_H
#define LEAKSCOPE_ZEPHYR_H

#include "leakscope.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Tells of the threads that there are, and records. */
void leakscope_zephyr_start(void);
void leakscope_zephyr_stop(void);

#ifdef __cplusplus
}
#endif

#endif
