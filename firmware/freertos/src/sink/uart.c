/*
 * A serial line.
 */
#include "sink.h"

#include "board.h"
#include "leakscope.h"

static const uint8_t hello[4] = {'S', 'V', 3, 0};

static size_t write(const uint8_t *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) {
        board_uart_send(bytes[i]);
    }
    return length;
}

/* The program waits for the serial line: nothing is lost. */
size_t (*const sink_write_when_full)(const uint8_t *, size_t) = write;

/* Waits for the host's hello (S, V and two more bytes), and answers it: a recording has its beginning only if
 * somebody hears it. */
void sink_open(void) {
    board_uart_init();
    size_t heard = 0;
    while (heard < sizeof hello) {
        uint8_t byte;
        if (board_uart_receive(&byte)) {
            heard = heard >= 2 || byte == hello[heard] ? heard + 1 : byte == hello[0];
        }
    }
    write(hello, sizeof hello);
}

void sink_poll(void) {
    uint8_t command;
    while (board_uart_receive(&command)) {
        leakscope_receive(&command, 1);
    }
    leakscope_drain(0, write);
}

void sink_close(void) {
}
