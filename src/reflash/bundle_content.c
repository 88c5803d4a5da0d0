/* SPDX-License-Identifier: Apache-2.0 */
/* A bundle as the content of a job. */
#include "reflash_engine.h"

const reflash_content_ops_t reflash_bundle_ops = {
    .image = reflash_bundle_image,
    .sector = reflash_bundle_sector,
    .block_md5 = reflash_bundle_block_md5,
    .plain = reflash_bundle_plain,
    .run_begin = reflash_run_begin,
    .run_next_block = reflash_run_next_block,
    .run_read = reflash_run_read,
};
