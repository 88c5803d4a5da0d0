/* SPDX-License-Identifier: Apache-2.0 */
/* Reads input files whole, and believes only what did not change meanwhile. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "inputs_support.h"

static inputs_result_t check_file_kind(const char *path, const struct stat *status, inputs_message_t message)
{
    if (S_ISDIR(status->st_mode)) {
        return inputs_fail(
            message, INPUTS_FILE,
            "%s: is a folder, and a file is wanted here. A build folder goes alone, without addresses, to flash, "
            "diff, verify and pack.",
            path);
    }
    if (!S_ISREG(status->st_mode)) {
        return inputs_fail(message, INPUTS_FILE, "%s: is no regular file. Copy the image to a file first.", path);
    }
    if (status->st_size == 0) {
        return inputs_fail(message, INPUTS_FILE, "%s: is empty. Build the project again.", path);
    }
    if (status->st_size > (off_t)INPUTS_FILE_BYTES_MAX) {
        return inputs_fail(message, INPUTS_FILE, "%s: has %lld bytes, more than any input. Check the path.", path,
                           (long long)status->st_size);
    }
    return INPUTS_OK;
}

/* Reads until the file or the buffer ends; the bytes read, or -1 and errno. */
static ssize_t read_whole(int fd, uint8_t *data, size_t bytes)
{
    size_t done_bytes = 0;
    while (done_bytes < bytes) {
        const ssize_t got_bytes = read(fd, data + done_bytes, bytes - done_bytes);
        if (got_bytes < 0 && errno == EINTR) {
            continue;
        }
        if (got_bytes < 0) {
            return -1;
        }
        if (got_bytes == 0) {
            break;
        }
        done_bytes += (size_t)got_bytes;
    }
    return (ssize_t)done_bytes;
}

static bool same_file_state(const struct stat *a, const struct stat *b)
{
    return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* A build that runs in another window may be writing the very file. What was read is believed only if size and
 * time of change were the same before and after. */
static inputs_result_t read_open_file(int fd, const char *path, const inputs_options_t *options, inputs_file_t *file,
                                      inputs_message_t message)
{
    struct stat before, after;
    if (fstat(fd, &before) != 0) {
        return inputs_fail(message, INPUTS_FILE, "%s: cannot be looked at: %s.", path, strerror(errno));
    }
    const inputs_result_t result = check_file_kind(path, &before, message);
    if (result != INPUTS_OK) {
        return result;
    }
    file->bytes = (uint32_t)before.st_size;
    file->data = inputs_need(malloc(file->bytes));
    const ssize_t read_bytes = read_whole(fd, file->data, file->bytes);
    if (read_bytes < 0) {
        return inputs_fail(message, INPUTS_FILE, "%s: reading failed: %s. Check the disk, then try again.", path,
                           strerror(errno));
    }
    if (options->after_read != NULL) {
        options->after_read(options->after_read_context, path);
    }
    if (read_bytes != before.st_size || fstat(fd, &after) != 0 || !same_file_state(&before, &after)) {
        return inputs_fail(message, INPUTS_FILE,
                           "%s: changed while it was read. Wait until the build is complete, then try again.", path);
    }
    return INPUTS_OK;
}

inputs_result_t inputs_read_file(const char *path, const inputs_options_t *options, inputs_file_t *file,
                                 inputs_message_t message)
{
    /* Not to wait for whoever may one day write into a FIFO; regular files do not care. */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return inputs_fail(message, INPUTS_FILE, "%s: cannot be opened: %s. %s", path, strerror(errno),
                           errno == ENOENT   ? "Check the path, or build the project first."
                           : errno == EACCES ? "Check its owner and permissions."
                                             : "Check the path.");
    }
    const inputs_result_t result = read_open_file(fd, path, options, file, message);
    (void)close(fd);
    if (result != INPUTS_OK) {
        free(file->data);
        *file = (inputs_file_t){0};
    }
    return result;
}

inputs_result_t inputs_check_output(const char *path, inputs_message_t message)
{
    struct stat status;
    if (stat(path, &status) != 0 || S_ISREG(status.st_mode)) {
        return INPUTS_OK;
    }
    return inputs_fail(message, INPUTS_FILE,
                       "%s: cannot be written: it is %s, and the file that is written takes the place of what has that "
                       "name. Name a file.",
                       path, S_ISDIR(status.st_mode) ? "a folder" : "no regular file");
}
