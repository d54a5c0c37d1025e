/* "SystemView via IP": the device listens, both sides say hello with 32 bytes, then packets go out without framing, and
 * commands come in with their length before them. The program brings up the network first. */
#include <errno.h>
#include <string.h>

#include "lwip/sockets.h"
#include "sink.h"

#define HELLO_SIZE 32u

enum { COMMAND_STOP = 2 };

static int listener = -1, host = -1;
static size_t hello;   /* bytes of the host's that have come */
static uint8_t length; /* bytes of the command that are to come */

esp_err_t sink_open(void) {
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons(CONFIG_LEAKSCOPE_TCP_PORT);
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    listener = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    const int yes = 1;
    if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 1) != 0) {
        return ESP_FAIL;
    }
    return fcntl(listener, F_SETFL, O_NONBLOCK) == 0 ? ESP_OK : ESP_FAIL;
}

static void hang_up(void) {
    close(host);
    host = -1;
}

size_t sink_write(const uint8_t *bytes, size_t size) {
    if (host < 0 || hello < HELLO_SIZE) {
        return 0;
    }
    const int sent = send(host, bytes, size, MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
        hang_up();
    }
    return sent > 0 ? (size_t)sent : 0;
}

/* Takes the host's hello, and answers it; then the lengths before commands. Returns whether the byte is a command's. */
static bool is_command(uint8_t byte) {
    static const char greeting[HELLO_SIZE] = "SEGGER SystemView V3.60.00";
    if (hello < HELLO_SIZE) {
        hello++;
        if (hello == HELLO_SIZE && send(host, greeting, HELLO_SIZE, 0) != (int)HELLO_SIZE) {
            hang_up();
        }
        return false;
    }
    if (length == 0) {
        length = byte;
        return false;
    }
    length--;
    return true;
}

size_t sink_read(uint8_t *bytes, size_t room) {
    if (host < 0) {
        host = accept(listener, NULL, NULL);
        hello = 0;
        length = 0;
        return 0;
    }
    const int received = recv(host, bytes, room, MSG_DONTWAIT);
    if (received == 0 || (received < 0 && errno != EAGAIN && errno != EWOULDBLOCK)) {
        hang_up();
        bytes[0] = COMMAND_STOP;
        return 1;
    }
    size_t commands = 0;
    for (int i = 0; i < received; i++) {
        if (is_command(bytes[i])) {
            bytes[commands++] = bytes[i];
        }
    }
    return commands;
}
