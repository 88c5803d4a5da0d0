/* SPDX-License-Identifier: Apache-2.0 */
/* MD5 as RFC 1321 describes it, written for few bytes of code: one loop over the 64 steps. */
#include "md5.h"

#if REFLASH_MD5

/* floor(2^32 * |sin(step + 1)|), RFC 1321 section 3.4. */
static const uint32_t sines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

/* In each round of 16 steps: which word of the block its first step takes, how far it is to the next step's, and how
 * far four steps in turn rotate. */
static const struct {
    uint8_t first_word, stride, rotations[4];
} rounds[4] = {{0, 1, {7, 12, 17, 22}}, {1, 5, {5, 9, 14, 20}}, {5, 3, {4, 11, 16, 23}}, {0, 7, {6, 10, 15, 21}}};

static uint32_t mix(unsigned round, uint32_t b, uint32_t c, uint32_t d)
{
    switch (round) {
    case 0:
        return d ^ (b & (c ^ d));
    case 1:
        return c ^ (d & (b ^ c));
    case 2:
        return b ^ c ^ d;
    default:
        return c ^ (b | ~d);
    }
}

static void take_block(reflash_md5_t *md5)
{
    uint32_t a = md5->hash[0];
    uint32_t b = md5->hash[1];
    uint32_t c = md5->hash[2];
    uint32_t d = md5->hash[3];

    for (unsigned step = 0; step < 64; step++) {
        const unsigned round = step / 16;
        const unsigned word = (rounds[round].first_word + step * rounds[round].stride) % 16;
        const unsigned rotation = rounds[round].rotations[step % 4];
        const uint32_t sum = a + mix(round, b, c, d) + sines[step] + md5->block[word];
        a = d;
        d = c;
        c = b;
        b += sum << rotation | sum >> (32 - rotation);
    }
    md5->hash[0] += a;
    md5->hash[1] += b;
    md5->hash[2] += c;
    md5->hash[3] += d;
}

/* Four bytes shifted in from the top are a little-endian word. */
static void take_byte(reflash_md5_t *md5, uint8_t byte)
{
    uint32_t *word = &md5->block[md5->total_bytes / 4 % 16];
    *word = *word >> 8 | (uint32_t)byte << 24;
    md5->total_bytes++;
    if (md5->total_bytes % 64 == 0) {
        take_block(md5);
    }
}

void reflash_md5_init(reflash_md5_t *md5)
{
    md5->hash[0] = 0x67452301;
    md5->hash[1] = 0xEFCDAB89;
    md5->hash[2] = 0x98BADCFE;
    md5->hash[3] = 0x10325476;
    md5->total_bytes = 0;
}

void reflash_md5_update(reflash_md5_t *md5, const uint8_t *data, uint32_t bytes)
{
    for (uint32_t at = 0; at < bytes; at++) {
        take_byte(md5, data[at]);
    }
}

void reflash_md5_final(reflash_md5_t *md5, uint8_t digest[16])
{
    const uint32_t total_bytes = md5->total_bytes;
    take_byte(md5, 0x80);
    while (md5->total_bytes % 64 != 56) {
        take_byte(md5, 0);
    }
    md5->block[14] = total_bytes << 3;
    md5->block[15] = total_bytes >> 29;
    take_block(md5);
    for (unsigned byte = 0; byte < 16; byte++) {
        digest[byte] = (uint8_t)(md5->hash[byte / 4] >> (8 * (byte % 4)));
    }
}

#else

#include <string.h>

void reflash_md5_init(reflash_md5_t *md5)
{
    (void)md5;
}

void reflash_md5_update(reflash_md5_t *md5, const uint8_t *data, uint32_t bytes)
{
    (void)md5;
    (void)data;
    (void)bytes;
}

void reflash_md5_final(reflash_md5_t *md5, uint8_t digest[16])
{
    (void)md5;
    memset(digest, 0, 16);
}

#endif
