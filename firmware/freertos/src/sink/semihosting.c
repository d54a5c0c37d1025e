/*
 * A file of the computer on which the emulator runs: `trace.svdat` in its working folder.
 */
#include "sink.h"

#include "board.h"
#include "leakscope.h"

static int file;

static size_t write(const uint8_t *bytes, size_t length) {
    return board_file_write(file, bytes, length);
}

/* A full buffer is written then and there: nothing is lost. */
size_t (*const sink_write_when_full)(const uint8_t *, size_t) = write;

void sink_open(void) {
    file = board_file_create("trace.svdat");
}

void sink_poll(void) {
    leakscope_drain(0, write);
}

void sink_close(void) {
    board_file_close(file);
}
