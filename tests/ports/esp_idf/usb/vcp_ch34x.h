/* SPDX-License-Identifier: Apache-2.0 */
/** A part of the header of this name of espressif/usb_host_ch34x_vcp. */
#pragma once

#include "usb/cdc_acm_host.h"

#define NANJING_QINHENG_MICROE_VID (0x1A86)

esp_err_t ch34x_vcp_open(uint16_t pid, uint8_t interface, const cdc_acm_host_device_config_t *config,
                         cdc_acm_dev_hdl_t *device);
