/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 *  The port functions of generation 1.8, which the program brings: see reflash_v1.h. */
#pragma once

#include "esp_loader.h"
