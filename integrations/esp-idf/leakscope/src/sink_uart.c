/* A UART, as SEGGER's and ESP-IDF's own recorders use one: packets out, commands in. */
#include "driver/uart.h"
#include "sink.h"

#define PORT ((uart_port_t)CONFIG_LEAKSCOPE_UART_NUM)

esp_err_t sink_open(void) {
    const uart_config_t config = {
        .baud_rate = CONFIG_LEAKSCOPE_UART_BAUD,
        .data_bits = UART_DATA_8_BITS,
        .parity = UART_PARITY_DISABLE,
        .stop_bits = UART_STOP_BITS_1,
        .flow_ctrl = UART_HW_FLOWCTRL_DISABLE,
        .source_clk = UART_SCLK_DEFAULT,
    };
    esp_err_t error = uart_driver_install(PORT, 256, 2048, 0, NULL, 0);
    if (error == ESP_OK) {
        error = uart_param_config(PORT, &config);
    }
    if (error == ESP_OK) {
        error = uart_set_pin(PORT, CONFIG_LEAKSCOPE_UART_TX_GPIO, CONFIG_LEAKSCOPE_UART_RX_GPIO, UART_PIN_NO_CHANGE,
                             UART_PIN_NO_CHANGE);
    }
    return error;
}

size_t sink_write(const uint8_t *bytes, size_t length) {
    const int written = uart_write_bytes(PORT, bytes, length);
    return written > 0 ? (size_t)written : 0;
}

size_t sink_read(uint8_t *bytes, size_t room) {
    const int read = uart_read_bytes(PORT, bytes, room, 0);
    return read > 0 ? (size_t)read : 0;
}
