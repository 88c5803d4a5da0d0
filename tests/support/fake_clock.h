/* SPDX-License-Identifier: Apache-2.0 */
/** In front of ports/posix/stream.c where a test runs it: the clock and poll() are the test's. */
#pragma once

#include <poll.h>
#include <time.h>

int fake_clock_gettime(clockid_t clock, struct timespec *now);
int fake_poll(struct pollfd *lines, nfds_t count, int timeout_ms);

#define clock_gettime fake_clock_gettime
#define poll fake_poll
