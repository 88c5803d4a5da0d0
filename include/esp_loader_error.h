/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 *  What every `esp_loader_*` function returns.
 *
 *  The values are fixed: programs hold arrays of ESP_LOADER_ERROR_INVALID_RESPONSE + 1 names and index
 *  them with what we return. Why a call failed in detail is told by reflash_last_fault() (reflash.h). */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/** The ten codes. */
typedef enum {
    ESP_LOADER_SUCCESS,          /*!< Done. */
    ESP_LOADER_ERROR_FAIL,       /*!< The port failed, or something that has no better name. */
    ESP_LOADER_ERROR_TIMEOUT,    /*!< The target said nothing in time. */
    ESP_LOADER_ERROR_IMAGE_SIZE, /*!< The range leaves the target's flash, or bytes are more or fewer than announced. */
    ESP_LOADER_ERROR_INVALID_MD5,      /*!< The flash holds something else than it should. */
    ESP_LOADER_ERROR_INVALID_PARAM,    /*!< An argument is outside its range, or nothing is connected. */
    ESP_LOADER_ERROR_INVALID_TARGET,   /*!< The connected chip is none of those this library was built for. */
    ESP_LOADER_ERROR_UNSUPPORTED_CHIP, /*!< No flash part answers, or its id tells no size. */
    ESP_LOADER_ERROR_UNSUPPORTED_FUNC, /*!< Not available on this chip, loader, transport or port. */
    ESP_LOADER_ERROR_INVALID_RESPONSE  /*!< The target refused, or what came back made no sense. */
} esp_loader_error_t;

#ifdef __cplusplus
}
#endif
