/* A UART: packets out, commands in, by a thread of its own. */
#include <zephyr/device.h>
#include <zephyr/drivers/uart.h>
#include <zephyr/kernel.h>

#include "leakscope.h"

static const struct device *const uart = DEVICE_DT_GET(DT_CHOSEN(leakscope_uart));

static size_t write(const uint8_t *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) {
        uart_poll_out(uart, bytes[i]);
    }
    return length;
}

static void hand_out(void *first, void *second, void *third) {
    ARG_UNUSED(first);
    ARG_UNUSED(second);
    ARG_UNUSED(third);
    if (!device_is_ready(uart)) {
        return;
    }
    for (;;) {
        uint8_t command;
        while (uart_poll_in(uart, &command) == 0) {
            leakscope_receive(&command, 1);
        }
        leakscope_poll();
        leakscope_drain(0, write);
        k_msleep(1);
    }
}

K_THREAD_DEFINE(leakscope, 1024, hand_out, NULL, NULL, NULL, K_LOWEST_APPLICATION_THREAD_PRIO, 0, 0);
