/* SPDX-License-Identifier: Apache-2.0 */
/** The host is an ESP32-S3. */
#pragma once

#define CONFIG_IDF_TARGET_ESP32S3 1
