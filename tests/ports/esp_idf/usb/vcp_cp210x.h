/* SPDX-License-Identifier: Apache-2.0 */
/** A part of the header of this name of espressif/usb_host_cp210x_vcp. */
#pragma once

#include "usb/cdc_acm_host.h"

#define SILICON_LABS_VID (0x10C4)

esp_err_t cp210x_vcp_open(uint16_t pid, uint8_t interface, const cdc_acm_host_device_config_t *config,
                          cdc_acm_dev_hdl_t *device);
