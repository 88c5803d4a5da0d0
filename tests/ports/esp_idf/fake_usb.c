/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_usb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "fake_host.h"
#include "usb/cdc_acm_host.h"
#include "usb/vcp_ch34x.h"
#include "usb/vcp_cp210x.h"
#include "wires.h"

enum { PACKET_BYTES = 64, BRIDGE_FIFO_BYTES = 128, LINES_MAX = 512, REBOOT_MS = 300 };
#define CONTROL_NS (250 * WIRES_US)

struct cdc_dev_s {
    cdc_acm_host_device_config_t config;
};

static struct {
    fake_usb_device_t device;
    struct cdc_dev_s handle;
    bool is_open, is_deaf, told_gone;
    uint16_t opened_pid;
    uint32_t rate;
    unsigned opened;
    uint8_t in[PACKET_BYTES];
    uint32_t in_bytes;
    bool dtr, rts, download;
    char lines[LINES_MAX + 1];
} usb;

/* --- The device -------------------------------------------------------------------------------------------- */

static bool is_plugged(void)
{
    const uint64_t now_ns = wires_now_ns();
    const fake_usb_device_t *device = &usb.device;
    if (now_ns < device->plugged_at_ns) {
        return false;
    }
    return device->unplugged_at_ns == 0 || now_ns < device->unplugged_at_ns ||
           (device->replugged_at_ns != 0 && now_ns >= device->replugged_at_ns);
}

static void tell(cdc_acm_host_dev_event_t type)
{
    const cdc_acm_host_dev_event_data_t event = {.type = type};
    if (usb.is_open && usb.handle.config.event_cb != NULL) {
        usb.handle.config.event_cb(&event, usb.handle.config.user_arg);
    }
}

static void hand_over(void)
{
    if (usb.in_bytes > 0 && usb.is_open && !usb.is_deaf && !usb.told_gone) {
        assert_true(usb.handle.config.data_cb(usb.in, usb.in_bytes, usb.handle.config.user_arg));
    }
    usb.in_bytes = 0;
}

static void on_receive(uint8_t byte)
{
    usb.in[usb.in_bytes++] = byte;
    if (usb.in_bytes == PACKET_BYTES) {
        hand_over();
    }
}

static void look(void)
{
    if (!is_plugged() && usb.is_open && !usb.told_gone) {
        usb.told_gone = true;
        tell(CDC_ACM_HOST_DEVICE_DISCONNECTED);
    }
}

static void on_tick(void)
{
    hand_over();
    look();
}

void fake_usb_start(const fake_usb_device_t *device)
{
    memset(&usb, 0, sizeof(usb));
    usb.device = *device;
    wires_on_receive(on_receive);
    wires_on_tick(on_tick);
}

fake_usb_device_t *fake_usb_device(void)
{
    return &usb.device;
}

void fake_usb_break(void)
{
    usb.is_deaf = true;
    tell(CDC_ACM_HOST_ERROR);
}

void fake_usb_change_state(void)
{
    tell(CDC_ACM_HOST_SERIAL_STATE);
}

uint16_t fake_usb_opened_pid(void)
{
    return usb.opened_pid;
}

uint32_t fake_usb_rate(void)
{
    return usb.rate;
}

unsigned fake_usb_opened(void)
{
    return usb.opened;
}

const char *fake_usb_lines(void)
{
    return usb.lines;
}

/* --- The driver -------------------------------------------------------------------------------------------- */

static void start_device(const cdc_acm_host_device_config_t *config, cdc_acm_dev_hdl_t *device)
{
    assert_false(usb.is_open);
    assert_true(config->out_buffer_size > 0 && config->in_buffer_size % PACKET_BYTES == 0);
    usb.handle.config = *config;
    usb.is_open = true;
    usb.is_deaf = false;
    usb.told_gone = false;
    usb.in_bytes = 0;
    usb.opened_pid = usb.device.pid;
    usb.opened++;
    fake_hold(1);
    *device = &usb.handle;
}

static esp_err_t open_if(bool fits, const cdc_acm_host_device_config_t *config, cdc_acm_dev_hdl_t *device)
{
    enum { LOOK_MS = 50 };
    if (fake_fails()) {
        return ESP_ERR_NO_MEM;
    }
    assert_true(config->connection_timeout_ms > 0); /* it would wait for ever */
    const uint64_t end_ns = wires_now_ns() + config->connection_timeout_ms * WIRES_MS;
    do {
        /* A device that is gone has to be closed before it can be found again. */
        if (fits && is_plugged() && !usb.is_open) {
            start_device(config, device);
            return ESP_OK;
        }
        wires_pass_ns(LOOK_MS * WIRES_MS);
    } while (wires_now_ns() < end_ns);
    *device = NULL;
    return ESP_ERR_NOT_FOUND;
}

static bool is_cdc_acm(void)
{
    return usb.device.vid != SILICON_LABS_VID && usb.device.vid != NANJING_QINHENG_MICROE_VID;
}

esp_err_t cdc_acm_host_open(uint16_t vid, uint16_t pid, uint8_t interface, const cdc_acm_host_device_config_t *config,
                            cdc_acm_dev_hdl_t *device)
{
    const bool is_any = vid == CDC_HOST_ANY_VID && pid == CDC_HOST_ANY_PID;
    const bool is_this = vid == usb.device.vid && pid == usb.device.pid;
    return open_if(interface == 0 && (is_any || is_this) && is_cdc_acm(), config, device);
}

static esp_err_t open_of_vendor(uint16_t vid, uint16_t pid, uint8_t interface,
                                const cdc_acm_host_device_config_t *config, cdc_acm_dev_hdl_t *device)
{
    const bool is_this = pid == 0 || pid == usb.device.pid;
    return open_if(interface == 0 && is_this && usb.device.vid == vid, config, device);
}

esp_err_t cp210x_vcp_open(uint16_t pid, uint8_t interface, const cdc_acm_host_device_config_t *config,
                          cdc_acm_dev_hdl_t *device)
{
    return open_of_vendor(SILICON_LABS_VID, pid, interface, config, device);
}

esp_err_t ch34x_vcp_open(uint16_t pid, uint8_t interface, const cdc_acm_host_device_config_t *config,
                         cdc_acm_dev_hdl_t *device)
{
    return open_of_vendor(NANJING_QINHENG_MICROE_VID, pid, interface, config, device);
}

esp_err_t cdc_acm_host_close(cdc_acm_dev_hdl_t device)
{
    assert_ptr_equal(device, &usb.handle);
    assert_true(usb.is_open);
    usb.is_open = false;
    fake_hold(-1);
    return ESP_OK;
}

static bool is_refused(cdc_acm_dev_hdl_t device)
{
    assert_ptr_equal(device, &usb.handle);
    assert_true(usb.is_open);
    wires_pass_ns(CONTROL_NS);
    return !is_plugged() || usb.told_gone || fake_fails();
}

esp_err_t cdc_acm_host_data_tx_blocking(cdc_acm_dev_hdl_t device, const uint8_t *data, size_t size, uint32_t timeout_ms)
{
    const uint64_t end_ns = fake_after_ticks_ns(pdMS_TO_TICKS(timeout_ms));
    if (data == NULL || size == 0) {
        return ESP_ERR_INVALID_ARG;
    }
    if (size > usb.handle.config.out_buffer_size) {
        return ESP_ERR_INVALID_SIZE;
    }
    if (is_refused(device)) {
        return ESP_ERR_INVALID_RESPONSE;
    }
    for (size_t at = 0; at < size; at++) {
        while (usb.device.stuck || wires_unsent_bytes() >= BRIDGE_FIFO_BYTES) {
            if (wires_now_ns() >= end_ns) {
                return ESP_ERR_TIMEOUT;
            }
            if (!is_plugged()) {
                return ESP_ERR_INVALID_RESPONSE;
            }
            wires_pass_ns(FAKE_POLL_NS);
        }
        wires_send(data[at]);
    }
    return wires_now_ns() < end_ns ? ESP_OK : ESP_ERR_TIMEOUT;
}

esp_err_t cdc_acm_host_line_coding_set(cdc_acm_dev_hdl_t device, const cdc_acm_line_coding_t *coding)
{
    if (is_refused(device)) {
        return ESP_ERR_INVALID_RESPONSE;
    }
    assert_int_equal(coding->bDataBits, 8);
    assert_int_equal(coding->bCharFormat, 0);
    assert_int_equal(coding->bParityType, 0);
    usb.rate = coding->dwDTERate;
    if (usb.device.kind == FAKE_USB_BRIDGE) {
        wires_set_baud(coding->dwDTERate);
    }
    return ESP_OK;
}

/* --- Lines ------------------------------------------------------------------------------------------------- */

static void move_transistors(bool dtr, bool rts)
{
    wires_set_boot(dtr && !rts);
    wires_set_reset(rts && !dtr);
}

/* DTR alone asks for the loader at the next reset, RTS alone resets, neither forgets what was asked for. */
static void move_serial_jtag(bool dtr, bool rts)
{
    if (rts && !dtr) {
        wires_set_boot(usb.download);
        wires_set_reset(true);
    } else {
        wires_set_reset(false);
        wires_set_boot(false);
    }
    if (!rts) {
        usb.download = dtr;
    }
}

esp_err_t cdc_acm_host_set_control_line_state(cdc_acm_dev_hdl_t device, bool dtr, bool rts)
{
    const size_t count = strlen(usb.lines);
    if (is_refused(device)) {
        return ESP_ERR_INVALID_RESPONSE;
    }
    assert_true(count < LINES_MAX);
    usb.lines[count] = (char)('0' + (dtr ? 1 : 0) + (rts ? 2 : 0));
    const bool ends_reset = usb.rts && !usb.dtr && !rts;
    usb.dtr = dtr;
    usb.rts = rts;
    (usb.device.kind == FAKE_USB_BRIDGE ? move_transistors : move_serial_jtag)(dtr, rts);
    if (ends_reset && usb.device.gone_on_reset) {
        usb.device.unplugged_at_ns = wires_now_ns() + WIRES_MS;
        usb.device.replugged_at_ns = wires_now_ns() + REBOOT_MS * WIRES_MS;
    }
    return ESP_OK;
}
