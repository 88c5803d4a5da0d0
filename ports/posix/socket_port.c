/* SPDX-License-Identifier: Apache-2.0 */
#include "socket_port.h"

#include <signal.h>
#include <sys/socket.h>

#include "tcp_connect.h"

static socket_port_t *self(esp_loader_port_t *port)
{
    return container_of(port, socket_port_t, port);
}

static esp_loader_error_t open_connection(socket_port_t *port)
{
    reflash_stream_close(&port->_stream);
    reflash_stream_forget(&port->_stream);
    port->_stream.fd = reflash_tcp_connect(port->host, port->service);
    port->_fresh = port->_stream.fd >= 0;
    return port->_fresh ? ESP_LOADER_SUCCESS : ESP_LOADER_ERROR_FAIL;
}

static esp_loader_error_t init(esp_loader_port_t *base)
{
    socket_port_t *port = self(base);
    reflash_stream_begin(&port->_stream);
    /* A connection that the other end closed is an error of write, not the end of the process. */
    (void)signal(SIGPIPE, SIG_IGN);
    return open_connection(port);
}

static void deinit(esp_loader_port_t *base)
{
    reflash_stream_close(&self(base)->_stream);
}

static void enter_bootloader(esp_loader_port_t *base)
{
    socket_port_t *port = self(base);
    if (!port->_fresh) {
        (void)open_connection(port); /* a failure shows at the next write */
    }
}

static void reset_target(esp_loader_port_t *base)
{
    socket_port_t *port = self(base);
    reflash_stream_forget(&port->_stream);
    (void)shutdown(port->_stream.fd, SHUT_WR);
    port->_fresh = false;
}

static esp_loader_error_t write_bytes(esp_loader_port_t *base, const uint8_t *data, uint16_t size, uint32_t timeout)
{
    self(base)->_fresh = false;
    return reflash_stream_write(base, data, size, timeout);
}

const esp_loader_port_ops_t socket_port_ops = {
    .init = init,
    .deinit = deinit,
    .enter_bootloader = enter_bootloader,
    .reset_target = reset_target,
    .start_timer = reflash_stream_start_timer,
    .remaining_time = reflash_stream_remaining_time,
    .delay_ms = reflash_stream_delay_ms,
    .write = write_bytes,
    .read = reflash_stream_read,
    .read_some = reflash_stream_read_some,
};
