/* SPDX-License-Identifier: Apache-2.0 */
#include "flash_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "espsim.h"

enum { FLASH_BYTES_DEFAULT = 1 << 22, BLANK = 0xFF };

static bool is_flash_size(uint64_t bytes)
{
    return bytes >= ESPSIM_FLASH_BYTES_MIN && bytes <= ESPSIM_FLASH_BYTES_MAX && (bytes & (bytes - 1)) == 0;
}

/* Map the open file; a new one gets its size and is blanked. */
static bool map(espsim_flash_t *flash, int fd, uint32_t bytes, const char *path, char *message, size_t message_bytes)
{
    struct stat status;
    if (fstat(fd, &status) != 0) {
        (void)snprintf(message, message_bytes, "%s: %s", path, strerror(errno));
        return false;
    }
    const bool is_new = status.st_size == 0;
    if (!is_new && !is_flash_size((uint64_t)status.st_size)) {
        (void)snprintf(message, message_bytes,
                       "%s: %lld bytes is no flash size (a power of two from 256 KiB to 128 MiB); name another file, "
                       "or remove it to start blank",
                       path, (long long)status.st_size);
        return false;
    }
    if (!is_new && bytes != 0 && (uint64_t)status.st_size != bytes) {
        (void)snprintf(message, message_bytes,
                       "%s holds a flash of %lld KiB, not of %u; leave the size out, or name "
                       "another file",
                       path, (long long)status.st_size / 1024, bytes / 1024);
        return false;
    }
    bytes = bytes != 0 ? bytes : FLASH_BYTES_DEFAULT;
    flash->bytes = is_new ? bytes : (uint32_t)status.st_size;
    if (is_new && ftruncate(fd, (off_t)bytes) != 0) {
        (void)snprintf(message, message_bytes, "%s: cannot make it %u bytes: %s", path, bytes, strerror(errno));
        return false;
    }
    flash->cells = mmap(NULL, flash->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (flash->cells == MAP_FAILED) {
        flash->cells = NULL;
        (void)snprintf(message, message_bytes, "%s: cannot map it: %s", path, strerror(errno));
        return false;
    }
    if (is_new) {
        memset(flash->cells, BLANK, flash->bytes);
    }
    return true;
}

bool espsim_flash_open(espsim_flash_t *flash, const char *path, uint32_t bytes, char *message, size_t message_bytes)
{
    *flash = (espsim_flash_t){0};
    if (bytes != 0 && !is_flash_size(bytes)) {
        (void)snprintf(message, message_bytes, "%u bytes is no flash size: a power of two from 256 KiB to 128 MiB",
                       bytes);
        return false;
    }
    if (path == NULL) {
        bytes = bytes != 0 ? bytes : FLASH_BYTES_DEFAULT;
        flash->bytes = bytes;
        flash->cells = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (flash->cells == MAP_FAILED) {
            (void)snprintf(message, message_bytes, "no memory for %u bytes of flash", bytes);
            return false;
        }
        memset(flash->cells, BLANK, bytes);
        return true;
    }
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) {
        (void)snprintf(message, message_bytes, "%s: %s; name a file that can be written", path, strerror(errno));
        return false;
    }
    const bool mapped = map(flash, fd, bytes, path, message, message_bytes);
    (void)close(fd);
    return mapped;
}

void espsim_flash_close(espsim_flash_t *flash)
{
    if (flash->cells != NULL) {
        (void)munmap(flash->cells, flash->bytes);
    }
    *flash = (espsim_flash_t){0};
}

uint32_t espsim_flash_size_parse(const char *text)
{
    static const struct {
        const char *unit;
        unsigned shift;
    } units[] = {{"", 0}, {"KB", 10}, {"K", 10}, {"MB", 20}, {"M", 20}};

    char *end;
    errno = 0;
    const bool hexadecimal = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const unsigned long number = strtoul(text, &end, hexadecimal ? 16 : 10);
    if (errno != 0 || end == text || *text == '-' || number > ESPSIM_FLASH_BYTES_MAX) {
        return 0;
    }
    for (size_t row = 0; row < sizeof(units) / sizeof(units[0]); row++) {
        const uint64_t bytes = (uint64_t)number << units[row].shift;
        if (strcasecmp(end, units[row].unit) == 0 && is_flash_size(bytes)) {
            return (uint32_t)bytes;
        }
    }
    return 0;
}
