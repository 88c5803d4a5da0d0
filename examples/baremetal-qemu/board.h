/* SPDX-License-Identifier: Apache-2.0 */
/** What the bare-metal port needs of this board. */
#pragma once

#include "baremetal_port.h"

extern const baremetal_board_t board;
