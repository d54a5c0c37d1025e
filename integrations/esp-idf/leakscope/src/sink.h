/* Where the recording goes: one of the files sink_*.c, which Kconfig chooses. Only the recorder's own task calls these. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"

/* Once, before all else. */
esp_err_t sink_open(void);

/* Hands bytes over; returns how many were taken, 0 if there is no room, or nobody who wants them. */
size_t sink_write(const uint8_t *bytes, size_t length);

/* Takes what the host has sent: commands of SystemView. Does not wait. Where the link carries none (or has just lost its
 * host), the sink itself says start (1) and stop (2). */
size_t sink_read(uint8_t *bytes, size_t room);
