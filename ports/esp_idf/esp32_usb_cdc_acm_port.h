/* SPDX-License-Identifier: Apache-2.0 */
/** A target on the USB socket of an ESP-IDF host (ESP32-S2, ESP32-S3, ESP32-P4): its own USB-Serial/JTAG or USB-OTG, or a
 *  bridge on its board.
 *
 *  ESP-IDF 5.1 to 6.0 with the component espressif/usb_host_cdc_acm 2.0.5 or later. Bridges that are no CDC-ACM device
 *  need espressif/usb_host_cp210x_vcp or espressif/usb_host_ch34x_vcp with C functions (usb/vcp_cp210x.h, usb/vcp_ch34x.h);
 *  where they are part of the project they are used.
 *
 *  Wiring, host -> target: USB D+ -> D+, USB D- -> D-, GND, and 5 V for what is powered by its socket. Boot and reset are the
 *  device's DTR and RTS; how they are moved follows from what it is.
 *
 *  Before `init` the program has called usb_host_install(), keeps a task in usb_host_lib_handle_events(), and has called
 *  cdc_acm_host_install(); that driver's task needs a higher priority than the one that flashes.
 *
 * *  Buffers: the port takes 8 KiB of the heap for what has come in and was not read yet, about what a RAM stub sends before
 *  it waits, in the worst case; the driver takes `out_buffer_size` and 512 bytes more. What does not fit is lost: the read
 *  that comes next throws away what there is and returns INVALID_RESPONSE, and the library asks again. */
#pragma once

#include "deadline.h"
#include "esp_loader_io.h"
#include "freertos/FreeRTOS.h"
#include "freertos/stream_buffer.h"
#include "usb/cdc_acm_host.h"

#ifdef __cplusplus
extern "C" {
#endif

#define USB_VID_PID_AUTO_DETECT (0) /**< For device_vid and device_pid. */

#define ESPRESSIF_VID (0x303a)
#define ESP_SERIAL_JTAG_PID (0x1001) /**< A chip's own USB-Serial/JTAG. */

/* Bridges, spelled as in the headers of their drivers. */
#define SILICON_LABS_VID (0x10C4)
#define CP210X_PID (0xEA60)
#define CP2105_PID (0xEA70)
#define CP2108_PID (0xEA71)
#define NANJING_QINHENG_MICROE_VID (0x1A86)
#define CH340_PID (0x7522)
#define CH340_PID_1 (0x7523)
#define CH341_PID (0x5523)

typedef void (*loader_port_esp32_usb_cdc_acm_callback_t)(void);

/** Members that are not set have to be 0. */
typedef struct {
    esp_loader_port_t port; /*!< .ops = &esp32_usb_cdc_acm_ops */
    uint16_t device_vid;    /*!< Which device. USB_VID_PID_AUTO_DETECT, in one of both: a USB-Serial/JTAG, then */
    uint16_t device_pid;    /*!< bridges that have drivers, then any CDC-ACM device; each for so long as follows. */
    uint32_t connection_timeout_ms; /*!< How long to wait until it is there; 0: the driver waits for ever. */
    uint32_t out_buffer_size;       /*!< Bytes of the driver's buffer for sending; 0: 512. More are sent in pieces. */
    /* Called from the driver's task; each may be NULL. They must not call the loader, nor close the device. */
    loader_port_esp32_usb_cdc_acm_callback_t acm_host_error_callback;
    loader_port_esp32_usb_cdc_acm_callback_t device_disconnected_callback;
    loader_port_esp32_usb_cdc_acm_callback_t acm_host_serial_state_callback;
    cdc_acm_dev_hdl_t _device; /*!< Private, as what follows. */
    StreamBufferHandle_t _received;
    bool _is_serial_jtag;
    volatile bool _is_broken, _has_lost_bytes; /* set by the driver's task, too */
    reflash_deadline_t _deadline;
} esp32_usb_cdc_acm_port_t;

/** `init` opens the device (FAIL: it is not there in time, or refuses) and sets it to 115200 baud; `deinit` closes it.
 *
 *  When the device is unplugged, a transfer fails or a line cannot be moved, all reading and writing is FAIL, at the latest
 *  50 ms later. The next `enter_bootloader` or `reset_target` opens the device anew, as does connecting again: a target that is
 *  plugged in again, or that comes back as a new device when it is reset, is taken back. */
extern const esp_loader_port_ops_t esp32_usb_cdc_acm_ops;

#ifdef __cplusplus
}
#endif
