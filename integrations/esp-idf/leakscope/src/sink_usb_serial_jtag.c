/* The chip's own USB port: packets out, commands in. Where no host takes the bytes, they wait for one. */
#include "sink.h"

/* It needs stdbool.h, which the one above brings. */
#include "driver/usb_serial_jtag.h"
#include "freertos/FreeRTOS.h"

esp_err_t sink_open(void) {
    usb_serial_jtag_driver_config_t config = {.tx_buffer_size = 2048, .rx_buffer_size = 256};
    return usb_serial_jtag_driver_install(&config);
}

size_t sink_write(const uint8_t *bytes, size_t length) {
    const int written = usb_serial_jtag_write_bytes(bytes, length < 1024 ? length : 1024, pdMS_TO_TICKS(20));
    return written > 0 ? (size_t)written : 0;
}

size_t sink_read(uint8_t *bytes, size_t room) {
    const int read = usb_serial_jtag_read_bytes(bytes, room, 0);
    return read > 0 ? (size_t)read : 0;
}
