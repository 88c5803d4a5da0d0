/* SPDX-License-Identifier: Apache-2.0 */
/* What Kconfig and the devicetree would have written. */
#pragma once

#define CONFIG_ESP_SERIAL_FLASHER_UART_BUFSIZE 1024
#define CONFIG_KERNEL_INIT_PRIORITY_DEVICE 50
