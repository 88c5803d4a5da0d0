/* SPDX-License-Identifier: Apache-2.0 */
/** A part of the header of this name of espressif/usb_host_cdc_acm. */
#pragma once

#include "esp_err.h"

#define CDC_HOST_ANY_VID 0
#define CDC_HOST_ANY_PID 0

typedef struct cdc_dev_s *cdc_acm_dev_hdl_t;

typedef enum {
    CDC_ACM_HOST_ERROR,
    CDC_ACM_HOST_SERIAL_STATE,
    CDC_ACM_HOST_NETWORK_CONNECTION,
    CDC_ACM_HOST_DEVICE_DISCONNECTED
} cdc_acm_host_dev_event_t;

typedef struct {
    cdc_acm_host_dev_event_t type;
    union {
        int error;
        uint16_t serial_state;
        cdc_acm_dev_hdl_t cdc_hdl;
    } data;
} cdc_acm_host_dev_event_data_t;

typedef struct {
    uint32_t dwDTERate;
    uint8_t bCharFormat, bParityType, bDataBits;
} cdc_acm_line_coding_t;

typedef bool (*cdc_acm_data_callback_t)(const uint8_t *data, size_t size, void *context);
typedef void (*cdc_acm_host_dev_callback_t)(const cdc_acm_host_dev_event_data_t *event, void *context);

typedef struct {
    uint32_t connection_timeout_ms;
    size_t out_buffer_size, in_buffer_size;
    cdc_acm_host_dev_callback_t event_cb;
    cdc_acm_data_callback_t data_cb;
    void *user_arg;
} cdc_acm_host_device_config_t;

esp_err_t cdc_acm_host_open(uint16_t vid, uint16_t pid, uint8_t interface, const cdc_acm_host_device_config_t *config,
                            cdc_acm_dev_hdl_t *device);
esp_err_t cdc_acm_host_close(cdc_acm_dev_hdl_t device);
esp_err_t cdc_acm_host_data_tx_blocking(cdc_acm_dev_hdl_t device, const uint8_t *data, size_t size,
                                        uint32_t timeout_ms);
esp_err_t cdc_acm_host_line_coding_set(cdc_acm_dev_hdl_t device, const cdc_acm_line_coding_t *coding);
esp_err_t cdc_acm_host_set_control_line_state(cdc_acm_dev_hdl_t device, bool dtr, bool rts);
