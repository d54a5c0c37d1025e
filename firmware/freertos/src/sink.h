/*
 * Where a stream's bytes go. Of the files in sink/ one is linked.
 */
#ifndef SINK_H
#define SINK_H

#include <stddef.h>
#include <stdint.h>

void sink_open(void);
/* Sends what is in the recorder's buffer. */
void sink_poll(void);
void sink_close(void);

/* What the recorder calls when its buffer is full; NULL: it waits for a reader. */
extern size_t (*const sink_write_when_full)(const uint8_t *bytes, size_t length);

#endif
