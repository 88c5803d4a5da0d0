/* SPDX-License-Identifier: Apache-2.0 */
/* The driver calls on_data() and on_event() from a task of its own. They share with the port a stream buffer, which stands
 * one writer and one reader, and one flag. The device is closed by the loader's task only, so that it is never closed
 * under a transfer. */
#include "esp32_usb_cdc_acm_port.h"

#include "idf_host.h"
#include "reset_lines.h"
#if __has_include("usb/vcp_cp210x.h")
#include "usb/vcp_cp210x.h"
#define CP210X_ROW {SILICON_LABS_VID, false, cp210x_vcp_open},
#else
#define CP210X_ROW
#endif
#if __has_include("usb/vcp_ch34x.h")
#include "usb/vcp_ch34x.h"
#define CH34X_ROW {NANJING_QINHENG_MICROE_VID, false, ch34x_vcp_open},
#else
#define CH34X_ROW
#endif

enum {
    RECEIVED_BYTES = 8192,
    IN_BYTES = 512, /* one transfer */
    OUT_BYTES = 512,
    FIRST_BAUD = 115200,
    LOOK_MS = 20 /* how long a wait is blind to a disconnection */
};

static esp32_usb_cdc_acm_port_t *self(esp_loader_port_t *port)
{
    return container_of(port, esp32_usb_cdc_acm_port_t, port);
}

/* --- Time -------------------------------------------------------------------------------------------------- */

static void start_timer(esp_loader_port_t *port, uint32_t ms)
{
    self(port)->_deadline = reflash_deadline(reflash_idf_now_ms(), ms);
}

static uint32_t remaining_time(esp_loader_port_t *port)
{
    return reflash_deadline_left_ms(&self(port)->_deadline, reflash_idf_now_ms());
}

/* --- In the driver's task ---------------------------------------------------------------------------------- */

static void call(loader_port_esp32_usb_cdc_acm_callback_t callback)
{
    if (callback != NULL) {
        callback();
    }
}

static bool on_data(const uint8_t *data, size_t size, void *context)
{
    esp32_usb_cdc_acm_port_t *port = context;
    if (xStreamBufferSend(port->_received, data, size, 0) != size) { /* to wait here would hold up what is sent */
        port->_has_lost_bytes = true;
    }
    return true;
}

static void on_event(const cdc_acm_host_dev_event_data_t *event, void *context)
{
    esp32_usb_cdc_acm_port_t *port = context;
    switch (event->type) {
    case CDC_ACM_HOST_ERROR: /* the driver receives no more */
        port->_is_broken = true;
        call(port->acm_host_error_callback);
        break;
    case CDC_ACM_HOST_DEVICE_DISCONNECTED:
        port->_is_broken = true;
        call(port->device_disconnected_callback);
        break;
    case CDC_ACM_HOST_SERIAL_STATE:
        call(port->acm_host_serial_state_callback);
        break;
    default:
        break;
    }
}

/* --- Opening ----------------------------------------------------------------------------------------------- */

static esp_err_t open_serial_jtag(uint16_t pid, uint8_t interface, const cdc_acm_host_device_config_t *config,
                                  cdc_acm_dev_hdl_t *device)
{
    (void)pid;
    return cdc_acm_host_open(ESPRESSIF_VID, ESP_SERIAL_JTAG_PID, interface, config, device);
}

static esp_err_t open_any(uint16_t pid, uint8_t interface, const cdc_acm_host_device_config_t *config,
                          cdc_acm_dev_hdl_t *device)
{
    (void)pid;
    return cdc_acm_host_open(CDC_HOST_ANY_VID, CDC_HOST_ANY_PID, interface, config, device);
}

/* Drivers for the devices of a vendor. A device that is not named is looked for in this order. */
static const struct {
    uint16_t vid;
    bool is_serial_jtag;
    esp_err_t (*open)(uint16_t pid, uint8_t interface, const cdc_acm_host_device_config_t *config,
                      cdc_acm_dev_hdl_t *device);
} drivers[] = {
    {0, true, open_serial_jtag},
    CP210X_ROW CH34X_ROW{0, false, open_any},
};

enum { DRIVER_COUNT = sizeof(drivers) / sizeof(drivers[0]) };

static esp_err_t find_device(esp32_usb_cdc_acm_port_t *port, const cdc_acm_host_device_config_t *config)
{
    esp_err_t err = ESP_ERR_NOT_FOUND;
    for (size_t row = 0; row < DRIVER_COUNT && err != ESP_OK; row++) {
        port->_is_serial_jtag = drivers[row].is_serial_jtag;
        err = drivers[row].open(0, 0, config, &port->_device);
    }
    return err;
}

static esp_err_t open_known_device(esp32_usb_cdc_acm_port_t *port, const cdc_acm_host_device_config_t *config)
{
    const uint16_t vid = port->device_vid;
    const uint16_t pid = port->device_pid;
    port->_is_serial_jtag = vid == ESPRESSIF_VID && pid == ESP_SERIAL_JTAG_PID;
    for (size_t row = 0; row < DRIVER_COUNT; row++) {
        if (drivers[row].vid == vid) {
            return drivers[row].open(pid, 0, config, &port->_device);
        }
    }
    return cdc_acm_host_open(vid, pid, 0, config, &port->_device);
}

static uint32_t out_bytes(const esp32_usb_cdc_acm_port_t *port)
{
    return port->out_buffer_size > 0 ? port->out_buffer_size : OUT_BYTES;
}

static esp_err_t open_device(esp32_usb_cdc_acm_port_t *port)
{
    const cdc_acm_host_device_config_t config = {
        .connection_timeout_ms = port->connection_timeout_ms,
        .out_buffer_size = out_bytes(port),
        .in_buffer_size = IN_BYTES,
        .event_cb = on_event,
        .data_cb = on_data,
        .user_arg = port,
    };
    const bool is_known = port->device_vid != USB_VID_PID_AUTO_DETECT && port->device_pid != USB_VID_PID_AUTO_DETECT;
    port->_device = NULL;
    port->_is_broken = false;
    const esp_err_t err = is_known ? open_known_device(port, &config) : find_device(port, &config);
    if (err != ESP_OK) {
        port->_device = NULL;
        port->_is_broken = true;
    }
    return err;
}

static void close_device(esp32_usb_cdc_acm_port_t *port)
{
    if (port->_device != NULL) {
        (void)cdc_acm_host_close(port->_device);
        port->_device = NULL;
    }
}

static esp_loader_error_t set_rate(esp32_usb_cdc_acm_port_t *port, uint32_t rate)
{
    /* 1 stop bit, no parity, 8 data bits */
    const cdc_acm_line_coding_t coding = {.dwDTERate = rate, .bCharFormat = 0, .bParityType = 0, .bDataBits = 8};
    if (port->_is_broken) {
        return ESP_LOADER_ERROR_FAIL;
    }
    return reflash_idf_error(cdc_acm_host_line_coding_set(port->_device, &coding));
}

/* Open the device again if it was lost. False: it is still away. */
static bool is_there(esp32_usb_cdc_acm_port_t *port)
{
    if (!port->_is_broken) {
        return true;
    }
    close_device(port);
    if (open_device(port) != ESP_OK) {
        return false;
    }
    (void)set_rate(port, FIRST_BAUD); /* what refuses this has no rate */
    return true;
}

static void deinit(esp_loader_port_t *base)
{
    esp32_usb_cdc_acm_port_t *port = self(base);
    close_device(port); /* from here on nobody writes to the buffer */
    port->_is_broken = true;
    if (port->_received != NULL) {
        vStreamBufferDelete(port->_received);
        port->_received = NULL;
    }
}

static esp_loader_error_t init(esp_loader_port_t *base)
{
    esp32_usb_cdc_acm_port_t *port = self(base);
    deinit(base); /* programs open the port again after it was disconnected */
    port->_has_lost_bytes = false;
    port->_received = xStreamBufferCreate(RECEIVED_BYTES, 1);
    if (port->_received != NULL && is_there(port)) {
        return ESP_LOADER_SUCCESS;
    }
    deinit(base);
    return ESP_LOADER_ERROR_FAIL;
}

/* --- Bytes ------------------------------------------------------------------------------------------------- */

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static esp_loader_error_t write_bytes(esp_loader_port_t *base, const uint8_t *data, uint16_t size, uint32_t timeout)
{
    esp32_usb_cdc_acm_port_t *port = self(base);
    const reflash_deadline_t deadline = reflash_deadline(reflash_idf_now_ms(), timeout);
    for (uint32_t done = 0; done < size;) {
        const uint32_t left_ms = reflash_deadline_left_ms(&deadline, reflash_idf_now_ms());
        const uint32_t bytes = smaller(size - done, out_bytes(port));
        if (port->_is_broken) {
            return ESP_LOADER_ERROR_FAIL;
        }
        const esp_err_t err =
            cdc_acm_host_data_tx_blocking(port->_device, data + done, bytes, reflash_idf_driver_ms(left_ms));
        if (err != ESP_OK) {
            return port->_is_broken ? ESP_LOADER_ERROR_FAIL : reflash_idf_error(err);
        }
        done += bytes;
    }
    return ESP_LOADER_SUCCESS;
}

/* By reading: to reset the buffer is not allowed while its writer may be at work. */
static void forget(esp_loader_port_t *base)
{
    uint8_t forgotten[64];
    self(base)->_has_lost_bytes = false; /* first: what is lost meanwhile is told next time */
    while (self(base)->_received != NULL &&
           xStreamBufferReceive(self(base)->_received, forgotten, sizeof(forgotten), 0) > 0) {
    }
}

static esp_loader_error_t read_some(esp_loader_port_t *base, uint8_t *data, uint16_t size, uint16_t *got_bytes,
                                    uint32_t timeout)
{
    const esp32_usb_cdc_acm_port_t *port = self(base);
    const reflash_deadline_t deadline = reflash_deadline(reflash_idf_now_ms(), timeout);
    for (;;) { /* until the time is up */
        const uint32_t left_ms = reflash_deadline_left_ms(&deadline, reflash_idf_now_ms());
        const bool was_broken = port->_is_broken; /* asked first: what came before that is still handed out */
        *got_bytes =
            port->_received == NULL
                ? 0
                : (uint16_t)xStreamBufferReceive(port->_received, data, size,
                                                 was_broken ? 0 : reflash_idf_ticks(smaller(left_ms, LOOK_MS)));
        if (port->_has_lost_bytes) {
            forget(base);
            return ESP_LOADER_ERROR_INVALID_RESPONSE;
        }
        if (*got_bytes > 0) {
            return ESP_LOADER_SUCCESS;
        }
        if (was_broken) {
            return ESP_LOADER_ERROR_FAIL;
        }
        if (left_ms == 0) {
            return ESP_LOADER_ERROR_TIMEOUT;
        }
    }
}

static esp_loader_error_t read_bytes(esp_loader_port_t *base, uint8_t *data, uint16_t size, uint32_t timeout)
{
    const reflash_deadline_t deadline = reflash_deadline(reflash_idf_now_ms(), timeout);
    for (uint16_t done = 0; done < size;) {
        uint16_t got_bytes;
        const esp_loader_error_t err = read_some(base, data + done, (uint16_t)(size - done), &got_bytes,
                                                 reflash_deadline_left_ms(&deadline, reflash_idf_now_ms()));
        if (err != ESP_LOADER_SUCCESS) {
            return err;
        }
        done = (uint16_t)(done + got_bytes);
    }
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t change_transmission_rate(esp_loader_port_t *base, uint32_t rate)
{
    return set_rate(self(base), rate);
}

/* --- Lines ------------------------------------------------------------------------------------------------- */

static void set_lines(esp_loader_port_t *base, bool boot, bool reset)
{
    esp32_usb_cdc_acm_port_t *port = self(base);
    if (!port->_is_broken && cdc_acm_host_set_control_line_state(port->_device, boot, reset) != ESP_OK) {
        port->_is_broken = true;
    }
}

static const reflash_line_moves_t moves = {.set = set_lines, .forget = forget};

static reflash_lines_t lines_of(const esp32_usb_cdc_acm_port_t *port)
{
    return (reflash_lines_t){.style = port->_is_serial_jtag ? REFLASH_LINES_USB : REFLASH_LINES_CLASSIC};
}

/* Through all of `dance`. A target whose USB is software of its own comes back as a new device. */
static void move(esp_loader_port_t *base, void (*dance)(esp_loader_port_t *port, const reflash_lines_t *lines,
                                                        const reflash_line_moves_t *moves))
{
    esp32_usb_cdc_acm_port_t *port = self(base);
    if (port->_received != NULL && is_there(port)) {
        const reflash_lines_t lines = lines_of(port);
        dance(base, &lines, &moves);
        (void)is_there(port);
    }
}

static void enter_bootloader(esp_loader_port_t *base)
{
    move(base, reflash_lines_enter_bootloader);
}

static void reset_target(esp_loader_port_t *base)
{
    move(base, reflash_lines_reset_target);
}

const esp_loader_port_ops_t esp32_usb_cdc_acm_ops = {
    .init = init,
    .deinit = deinit,
    .enter_bootloader = enter_bootloader,
    .reset_target = reset_target,
    .start_timer = start_timer,
    .remaining_time = remaining_time,
    .delay_ms = reflash_idf_delay_ms,
    .log = reflash_idf_log,
    .log_hex = reflash_idf_log_hex,
    .change_transmission_rate = change_transmission_rate,
    .write = write_bytes,
    .read = read_bytes,
    .read_some = read_some,
    .flush = forget,
};
