/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 *  What a target did after a reset instead of answering, read from what it printed. */
#pragma once

/** In rising order of weight: of several the last one is told. */
typedef enum {
    REFLASH_BOOT_SILENT,     /*!< It printed nothing: power, wiring or the port. Also where nothing was listened to. */
    REFLASH_BOOT_UNREADABLE, /*!< Bytes that are no text: another rate (an ESP8266 prints at 74880), or noise. */
    REFLASH_BOOT_NO_BANNER,  /*!< Text, but no boot banner: it was not reset, or is no Espressif chip. */
    REFLASH_BOOT_DEAF,       /*!< It waits in its loader and answers nothing: it does not hear the host. */
    REFLASH_BOOT_OTHER_MODE, /*!< Neither loader nor flash: a second strap is wrong. */
    REFLASH_BOOT_FROM_FLASH, /*!< It started its application: the boot pin was not low as reset rose. */
    REFLASH_BOOT_NO_PROGRAM, /*!< The same, and its flash is blank, damaged or missing. */
    REFLASH_BOOT_LOOP,       /*!< It resets again and again by itself. */
    REFLASH_BOOT_DISABLED,   /*!< Its efuses forbid the loader. */
    REFLASH_BOOT_BROWN_OUT,  /*!< Its supply breaks down. */
    REFLASH_BOOT_STUB        /*!< A RAM stub answered that somebody has started before: it was not reset. */
} reflash_boot_t;
